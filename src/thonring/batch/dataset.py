"""Filling a data set: each job measures or simulates one example, and a single writer adds them to the file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.batch.executors.base import TaskSpec
from thonring.batch.executors.processes import local
from thonring.batch.run import OrderedSink, RunResult, collect_results
from thonring.errors import InputError, ThonringError
from thonring.learn.dataset.example import Accepted, Example, measured_example, scene_file, simulated_example
from thonring.learn.dataset.hdf5 import DatasetWriter
from thonring.simulate import Recipe

_BUILD_ANEW = "Build the data set again in a new file, from one run of each micrograph."
SAME_DEFOCUS_A = 0.05
"""Defocus values closer than the digits of results.csv are the same estimate."""

MAX_PHASE_SHIFT_DEG = 5.0
"""Networks are trained without a phase shift; 5° shift the rings at 10 Å and 300 kV as 140 Å of defocus do."""


@dataclass(frozen=True, slots=True)
class MeasuredJob:
    """An accepted micrograph whose spectrum will be measured again."""

    accepted: Accepted
    session: str

    @property
    def file(self) -> str:
        """Name of the example in the data set."""
        return str(self.accepted.path)


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """Scene `index` of the set that `seed` draws from `recipe`."""

    recipe: Recipe
    seed: int
    index: int

    @property
    def file(self) -> str:
        """Name of the example in the data set."""
        return scene_file(self.seed, self.index)


ExampleJob = MeasuredJob | SimulatedJob


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """An example, or the reason why there is none; `example` is also None once it has been written."""

    file: str
    example: Example | None = None
    defocus_A: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """The remaining jobs, those `refused` because their defocus differs in the data set, and how many are `present`."""

    waiting: tuple[ExampleJob, ...]
    refused: tuple[ExampleResult, ...]
    present: int

    @property
    def count(self) -> int:
        """Number of results that will be reported."""
        return len(self.waiting) + len(self.refused)


@dataclass(frozen=True, slots=True)
class DatasetResult:
    """The results of a plan in the order of its jobs, all of them unless the run was interrupted; refused ones first.

    In `run` the refused ones count as failures.
    """

    results: tuple[ExampleResult, ...]
    run: RunResult


class DatasetSink(OrderedSink[ExampleResult]):
    """A data set on disk, to which each example is added as it is finished; `results` hold no spectra."""

    def __init__(self, writer: DatasetWriter) -> None:
        super().__init__()
        self._writer = writer

    def _keep(self, index: int, result: ExampleResult) -> ExampleResult:
        return super()._keep(index, self._added(result))

    def _added(self, result: ExampleResult) -> ExampleResult:
        if result.example is None:
            return result
        try:
            self._writer.append(result.example)
        except InputError as problem:
            return ExampleResult(result.file, reason=str(problem))
        return ExampleResult(result.file, defocus_A=result.example.defocus_A)

    def _is_failure(self, result: ExampleResult) -> bool:
        return bool(result.reason)


def measured_jobs(accepted: Sequence[Accepted], session: str | None) -> list[MeasuredJob]:
    """One job per micrograph; its session is its folder unless a name is given."""
    return [
        MeasuredJob(micrograph, str(micrograph.path.parent) if session is None else session)
        for micrograph in accepted
    ]


def plan_dataset(
    writer: DatasetWriter, jobs: Sequence[ExampleJob], not_accepted: Sequence[Path] = ()
) -> DatasetPlan:
    """Find the jobs that a data set still needs: each micrograph is added once.

    Examples are never removed, so those of micrographs that are `not_accepted` by the runs are refused, too.
    """
    known = dict(writer.defocus_of)
    waiting: list[ExampleJob] = []
    refused = [
        ExampleResult(str(path), reason=f"{path}: in the data set, but no longer accepted. {_BUILD_ANEW}")
        for path in not_accepted
        if str(path) in known
    ]
    rejected_count = len(refused)
    for job in jobs:
        present_A = known.get(job.file)
        if present_A is None:
            waiting.append(job)
            known[job.file] = job.accepted.defocus_A if isinstance(job, MeasuredJob) else 0.0
        elif isinstance(job, MeasuredJob) and abs(job.accepted.defocus_A - present_A) > SAME_DEFOCUS_A:
            refused.append(_refused(job, present_A))
    present = len(jobs) - len(waiting) - (len(refused) - rejected_count)
    return DatasetPlan(tuple(waiting), tuple(refused), present)


def _refused(job: MeasuredJob, present_A: float) -> ExampleResult:
    reason = (
        f"{job.file}: already in the data set with {present_A:.0f} Å; {job.accepted.run} now has "
        f"{job.accepted.defocus_A:.0f} Å. {_BUILD_ANEW}"
    )
    return ExampleResult(job.file, reason=reason)


def fill_dataset(
    writer: DatasetWriter, plan: DatasetPlan, workers: int, report: Callable[[ExampleResult], None]
) -> DatasetResult:
    """Add the examples of a plan to a data set, and call `report` with each, the refused ones first.

    Ctrl-C and SIGTERM end the run early; what is written stays, and a new plan holds the rest.

    Raises
    ------
    OutputError
        If the data set cannot be written.
    """
    writer.reserve(len(plan.waiting))
    for result in plan.refused:
        report(result)
    sink = DatasetSink(writer)
    spec = TaskSpec(make_example, _failed, "thonring.batch.dataset")
    run = collect_results(local(workers).finish(plan.waiting, spec), sink, report)
    refused = len(plan.refused)
    overall_errors = RunResult(run.done + refused, run.failed + refused, run.stopped_by)
    return DatasetResult((*plan.refused, *sink.results), overall_errors)


def make_example(job: ExampleJob) -> ExampleResult:
    """Measure or simulate an example; an error is returned as the reason."""
    try:
        return ExampleResult(job.file, _example(job))
    except ThonringError as problem:
        return _failed(job, str(problem))


def _example(job: ExampleJob) -> Example:
    if isinstance(job, SimulatedJob):
        return simulated_example(job.recipe, job.seed, job.index)
    phase_deg = job.accepted.phase_shift_deg
    if abs(phase_deg) > MAX_PHASE_SHIFT_DEG:
        raise InputError(
            f"{job.file}: has a phase shift of {phase_deg:.0f}°; networks are trained without one, so it was skipped."
        )
    return measured_example(job.accepted, job.session)


def _failed(job: ExampleJob, reason: str) -> ExampleResult:
    return ExampleResult(job.file, reason=reason)
