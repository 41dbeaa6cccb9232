"""Tables of verdicts: confusion, groups, criteria, limits."""

from collections.abc import Callable, Iterator

from thonring.evaluate.confusion import Confusion
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.sheet import (
    Sheet,
    count,
    interval,
    limit,
    named,
    quantity,
    run_column,
    share,
    told_once,
)
from thonring.evaluate.thresholds import Curve

GROUP_TITLES = {
    "voltage": "By voltage",
    "pixel": "By pixel size",
    "defocus": "By true defocus",
    "defect": "By defect",
}


def confusion_sheet(report: Report) -> Sheet:
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
    return Sheet(
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


def group_sheets(report: Report) -> Iterator[Sheet]:
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
            yield Sheet(title, (*head, *columns, *errors), told_once(rows), caption, texts=len(head))


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


def criteria_sheets(report: Report) -> Iterator[Sheet]:
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
            yield Sheet(
                f"Criteria of {run.run.name}",
                header,
                tuple(rows),
                "Alone: nothing else that was asked rejected it, so without the criterion it would have been accepted "
                "(negatives: missed; positives: rescued). A failure before the fit ends the judgement."
                + (f" Rejected nothing: {', '.join(idle)}." if idle else ""),
            )


def limits_sheets(report: Report) -> Iterator[Sheet]:
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
            yield Sheet(
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
