"""A run from its first job to its tables, whatever happens in between."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from thonring.batch.execute import Task, run
from thonring.batch.jobs import Job
from thonring.batch.work import work
from thonring.records import Outcome
from thonring.results import write_tables

WRITE_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Session:
    """What became of a run: outcomes in the order of the jobs, all of them unless it was interrupted."""

    outcomes: tuple[Outcome, ...]
    interrupted: bool


def estimate_all(
    jobs: Sequence[Job], workers: int, tell: Callable[[Outcome], None], task: Task = work
) -> Session:
    """Do the jobs, call `tell` with each outcome as it comes, and keep the tables of the run.

    The tables are written at the end and, lest an accident cost what is finished, every half minute before.
    Ctrl-C ends the run early; what is finished is in the tables.

    Raises
    ------
    OutputError
        If a table cannot be written.
    """
    ledger = _Ledger(jobs)
    interrupted = False
    try:
        with closing(run(jobs, workers, task)) as finished:
            for index, outcome in finished:
                ledger.add(index, outcome)
                tell(outcome)
    except KeyboardInterrupt:
        interrupted = True
    ledger.write()
    return Session(ledger.outcomes, interrupted)


class _Ledger:
    """The outcomes so far and when they were last written."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._finished: dict[int, Outcome] = {}
        self._written = time.monotonic()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(self._finished[index] for index in sorted(self._finished))

    def add(self, index: int, outcome: Outcome) -> None:
        self._finished[index] = outcome
        if time.monotonic() - self._written >= WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        if not self._jobs:
            return
        names = {job.source.path: job.name for job in self._jobs}
        write_tables(self._jobs[0].recipe.run, self.outcomes, names)
        self._written = time.monotonic()
