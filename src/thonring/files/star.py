"""STAR tables of RELION and Xmipp, read by gemmi."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gemmi

from thonring.errors import OutputError, UnreadableTable
from thonring.files.entry import size_of_file


@dataclass(frozen=True, slots=True)
class StarTable:
    """One data block: `columns` by label, without the leading underscore; all of equal length."""

    path: Path
    name: str
    columns: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def texts(self, label: str) -> Sequence[str]:
        """One column.

        Raises
        ------
        UnreadableTable
            If there is no column of that label.
        """
        if label not in self.columns:
            raise UnreadableTable(
                f"{self.path}: table {self.name!r} has no column {label}; found "
                f"{', '.join(self.columns)}. Export it again with that column."
            )
        return self.columns[label]

    def numbers(self, label: str) -> list[float]:
        """One column as numbers.

        Raises
        ------
        UnreadableTable
            If the column is missing or a value is not a number.
        """
        return [self._number(label, row, text) for row, text in enumerate(self.texts(label), start=1)]

    def _number(self, label: str, row: int, text: str) -> float:
        try:
            return float(text)
        except ValueError as problem:
            raise UnreadableTable(
                f"{self.path}: table {self.name!r}, row {row}: {label} is {text!r}, expected a number."
            ) from problem


def read_star(path: Path) -> list[StarTable]:
    """Read all tables of a STAR file, in order; a block of single values is a table of one row.

    Raises
    ------
    UnreadableTable
        If the file is missing or breaks the STAR grammar.
    """
    size_of_file(path, "a STAR file", UnreadableTable)
    try:
        document = gemmi.cif.read(str(path))
        return [StarTable(path, block.name.strip(), _columns(block)) for block in document]
    except (OSError, ValueError, RuntimeError) as problem:
        raise UnreadableTable(
            f"{path}: cannot be read as a STAR file ({problem}). Expected blocks 'data_NAME' with columns "
            "'_LABEL'."
        ) from problem


def _columns(block: gemmi.cif.Block) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    items: Any = block  # gemmi's stubs omit that a block can be iterated over
    for item in items:
        if item.pair is not None:
            label, value = item.pair
            columns[label.removeprefix("_")] = [gemmi.cif.as_string(value)]
        elif item.loop is not None:
            for tag in item.loop.tags:
                values = block.find_values(tag)
                columns[tag.removeprefix("_")] = [values.str(row) for row in range(len(values))]
    return columns


def table_with(tables: Sequence[StarTable], labels: Sequence[str], path: Path) -> StarTable:
    """Find the first table that has all of `labels`.

    Raises
    ------
    UnreadableTable
        If there is none.
    """
    for table in tables:
        if all(label in table.columns for label in labels):
            return table
    found = "; ".join(f"{table.name!r}: {', '.join(table.columns) or 'empty'}" for table in tables)
    raise UnreadableTable(
        f"{path}: no table has the columns {', '.join(labels)}; found {found or 'no table at all'}. Use the "
        "STAR file the program wrote for micrographs."
    )


_BARE = re.compile(r"[A-Za-z0-9./-][A-Za-z0-9_./:@+,=~%*&^!<>|(){}-]*", re.ASCII)
_RESERVED = re.compile(r"(data_|save_).*|loop_|stop_|global_", re.ASCII | re.IGNORECASE)
_ABSENT = {".", "?"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quoted(text: str) -> str:
    """Write a string as one STAR value, quoted where it must be.

    Raises
    ------
    OutputError
        If the string has control characters, or both kinds of quotes each before a blank.
    """
    if _CONTROL.search(text):
        raise OutputError(
            f"{text!r} contains control characters, which a STAR file cannot represent. Rename it."
        )
    if _BARE.fullmatch(text) and text not in _ABSENT and not _RESERVED.fullmatch(text):
        return text
    for quote in sorted("\"'", key=text.count):
        if not re.search(rf"{quote}\s", text):
            return f"{quote}{text}{quote}"
    raise OutputError(
        f"{text!r} contains both kinds of quotes followed by spaces, which a STAR file cannot represent. Rename it."
    )


def number(value: float, missing: float = 0.0) -> str:
    """Write a number with six decimals; `missing` in place of NaN and infinities."""
    return f"{value if math.isfinite(value) else missing:.6f}"


def loop_head(labels: Sequence[str]) -> str:
    """Write the header of a table."""
    return "\n".join(["loop_", *labels]) + "\n"


def loop_rows(rows: Iterable[Sequence[str]]) -> str:
    """Write the rows of a table, whose values must already be formatted."""
    return "".join(" ".join(row) + "\n" for row in rows)
