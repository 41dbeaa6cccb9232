"""The jobs of a run, each to one outcome."""

from collections.abc import Callable, Generator, Sequence

from thonring.batch.executor import Executor, Handling
from thonring.batch.jobs import Job
from thonring.batch.work import failure, work
from thonring.records import Outcome

Task = Callable[[Job], Outcome]
Finished = tuple[int, Outcome]


def run(jobs: Sequence[Job], executor: Executor, task: Task = work) -> Generator[Finished, None, None]:
    """Do all jobs and give each outcome with its job's index, see `Executor.finish`.

    `task` is what is done; importable by name, since processes start afresh.
    """
    return executor.finish(jobs, Handling(task, _failed, "thonring.batch.work"))


def _failed(job: Job, reason: str) -> Outcome:
    return failure(job, f"{job.source.path}: {reason}")
