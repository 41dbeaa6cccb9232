"""A Dask cluster as the executor of a batch."""

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster

from thonring.batch.executors import slurm
from thonring.batch.executors.base import J, R, TaskSpec, guarded
from thonring.batch.executors.choice import ClusterChoice, OwnCluster, RunningCluster, SlurmJobs
from thonring.batch.executors.worker_check import Environment, WorkerRegistry
from thonring.errors import ClusterError

_CONNECT_WITHIN_S = 10
_PATIENCE_S = 60.0
"""How long a cluster that is no queue may be without a worker."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, what its cluster is called, and `tend(fit, without_s)`, which looks after the workers.

    `fit` is how many there are, `without_s` for how long there has been none.
    """

    client: Client
    name: str
    tend: Callable[[int, float], None]


@contextmanager
def connected(choice: ClusterChoice, run: Path) -> Iterator[Connection]:
    """Give a connection to a cluster; one that was made for it ends with the block.

    Raises
    ------
    ClusterError
        If there is none, or it cannot be made.
    """
    if isinstance(choice, RunningCluster):
        made = _running(choice)
    elif isinstance(choice, OwnCluster):
        made = _own(choice)
    else:
        made = _slurm(choice, run)
    with _silent(), made as connection:
        yield connection


@contextmanager
def _silent() -> Iterator[None]:
    """What matters of distributed's log is told in the program's own words."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _running(choice: RunningCluster) -> Iterator[Connection]:
    address = choice.address
    try:
        client = Client(address, timeout=_CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as problem:
        raise ClusterError(
            f"--scheduler {address}: no Dask scheduler answers there ({problem}). Start one with `dask scheduler`, "
            "or give the address that it tells, as tcp://HOST:8786."
        ) from problem
    with client:
        _check_scheduler(client, address)
        advice = f"Start some: dask worker {address} --nworkers N --nthreads 1"
        yield Connection(client, f"the Dask cluster at {address}", _patient(advice))


def _check_scheduler(client: Client, address: str) -> None:
    expected = version("thonring")
    try:
        found = client.run_on_scheduler(version, "thonring")
    except Exception as problem:  # noqa: BLE001 - whatever a scheduler of another environment answers
        found = f"none ({problem})"
    if found != expected:
        raise ClusterError(
            f"--scheduler {address}: Thonring {expected} here, {found} there. Install the same version for the "
            "scheduler and its workers."
        )


def _patient(advice: str) -> Callable[[int, float], None]:
    def tend(_: int, without_s: float) -> None:
        if without_s > _PATIENCE_S:
            raise ClusterError(f"no worker has been there for {without_s:.0f} s. {advice}")

    return tend


@contextmanager
def _own(choice: OwnCluster) -> Iterator[Connection]:
    try:
        cluster = LocalCluster(
            n_workers=choice.workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=choice.dashboard or None,
            scheduler_kwargs=_scheduler_options(choice.dashboard),
            silence_logs=logging.CRITICAL,
            preload="thonring.batch.executors.dask_preload",
        )
    except (OSError, RuntimeError, ValueError) as problem:
        raise ClusterError(f"--executor dask: the cluster could not be started ({problem}).") from problem
    with cluster, Client(cluster, set_as_default=False) as client:
        advice = "Its processes do not start; try --executor processes"
        yield Connection(client, "the Dask cluster of this machine", _patient(advice))


@contextmanager
def _slurm(choice: SlurmJobs, run: Path) -> Iterator[Connection]:
    name = f"thonring-{uuid4().hex[:12]}"
    options = _scheduler_options(choice.dashboard)
    with (
        slurm.cluster_of(choice, name, run, options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield Connection(
            client, f"the SLURM jobs {name}", slurm.SlurmJobMonitor(cluster, choice, name, run).tend
        )


def _scheduler_options(dashboard: str) -> dict[str, Any]:
    """Of a scheduler of one's own: a job whose worker died comes back at once, and no page is served unasked."""
    return {
        "allowed_failures": 0,
        "dashboard": bool(dashboard),
        "dashboard_address": dashboard or "127.0.0.1:0",
    }


