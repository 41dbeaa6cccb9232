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
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    write_text(path, text.getvalue())


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or not math.isfinite(value) else f"{value:.8g}"
