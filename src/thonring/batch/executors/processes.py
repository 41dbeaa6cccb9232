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

from thonring.batch.executors.base import Executor, Inline, J, R, TaskSpec, guarded
from thonring.batch.threads import keep_freed_memory, one_thread_each

_QUEUED_PER_WORKER = 2
_DIED = (
    "the process that worked on it died, twice (killed by the system, which may be short of memory, or a fault "
    "in a library); the others went on. Try it alone."
)


@dataclass(frozen=True, slots=True)
class Processes:
    """So many processes of one thread each, started for each call of `finish`; see `standing` for several calls."""

    workers: int

    def finish(self, jobs: Sequence[J], handling: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish."""
        with persistent_processes(self.workers) as executor:
            yield from executor.finish(jobs, handling)


def local(workers: int) -> Executor:
    """Work in this process where one is enough, or in so many others."""
    return Processes(workers) if workers > 1 else Inline()


@contextmanager
def persistent_processes(workers: int) -> Iterator[Executor]:
    """Give an executor whose processes stay until the block ends.

    The first micrograph of a process takes twice as long as the others, 0.4 CPU-s more at 4096²: its memory and
    what depends on the settings are new.
    """
    crew = _WorkerPool(workers)
    try:
        yield crew
    finally:
        crew.dismiss()


class _WorkerPool:
    """A pool of processes, made when there is work and none is there, and again when it broke."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def finish(self, jobs: Sequence[J], handling: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish.

        A process that dies takes with it everything its pool was doing. Those jobs are done again, each alone
        in a fresh process; one that kills its process again is given as failed.
        """
        waiting = deque(enumerate(jobs))
        while waiting:
            if self._pool is None:
                self._pool = _pool(self._workers, handling.preload)
            shift = _PoolSession(self._pool, handling, _QUEUED_PER_WORKER * self._workers)
            try:
                yield from shift.work_off(waiting)
            finally:
                shift.cancel()
                if shift.broken:
                    self.dismiss()
            yield from ((index, _alone(handling, jobs[index])) for index in shift.suspects)

    def dismiss(self) -> None:
        """End the processes, after the jobs that they are doing."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


class _PoolSession(Generic[J, R]):
    """The jobs that a pool holds, never more than `most`: they are what a death puts in question."""

    def __init__(self, pool: ProcessPoolExecutor, handling: TaskSpec[J, R], most: int) -> None:
        self._pool, self._handling, self._most = pool, handling, most
        self._running: dict[Future[R], tuple[int, J]] = {}
        self.broken = False
        self.suspects: list[int] = []

    def work_off(self, waiting: deque[tuple[int, J]]) -> Iterator[tuple[int, R]]:
        """Empty `waiting`, or stop when the pool breaks; `suspects` are what it was doing then."""
        while self._running or (waiting and not self.broken):
            self._fill(waiting)
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                index, _ = self._running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    self.broken = True
                    self.suspects.append(index)
                else:
                    yield index, future.result()

    def _fill(self, waiting: deque[tuple[int, J]]) -> None:
        while waiting and not self.broken and len(self._running) < self._most:
            try:
                future = self._pool.submit(guarded, self._handling, waiting[0][1])
            except BrokenProcessPool:
                self.broken = True
                return
            self._running[future] = waiting.popleft()

    def cancel(self) -> None:
        """Give up what has not begun."""
        for future in self._running:
            future.cancel()


def _alone(handling: TaskSpec[J, R], job: J) -> R:
    """Do a job in a process of its own."""
    with _pool(1, handling.preload) as pool:
        try:
            return pool.submit(guarded, handling, job).result()
        except BrokenProcessPool:
            return handling.failed(job, _DIED)


def _pool(workers: int, preload: str) -> ProcessPoolExecutor:
    """Clean processes that have the work imported and leave Ctrl-C to the parent, started as they are needed."""
    one_thread_each()
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([preload])
    return ProcessPoolExecutor(workers, context, _begin)


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
