"""The tables of an evaluation with formatted cells, shared by the text and the page."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from thonring.evaluate.accuracy import Accuracy, Coverage, Errors
from thonring.evaluate.correctness import Defocus
from thonring.evaluate.matching import Pair
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.verdicts import Comparison, Confusion, ThresholdCurve

MAX_DIFFERING = 40
"""Maximum rows of a table of micrographs that only one of two runs gets right."""

GROUP_TITLES = {
    "voltage": "By voltage",
    "pixel": "By pixel size",
    "defocus": "By true defocus",
    "defect": "By defect",
}
SETS: tuple[tuple[str, Callable[[RunReport], Accuracy | None]], ...] = (
    ("accepted", lambda run: run.accepted),
    ("usable", lambda run: run.usable_fitted),
    ("all with an estimate", lambda run: run.fitted),
)
"""Sets of micrographs whose errors are reported."""

QUANTITIES: tuple[tuple[str, Callable[[Accuracy], Errors]], ...] = (
    ("mean defocus (Å)", lambda accuracy: accuracy.defocus),
    ("  in Cramér–Rao bounds", lambda accuracy: accuracy.defocus_in_bounds),
    ("astigmatism vector (Å)", lambda accuracy: accuracy.astigmatism),
    ("  in Cramér–Rao bounds", lambda accuracy: accuracy.astigmatism_in_bounds),
    ("angle of astigmatism (°)", lambda accuracy: accuracy.angle_deg),
    ("phase shift (°)", lambda accuracy: accuracy.phase_shift_deg),
)
COVERAGES: tuple[tuple[str, Callable[[Accuracy], Coverage]], ...] = (
    ("mean defocus", lambda accuracy: accuracy.defocus_coverage),
    ("astigmatism vector", lambda accuracy: accuracy.astigmatism_coverage),
    ("phase shift", lambda accuracy: accuracy.phase_shift_coverage),
)
ERRORS_CAPTION = (
    "Median and worst refer to absolute errors, and for the astigmatism vector to its length. In units of the bound, "
    "an estimator that reaches it has an RMS of 1 and a median of 0.67 (vector: 0.83). Ring-lock: mean defocus wrong "
    "by more than 10 % or 1000 Å."
)


@dataclass(frozen=True, slots=True)
class Link:
    """A cell with links to files, named by their kind."""

    files: tuple[Path, ...]


Cell = str | Link


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table. The first `texts` columns hold text; the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    texts: int = 1


def count(value: float) -> str:
    """A whole number, or a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.0f}"


def fraction(value: float) -> str:
    """A fraction or coefficient with four decimals, as papers print F1 and MCC."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def interval(bounds: tuple[float, float]) -> str:
    """Low and high end of an interval of a fraction."""
    return "–" if math.isnan(bounds[0]) else f"{bounds[0]:.4f} to {bounds[1]:.4f}"


def percent(value: float) -> str:
    """A fraction in per cent."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def number(value: float) -> str:
    """Three significant digits, or a whole number from 100 on."""
    if math.isnan(value):
        return "–"
    return f"{value:#.3g}".rstrip(".") if abs(value) < 100 else f"{value:.0f}"


def limit(value: float) -> str:
    """A limit with four digits."""
    return f"{value:.4g}"


def defocus(estimate: Defocus) -> str:
    """U and V in Å, and the angle."""
    return f"{estimate.defocus_u_A:.0f} {estimate.defocus_v_A:.0f} {estimate.angle_deg:.0f}°"


