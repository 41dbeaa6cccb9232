"""Tables of a run: a head that knows all micrographs, then a piece of text for each, written as they come."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from thonring.results.atomic import replacing_text
from thonring.results.run_store.named import Named
from thonring.results.tables.listed import Listed, listed
from thonring.results.tables.overview import Overview


@dataclass(frozen=True, slots=True)
class Table:
    """One file of a run. `row` gives "" for a micrograph that is not in the table; `between` parts the others."""

    file: str
    head: Callable[[Overview], str]
    row: Callable[[Overview, Listed], str]
    between: str = ""
    tail: str = ""


def write_table_files(
    folder: Path, tables: Sequence[Table], seen: Overview, micrographs: Iterable[Named]
) -> list[Path]:
    """Replace the tables' files in a folder together, and give their paths.

    The micrographs, whose overview is `seen`, are gone through once, and no more than one of them is held.

    Raises
    ------
    OutputError
        If a file cannot be written; those named after it are then left as they were.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(replacing_text(folder / table.file)) for table in reversed(tables)]
        writers = [_Writer(table, file, seen) for table, file in zip(reversed(tables), files, strict=True)]
        for one in micrographs:
            row = listed(one)
            for writer in writers:
                writer.write(row)
        for writer in writers:
            writer.end()
    return [folder / table.file for table in tables]


class _Writer:
    """A table on its way into its file."""

    def __init__(self, table: Table, file: TextIO, seen: Overview) -> None:
        self._table, self._file, self._seen = table, file, seen
        self._between = ""
        file.write(table.head(seen))

    def write(self, one: Listed) -> None:
        row = self._table.row(self._seen, one)
        if row:
            self._file.write(self._between + row)
            self._between = self._table.between

    def end(self) -> None:
        self._file.write(self._table.tail)
