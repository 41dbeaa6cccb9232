"""Evaluation of runs against truth or labels: one report with all numbers, which text, JSON and page only format."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from thonring.errors import SettingsError
from thonring.evaluate import verdicts
from thonring.evaluate.accuracy import Accuracy, Errors, accuracy
from thonring.evaluate.correctness import TOLERANCE_RESOLUTION_A
from thonring.evaluate.labels import read_labels
from thonring.evaluate.matching import Pair, match, pairs_of, references_of
from thonring.evaluate.results import Run, left_out_of, read_runs
from thonring.files.text import LeftOut, TableReport
from thonring.simulate import read_truth

MAX_CORRECT_SHOWN = 10
"""Micrographs with a correct verdict that are worth a look for their large error."""

PIXEL_EDGES_A = (0.0, 0.75, 1.0, 1.25, 1.5, 2.0, math.inf)
DEFOCUS_EDGES_UM = (-math.inf, 0.5, 1.0, 2.0, 3.0, 4.5, math.inf)
UNKNOWN = "unknown"

GroupKey = tuple[float, str]
"""Rank of a group in its table, and its name."""


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to evaluate: runs against a truth table, labels, or both; unless `partial`, of the same files.

    Raises
    ------
    SettingsError
        If neither truth nor labels are given, there are no runs, or the resolution is impossible.
    """

    runs: tuple[Path, ...]
    truth: Path | None = None
    labels: Path | None = None
    tolerance_resolution_A: float = TOLERANCE_RESOLUTION_A
    partial: bool = False

    def __post_init__(self) -> None:
        if self.truth is None and self.labels is None:
            raise SettingsError(
                "nothing to compare with: give --truth FILE (the truth.csv of `thonring simulate`), --labels FILE "
                "(manual labels), or both."
            )
        if not self.runs:
            raise SettingsError("no run given: name at least one.")
        if not 0.5 <= self.tolerance_resolution_A <= 100:
            raise SettingsError(
                f"tolerance resolution {self.tolerance_resolution_A:g} Å: expected 0.5 to 100 Å (4 is usual)."
            )


