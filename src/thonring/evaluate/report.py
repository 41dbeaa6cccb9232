"""Everything that is found of runs, in records; from here on it is only written."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from thonring.errors import SettingsError
from thonring.evaluate.accuracy import Accuracy, Errors, accuracy
from thonring.evaluate.agreement import Comparison, comparisons
from thonring.evaluate.correctness import TOLERANCE_RESOLUTION_A
from thonring.evaluate.labels import read_labels
from thonring.evaluate.matching import Matched, Pair, match, pairs_of, subjects_of
from thonring.evaluate.results import Run, read_runs
from thonring.evaluate.verdicts import Confusion, CriterionUse, Curve, criteria_uses, threshold_curves
from thonring.simulate import read_truth

MOST_SHOWN = 10


def worth_a_look(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """False positives, false negatives, then the largest errors of the other usable ones; larger errors first."""
    ranked = sorted(pairs, key=_size, reverse=True)
    wrong = [pair for kind in ("FP", "FN") for pair in ranked if pair.kind == kind]
    rest = [pair for pair in ranked if pair.judged_well and pair.subject.usable and _size(pair) > 0]
    return (*wrong, *rest[:MOST_SHOWN])


def _size(pair: Pair) -> float:
    """Largest error in tolerances; 0 without an estimate or a truth."""
    size = pair.largest_error_A / pair.tolerance_A
    return 0.0 if math.isnan(size) else size


PIXEL_EDGES_A = (0.0, 0.75, 1.0, 1.25, 1.5, 2.0, math.inf)
DEFOCUS_EDGES_UM = (-math.inf, 0.5, 1.0, 2.0, 3.0, 4.5, math.inf)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """One run's numbers over the micrographs of one kind; errors of the mean defocus are over the accepted."""

    by: str
    name: str
    count: int
    confusion: Confusion
    accepted_defocus: Errors
    accepted_locks: int


