"""Jobs on processes of this machine; a job that kills its process is identified and spoils no other result."""

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

from thonring.batch.executors.base import Executor, Inline, J, R, TaskSpec, run_task
from thonring.batch.interrupts import interrupts_deferred
from thonring.batch.threads import keep_freed_memory, one_thread_each

_QUEUED_PER_WORKER = 2
_DIED = (
    "the process working on it died twice (killed by the system, possibly for lack of memory, or a crash in a "
    "library); the other micrographs were processed. Try it alone."
)


@dataclass(frozen=True, slots=True)
class Processes:
    """A number of single-threaded processes, started for each call of `finish`.

    For several calls see `persistent_processes`.
    """

    workers: int

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Run all jobs and yield each result with the index of its job, as they finish."""
        with persistent_processes(self.workers) as executor:
            yield from executor.finish(jobs, spec)


def local(workers: int) -> Executor:
    """Return an executor of `workers` processes, or of this process if one worker is enough."""
    return Processes(workers) if workers > 1 else Inline()


@contextmanager
def persistent_processes(workers: int) -> Iterator[Executor]:
    """Yield an executor whose processes stay until the block ends.

    The first micrograph of a process takes twice as long as the others, 0.4 CPU-s more at 4096²: its memory and
    anything cached per settings are new.
    """
    pool = _WorkerPool(workers)
    try:
        yield pool
    finally:
        pool.shut_down()


class _WorkerPool:
    """A pool of processes, started when there is work, and restarted after it broke."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Run all jobs and yield each result with the index of its job, as they finish.

        When a process dies, the pool breaks and loses the results of all running jobs. Those jobs are run
        again, each alone in a fresh process; one that kills its process again fails.
        """
        waiting = deque(enumerate(jobs))
        while waiting:
            if self._pool is None:
                self._pool = _process_pool(self._workers, spec.preload)
            session = _PoolSession(self._pool, spec, _QUEUED_PER_WORKER * self._workers)
            try:
                yield from session.run_all(waiting)
            finally:
                session.cancel()
                if session.broken:
                    self.shut_down()
            yield from ((index, _run_alone(spec, jobs[index])) for index in session.suspects)

    def shut_down(self) -> None:
        """End the processes, after the running jobs; interrupts wait, since half a shutdown leaves workers waiting."""
        with interrupts_deferred():
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
                self._pool = None


class _PoolSession(Generic[J, R]):
    """Jobs that a pool runs until it breaks, at most `limit` at a time: any of them may have broken it."""

    def __init__(self, pool: ProcessPoolExecutor, spec: TaskSpec[J, R], limit: int) -> None:
        self._pool, self._spec, self._limit = pool, spec, limit
        self._running: dict[Future[R], tuple[int, J]] = {}
        self.broken = False
        self.suspects: list[int] = []

    def run_all(self, waiting: deque[tuple[int, J]]) -> Iterator[tuple[int, R]]:
        """Run all of `waiting`, or stop when the pool breaks; `suspects` are the jobs that were running then."""
        while self._running or (waiting and not self.broken):
            self._submit(waiting)
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                index, _ = self._running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    self.broken = True
                    self.suspects.append(index)
                else:
                    yield index, future.result()

    def _submit(self, waiting: deque[tuple[int, J]]) -> None:
        while waiting and not self.broken and len(self._running) < self._limit:
            try:
                future = self._pool.submit(run_task, self._spec, waiting[0][1])
            except BrokenProcessPool:
                self.broken = True
                return
            self._running[future] = waiting.popleft()

    def cancel(self) -> None:
        """Drop the jobs that have not started."""
        for future in self._running:
            future.cancel()


def _run_alone(spec: TaskSpec[J, R], job: J) -> R:
    """Run a job in its own process."""
    with _process_pool(1, spec.preload) as pool:
        try:
            return pool.submit(run_task, spec, job).result()
        except BrokenProcessPool:
            return spec.failed(job, _DIED)


def _process_pool(workers: int, preload: str) -> ProcessPoolExecutor:
    """Create a pool whose processes have imported the task and leave Ctrl-C to the parent; they start on demand."""
    one_thread_each()
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([preload])
    return ProcessPoolExecutor(workers, context, _start_worker)


def _start_worker() -> None:
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this process when its parent has ended: it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
