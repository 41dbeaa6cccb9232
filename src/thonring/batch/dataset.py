"""Elements for a data set, measured or drawn on many processes and written by one."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from thonring.batch.executors.base import TaskSpec
from thonring.batch.executors.processes import local
from thonring.batch.run import WRITE_EVERY_S, collect_results
from thonring.errors import InputError, ThonringError
from thonring.learn.dataset.example import Accepted, Example, measured_example, scene_file, simulated_example
from thonring.learn.dataset.hdf5 import DatasetWriter
from thonring.simulate import Recipe

SAME_A = 0.05
"""Defoci that are nearer than the digits in results.csv tell are the same estimate."""

PHASE_DEG = 5.0
"""Phase shift beyond which the rings lie elsewhere than a network without one expects."""


@dataclass(frozen=True, slots=True)
class MeasuredJob:
    """A micrograph to be read again."""

    accepted: Accepted
    session: str

    @property
    def file(self) -> str:
        """By which it is known in a data set."""
        return str(self.accepted.path)


@dataclass(frozen=True, slots=True)
class DrawnJob:
    """Scene `index` of the set that `seed` draws from `recipe`."""

    recipe: Recipe
    seed: int
    index: int

    @property
    def file(self) -> str:
        """By which it is known in a data set."""
        return scene_file(self.seed, self.index)


Job = MeasuredJob | DrawnJob


@dataclass(frozen=True, slots=True)
class Found:
    """An element, or the reason why there is none; slim once it is written."""

    file: str
    element: Example | None = None
    defocus_A: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """The jobs to do, and those `refused`: their micrograph is there with another defocus; `present` need no work."""

    waiting: tuple[Job, ...]
    refused: tuple[Found, ...]
    present: int

    @property
    def count(self) -> int:
        """How many the user is told about."""
        return len(self.waiting) + len(self.refused)


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a plan, in the order of its jobs, all of them unless it was interrupted."""

    found: tuple[Found, ...]
    interrupted: bool


def measured_jobs(accepted: Sequence[Accepted], session: str | None) -> list[MeasuredJob]:
    """One job a micrograph; its session is its folder unless a name is given."""
    return [MeasuredJob(one, str(one.path.parent) if session is None else session) for one in accepted]


def planned(store: DatasetWriter, jobs: Sequence[Job]) -> DatasetPlan:
    """What of the jobs is still to be done for a data set: no micrograph twice."""
    known = dict(store.defocus_of)
    waiting: list[Job] = []
    refused: list[Found] = []
    for job in jobs:
        there_A = known.get(job.file)
        if there_A is None:
            waiting.append(job)
            known[job.file] = job.accepted.defocus_A if isinstance(job, MeasuredJob) else 0.0
        elif isinstance(job, MeasuredJob) and abs(job.accepted.defocus_A - there_A) > SAME_A:
            refused.append(_refused(job, there_A))
    return DatasetPlan(tuple(waiting), tuple(refused), len(jobs) - len(waiting) - len(refused))


def _refused(job: MeasuredJob, there_A: float) -> Found:
    reason = (
        f"{job.file}: is there already with {there_A:.0f} Å; {job.accepted.run} says {job.accepted.defocus_A:.0f} Å. "
        "Build from one of the runs only."
    )
    return Found(job.file, reason=reason)


def fill(store: DatasetWriter, plan: DatasetPlan, workers: int, tell: Callable[[Found], None]) -> Filled:
    """Add the elements of a plan to a data set, and call `tell` with each, the refused ones included.

    Ctrl-C ends the work early; what is written stays, and planned again the rest is waiting.

    Raises
    ------
    OutputError
        If the data set cannot be written.
    """
    store.reserve(len(plan.waiting))
    for found in plan.refused:
        tell(found)
    handling = TaskSpec(make, _failed, "thonring.batch.dataset")
    finished = local(workers).finish(plan.waiting, handling)
    added, interrupted = collect_results(_written(finished, store), tell, _nothing, WRITE_EVERY_S)
    return Filled((*plan.refused, *added), interrupted)


def _written(
    finished: Generator[tuple[int, Found], None, None], store: DatasetWriter
) -> Generator[tuple[int, Found], None, None]:
    """Write each element as it comes, and go on with what fits into memory by the hundred thousand."""
    with closing(finished):
        for index, found in finished:
            if found.element is None:
                yield index, found
                continue
            try:
                store.append(found.element)
            except InputError as problem:
                yield index, Found(found.file, reason=str(problem))
            else:
                yield index, Found(found.file, defocus_A=found.element.defocus_A)


def make(job: Job) -> Found:
    """Measure or draw an element; what is wrong with it comes back as its reason."""
    try:
        return Found(job.file, _element(job))
    except ThonringError as problem:
        return _failed(job, str(problem))


def _element(job: Job) -> Example:
    if isinstance(job, DrawnJob):
        return simulated_example(job.recipe, job.seed, job.index)
    phase_deg = job.accepted.phase_shift_deg
    if abs(phase_deg) > PHASE_DEG:
        raise InputError(
            f"{job.file}: phase shift of {phase_deg:.0f}°; networks are trained without one, so it was left out."
        )
    return measured_example(job.accepted, job.session)


def _failed(job: Job, reason: str) -> Found:
    return Found(job.file, reason=reason)


def _nothing(_: tuple[Found, ...]) -> None:
    """Elements are on disk already."""
