"""STAR tables of RELION and Xmipp, read by gemmi."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import gemmi

from thonring.errors import OutputError, UnreadableTable
from thonring.files.entry import size_of_file
from thonring.files.text import TableReport, read_text


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
        return [self.number(label, row) for row in range(len(self.texts(label)))]

    def number(self, label: str, row: int) -> float:
        """One value as a number; rows are counted from 0.

        Raises
        ------
        UnreadableTable
            If the column is missing or the value is no number.
        """
        text = self.texts(label)[row]
        try:
            return float(text)
        except ValueError as problem:
            raise UnreadableTable(
                f"{self.path}: {self.place(row)}: {label} is {text!r}, expected a number."
            ) from problem

    def place(self, row: int) -> str:
        """Name a row, counted from 0, as a message does."""
        return f"table {self.name!r}, row {row + 1}"


def read_star(path: Path, report: TableReport | None = None) -> list[StarTable]:
    """All tables of a STAR file in its order; the single values of a block are a table of one row.

    Raises
    ------
    UnreadableTable
        If the file is missing or breaks the STAR grammar.
    """
    size_of_file(path, "a STAR file", UnreadableTable)
    restored: Callable[[str], str] = str
    try:
        text, restored = _escaped(read_text(path, UnreadableTable, report))
        document = gemmi.cif.read_string(text)
        return [
            StarTable(path, restored(block.name.strip()), columns)
            for block in document
            for columns in _tables(block, restored)
        ]
    except (OSError, ValueError, RuntimeError) as problem:
        raise UnreadableTable(
            f"{path}: cannot be read as a STAR file ({restored(str(problem))}). Expected blocks 'data_NAME' with "
            "columns '_LABEL'."
        ) from problem


_REFUSED = re.compile(r"[^\x00-\x7f]|(?<!\S)(?:[Dd](?=[Aa][Tt][Aa]_\S*/)|[$\[\]_](?=\S*/))")
"""Characters that are not ASCII, and the first one of a path that begins like a block, a label or a bracket."""


def _escaped(text: str) -> tuple[str, Callable[[str], str]]:
    """Text with nothing that gemmi's grammar refuses in bare paths, and a function that restores a part of it.

    RELION writes paths as they are, without quotes, whatever characters they have and whatever they begin with.
    """
    if _REFUSED.search(text) is None:
        return text, str
    mark = next(mark for number in count() if (mark := f"~u{number}~") not in text)
    escaped = _REFUSED.sub(lambda character: f"{mark}{ord(character[0]):06x}", text)
    pattern = re.compile(f"{mark}([0-9a-f]{{6}})")
    return escaped, lambda part: pattern.sub(lambda code: chr(int(code[1], 16)), part)


def _tables(block: gemmi.cif.Block, restored: Callable[[str], str]) -> list[dict[str, list[str]]]:
    """Columns of a block: of all its single values, and of each loop; one empty table where it has neither."""
    single: dict[str, list[str]] = {}
    tables = [single]
    items: Any = block  # gemmi's stubs omit that a block can be walked
    for item in items:
        if item.pair is not None:
            label, value = item.pair
            single[restored(label.removeprefix("_"))] = [restored(gemmi.cif.as_string(value))]
        elif item.loop is not None:
            columns = {tag: block.find_values(tag) for tag in item.loop.tags}
            tables.append(
                {
                    restored(tag.removeprefix("_")): [restored(values.str(row)) for row in range(len(values))]
                    for tag, values in columns.items()
                }
            )
    return [table for table in tables if table] or [single]


def tables_with(
    tables: Sequence[StarTable],
    labels: Sequence[str],
    path: Path,
    report: TableReport | None = None,
    used: Collection[str] = (),
) -> list[StarTable]:
    """Find all tables that have all of `labels`; the others are named in a note.

    Parameters
    ----------
    used
        Labels of tables that are read for something else, so that no note is due.

    Raises
    ------
    UnreadableTable
        If there is none.
    """
    chosen = [table for table in tables if all(label in table.columns for label in labels)]
    if chosen:
        if report is not None:
            _note_unread(path, [table for table in tables if table not in chosen], used, report)
        return chosen
    found = "; ".join(f"{table.name!r}: {', '.join(table.columns) or 'empty'}" for table in tables)
    raise UnreadableTable(
        f"{path}: no table has the columns {', '.join(labels)}; found {found or 'no table at all'}. Use the "
        "STAR file the program wrote for micrographs."
    )


def _note_unread(path: Path, tables: Sequence[StarTable], used: Collection[str], report: TableReport) -> None:
    unread = [repr(table.name) for table in tables if table.columns and not any(map(table.columns.get, used))]
    if unread:
        report.note(f"{path}: not read: table {', '.join(unread)}, which lacks the columns that are needed.")


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
