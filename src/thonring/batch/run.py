"""A run from its first job to its tables, whatever happens in between."""

import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from thonring.batch.executors.base import Executor, TaskSpec
from thonring.batch.interrupts import signal_of, terminable
from thonring.batch.jobs import Job, failure, work
from thonring.batch.resume import PendingJob
from thonring.errors import ClusterError
from thonring.formats.run_tables import write_run_tables
from thonring.records import Outcome
from thonring.run.store import Store

Task = Callable[[Job], Outcome]
Finished = tuple[int, Outcome]


def run(jobs: Sequence[Job], executor: Executor, task: Task = work) -> Generator[Finished, None, None]:
    """Do all jobs and give each outcome with its job's index, see `Executor.finish`.

    `task` is what is done; importable by name, since processes start afresh.
    """
    return executor.finish(jobs, TaskSpec(task, _failed, "thonring.batch.jobs"))


def _failed(job: Job, reason: str) -> Outcome:
    return failure(job, f"{job.source.path}: {reason}")


R = TypeVar("R")

WRITE_EVERY_S = 30.0


def collect_results(
    finished: Generator[tuple[int, R], None, None],
    tell: Callable[[R], None],
    write: Callable[[tuple[R, ...]], None],
    every_s: float,
) -> tuple[tuple[R, ...], bool]:
    """Call `tell` with each result, and `write` with all of them at the end and every so often before.

    `finished` gives results with the index of their jobs. Ctrl-C ends it early.

    Returns
    -------
    results, interrupted
        The results in the order of their jobs, all of them unless they were interrupted.
    """
    ledger = _Ledger(write, every_s)
    interrupted = False
    try:
        with closing(finished):
            for index, result in finished:
                ledger.add(index, result)
                tell(result)
    except KeyboardInterrupt:
        interrupted = True
    write(ledger.results)
    return ledger.results, interrupted


class _Ledger(Generic[R]):
    """The results so far and when they were last written."""

    def __init__(self, write: Callable[[tuple[R, ...]], None], every_s: float) -> None:
        self._write, self._every_s = write, every_s
        self._finished: dict[int, R] = {}
        self._written = time.monotonic()

    @property
    def results(self) -> tuple[R, ...]:
        return tuple(self._finished[index] for index in sorted(self._finished))

    def add(self, index: int, result: R) -> None:
        self._finished[index] = result
        if time.monotonic() - self._written >= self._every_s:
            self._write(self.results)
            self._written = time.monotonic()


WRITING_SHARE = 0.05
"""Tables of a large run take long to write: no more than this part of the time goes into them."""


class Tables:
    """When they were last written, how long that took, and whether the store has more since.

    `clock_s` gives seconds that never go back.
    """

    def __init__(self, store: Store, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock_s = store, clock_s
        self._written, self._took_s = clock_s(), 0.0
        self._outdated = False

    def outdated(self) -> None:
        """The store has more than they."""
        self._outdated = True

    def write_if_time(self) -> None:
        """Write them if they are outdated, and it is not too soon after the last time.

        Raises
        ------
        OutputError
            If one cannot be written.
        """
        pause_s = max(WRITE_EVERY_S, self._took_s / WRITING_SHARE)
        if self._outdated and self._clock_s() - self._written >= pause_s:
            self.write()

    def write(self) -> None:
        """Write them.

        Raises
        ------
        OutputError
            If one cannot be written.
        """
        began = self._clock_s()
        write_run_tables(self._store)
        self._written = self._clock_s()
        self._took_s = self._written - began
        self._outdated = False


@dataclass(frozen=True, slots=True)
class Session:
    """What became of a run: micrographs done, how many of them failed, and the signal that ended it early."""

    done: int
    failed: int
    stopped_by: signal.Signals | None

    @property
    def interrupted(self) -> bool:
        """Whether it was ended early."""
        return self.stopped_by is not None


def estimate_all(
    store: Store,
    due: Sequence[PendingJob],
    executor: Executor,
    tell: Callable[[Outcome], None],
    task: Task = work,
) -> Session:
    """Do the jobs, keep each outcome in the store of the run as it comes, and call `tell` with it.

    The tables are written from the store at the end, and now and then before. Ctrl-C and SIGTERM end the run
    early; what is finished is kept, what is in work is given up.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    ClusterError
        If there is nobody left who could do the jobs; what was finished before is kept and in the tables.
    """
    tables = Tables(store)
    done = failed = 0
    stopped_by = None
    with terminable():
        try:
            with closing(kept(store, due, executor, tables, task)) as outcomes:
                for outcome in outcomes:
                    done, failed = done + 1, failed + (outcome.status == "failed")
                    tell(outcome)
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError as problem:
            tables.write()
            raise ClusterError(f"{problem} {done} of {len(due)} micrographs are done.") from problem
        tables.write()
    return Session(done, failed, stopped_by)


def kept(
    store: Store, due: Sequence[PendingJob], executor: Executor, tables: Tables, task: Task = work
) -> Generator[Outcome, None, None]:
    """Do the jobs and give each outcome when it is in the store; the tables are written now and then.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    """
    with closing(run([one.job for one in due], executor, task)) as finished:
        for index, outcome in finished:
            store.add(outcome, due[index].origin)
            tables.outdated()
            tables.write_if_time()
            yield outcome
