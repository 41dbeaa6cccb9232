"""The configurations' verdicts as tables: confusion matrices, where each correction acts, and the wrong ones."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from corrections_configurations import BEFORE, CONFIGURATIONS, DEFAULT, Configuration
from corrections_scenes import described
from corrections_verdict import Judged
from tables import Cell, print_table, print_target
from thonring.evaluate import Confusion
from thonring.settings import Limit
from thonring.simulate import DEFECTS

Verdicts = Mapping[str, Sequence[Judged]]
"""By configuration, the micrographs in one order."""


def shown(verdicts: Verdicts) -> list[Configuration]:
    """The configurations that were measured, in their order."""
    return [one for one in CONFIGURATIONS if one.name in verdicts]


WRONG = "wrong estimate"
NEGATIVES = (*DEFECTS[1:], WRONG)
"""What makes a micrograph one that must not be accepted: its defect, or the estimate of a usable one."""

MOST_FALSE_POSITIVES, LEAST_MCC, LEAST_F1 = 2, 0.99, 0.998


def confusion(verdicts: Sequence[Judged]) -> Confusion:
    return Confusion.of((one.accepted, one.positive) for one in verdicts)


def false_positives(verdicts: Sequence[Judged]) -> Counter[str]:
    """How many were accepted in spite of each defect, or of a wrong estimate."""
    return Counter(one.defect for one in verdicts if one.accepted and not one.positive)


def print_confusions(verdicts: Verdicts) -> None:
    header = ["configuration", "TP", "FP", "FN", "TN", "F1", "MCC", "MCC 95 %", "usable, not accepted"]
    header += ["thesis TP FP FN TN", "F1", "MCC"]
    rows = [_confusion_row(one, verdicts[one.name]) for one in shown(verdicts)]
    print_table("Verdicts (positive: usable, and the estimate right to 4 Å)", header, rows)
    print(
        "  a usable one whose estimate is wrong is a negative that must not be accepted, so positives differ between"
    )
    print("  configurations; a usable one without an estimate, refused before a fit or not fitted, is an FN.")


def print_false_positives(verdicts: Verdicts) -> None:
    scenes: Counter[str] = Counter(one.row.made.scene.defect for one in verdicts[DEFAULT])
    counts = [false_positives(verdicts[one.name]) for one in shown(verdicts)]
    rows: list[list[Cell]] = [
        [name, None if name == WRONG else scenes[name], *(count[name] for count in counts)]
        for name in NEGATIVES
    ]
    header = ["false positives", "of", *(one.name for one in shown(verdicts))]
    print_table("Accepted in spite of", header, rows)


def print_actions(verdicts: Verdicts) -> None:
    """Where each configuration departs from the protocol as it was."""
    before = verdicts[BEFORE]
    rows = [[one.name, *_action(before, verdicts[one.name])] for one in shown(verdicts) if one.name != BEFORE]
    header = ["against xmipp-before", "FP rejected", "FP now right", "new FP", "TP rejected", "TP now wrong"]
    header += ["new TP", "fewer FP, by what was wrong"]
    print_table("Where each correction acts", header, rows)


def print_criteria(name: str, verdicts: Sequence[Judged], limits: Sequence[Limit]) -> None:
    """What each criterion does, and how much room its limit has."""
    criteria = ["fit", *(limit.criterion for limit in limits)]
    rows = [[criterion, *_criterion(verdicts, criterion)] for criterion in criteria]
    header = ["criterion", "negatives", "it alone", "positives", "it alone"]
    header += ["positives' lowest", "1 %", "99 %", "highest"]
    print_table(f"{name}: rejected by each criterion, of the attempt kept", header, rows)


def print_values(verdicts: Sequence[Judged], limits: Sequence[Limit]) -> None:
    """Between which values each criterion lies, for the good ones and by what is wrong: for choosing limits."""
    kinds = ("positive", *NEGATIVES)
    rows: list[list[Cell]] = []
    for limit in limits:
        by_kind = [_known([one for one in verdicts if _kind(one) == kind], limit.criterion) for kind in kinds]
        rows.append([limit.criterion, *map(_span, by_kind)])
    print_table("Values of the default's criteria: 5 %, median, 95 %", ["criterion", *kinds], rows)


def print_wrong(verdicts: Sequence[Judged], seed: int) -> None:
    """Every wrong verdict of our default, so that it can be made again."""
    groups = {
        "FALSE POSITIVE": [one for one in verdicts if one.accepted and not one.positive],
        "FALSE NEGATIVE": [one for one in verdicts if not one.accepted and one.positive],
        "USABLE, REJECTED WITH A WRONG ESTIMATE": [
            one for one in verdicts if not one.accepted and one.row.made.scene.usable and one.right is False
        ],
    }
    print(
        f"\nWrong verdicts of our default (draw(load_recipe(RECIPE), {seed}, index, SIZE) makes the scene again)"
    )
    for title, group in groups.items():
        print(f"  {title}: {len(group)}")
        for one in group:
            print(f"    {described(one.row.made)}\n      -> {outcome(one)}")


def print_seconds(verdicts: Verdicts) -> None:
    """CPU time of a micrograph: what is shared, and what each configuration's attempts cost by themselves."""
    first = verdicts[DEFAULT]
    rows: list[list[Cell]] = [
        [name, _mean([one.row.seconds[name] for one in first]), None] for name in ("simulate", "measure")
    ]
    for configuration in shown(verdicts):
        seconds, attempts = zip(
            *(_cost(one, configuration) for one in verdicts[configuration.name]), strict=True
        )
        rows.append([configuration.name, _mean(seconds), _mean(attempts)])
    print_table("CPU seconds a micrograph", ["", "s", "attempts"], rows)


