"""The jobs of a run, each to one outcome."""

from collections.abc import Callable, Generator, Sequence

from thonring.batch.jobs import Job
from thonring.batch.processes import Handling, finish
from thonring.batch.work import failure, work
from thonring.records import Outcome

Task = Callable[[Job], Outcome]
Finished = tuple[int, Outcome]


def run(jobs: Sequence[Job], workers: int, task: Task = work) -> Generator[Finished, None, None]:
    """Do all jobs, on processes (see `processes.finish`), and give each outcome with its job's index.

    `task` is what is done; importable by name, since processes start afresh.
    """
    return finish(jobs, workers, Handling(task, _failed, "thonring.batch.work"))


def _failed(job: Job, reason: str) -> Outcome:
    return failure(job, f"{job.source.path}: {reason}")
