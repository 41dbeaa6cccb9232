"""Tables of the verdicts: confusion matrices, effects of each correction, and every wrong verdict of our default."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.corrections.configurations import BEFORE, CONFIGURATIONS, DEFAULT, Configuration
from benchmarks.corrections.scenes import describe
from benchmarks.corrections.verdict import JudgedMicrograph
from benchmarks.lib.harness import Cell, print_table, print_target
from thonring.evaluate import Confusion
from thonring.settings import Limit
from thonring.simulate import DEFECTS

Verdicts = Mapping[str, Sequence[JudgedMicrograph]]
"""Verdicts by configuration, all on the same micrographs in the same order."""


def measured_configurations(verdicts: Verdicts) -> list[Configuration]:
    """The configurations that were measured, in order."""
    return [one for one in CONFIGURATIONS if one.name in verdicts]


WRONG = "wrong estimate"
NEGATIVES = (*DEFECTS[1:], WRONG)
"""Why a micrograph must not be accepted: its defect, or a wrong estimate of a usable one."""

MAX_FALSE_POSITIVES, MIN_MCC, MIN_F1 = 2, 0.99, 0.998


def confusion(verdicts: Sequence[JudgedMicrograph]) -> Confusion:
    return Confusion.of((one.accepted, one.positive) for one in verdicts)


def false_positives(verdicts: Sequence[JudgedMicrograph]) -> Counter[str]:
    """Number of micrographs accepted despite each defect, or despite a wrong estimate."""
    return Counter(one.defect for one in verdicts if one.accepted and not one.positive)


def print_confusions(verdicts: Verdicts) -> None:
    header = ["configuration", "TP", "FP", "FN", "TN", "F1", "MCC", "MCC 95 %", "usable, not accepted"]
    header += ["thesis TP FP FN TN", "F1", "MCC"]
    rows = [_confusion_row(one, verdicts[one.name]) for one in measured_configurations(verdicts)]
    print_table("Verdicts (positive: usable, and the estimate correct to 4 Å)", header, rows)
    print(
        "  A usable micrograph with a wrong estimate must not be accepted: it is a negative, so that the number of"
    )
    print("  positives differs between configurations. A usable one without an estimate is a false negative.")


def print_false_positives(verdicts: Verdicts) -> None:
    scenes: Counter[str] = Counter(one.row.micrograph.scene.defect for one in verdicts[DEFAULT])
    counts = [false_positives(verdicts[one.name]) for one in measured_configurations(verdicts)]
    rows: list[list[Cell]] = [
        [name, None if name == WRONG else scenes[name], *(count[name] for count in counts)]
        for name in NEGATIVES
    ]
    header = ["false positives", "of", *(one.name for one in measured_configurations(verdicts))]
    print_table("Accepted despite", header, rows)


def print_actions(verdicts: Verdicts) -> None:
    """Print where each configuration differs from the protocol before its corrections."""
    before = verdicts[BEFORE]
    rows = [
        [one.name, *_action(before, verdicts[one.name])]
        for one in measured_configurations(verdicts)
        if one.name != BEFORE
    ]
    header = [
        "against xmipp-before",
        "FP rejected",
        "FP now correct",
        "new FP",
        "TP rejected",
        "TP now wrong",
    ]
    header += ["new TP", "change of FP by cause"]
    print_table("Effect of each correction", header, rows)


def print_criteria(name: str, verdicts: Sequence[JudgedMicrograph], limits: Sequence[Limit]) -> None:
    """Print how many micrographs each criterion rejects, and how far good ones are from its limit."""
    criteria = ["fit", *(limit.criterion for limit in limits)]
    rows = [[criterion, *_criterion(verdicts, criterion)] for criterion in criteria]
    header = ["criterion", "negatives", "by it alone", "positives", "by it alone"]
    header += ["lowest positive", "1 %", "99 %", "highest"]
    print_table(f"{name}: rejections by each criterion, in the chosen attempt", header, rows)


def print_values(verdicts: Sequence[JudgedMicrograph], limits: Sequence[Limit]) -> None:
    """Print the range of each criterion for good micrographs and for each defect, to choose limits by."""
    kinds = ("positive", *NEGATIVES)
    rows: list[list[Cell]] = []
    for limit in limits:
        by_kind = [_known([one for one in verdicts if _kind(one) == kind], limit.criterion) for kind in kinds]
        rows.append([limit.criterion, *map(_span, by_kind)])
    print_table("Values of the default criteria: 5 %, median, 95 %", ["criterion", *kinds], rows)


def print_wrong(verdicts: Sequence[JudgedMicrograph], seed: int) -> None:
    """Print every wrong verdict of our default with all that is needed to reproduce it."""
    groups = {
        "FALSE POSITIVE": [one for one in verdicts if one.accepted and not one.positive],
        "FALSE NEGATIVE": [one for one in verdicts if not one.accepted and one.positive],
        "USABLE, REJECTED WITH A WRONG ESTIMATE": [
            one
            for one in verdicts
            if not one.accepted and one.row.micrograph.scene.usable and one.correct is False
        ],
    }
    print(
        f"\nWrong verdicts of our default; draw(load_recipe(RECIPE), {seed}, index, SIZE) reproduces the scene"
    )
    for title, group in groups.items():
        print(f"  {title}: {len(group)}")
        for one in group:
            print(f"    {describe(one.row.micrograph)}\n      -> {outcome(one)}")


def print_seconds(verdicts: Verdicts) -> None:
    """Print CPU times per micrograph: of the shared steps, and of the attempts of each configuration."""
    first = verdicts[DEFAULT]
    rows: list[list[Cell]] = [
        [name, _mean([one.row.seconds[name] for one in first]), None] for name in ("simulate", "measure")
    ]
    for configuration in measured_configurations(verdicts):
        seconds, attempts = zip(
            *(_cost(one, configuration) for one in verdicts[configuration.name]), strict=True
        )
        rows.append([configuration.name, _mean(seconds), _mean(attempts)])
    print_table("CPU seconds per micrograph", ["", "s", "attempts"], rows)


def print_targets(verdicts: Sequence[JudgedMicrograph]) -> None:
    matrix = confusion(verdicts)
    met = matrix.fp <= MAX_FALSE_POSITIVES
    print_target(f"default: {matrix.fp} false positives of {matrix.total} (target: at most 2)", met=met)
    print_target(f"default: MCC {matrix.mcc:.4f} (target: at least {MIN_MCC})", met=matrix.mcc >= MIN_MCC)
    print_target(f"default: F1 {matrix.f1:.4f} (target: at least {MIN_F1})", met=matrix.f1 >= MIN_F1)


def print_no_rings(verdicts: Sequence[JudgedMicrograph]) -> None:
    """Print which micrographs without rings were accepted, of which there must be none."""
    accepted = [one for one in verdicts if one.accepted]
    empty = sum(one.row.micrograph.number % 2 == 0 for one in verdicts)
    print(f"\nWithout rings: {empty} empty scenes, {len(verdicts) - empty} images of noise")
    for one in accepted:
        numbered = one.row.micrograph
        kind = "noise" if numbered.number % 2 else "empty scene"
        print(f"  ACCEPTED number {numbered.number} ({kind}), {describe(numbered)}\n    -> {outcome(one)}")
    print_target(
        f"without rings, accepted: {len(accepted)} of {len(verdicts)} (target: none)", met=not accepted
    )


def outcome(one: JudgedMicrograph) -> str:
    """The estimate and the failed criteria, on one line."""
    found = one.fit
    fit = "no fit"
    if found is not None:
        ellipse = f"U {found.defocus_u_A:.0f} V {found.defocus_v_A:.0f} Å at {found.angle_deg:.1f}°"
        fit = f"{ellipse} ±{found.defocus_sigma_A:.0f} Å, fit to {found.fit_resolution_A:.1f} Å"
    failed = [f"{name} {one.values.get(name, math.nan):.3g}" for name in one.failed]
    return f"{'accepted' if one.accepted else 'rejected'} after {len(one.samplings_A)} samplings: {fit}" + (
        f"; {', '.join(failed)}" if failed else ""
    )


def _confusion_row(configuration: Configuration, verdicts: Sequence[JudgedMicrograph]) -> list[Cell]:
    matrix = confusion(verdicts)
    low, high = matrix.mcc_interval
    lost = sum(one.row.micrograph.scene.usable and not one.accepted for one in verdicts)
    cells: list[Cell] = [configuration.name, matrix.tp, matrix.fp, matrix.fn, matrix.tn]
    cells += [f"{matrix.f1:.4f}", f"{matrix.mcc:.4f}", f"{low:.3f}..{high:.3f}", lost]
    if configuration.published is None:
        return [*cells, None, None, None]
    thesis = Confusion(*configuration.published)
    return [*cells, "{} {} {} {}".format(*configuration.published), f"{thesis.f1:.4f}", f"{thesis.mcc:.4f}"]


def _action(before: Sequence[JudgedMicrograph], after: Sequence[JudgedMicrograph]) -> list[Cell]:
    kinds = Counter((_cell(one), _cell(other)) for one, other in zip(before, after, strict=True))
    fewer = false_positives(before)
    fewer.subtract(false_positives(after))
    changes = ", ".join(f"{name} {-change:+d}" for name, change in fewer.most_common() if change)
    return [
        kinds["FP", "TN"] + kinds["FP", "FN"],
        kinds["FP", "TP"],
        sum(count for (was, now), count in kinds.items() if now == "FP" and was not in {"FP", "TP"}),
        kinds["TP", "FN"] + kinds["TP", "TN"],
        kinds["TP", "FP"],
        kinds["TN", "TP"] + kinds["FN", "TP"],
        changes,
    ]


def _cell(one: JudgedMicrograph) -> str:
    return ("T" if one.accepted == one.positive else "F") + ("P" if one.accepted else "N")


def _criterion(verdicts: Sequence[JudgedMicrograph], name: str) -> list[Cell]:
    positives = [one for one in verdicts if one.positive]
    negatives = [one for one in verdicts if not one.positive]
    cells: list[Cell] = []
    for group in (negatives, positives):
        failed = [one.failed for one in group if name in one.failed]
        cells += [len(failed), sum(reasons == (name,) for reasons in failed)]
    values = _known(positives, name)
    return [*cells, *(_quantile(values, fraction) for fraction in (0.0, 0.01, 0.99, 1.0))]


def _known(verdicts: Sequence[JudgedMicrograph], criterion: str) -> list[float]:
    values = (one.values.get(criterion, math.nan) for one in verdicts)
    return sorted(value for value in values if not math.isnan(value))


def _quantile(ordered: Sequence[float], fraction: float) -> float:
    return ordered[round(fraction * (len(ordered) - 1))] if ordered else math.nan


def _span(ordered: Sequence[float]) -> str:
    return (
        " ".join(f"{_quantile(ordered, fraction):.3g}" for fraction in (0.05, 0.5, 0.95)) if ordered else "-"
    )


def _kind(one: JudgedMicrograph) -> str:
    return "positive" if one.positive else one.defect


def _cost(one: JudgedMicrograph, configuration: Configuration) -> tuple[float, int]:
    """CPU seconds and number of the attempts of a configuration."""
    used = {
        attempt.sampling_A: attempt.seconds
        for attempt in one.row.attempts
        if attempt.search == configuration.search and attempt.sampling_A in one.samplings_A
    }
    return sum(used.values()), len(used)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
