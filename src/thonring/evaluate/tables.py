"""A table as both the text and the page show it: formatted cells, numbers to the right."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.evaluate.accuracy import Accuracy, Coverage, Errors
from thonring.evaluate.agreement import Comparison
from thonring.evaluate.matching import Pair
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.verdicts import Confusion, Curve


@dataclass(frozen=True, slots=True)
class Link:
    """A cell with files to open; they are named by their kind."""

    files: tuple[Path, ...]


Cell = str | Link


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table. `texts` is how many columns at the left hold words; the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    texts: int = 1


def count(value: float) -> str:
    """A whole number, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.0f}"


def share(value: float) -> str:
    """A share with four decimals, as papers print F1 and MCC."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def interval(bounds: tuple[float, float]) -> str:
    """Low and high end of an interval of a share."""
    return "–" if math.isnan(bounds[0]) else f"{bounds[0]:.4f} to {bounds[1]:.4f}"


def percent(value: float) -> str:
    """A share as per cent."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def quantity(value: float) -> str:
    """A number with three digits, or whole where it is large."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".") if abs(value) < 100 else f"{value:.0f}"


def limit(value: float) -> str:
    """A limit with four digits."""
    return f"{value:.4g}"


def blank_repeats(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Rows whose first cell is empty where it is that of the row above."""
    above = [None, *(row[0] for row in rows)]
    return tuple(
        ("", *row[1:]) if row[0] == before else row for row, before in zip(rows, above, strict=False)
    )


def run_column(report: Report) -> tuple[str, ...]:
    """Head of the column of runs, if there are several."""
    return ("run",) if len(report.runs) > 1 else ()


def named(report: Report, run: RunReport) -> tuple[str, ...]:
    """Name of a run, if there are several."""
    return (run.run.name,) if len(report.runs) > 1 else ()


GROUP_TITLES = {
    "voltage": "By voltage",
    "pixel": "By pixel size",
    "defocus": "By true defocus",
    "defect": "By defect",
}


def confusion_sheet(report: Report) -> ReportTable:
    """Confusion matrix and scores, a column a run."""
    lines: list[tuple[str, Callable[[RunReport], str]]] = [
        ("micrographs", lambda run: count(run.confusion.total)),
        ("TP, positive and accepted", lambda run: count(run.confusion.tp)),
        ("FP, negative and accepted", lambda run: count(run.confusion.fp)),
        ("FN, positive and not accepted", lambda run: count(run.confusion.fn)),
        ("TN, negative and not accepted", lambda run: count(run.confusion.tn)),
        ("precision", lambda run: share(run.confusion.precision)),
        ("  95 % (Wilson)", lambda run: interval(run.confusion.precision_interval)),
        ("recall", lambda run: share(run.confusion.recall)),
        ("  95 % (Wilson)", lambda run: interval(run.confusion.recall_interval)),
        ("F1", lambda run: share(run.confusion.f1)),
        ("MCC", lambda run: share(run.confusion.mcc)),
        ("  95 % (credible)", lambda run: interval(run.confusion.mcc_interval)),
        ("usable micrographs", lambda run: count(run.usable)),
    ]
    if report.has_truth:
        lines.append(("  with a wrong estimate (negative)", lambda run: count(run.wrong_usable)))
    lines.append(("  lost without an estimate (FN)", lambda run: count(run.unfitted_usable)))
    return ReportTable(
        "Verdicts",
        ("", *(run.run.name for run in report.runs)),
        tuple((label, *(value(run) for run in report.runs)) for label, value in lines),
        caption=_meaning(report),
    )


def _meaning(report: Report) -> str:
    if not report.has_truth:
        return "Positive: usable, says the label."
    resolution_A = report.question.tolerance_resolution_A
    return (
        "Positive: usable, and the estimate, if there is one, right: the phase of its CTF is nowhere more than 90° "
        f"off up to {resolution_A:g} Å (defocus error below d²/2λ). Usable without an estimate: a false negative."
    )


def group_sheets(report: Report) -> Iterator[ReportTable]:
    """One table for each thing to group by, a row a group and run."""
    columns = ("n", "TP", "FP", "FN", "TN", "precision", "recall", "MCC")
    errors = ("median |error| (Å)", "RMS (Å)", "locks") if report.has_truth else ()
    for by, title in GROUP_TITLES.items():
        rows = [
            (group.name, *named(report, run), *_group_cells(report, run, place))
            for place, group in enumerate(report.runs[0].groups)
            if group.by == by
            for run in report.runs
        ]
        if rows:
            head = ("", *run_column(report))
            caption = "Errors of the mean defocus and ring-locks are those of the accepted." if errors else ""
            yield ReportTable(
                title, (*head, *columns, *errors), blank_repeats(rows), caption, texts=len(head)
            )


