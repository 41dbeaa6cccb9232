"""Tables of two runs side by side."""

from collections.abc import Iterator

from thonring.evaluate.compare import Comparison
from thonring.evaluate.pair import Pair
from thonring.evaluate.report import Report
from thonring.evaluate.sheet import Cell, Link, Sheet, count, quantity

MOST_DIFFERING = 40


def comparison_sheets(report: Report) -> Iterator[Sheet]:
    """How often either of every two runs is right; nothing of one run alone."""
    if not report.comparisons:
        return
    rows = []
    for one in report.comparisons:
        first, second = (report.runs[place].run.name for place in (one.first, one.second))
        counts = (one.both, one.only_first, one.only_second, one.neither)
        rows.append((one.about, first, second, *map(count, counts), f"{one.chance:.2g}"))
    yield Sheet(
        "Run against run",
        ("right about", "first", "second", "both", "only first", "only second", "neither", "chance"),
        tuple(rows),
        "Verdicts of all micrographs, estimates of the usable. Chance: probability of so uneven a split between two "
        "equally good runs (exact sign test).",
        texts=3,
    )


def differing_sheets(report: Report) -> Iterator[Sheet]:
    """Which micrographs only one of two runs is right about, a table for every two."""
    for one in report.comparisons:
        if one.differing:
            yield _differing_sheet(report, one)


def _differing_sheet(report: Report, one: Comparison) -> Sheet:
    runs = report.runs[one.first], report.runs[one.second]
    names = [run.run.name for run in runs]
    rows = [
        _differing_row(*(run.pairs[place] for run in runs), right=names[0 if index < one.only_first else 1])
        for index, place in enumerate(one.differing[:MOST_DIFFERING])
    ]
    more = len(one.differing) - len(rows)
    return Sheet(
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
