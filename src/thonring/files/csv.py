"""Comma-separated text: missing values, NaN and infinities are empty cells."""

import csv
import io
from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path

from thonring.errors import UnreadableTable
from thonring.files.atomic import write_text
from thonring.files.text import decode

Cell = str | float | None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Replace a file by a table; numbers have eight digits.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_text(path, "".join(csv_line(row) for row in (columns, *rows)))


def read_csv(path: Path, advice: str) -> tuple[Sequence[str], list[dict[str, str]]]:
    """Read a table with a header: its columns, and its rows by column.

    Raises
    ------
    UnreadableTable
        If the file cannot be read or is not such a table; the message ends with the `advice`.
    """
    try:
        reader = csv.DictReader(io.StringIO(decode(path.read_bytes()), newline=""), strict=True)
        return reader.fieldnames or (), list(reader)
    except (OSError, ValueError, csv.Error) as problem:
        raise UnreadableTable(f"{path}: cannot be read ({problem}). {advice}") from problem


def csv_line(cells: Iterable[Cell]) -> str:
    """Write one row with its line end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(
        [
            ("%.8g" % cell if isfinite(cell) else "") if type(cell) is float else _text(cell)  # noqa: UP031 - half the time of an f-string, and there are millions
            for cell in cells
        ]
    )
    return text.getvalue()


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None or not isfinite(cell) else f"{cell:.8g}"
