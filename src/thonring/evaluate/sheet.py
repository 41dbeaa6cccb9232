"""A table as both the text and the page show it: formatted cells, numbers to the right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.evaluate.report import Report, RunReport


@dataclass(frozen=True, slots=True)
class Link:
    """A cell with files to open; they are named by their kind."""

    files: tuple[Path, ...]


Cell = str | Link


@dataclass(frozen=True, slots=True)
class Sheet:
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


def told_once(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
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
