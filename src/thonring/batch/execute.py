"""Jobs on one process or several; what kills a process is found out and costs nobody else a result."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from thonring.batch.jobs import Job
from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.batch.work import failure, work
from thonring.records import Outcome

Task = Callable[[Job], Outcome]
Finished = tuple[int, Outcome]

_QUEUED_PER_WORKER = 2


def run(jobs: Sequence[Job], workers: int, task: Task = work) -> Generator[Finished, None, None]:
    """Do all jobs and give each outcome with its job's index, as they finish.

    Parameters
    ----------
    workers
        Processes of one thread each; with 1 the work is done in this process.
    task
        What is done; importable by name, since processes start afresh.

    Notes
    -----
    A process that dies takes with it everything its pool was doing. Those jobs are done again, each alone in
    a fresh process; one that kills its process again is given as failed. Closing the iterator drops what has
    not started.
    """
    if workers <= 1:
        yield from ((index, _guarded(task, job)) for index, job in enumerate(jobs))
        return
    waiting = deque(enumerate(jobs))
    while waiting:
        suspects: list[int] = []
        with _pool(min(workers, len(waiting))) as pool:
            crew = _Crew(pool, task, _QUEUED_PER_WORKER * workers)
            yield from crew.work_off(waiting, suspects)
        yield from ((index, _alone(task, jobs[index])) for index in suspects)


class _Crew:
    """A pool with the jobs it holds, never more than `most`: they are what a death puts in question."""

    def __init__(self, pool: ProcessPoolExecutor, task: Task, most: int) -> None:
        self._pool, self._task, self._most = pool, task, most
        self._broken = False
        self._running: dict[Future[Outcome], tuple[int, Job]] = {}

    def work_off(self, waiting: deque[tuple[int, Job]], suspects: list[int]) -> Iterator[Finished]:
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

    def _fill(self, waiting: deque[tuple[int, Job]]) -> None:
        while waiting and not self._broken and len(self._running) < self._most:
            try:
                future = self._pool.submit(_guarded, self._task, waiting[0][1])
            except BrokenProcessPool:
                self._broken = True
                return
            self._running[future] = waiting.popleft()


def _alone(task: Task, job: Job) -> Outcome:
    """Do a job in a process of its own."""
    with _pool(1) as pool:
        try:
            return pool.submit(_guarded, task, job).result()
        except BrokenProcessPool:
            reason = (
                f"{job.source.path}: the process that worked on it died, twice (killed by the system, which "
                "may be short of memory, or a fault in a library); the others went on. Try it alone."
            )
            return failure(job, reason)


def _guarded(task: Task, job: Job) -> Outcome:
    """Do a job; what nobody foresaw fails this one micrograph."""
    try:
        return task(job)
    except Exception as problem:  # noqa: BLE001 - one bad file never stops a batch
        return failure(job, f"{job.source.path}: unexpected {type(problem).__name__}: {problem}")


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Start clean processes that have the work imported and leave Ctrl-C to the parent."""
    one_thread_each()
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["thonring.batch.work"])
    pool = ProcessPoolExecutor(workers, context, _begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
