"""Tables of errors: how large, how honest their error bars, and which micrographs to look at."""

from collections.abc import Callable, Iterator

from thonring.evaluate.accuracy import Accuracy, Coverage, Errors
from thonring.evaluate.pair import Pair
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.sheet import (
    Cell,
    Link,
    Sheet,
    count,
    interval,
    named,
    percent,
    quantity,
    run_column,
    told_once,
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


def accuracy_sheets(report: Report) -> Iterator[Sheet]:
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
        yield Sheet(
            f"Errors, {name}",
            ("", *run_column(report), "n", "bias", "RMS", "median", "worst", "ring-locks"),
            told_once(rows),
            ERRORS_CAPTION if name == SETS[0][0] else "",
            texts=1 + len(run_column(report)),
        )
    yield _coverage_sheet(report)


def _locks(label: str, found: Accuracy) -> str:
    return count(found.locks) if label == QUANTITIES[0][0] else ""


def _error_cells(errors: Errors) -> tuple[str, ...]:
    values = (errors.bias, errors.rms, errors.median, errors.worst)
    return (count(errors.count), *map(quantity, values))


def _coverage_sheet(report: Report) -> Sheet:
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
    return Sheet(
        "Error bars: how many 95 % intervals hold the truth",
        ("", "set", *run_column(report), "n", "inside", "share", "95 % (Wilson)"),
        told_once(rows),
        "" if rows else "The runs give no error bars.",
        texts=2 + len(run_column(report)),
    )


def wrong_sheets(report: Report) -> Iterator[Sheet]:
    """Which micrographs to look at, a table a run."""
    for run in report.runs:
        yield Sheet(
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
