"""The interface of executors, and the one that works in this process."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskSpec(Generic[J, R]):
    """The function that processes a job, `task`, and the result of a job that cannot finish, `failed(job, reason)`.

    Both must be importable by name, since they run in other processes; `preload` is the module
    that local processes import before they start.
    """

    task: Callable[[J], R]
    failed: Callable[[J, str], R]
    preload: str


class Executor(Protocol):
    """Runs jobs; the results do not depend on the executor."""

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Run all jobs and yield each result with the index of its job, as they finish; may be called repeatedly.

        Each job has exactly one result, whatever happens to processes and machines. Closing the iterator drops
        the jobs that have not started.

        Raises
        ------
        ClusterError
            If no worker is left; the results yielded before are valid.
        """
        ...


@dataclass(frozen=True, slots=True)
class Inline:
    """Runs one job after the other in this process; a crash ends the batch."""

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Run all jobs in order."""
        yield from ((index, run_task(spec, job)) for index, job in enumerate(jobs))


def run_task(spec: TaskSpec[J, R], job: J) -> R:
    """Run a job; an unexpected error fails this job only."""
    try:
        return spec.task(job)
    except Exception as problem:  # noqa: BLE001 - one bad job never stops a batch
        return spec.failed(job, f"unexpected {type(problem).__name__}: {problem}")
