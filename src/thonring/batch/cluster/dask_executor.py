"""A Dask cluster as the executor of a batch."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence

from distributed import CancelledError

from thonring.batch.cluster.admission import Gate
from thonring.batch.cluster.connection import Connection
from thonring.batch.cluster.flight import GONE, Flight, Numbered, Orders
from thonring.batch.cluster.ground import Ground
from thonring.batch.executor import Handling, J, R
from thonring.errors import ClusterError

_QUEUED_PER_WORKER = 2
_LOOK_EVERY_S = 1.0
_KEPT = "What is finished is kept; the same command goes on from there."
_DIED = (
    "the worker that did it died, again when it had nothing else to do (killed by the system, the memory limit of "
    "workers, or a fault in a library); the others went on. Try it alone, with more memory."
)


class DaskExecutor:
    """The workers of a connection that are fit for a ground.

    A worker that dies takes with it what it had in hand. Those jobs are done again; where the scheduler gives one
    up, since too many workers died of it, it is done once more when all others are done, with no other job about,
    and is given as failed if its workers die of it again.
    """

    def __init__(self, connection: Connection, ground: Ground, note: Callable[[str], None]) -> None:
        self._connection, self._ground = connection, ground
        self._gate = Gate(connection.client, ground, note)
        self._looked = self._had_workers = time.monotonic()

    def wait(self, note: Callable[[str], None]) -> None:
        """Wait for the first worker.

        Raises
        ------
        ClusterError
            If workers that are there are not fit, or none comes.
        """
        name = self._connection.name
        try:
            self._look(strict=True)
            if not self._gate.fit:
                note(f"waiting for the first worker of {name}")
            while not self._gate.fit:
                time.sleep(_LOOK_EVERY_S)
                self._look(strict=True)
        except ClusterError as problem:
            raise ClusterError(f"{name}: {problem}.") from problem

    def finish(self, jobs: Sequence[J], handling: Handling[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish.

        Raises
        ------
        ClusterError
            If the scheduler is gone, or all workers are and none comes.
        """
        suspects: deque[Numbered[J]] = deque()
        condemned: list[Numbered[J]] = []
        orders = Orders(self._ground.folder, self._gate.resource)
        flight = Flight(self._connection.client, handling, orders, self._tend)
        self._had_workers = time.monotonic()
        try:
            self._look()
            yield from flight.work_off(deque(enumerate(jobs)), self._most, suspects.append)
            yield from flight.work_off(suspects, lambda: 1, condemned.append)
            yield from ((index, handling.failed(job, _DIED)) for index, job in condemned)
        except ClusterError as problem:
            raise ClusterError(f"{self._connection.name}: {problem}. {_KEPT}") from problem
        finally:
            flight.cancel()

    def _most(self) -> int:
        return _QUEUED_PER_WORKER * max(1, self._gate.fit)

    def _tend(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._look()

    def _look(self, *, strict: bool = False) -> None:
        if self._connection.client.status != "running":
            raise ClusterError(GONE)
        try:
            self._gate.look(strict=strict)
        except (OSError, TimeoutError, CancelledError) as problem:
            raise ClusterError(GONE) from problem
        self._looked = time.monotonic()
        if self._gate.fit:
            self._had_workers = self._looked
        self._connection.tend(self._gate.fit, self._looked - self._had_workers)