@dataclass(frozen=True, slots=True)
class Group:
    """One run's numbers over the micrographs of one group; errors of the mean defocus are those of the accepted."""

    by: str
    name: str
    count: int
    confusion: verdicts.Confusion
    accepted_defocus: Errors
    accepted_locks: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run: its verdicts and errors, and the micrographs and criteria behind them.

    There are accuracies of the accepted, of the usable that have an estimate, and of all that have one; None without a
    truth. Of the `usable`, `wrong_usable` have a wrong estimate and so are negatives, and `unfitted_usable` have none
    and so are false negatives.
    """

    run: Run
    pairs: tuple[Pair, ...]
    confusion: verdicts.Confusion
    usable: int
    wrong_usable: int
    unfitted_usable: int
    accepted: Accuracy | None
    usable_fitted: Accuracy | None
    fitted: Accuracy | None
    groups: tuple[Group, ...]
    criteria: tuple[verdicts.CriterionUse, ...]
    curves: tuple[verdicts.ThresholdCurve, ...]
    to_review: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation: each run, comparisons of every two runs, and notes on the inputs."""

    request: EvaluationRequest
    has_truth: bool
    runs: tuple[RunReport, ...]
    comparisons: tuple[verdicts.Comparison, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


def evaluate(request: EvaluationRequest) -> Report:
    """Read runs and truth, match them and compute all numbers.

    Raises
    ------
    InputError
        If a file cannot be used, or the runs do not match the truth or labels.
    """
    truth = read_truth(request.truth) if request.truth else ()
    table_report = TableReport()
    labels = read_labels(request.labels, table_report) if request.labels else ()
    folder = (request.truth or Path()).absolute().parent
    runs = read_runs(request.runs)
    left_out = (*table_report.left_out, *left_out_of(runs))
    partial = request.partial or bool(left_out)  # a row left out has no partner and refuses no other
    references, label_notes = references_of(truth, folder, labels, partial=partial)
    matched = match(runs, references, partial=partial)
    by_run = pairs_of(matched, request.tolerance_resolution_A)
    groups = _groups(by_run)
    return Report(
        request,
        bool(truth),
        tuple(_run_report(*parts) for parts in zip(matched.runs, by_run, groups, strict=True)),
        verdicts.compare_verdicts(by_run),
        (
            *table_report.lines(),
            *label_notes,
            *(note for run in runs for note in run.notes),
            *matched.notes,
        ),
        left_out,
    )


def _run_report(run: Run, pairs: tuple[Pair, ...], groups: tuple[Group, ...]) -> RunReport:
    usable = [pair for pair in pairs if pair.reference.usable]
    has_truth = any(pair.reference.truth for pair in pairs)
    accepted = [pair for pair in pairs if pair.accepted]
    return RunReport(
        run=run,
        pairs=pairs,
        confusion=verdicts.Confusion.of((pair.accepted, pair.positive) for pair in pairs),
        usable=len(usable),
        wrong_usable=sum(pair.right is False for pair in usable),
        unfitted_usable=sum(pair.result.estimate is None for pair in usable),
        accepted=accuracy(accepted) if has_truth else None,
        usable_fitted=accuracy(usable) if has_truth else None,
        fitted=accuracy(pairs) if has_truth else None,
        groups=groups,
        criteria=verdicts.criteria_uses(pairs, run.limits),
        curves=verdicts.threshold_curves(pairs, run.limits),
        to_review=_to_review(pairs),
    )


def _to_review(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """False positives, false negatives, then the largest errors of the other usable ones; larger errors first."""
    ranked = sorted(pairs, key=_error_in_tolerances, reverse=True)
    wrong = [pair for kind in ("FP", "FN") for pair in ranked if pair.kind == kind]
    correct = [
        pair
        for pair in ranked
        if pair.verdict_correct and pair.reference.usable and _error_in_tolerances(pair) > 0
    ]
    return (*wrong, *correct[:MAX_CORRECT_SHOWN])


def _error_in_tolerances(pair: Pair) -> float:
    """Largest error in tolerances; 0 without an estimate or a truth."""
    error = pair.largest_error_A / pair.tolerance_A
    return 0.0 if math.isnan(error) else error


def _groups(pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[tuple[Group, ...], ...]:
    """Groups of each run, the same for all runs; properties that are unknown for all micrographs are left out."""
    groups: list[list[Group]] = [[] for _ in pairs_by_run]
    micrographs = list(zip(*pairs_by_run, strict=True))
    properties: dict[str, Callable[[Sequence[Pair]], GroupKey]] = {
        "voltage": _voltage,
        "pixel": _pixel,
        "defocus": _defocus,
        "defect": _defect,
    }
    for by, key_of in properties.items():
        keys = [key_of(micrograph) for micrograph in micrographs]
        if all(name == UNKNOWN for _, name in keys):
            continue
        for key in sorted(set(keys)):
            members = [index for index, other in enumerate(keys) if other == key]
            for run, pairs in enumerate(pairs_by_run):
                groups[run].append(_group(by, key[1], [pairs[index] for index in members]))
    return tuple(map(tuple, groups))


def _group(by: str, name: str, pairs: Sequence[Pair]) -> Group:
    accepted = accuracy([pair for pair in pairs if pair.accepted])
    confusion = verdicts.Confusion.of((pair.accepted, pair.positive) for pair in pairs)
    return Group(by, name, len(pairs), confusion, accepted.defocus, accepted.locks)


def _voltage(micrograph: Sequence[Pair]) -> GroupKey:
    """Voltage of the truth, or else of the first run that states it; `micrograph` has its pair in every run."""
    truth = micrograph[0].reference.truth
    voltage_kV = truth.voltage_kV if truth else _first([pair.result.voltage_kV for pair in micrograph])
    return (math.inf, UNKNOWN) if math.isnan(voltage_kV) else (voltage_kV, f"{voltage_kV:g} kV")


def _pixel(micrograph: Sequence[Pair]) -> GroupKey:
    truth = micrograph[0].reference.truth
    pixel_A = truth.pixel_A if truth else _first([pair.result.pixel_A for pair in micrograph])
    return _bin(pixel_A, PIXEL_EDGES_A, "Å/px")


def _defocus(micrograph: Sequence[Pair]) -> GroupKey:
    return _bin(1e-4 * micrograph[0].reference.defocus_A, DEFOCUS_EDGES_UM, "µm")


def _defect(micrograph: Sequence[Pair]) -> GroupKey:
    truth = micrograph[0].reference.truth
    if truth is None:
        return math.inf, UNKNOWN
    return (0.0 if truth.defect == "none" else 1.0), truth.defect


def _bin(value: float, edges: Sequence[float], unit: str) -> GroupKey:
    for low, high in pairwise(edges):
        if low <= value < high:
            return low, _bin_name(low, high, edges, unit)
    return math.inf, UNKNOWN


def _bin_name(low: float, high: float, edges: Sequence[float], unit: str) -> str:
    if low == edges[0]:
        return f"below {high:g} {unit}"
    return f"from {low:g} {unit}" if high == edges[-1] else f"{low:g} to {high:g} {unit}"


def _first(values: Sequence[float]) -> float:
    """First finite value, or NaN."""
    return next((value for value in values if math.isfinite(value)), math.nan)
