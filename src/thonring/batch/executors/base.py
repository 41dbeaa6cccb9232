"""What every executor can do, and the one that is this process."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskSpec(Generic[J, R]):
    """What is done with a job, `task`, and the result of one whose task cannot finish, `failed(job, reason)`.

    Both are functions that can be imported by name, since processes start afresh; `preload` is the module
    that the processes of this machine import before they start.
    """

    task: Callable[[J], R]
    failed: Callable[[J, str], R]
    preload: str


class Executor(Protocol):
    """Does jobs; which executor does them changes no result."""

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish; may be called repeatedly.

        Each job gives exactly one result, whatever happens to processes and machines. Closing the iterator drops
        the jobs that have not started.

        Raises
        ------
        ClusterError
            If no worker is left; the results given before are valid.
        """
        ...


@dataclass(frozen=True, slots=True)
class Inline:
    """One job after the other in this process. What kills it ends the batch."""

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs in their order."""
        yield from ((index, run_task(spec, job)) for index, job in enumerate(jobs))


def run_task(spec: TaskSpec[J, R], job: J) -> R:
    """Do a job; an unexpected error fails this job alone."""
    try:
        return spec.task(job)
    except Exception as problem:  # noqa: BLE001 - one bad job never stops a batch
        return spec.failed(job, f"unexpected {type(problem).__name__}: {problem}")