def print_targets(verdicts: Sequence[Judged]) -> None:
    matrix = confusion(verdicts)
    met = matrix.fp <= MOST_FALSE_POSITIVES
    print_target(f"default: {matrix.fp} false positives of {matrix.total}, at most 2 wanted", met=met)
    print_target(f"default: MCC {matrix.mcc:.4f} >= {LEAST_MCC}", met=matrix.mcc >= LEAST_MCC)
    print_target(f"default: F1 {matrix.f1:.4f} >= {LEAST_F1}", met=matrix.f1 >= LEAST_F1)


def print_no_rings(verdicts: Sequence[Judged]) -> None:
    """Nothing with rings, nothing to be accepted."""
    accepted = [one for one in verdicts if one.accepted]
    empty = sum(one.row.made.number % 2 == 0 for one in verdicts)
    print(
        f"\nWithout rings: {empty} scenes with nothing in the beam, {len(verdicts) - empty} of falling noise"
    )
    for one in accepted:
        kind = "falling noise" if one.row.made.number % 2 else "empty scene"
        print(
            f"  ACCEPTED number {one.row.made.number} ({kind}), {described(one.row.made)}\n    -> {outcome(one)}"
        )
    print_target(f"no rings, never accepted: {len(accepted)} of {len(verdicts)}", met=not accepted)


def outcome(one: Judged) -> str:
    """What was found, and why it was rejected."""
    found = one.found
    fit = "no fit"
    if found is not None:
        ellipse = f"U {found.defocus_u_A:.0f} V {found.defocus_v_A:.0f} Å at {found.angle_deg:.1f}°"
        fit = f"{ellipse} ±{found.defocus_sigma_A:.0f} Å, fit to {found.fit_resolution_A:.1f} Å"
    failed = [f"{name} {one.values.get(name, math.nan):.3g}" for name in one.failed]
    return f"{'accepted' if one.accepted else 'rejected'} after {len(one.samplings_A)} samplings: {fit}" + (
        f"; {', '.join(failed)}" if failed else ""
    )


def _confusion_row(configuration: Configuration, verdicts: Sequence[Judged]) -> list[Cell]:
    matrix = confusion(verdicts)
    low, high = matrix.mcc_interval
    lost = sum(one.row.made.scene.usable and not one.accepted for one in verdicts)
    cells: list[Cell] = [configuration.name, matrix.tp, matrix.fp, matrix.fn, matrix.tn]
    cells += [f"{matrix.f1:.4f}", f"{matrix.mcc:.4f}", f"{low:.3f}..{high:.3f}", lost]
    if configuration.published is None:
        return [*cells, None, None, None]
    thesis = Confusion(*configuration.published)
    return [*cells, "{} {} {} {}".format(*configuration.published), f"{thesis.f1:.4f}", f"{thesis.mcc:.4f}"]


def _action(before: Sequence[Judged], after: Sequence[Judged]) -> list[Cell]:
    kinds = Counter((_cell(one), _cell(other)) for one, other in zip(before, after, strict=True))
    fewer = false_positives(before)
    fewer.subtract(false_positives(after))
    told = ", ".join(f"{name} {-change:+d}" for name, change in fewer.most_common() if change)
    return [
        kinds["FP", "TN"] + kinds["FP", "FN"],
        kinds["FP", "TP"],
        sum(count for (was, now), count in kinds.items() if now == "FP" and was not in {"FP", "TP"}),
        kinds["TP", "FN"] + kinds["TP", "TN"],
        kinds["TP", "FP"],
        kinds["TN", "TP"] + kinds["FN", "TP"],
        told,
    ]


def _cell(one: Judged) -> str:
    return ("T" if one.accepted == one.positive else "F") + ("P" if one.accepted else "N")


def _criterion(verdicts: Sequence[Judged], name: str) -> list[Cell]:
    positives = [one for one in verdicts if one.positive]
    negatives = [one for one in verdicts if not one.positive]
    cells: list[Cell] = []
    for group in (negatives, positives):
        failed = [one.failed for one in group if name in one.failed]
        cells += [len(failed), sum(reasons == (name,) for reasons in failed)]
    values = _known(positives, name)
    return [*cells, *(_quantile(values, share) for share in (0.0, 0.01, 0.99, 1.0))]


def _known(verdicts: Sequence[Judged], criterion: str) -> list[float]:
    values = (one.values.get(criterion, math.nan) for one in verdicts)
    return sorted(value for value in values if not math.isnan(value))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))] if ordered else math.nan


def _span(ordered: Sequence[float]) -> str:
    return " ".join(f"{_quantile(ordered, share):.3g}" for share in (0.05, 0.5, 0.95)) if ordered else "-"


def _kind(one: Judged) -> str:
    return "positive" if one.positive else one.defect


def _cost(one: Judged, configuration: Configuration) -> tuple[float, int]:
    """CPU seconds of the attempts that a configuration makes, and their number."""
    used = {
        attempt.sampling_A: attempt.seconds
        for attempt in one.row.tried
        if attempt.search == configuration.search and attempt.sampling_A in one.samplings_A
    }
    return sum(used.values()), len(used)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
