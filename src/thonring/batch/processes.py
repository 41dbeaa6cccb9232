"""Jobs on processes of this machine; what kills a process is found out and costs nobody else a result."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic

from thonring.batch.executor import Executor, Handling, Inline, J, R, guarded
from thonring.batch.threads import keep_freed_memory, one_thread_each

_QUEUED_PER_WORKER = 2
_DIED = (
    "the process that worked on it died, twice (killed by the system, which may be short of memory, or a fault "
    "in a library); the others went on. Try it alone."
)


@dataclass(frozen=True, slots=True)
class Processes:
    """So many processes of one thread each.

    They are started for each call of `finish`: 0.05 s, since a server process that stays has the imports (1 s,
    the first time). In between no process waits and holds memory.
    """

    workers: int

    def finish(self, jobs: Sequence[J], handling: Handling[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish.

        A process that dies takes with it everything its pool was doing. Those jobs are done again, each alone
        in a fresh process; one that kills its process again is given as failed.
        """
        waiting = deque(enumerate(jobs))
        while waiting:
            suspects: list[int] = []
            with _pool(min(self.workers, len(waiting)), handling.preload) as pool:
                crew = _Crew(pool, handling, _QUEUED_PER_WORKER * self.workers)
                yield from crew.work_off(waiting, suspects)
            yield from ((index, _alone(handling, jobs[index])) for index in suspects)


def local(workers: int) -> Executor:
    """Work in this process where one is enough, or in so many others."""
    return Processes(workers) if workers > 1 else Inline()


class _Crew(Generic[J, R]):
    """A pool with the jobs it holds, never more than `most`: they are what a death puts in question."""

    def __init__(self, pool: ProcessPoolExecutor, handling: Handling[J, R], most: int) -> None:
        self._pool, self._handling, self._most = pool, handling, most
        self._broken = False
        self._running: dict[Future[R], tuple[int, J]] = {}

    def work_off(self, waiting: deque[tuple[int, J]], suspects: list[int]) -> Iterator[tuple[int, R]]:
        """Empty `waiting`, or stop when the pool breaks; `suspects` receives what it was doing."""
        while self._running or (waiting and not self._broken):
            self._fill(waiting)
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                index, _ = self._running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    self._broken = True
                    suspects.append(index)
                else:
                    yield index, future.result()

    def _fill(self, waiting: deque[tuple[int, J]]) -> None:
        while waiting and not self._broken and len(self._running) < self._most:
            try:
                future = self._pool.submit(guarded, self._handling, waiting[0][1])
            except BrokenProcessPool:
                self._broken = True
                return
            self._running[future] = waiting.popleft()


def _alone(handling: Handling[J, R], job: J) -> R:
    """Do a job in a process of its own."""
    with _pool(1, handling.preload) as pool:
        try:
            return pool.submit(guarded, handling, job).result()
        except BrokenProcessPool:
            return handling.failed(job, _DIED)


@contextmanager
def _pool(workers: int, preload: str) -> Iterator[ProcessPoolExecutor]:
    """Start clean processes that have the work imported and leave Ctrl-C to the parent."""
    one_thread_each()
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([preload])
    pool = ProcessPoolExecutor(workers, context, _begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
