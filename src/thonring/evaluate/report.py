"""Everything that is found of runs, in records; from here on it is only written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import SettingsError
from thonring.evaluate.accuracy import Accuracy, accuracy
from thonring.evaluate.compare import Comparison, comparisons
from thonring.evaluate.confusion import Confusion
from thonring.evaluate.correct import TOLERANCE_RESOLUTION_A
from thonring.evaluate.criteria import CriterionUse, criteria_uses
from thonring.evaluate.groups import Group, groups
from thonring.evaluate.labels import read_labels
from thonring.evaluate.matched import Matched, match, subjects_of
from thonring.evaluate.pair import Pair, pairs_of
from thonring.evaluate.run import Run
from thonring.evaluate.runs import read_runs
from thonring.evaluate.thresholds import Curve, threshold_curves
from thonring.evaluate.wrong import worth_a_look
from thonring.simulate import read_truth


@dataclass(frozen=True, slots=True)
class Question:
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

    question: Question
    has_truth: bool
    runs: tuple[RunReport, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]


def evaluate(question: Question) -> Report:
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