def blank_repeats(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Blank the first cell of each row where it repeats that of the row above."""
    above = [None, *(row[0] for row in rows)]
    return tuple(
        ("", *row[1:]) if row[0] == before else row for row, before in zip(rows, above, strict=False)
    )


def report_tables(report: Report) -> Iterator[ReportTable]:
    """Every table of a report, in the order in which it is read."""
    yield confusion_table(report)
    yield from chain(
        comparison_tables(report),
        accuracy_tables(report),
        group_tables(report),
        criteria_tables(report),
        limits_tables(report),
        review_tables(report),
        differing_tables(report),
    )


def confusion_table(report: Report) -> ReportTable:
    """Confusion matrix and scores, one column per run."""
    lines: list[tuple[str, Callable[[RunReport], str]]] = [
        ("micrographs", lambda run: count(run.confusion.total)),
        ("TP, positive and accepted", lambda run: count(run.confusion.tp)),
        ("FP, negative and accepted", lambda run: count(run.confusion.fp)),
        ("FN, positive and not accepted", lambda run: count(run.confusion.fn)),
        ("TN, negative and not accepted", lambda run: count(run.confusion.tn)),
        ("precision", lambda run: fraction(run.confusion.precision)),
        ("  95 % (Wilson)", lambda run: interval(run.confusion.precision_interval)),
        ("recall", lambda run: fraction(run.confusion.recall)),
        ("  95 % (Wilson)", lambda run: interval(run.confusion.recall_interval)),
        ("F1", lambda run: fraction(run.confusion.f1)),
        ("MCC", lambda run: fraction(run.confusion.mcc)),
        ("  95 % (credible)", lambda run: interval(run.confusion.mcc_interval)),
        ("usable micrographs", lambda run: count(run.usable)),
    ]
    if report.has_truth:
        lines.append(("  with a wrong estimate (negative)", lambda run: count(run.wrong_usable)))
    lines.append(("  without an estimate (FN)", lambda run: count(run.unfitted_usable)))
    return ReportTable(
        "Verdicts",
        ("", *(run.run.name for run in report.runs)),
        tuple((label, *(value(run) for run in report.runs)) for label, value in lines),
        caption=_definition_of_positive(report),
    )


def _definition_of_positive(report: Report) -> str:
    if not report.has_truth:
        return "Positive: labelled usable."
    resolution_A = report.request.tolerance_resolution_A
    return (
        "Positive: usable, and the estimate, if any, is correct: its CTF phase error is below 90° up to "
        f"{resolution_A:g} Å (defocus error below d²/2λ). Usable without an estimate counts as a false negative."
    )


def comparison_tables(report: Report) -> Iterator[ReportTable]:
    """How often each of every two runs is right; nothing for a single run."""
    if not report.comparisons:
        return
    rows = []
    for comparison in report.comparisons:
        names = (report.runs[run].run.name for run in (comparison.first, comparison.second))
        counts = (comparison.both, comparison.only_first, comparison.only_second, comparison.neither)
        rows.append((comparison.about, *names, *map(count, counts), f"{comparison.chance:.2g}"))
    yield ReportTable(
        "Comparison of runs",
        ("correct", "first", "second", "both", "only first", "only second", "neither", "chance"),
        tuple(rows),
        "Verdicts are compared for all micrographs, estimates for the usable ones. Chance: the probability of such an "
        "uneven split between two equally good runs (exact sign test).",
        texts=3,
    )


def accuracy_tables(report: Report) -> Iterator[ReportTable]:
    """Errors and coverage: one table per set of micrographs, one row per quantity and run."""
    if not report.has_truth:
        return
    for name, of_run in SETS:
        rows = [
            (label, *_run_cell(report, run), *_error_cells(quantity_of(accuracy)), _locks(label, accuracy))
            for label, quantity_of in QUANTITIES
            for run in report.runs
            if (accuracy := of_run(run)) and quantity_of(accuracy).count
        ]
        yield ReportTable(
            f"Errors, {name}",
            ("", *_run_header(report), "n", "bias", "RMS", "median", "worst", "ring-locks"),
            blank_repeats(rows),
            ERRORS_CAPTION if name == SETS[0][0] else "",
            texts=1 + len(_run_header(report)),
        )
    yield _coverage_table(report)


def _error_cells(errors: Errors) -> tuple[str, ...]:
    values = (errors.bias, errors.rms, errors.median, errors.worst)
    return (count(errors.count), *map(number, values))


def _locks(label: str, accuracy: Accuracy) -> str:
    """Number of ring-locks, in the row of the mean defocus only."""
    return count(accuracy.locks) if label == QUANTITIES[0][0] else ""


def _coverage_table(report: Report) -> ReportTable:
    rows = [
        (
            label,
            name,
            *_run_cell(report, run),
            count(coverage.total),
            count(coverage.inside),
            percent(coverage.share),
            interval(coverage.interval),
        )
        for label, coverage_of in COVERAGES
        for name, of_run in SETS
        for run in report.runs
        if (accuracy := of_run(run)) and (coverage := coverage_of(accuracy)).total
    ]
    return ReportTable(
        "Error bars: how many 95 % intervals contain the truth",
        ("", "set", *_run_header(report), "n", "inside", "share", "95 % (Wilson)"),
        blank_repeats(rows),
        "" if rows else "The runs report no error bars.",
        texts=2 + len(_run_header(report)),
    )


def group_tables(report: Report) -> Iterator[ReportTable]:
    """One table per property to group by, one row per group and run."""
    columns = ("n", "TP", "FP", "FN", "TN", "precision", "recall", "MCC")
    errors = ("median |error| (Å)", "RMS (Å)", "locks") if report.has_truth else ()
    for by, title in GROUP_TITLES.items():
        rows = [
            (group.name, *_run_cell(report, run), *_group_cells(report, run, index))
            for index, group in enumerate(report.runs[0].groups)
            if group.by == by
            for run in report.runs
        ]
        if rows:
            head = ("", *_run_header(report))
            caption = (
                "Mean-defocus errors and ring-locks are those of accepted micrographs." if errors else ""
            )
            yield ReportTable(
                title, (*head, *columns, *errors), blank_repeats(rows), caption, texts=len(head)
            )


def _group_cells(report: Report, run: RunReport, index: int) -> tuple[str, ...]:
    group = run.groups[index]
    cells = (count(group.count), *_confusion_cells(group.confusion))
    if not report.has_truth:
        return cells
    errors = group.accepted_defocus
    return (*cells, number(errors.median), number(errors.rms), count(group.accepted_locks))


def _confusion_cells(confusion: Confusion) -> tuple[str, ...]:
    counts = (confusion.tp, confusion.fp, confusion.fn, confusion.tn)
    return (*map(count, counts), *map(fraction, (confusion.precision, confusion.recall, confusion.mcc)))


def criteria_tables(report: Report) -> Iterator[ReportTable]:
    """Micrographs that each criterion rejected, one table per run; those that rejected none are named below it."""
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
                "Alone: no other criterion rejected it, so without this criterion it would have been accepted "
                "(negatives: missed; positives: recovered). A failure before the fit ends the evaluation of criteria."
                + (f" Criteria that rejected nothing: {', '.join(idle)}." if idle else ""),
            )


def limits_tables(report: Report) -> Iterator[ReportTable]:
    """Current and best limit of each criterion, one table per run."""
    header = ("criterion", "side", "unit", "limit", "best", "new FP", "new FN", "new MCC", "undecided")
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
                "One limit is moved while all others stay as they are, for the attempts that were kept; best by MCC. "
                "Undecided: rejected before a fit, which cannot change here. A limit chosen on these micrographs must "
                "be tested on others.",
                texts=3,
            )


def _best_cells(curve: ThresholdCurve) -> tuple[str, ...]:
    if curve.best == curve.present:
        return ("current", "", "", "")
    best = curve.at(curve.best)
    return (limit(curve.best), count(best.fp), count(best.fn), fraction(best.mcc))


def review_tables(report: Report) -> Iterator[ReportTable]:
    """Micrographs worth a look, one table per run."""
    header = (
        *("", "micrograph", "pictures", "defect", "reasons"),
        *("error (Å)", "tolerance (Å)", "estimate U, V, θ", "truth U, V, θ"),
    )
    for run in report.runs:
        yield ReportTable(
            f"Worth a look: {run.run.name}",
            header,
            tuple(_review_row(pair) for pair in run.to_review),
            "False positives, false negatives, then the largest errors among usable micrographs with a correct "
            "verdict. The error is the largest over all directions."
            if run.to_review
            else "Every verdict is correct, and there are no errors to show.",
            texts=5,
        )


def _review_row(pair: Pair) -> tuple[Cell, ...]:
    truth, estimate = pair.reference.truth, pair.result.estimate
    defect = "" if truth is None else truth.defect
    if truth is not None and defect != "none":
        defect = f"{defect} {truth.defect_dose:.3g}"
    return (
        pair.kind,
        pair.reference.file,
        Link(pair.result.pictures),
        defect,
        pair.result.reasons,
        number(pair.largest_error_A),
        number(pair.tolerance_A),
        "no estimate" if estimate is None else defocus(estimate),
        "" if truth is None else defocus(truth),
    )


def differing_tables(report: Report) -> Iterator[ReportTable]:
    """Micrographs that only one of two runs gets right, one table per comparison."""
    for comparison in report.comparisons:
        if comparison.differing:
            yield _differing_table(report, comparison)


def _differing_table(report: Report, comparison: Comparison) -> ReportTable:
    runs = report.runs[comparison.first], report.runs[comparison.second]
    names = [run.run.name for run in runs]
    rows = [
        _differing_row(*(run.pairs[index] for run in runs), right=names[row >= comparison.only_first])
        for row, index in enumerate(comparison.differing[:MAX_DIFFERING])
    ]
    more = len(comparison.differing) - len(rows)
    return ReportTable(
        f"{comparison.about.capitalize()} correct in only one run: {names[0]} or {names[1]}",
        (
            "micrograph",
            "correct",
            *(f"{prefix}{name}" for name in names for prefix in ("", "pictures, ")),
            *(f"error, {name} (Å)" for name in names),
        ),
        tuple(rows),
        f"{more} more in evaluation.json." if more else "",
        texts=6,
    )


def _differing_row(first: Pair, second: Pair, *, right: str) -> tuple[Cell, ...]:
    return (
        first.reference.file,
        right,
        *(
            cell
            for pair in (first, second)
            for cell in (f"{pair.kind}, {pair.result.status}", Link(pair.result.pictures))
        ),
        number(first.largest_error_A),
        number(second.largest_error_A),
    )


def _run_header(report: Report) -> tuple[str, ...]:
    """Header of the column of run names, if there are several runs."""
    return ("run",) if len(report.runs) > 1 else ()


def _run_cell(report: Report, run: RunReport) -> tuple[str, ...]:
    """Name of a run, if there are several runs."""
    return (run.run.name,) if len(report.runs) > 1 else ()
