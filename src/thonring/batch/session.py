"""A run from its first job to its tables, whatever happens in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thonring.batch.execute import Task, run
from thonring.batch.jobs import Job
from thonring.batch.ledger import WRITE_EVERY_S, keep
from thonring.batch.work import work
from thonring.records import Outcome
from thonring.results import write_tables


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
    names = {job.source.path: job.name for job in jobs}

    def write(outcomes: Sequence[Outcome]) -> None:
        if jobs:
            write_tables(jobs[0].recipe.run, outcomes, names)

    return Session(*keep(run(jobs, workers, task), tell, write, WRITE_EVERY_S))
