"""STAR tables of RELION and Xmipp, by gemmi."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gemmi

from thonring.errors import UnreadableTable
from thonring.read.entry import size_of_file


@dataclass(frozen=True, slots=True)
class Table:
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
            If there is none of that label.
        """
        if label not in self.columns:
            raise UnreadableTable(
                f"{self.path}: table {self.name!r} lacks the column {label}; found "
                f"{', '.join(self.columns)}. Export it again with that column."
            )
        return self.columns[label]

    def numbers(self, label: str) -> list[float]:
        """One column as numbers.

        Raises
        ------
        UnreadableTable
            If the column is missing or a value is no number.
        """
        return [self._number(label, row, text) for row, text in enumerate(self.texts(label), start=1)]

    def _number(self, label: str, row: int, text: str) -> float:
        try:
            return float(text)
        except ValueError as problem:
            raise UnreadableTable(
                f"{self.path}: table {self.name!r}, row {row}: {label} is {text!r}, expected a number."
            ) from problem


def read_star(path: Path) -> list[Table]:
    """All tables of a STAR file in its order; a block of single values is a table of one row.

    Raises
    ------
    UnreadableTable
        If the file is missing or breaks the STAR grammar.
    """
    size_of_file(path, "a STAR file", UnreadableTable)
    try:
        document = gemmi.cif.read(str(path))
        return [Table(path, block.name.strip(), _columns(block)) for block in document]
    except (OSError, ValueError, RuntimeError) as problem:
        raise UnreadableTable(
            f"{path}: cannot be read as a STAR file ({problem}). Expected blocks 'data_NAME' with columns "
            "'_LABEL'."
        ) from problem


def _columns(block: gemmi.cif.Block) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    items: Any = block  # gemmi's stubs omit that a block can be walked
    for item in items:
        if item.pair is not None:
            label, value = item.pair
            columns[label.removeprefix("_")] = [gemmi.cif.as_string(value)]
        elif item.loop is not None:
            for tag in item.loop.tags:
                values = block.find_values(tag)
                columns[tag.removeprefix("_")] = [values.str(row) for row in range(len(values))]
    return columns


def table_with(tables: Sequence[Table], labels: Sequence[str], path: Path) -> Table:
    """Find the first table that has all of `labels`.

    Raises
    ------
    UnreadableTable
        If none has.
    """
    for table in tables:
        if all(label in table.columns for label in labels):
            return table
    found = "; ".join(f"{table.name!r}: {', '.join(table.columns) or 'empty'}" for table in tables)
    raise UnreadableTable(
        f"{path}: no table has the columns {', '.join(labels)}; found {found or 'no table at all'}. Give the "
        "STAR file that the program wrote for micrographs."
    )
