"""The jobs that a cluster has in hand, never more than so many."""

import pickle
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import chdir, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker

from thonring.batch.executor import Handling, J, R, guarded
from thonring.errors import ClusterError

GONE = "its scheduler is gone"
_TEND_EVERY_S = 1.0

Numbered = tuple[int, J]


@dataclass(frozen=True, slots=True)
class Orders:
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


class Flight(Generic[J, R]):
    """Jobs on their way to workers and back; `tend`, called about every second, looks after the workers."""

    def __init__(
        self, client: Client, handling: Handling[J, R], orders: Orders, tend: Callable[[], None]
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