GONE = "its scheduler is gone"
_TEND_EVERY_S = 1.0

Numbered = tuple[int, J]


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """How jobs are sent: where their paths begin, None if they are absolute, and what a worker must have."""

    folder: Path | None
    resource: str


def do(parcel: bytes, folder: Path | None) -> object:
    """On a worker: do a job where the command was given, so that its paths mean the same and are told the same.

    `parcel` is the handling with the job, packed since the scheduler would unpack them otherwise, and import all
    that they need.
    """
    handling, job = pickle.loads(parcel)  # noqa: S301 - from the client, whose code a worker runs anyway
    with nullcontext() if folder is None else chdir(folder):
        return guarded(handling, job)


class InFlightTasks(Generic[J, R]):
    """Jobs on their way to workers and back; `tend`, called about every second, looks after the workers."""

    def __init__(
        self, client: Client, handling: TaskSpec[J, R], orders: TaskOptions, tend: Callable[[], None]
    ) -> None:
        assert client.loop is not None
        self._client, self._handling, self._orders, self._tend = client, handling, orders, tend
        self._loop = client.loop
        self._running: dict[Future[Any], Numbered[J]] = {}
        self._landed: SimpleQueue[tuple[Future[Any], Any]] = SimpleQueue()

    def work_off(
        self, waiting: deque[Numbered[J]], most: Callable[[], int], killed: Callable[[Numbered[J]], None]
    ) -> Iterator[tuple[int, R]]:
        """Empty `waiting`, with at most `most()` in hand, and give results; call `killed` with what killed workers.

        Raises
        ------
        ClusterError
            If the scheduler is gone.
        """
        while self._running or waiting:
            while waiting and len(self._running) < most():
                self._send(waiting.popleft())
            for future, landed in self._landings():
                index, job = self._running.pop(future)
                if isinstance(landed, KilledWorker):
                    killed((index, job))
                elif not isinstance(landed, Exception):
                    yield index, landed
                elif future.status == "error":
                    unforeseen = f"unexpected {type(landed).__name__}: {landed}"
                    yield index, self._handling.failed(job, unforeseen)
                else:
                    raise ClusterError(GONE) from landed
            self._tend()

    def _send(self, numbered: Numbered[J]) -> None:
        future = self._client.submit(
            do,
            pickle.dumps((self._handling, numbered[1])),
            self._orders.folder,
            key=f"thonring-{uuid4().hex}",
            resources={self._orders.resource: 1},
            pure=False,
        )
        self._running[future] = numbered
        self._loop.add_callback(self._fetch, future)

    async def _fetch(self, future: Future[Any]) -> None:
        """In the client's thread: wait for a result; one that is lost with its worker is made and waited for again."""
        try:
            landed = await self._client.gather(future, asynchronous=True)
        except Exception as problem:  # noqa: BLE001 - told apart where it is taken
            landed = problem
        self._landed.put((future, landed))

    def _landings(self) -> Iterator[tuple[Future[Any], Any]]:
        """What has come to an end, with its result or what went wrong; waits a moment for the first."""
        with suppress(Empty):
            yield self._landed.get(timeout=_TEND_EVERY_S)
            while True:
                yield self._landed.get_nowait()

    def cancel(self) -> None:
        """Give up what is on its way; what a worker has begun it ends, and nobody hears of it."""
        if self._running:
            with suppress(OSError, TimeoutError, CancelledError):
                self._client.cancel(list(self._running), force=True)
            self._running.clear()


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

    def __init__(self, connection: Connection, ground: Environment, note: Callable[[str], None]) -> None:
        self._connection, self._ground = connection, ground
        self._gate = WorkerRegistry(connection.client, ground, note)
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

    def finish(self, jobs: Sequence[J], handling: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish.

        Raises
        ------
        ClusterError
            If the scheduler is gone, or all workers are and none comes.
        """
        suspects: deque[Numbered[J]] = deque()
        condemned: list[Numbered[J]] = []
        orders = TaskOptions(self._ground.folder, self._gate.resource)
        flight = InFlightTasks(self._connection.client, handling, orders, self._tend)
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
