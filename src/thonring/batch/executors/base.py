"""Who does the jobs of a batch: what every executor can do, and the one that is this process."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskSpec(Generic[J, R]):
    """What is done with a job, `task`, and the result of one that came to nothing, `failed(job, reason)`.

    Both are functions that can be imported by name, since processes start afresh; `preload` is the module
    that processes of this machine have imported already.
    """

    task: Callable[[J], R]
    failed: Callable[[J, str], R]
    preload: str


class Executor(Protocol):
    """Does jobs; which one does them changes no result."""

    def finish(self, jobs: Sequence[J], handling: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs and give each result with its job's index, as they finish; may be called again and again.

        A job comes back exactly once, whatever happens to processes and machines. Closing the iterator drops
        what has not started.

        Raises
        ------
        ClusterError
            If there is nobody left who could do them; what was given before is right.
        """
        ...


@dataclass(frozen=True, slots=True)
class Inline:
    """One job after the other in this process. What kills it ends the batch."""

    def finish(self, jobs: Sequence[J], handling: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Do all jobs in their order."""
        yield from ((index, guarded(handling, job)) for index, job in enumerate(jobs))


def guarded(handling: TaskSpec[J, R], job: J) -> R:
    """Do a job; what nobody foresaw fails this one alone."""
    try:
        return handling.task(job)
    except Exception as problem:  # noqa: BLE001 - one bad job never stops a batch
        return handling.failed(job, f"unexpected {type(problem).__name__}: {problem}")