def _group_cells(report: Report, run: RunReport, place: int) -> tuple[str, ...]:
    group = run.groups[place]
    cells = (count(group.count), *confusion_cells(group.confusion))
    if not report.has_truth:
        return cells
    errors = group.accepted_defocus
    return (*cells, quantity(errors.median), quantity(errors.rms), count(group.accepted_locks))


def confusion_cells(confusion: Confusion) -> tuple[str, ...]:
    """TP, FP, FN, TN, precision, recall and MCC."""
    return (
        count(confusion.tp),
        count(confusion.fp),
        count(confusion.fn),
        count(confusion.tn),
        share(confusion.precision),
        share(confusion.recall),
        share(confusion.mcc),
    )


def criteria_sheets(report: Report) -> Iterator[ReportTable]:
    """What each criterion rejected, a table a run; those that rejected nothing are named below it."""
    header = ("criterion", "negatives rejected", "… by it alone", "positives rejected", "… by it alone")
    for run in report.runs:
        if run.criteria:
            idle = [use.criterion for use in run.criteria if not use.negatives and not use.positives]
            rows = [
                (
                    use.criterion,
                    *map(count, (use.negatives, use.negatives_alone, use.positives, use.positives_alone)),
                )
                for use in run.criteria
                if use.criterion not in idle
            ]
            yield ReportTable(
                f"Criteria of {run.run.name}",
                header,
                tuple(rows),
                "Alone: nothing else that was asked rejected it, so without the criterion it would have been accepted "
                "(negatives: missed; positives: rescued). A failure before the fit ends the judgement."
                + (f" Rejected nothing: {', '.join(idle)}." if idle else ""),
            )


def limits_sheets(report: Report) -> Iterator[ReportTable]:
    """Present and best limit of each criterion, a table a run."""
    header = ("criterion", "side", "unit", "limit", "best", "FP then", "FN then", "MCC then", "undecided")
    for run in report.runs:
        rows = [
            (
                curve.criterion,
                curve.side,
                curve.unit,
                limit(curve.present),
                *_best_cells(curve),
                count(curve.undecided),
            )
            for curve in run.curves
        ]
        if rows:
            yield ReportTable(
                f"Limits of {run.run.name}",
                header,
                tuple(rows),
                "One limit moved, all others held, on the attempts that were kept; best by MCC. Undecided: rejected "
                "before a fit, as it stays here. A limit chosen on these micrographs must be judged on others.",
                texts=3,
            )


def _best_cells(curve: Curve) -> tuple[str, ...]:
    if curve.best == curve.present:
        return ("as is", "", "", "")
    best = curve.at(curve.best)
    return (limit(curve.best), count(best.fp), count(best.fn), share(best.mcc))


MOST_DIFFERING = 40


def comparison_sheets(report: Report) -> Iterator[ReportTable]:
    """How often either of every two runs is right; nothing of one run alone."""
    if not report.comparisons:
        return
    rows = []
    for one in report.comparisons:
        first, second = (report.runs[place].run.name for place in (one.first, one.second))
        counts = (one.both, one.only_first, one.only_second, one.neither)
        rows.append((one.about, first, second, *map(count, counts), f"{one.chance:.2g}"))
    yield ReportTable(
        "Run against run",
        ("right about", "first", "second", "both", "only first", "only second", "neither", "chance"),
        tuple(rows),
        "Verdicts of all micrographs, estimates of the usable. Chance: probability of so uneven a split between two "
        "equally good runs (exact sign test).",
        texts=3,
    )


def differing_sheets(report: Report) -> Iterator[ReportTable]:
    """Which micrographs only one of two runs is right about, a table for every two."""
    for one in report.comparisons:
        if one.differing:
            yield _differing_sheet(report, one)


def _differing_sheet(report: Report, one: Comparison) -> ReportTable:
    runs = report.runs[one.first], report.runs[one.second]
    names = [run.run.name for run in runs]
    rows = [
        _differing_row(*(run.pairs[place] for run in runs), right=names[0 if index < one.only_first else 1])
        for index, place in enumerate(one.differing[:MOST_DIFFERING])
    ]
    more = len(one.differing) - len(rows)
    return ReportTable(
        f"Only one right about the {one.about}: {names[0]} or {names[1]}",
        (
            "micrograph",
            "right",
            *(f"{word}{name}" for name in names for word in ("", "pictures, ")),
            *(f"error, {name} (Å)" for name in names),
        ),
        tuple(rows),
        f"{more} more are in evaluation.json." if more else "",
        texts=6,
    )


def _differing_row(first: Pair, second: Pair, *, right: str) -> tuple[Cell, ...]:
    return (
        first.subject.file,
        right,
        f"{first.kind}, {first.result.status}",
        Link(first.result.pictures),
        f"{second.kind}, {second.result.status}",
        Link(second.result.pictures),
        quantity(first.largest_error_A),
        quantity(second.largest_error_A),
    )


