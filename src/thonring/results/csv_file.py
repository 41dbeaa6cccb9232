"""Comma-separated text: missing values, NaN and infinities are empty cells."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from thonring.results.atomic import write_text

Cell = str | float | None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Replace a file by a table; numbers have eight digits.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_text(path, "".join(csv_line(row) for row in (columns, *rows)))


def csv_line(cells: Iterable[Cell]) -> str:
    """Write one row with its line end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow([_cell(value) for value in cells])
    return text.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return "%.8g" % value if math.isfinite(value) else ""  # noqa: UP031 - half the time of an f-string
    if isinstance(value, str):
        return value
    return "" if value is None else f"{value:.8g}"