def groups(matched: Matched, pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[tuple[Group, ...], ...]:
    """Groups of each run, the same for all runs; kinds that nothing is known of are left out."""
    found: list[list[Group]] = [[] for _ in matched.runs]
    for by, names in _names(pairs_by_run).items():
        for name in sorted(set(names)):
            members = [place for place, other in enumerate(names) if other == name]
            for run, pairs in enumerate(pairs_by_run):
                found[run].append(_group(by, name[1], [pairs[place] for place in members]))
    return tuple(tuple(one) for one in found)


Name = tuple[float, str]
"""Place in the order, and name."""


def _names(pairs_by_run: Sequence[Sequence[Pair]]) -> dict[str, list[Name]]:
    subjects = list(zip(*pairs_by_run, strict=True))
    kinds: dict[str, Callable[[Sequence[Pair]], Name]] = {
        "voltage": _voltage,
        "pixel": _pixel,
        "defocus": _defocus,
        "defect": _defect,
    }
    found = {by: [name(subject) for subject in subjects] for by, name in kinds.items()}
    return {by: names for by, names in found.items() if any(name != UNKNOWN for _, name in names)}


def _group(by: str, name: str, pairs: Sequence[Pair]) -> Group:
    accepted = accuracy([pair for pair in pairs if pair.accepted])
    confusion = Confusion.of((pair.accepted, pair.positive) for pair in pairs)
    return Group(by, name, len(pairs), confusion, accepted.defocus, accepted.locks)


def _voltage(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    voltage_kV = truth.voltage_kV if truth else _first([pair.result.voltage_kV for pair in subject])
    return (math.inf, UNKNOWN) if math.isnan(voltage_kV) else (voltage_kV, f"{voltage_kV:g} kV")


def _pixel(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    pixel_A = truth.pixel_A if truth else _first([pair.result.pixel_A for pair in subject])
    return _binned(pixel_A, PIXEL_EDGES_A, "Å/px")


def _defocus(subject: Sequence[Pair]) -> Name:
    return _binned(1e-4 * subject[0].subject.defocus_A, DEFOCUS_EDGES_UM, "µm")


def _defect(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    if truth is None:
        return math.inf, UNKNOWN
    return (0.0 if truth.defect == "none" else 1.0), truth.defect


def _binned(value: float, edges: Sequence[float], unit: str) -> Name:
    for low, high in pairwise(edges):
        if low <= value < high:
            return low, _range(low, high, edges, unit)
    return math.inf, UNKNOWN


def _range(low: float, high: float, edges: Sequence[float], unit: str) -> str:
    if low == edges[0]:
        return f"below {high:g} {unit}"
    return f"from {low:g} {unit}" if high == edges[-1] else f"{low:g} to {high:g} {unit}"


def _first(values: Sequence[float]) -> float:
    return next((value for value in values if math.isfinite(value)), math.nan)


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to evaluate: runs against a table of truth, labels, or both; files that only some have are refused.

    Raises
    ------
    SettingsError
        If neither truth nor labels are given, no run is, or the resolution is impossible.
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
                "(a person's), or both."
            )
        if not self.runs:
            raise SettingsError("no run was named: give at least one.")
        if not 0.5 <= self.tolerance_resolution_A <= 100:
            raise SettingsError(
                f"tolerance resolution {self.tolerance_resolution_A:g} Å: expected 0.5 to 100 Å, 4 is usual."
            )


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run: its verdicts, its errors, and where they come from.

    The accuracy is over the accepted, over the usable that have an estimate, and over all that have one; None
    without a truth. Of the `usable`, `wrong_usable` have a wrong estimate and so are negatives, and
    `unfitted_usable` have none and so are false negatives.
    """

    run: Run
    pairs: tuple[Pair, ...]
    confusion: Confusion
    usable: int
    wrong_usable: int
    unfitted_usable: int
    accepted: Accuracy | None
    usable_fitted: Accuracy | None
    fitted: Accuracy | None
    groups: tuple[Group, ...]
    criteria: tuple[CriterionUse, ...]
    curves: tuple[Curve, ...]
    worth_a_look: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a question."""

    question: EvaluationRequest
    has_truth: bool
    runs: tuple[RunReport, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]


def evaluate(question: EvaluationRequest) -> Report:
    """Read runs and truth, match them and measure.

    Raises
    ------
    InputError
        If a file cannot be used, or the runs do not match the truth or labels.
    """
    truth = read_truth(question.truth) if question.truth else ()
    labels = read_labels(question.labels) if question.labels else ()
    folder = (question.truth or Path()).absolute().parent
    runs = read_runs(question.runs)
    known, label_notes = subjects_of(truth, folder, labels, partial=question.partial)
    matched = match(runs, known, partial=question.partial)
    by_run = pairs_of(matched, question.tolerance_resolution_A)
    notes = (*label_notes, *(note for run in runs for note in run.notes), *matched.notes)
    return Report(question, bool(truth), _reports(matched, by_run), comparisons(matched, by_run), notes)


def _reports(matched: Matched, by_run: Sequence[tuple[Pair, ...]]) -> tuple[RunReport, ...]:
    grouped = groups(matched, by_run)
    return tuple(_report(*of_run) for of_run in zip(matched.runs, by_run, grouped, strict=True))


def _report(run: Run, pairs: tuple[Pair, ...], of_groups: tuple[Group, ...]) -> RunReport:
    usable = [pair for pair in pairs if pair.subject.usable]
    has_truth = any(pair.subject.truth for pair in pairs)
    accepted = [pair for pair in pairs if pair.accepted]
    return RunReport(
        run=run,
        pairs=pairs,
        confusion=Confusion.of((pair.accepted, pair.positive) for pair in pairs),
        usable=len(usable),
        wrong_usable=sum(pair.right is False for pair in usable),
        unfitted_usable=sum(pair.result.estimate is None for pair in usable),
        accepted=accuracy(accepted) if has_truth else None,
        usable_fitted=accuracy(usable) if has_truth else None,
        fitted=accuracy(pairs) if has_truth else None,
        groups=of_groups,
        criteria=criteria_uses(pairs, run.limits),
        curves=threshold_curves(pairs, run.limits),
        worth_a_look=worth_a_look(pairs),
    )