SETS: tuple[tuple[str, Callable[[RunReport], Accuracy | None]], ...] = (
    ("accepted", lambda run: run.accepted),
    ("usable", lambda run: run.usable_fitted),
    ("all with an estimate", lambda run: run.fitted),
)
QUANTITIES: tuple[tuple[str, Callable[[Accuracy], Errors]], ...] = (
    ("mean defocus (Å)", lambda one: one.defocus),
    ("  in Cramér–Rao bounds", lambda one: one.defocus_in_bounds),
    ("astigmatism vector (Å)", lambda one: one.astigmatism),
    ("  in Cramér–Rao bounds", lambda one: one.astigmatism_in_bounds),
    ("angle of astigmatism (°)", lambda one: one.angle_deg),
    ("phase shift (°)", lambda one: one.phase_shift_deg),
)
COVERAGES: tuple[tuple[str, Callable[[Accuracy], Coverage]], ...] = (
    ("mean defocus", lambda one: one.defocus_coverage),
    ("astigmatism vector", lambda one: one.astigmatism_coverage),
    ("phase shift", lambda one: one.phase_shift_coverage),
)
ERRORS_CAPTION = (
    "Median and worst are of absolute errors; of the astigmatism vector, of its length. An estimate that reaches the "
    "bound has an RMS of 1 in bounds, and a median of 0.67 (vector: 0.83). Ring-locks: mean defocus off by more than "
    "10 % or 1000 Å."
)


def accuracy_sheets(report: Report) -> Iterator[ReportTable]:
    """Errors and coverage, a table for each set of micrographs, a row a quantity and run."""
    if not report.has_truth:
        return
    for name, of_run in SETS:
        rows = [
            (label, *named(report, run), *_error_cells(quantity_of(found)), _locks(label, found))
            for label, quantity_of in QUANTITIES
            for run in report.runs
            if (found := of_run(run)) and quantity_of(found).count
        ]
        yield ReportTable(
            f"Errors, {name}",
            ("", *run_column(report), "n", "bias", "RMS", "median", "worst", "ring-locks"),
            blank_repeats(rows),
            ERRORS_CAPTION if name == SETS[0][0] else "",
            texts=1 + len(run_column(report)),
        )
    yield _coverage_sheet(report)


def _locks(label: str, found: Accuracy) -> str:
    return count(found.locks) if label == QUANTITIES[0][0] else ""


def _error_cells(errors: Errors) -> tuple[str, ...]:
    values = (errors.bias, errors.rms, errors.median, errors.worst)
    return (count(errors.count), *map(quantity, values))


def _coverage_sheet(report: Report) -> ReportTable:
    rows = [
        (
            label,
            name,
            *named(report, run),
            count(found.total),
            count(found.inside),
            percent(found.share),
            interval(found.interval),
        )
        for label, coverage_of in COVERAGES
        for name, of_run in SETS
        for run in report.runs
        if (accuracy := of_run(run)) and (found := coverage_of(accuracy)).total
    ]
    return ReportTable(
        "Error bars: how many 95 % intervals hold the truth",
        ("", "set", *run_column(report), "n", "inside", "share", "95 % (Wilson)"),
        blank_repeats(rows),
        "" if rows else "The runs give no error bars.",
        texts=2 + len(run_column(report)),
    )


def wrong_sheets(report: Report) -> Iterator[ReportTable]:
    """Which micrographs to look at, a table a run."""
    for run in report.runs:
        yield ReportTable(
            f"To look at: {run.run.name}",
            (
                "",
                "micrograph",
                "pictures",
                "defect",
                "reasons",
                "error (Å)",
                "tolerance (Å)",
                "estimate U, V, θ",
                "truth U, V, θ",
            ),
            tuple(_wrong_row(pair) for pair in run.worth_a_look),
            "False positives, false negatives, then the largest errors of the usable that were judged well. The error "
            "is the largest over all directions."
            if run.worth_a_look
            else "Nothing: every verdict is right, and there are no errors to show.",
            texts=5,
        )


def _wrong_row(pair: Pair) -> tuple[Cell, ...]:
    truth, estimate = pair.subject.truth, pair.result.estimate
    return (
        pair.kind,
        pair.subject.file,
        Link(pair.result.pictures),
        ""
        if truth is None
        else (truth.defect if truth.defect == "none" else f"{truth.defect} {truth.defect_dose:.3g}"),
        pair.result.reasons,
        quantity(pair.largest_error_A),
        quantity(pair.tolerance_A),
        "no estimate"
        if estimate is None
        else _ellipse(estimate.defocus_u_A, estimate.defocus_v_A, estimate.angle_deg),
        "" if truth is None else _ellipse(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg),
    )


def _ellipse(u_A: float, v_A: float, angle_deg: float) -> str:
    return f"{u_A:.0f} {v_A:.0f} {angle_deg:.0f}°"
