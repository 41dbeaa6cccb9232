"""Manual labels: which micrographs are usable, from a CSV or STAR table."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.files.star import read_star
from thonring.files.text import RowPlace, TableReport, read_text, usable_rows

FILE_COLUMNS = ("file", "micrograph", "name", "rlnMicrographName")
LABEL_COLUMNS = ("label", "usable", "verdict", "class", "selected")
STAR_COLUMNS = (
    ("rlnMicrographName", "rlnSelected"),
    ("rlnMicrographName", "rlnEnabled"),
    ("micrograph", "enabled"),
)
"""Name and selection of a micrograph in RELION, and in Xmipp (enabled: 1 or -1); the first pair found is used."""

NAMES = {name for name, _ in STAR_COLUMNS}
SELECTIONS = {selection for _, selection in STAR_COLUMNS}
GROUP_COLUMN = "rlnOpticsGroup"
"""Marks the table of optics groups, which has nothing to do with labels."""

USABLE_WORDS = ("usable", "good", "accept", "accepted", "keep", "selected", "yes", "true", "1")
BAD_WORDS = ("bad", "poor", "unusable", "reject", "rejected", "discard", "no", "false", "0", "-1")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Label:
    """Manual label of one micrograph; `path` is the absolute path of its file."""

    file: str
    usable: bool
    path: Path


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a table of labels: the file, the word that labels it, and what keeps the row from being read."""

    place: RowPlace
    word: str
    problem: str = ""


def read_labels(path: Path, report: TableReport | None = None) -> tuple[Label, ...]:
    """Read labels from a CSV with a file and a label column, or a STAR table with names and a selection.

    With a `report`, rows that cannot be used are left out: unknown labels, and files with two different ones.

    Raises
    ------
    UnreadableFile
        If the file does not exist, or has another suffix.
    UnreadableTable
        If columns are missing, or there is no row that can be used; without a report also if one row cannot be used.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        found = "no such file" if not path.is_file() else f"found suffix {path.suffix or '(none)'!r}"
        raise UnreadableFile(f"{path}: {found}, expected labels as .csv (columns file,label) or .star.")
    try:
        entries = reader(path, report)
    except (OSError, csv.Error) as problem:
        raise UnreadableTable(f"{path}: cannot be read ({problem}), expected a table of labels.") from problem
    if not entries:
        raise UnreadableTable(f"{path}: no rows, expected one label per micrograph.")
    uses = Counter(entry.place.micrograph for entry in entries)
    folders = (path.absolute().parent, Path.cwd(), *path.absolute().parents)

    def label(index: int) -> Label:
        place, word = entries[index].place, entries[index].word
        if entries[index].problem:
            raise UnreadableTable(f"{path}, {place.row}: {entries[index].problem}")
        if uses[place.micrograph] > 1:
            raise UnreadableTable(
                f"{path}, {place.row}: {place.micrograph} has two labels, expected one per file."
            )
        return Label(place.micrograph, _usable(path, place.row, word), resolve_in(place.micrograph, folders))

    return tuple(usable_rows([entry.place for entry in entries], label, report))


def resolve_in(file: str, folders: Sequence[Path]) -> Path:
    """Absolute path of a file: in the first folder that has it, or else in the first."""
    if "\0" in file:  # no name of a file, so there is nothing to resolve
        return folders[0] / file
    paths = [(folder / file).resolve() for folder in folders]
    return next((path for path in paths if path.exists()), paths[0])


def _read_csv(path: Path, report: TableReport | None) -> list[_Entry]:
    text = read_text(path, UnreadableTable, report)
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    columns = [cell.strip() for cell in next(lines, [])]
    file, label = (_column(path, columns, names) for names in (FILE_COLUMNS, LABEL_COLUMNS))
    entries = []
    for cells in lines:
        if any(cells):
            row = f"line {lines.line_num}"
            name = cells[file].strip() if file < len(cells) else ""
            if len(cells) <= max(file, label):
                problem = f"found {len(cells)} values, expected {len(columns)}."
                entries.append(_Entry(RowPlace(path, row, name), "", problem))
            else:
                entries.append(_Entry(RowPlace(path, row, name), cells[label]))
    return entries


def _column(path: Path, columns: Sequence[str], names: Sequence[str]) -> int:
    """Index of the first of the names that is a column, in capital or small letters."""
    folded = [column.casefold() for column in columns]
    for name in names:
        if name.casefold() in folded:
            return folded.index(name.casefold())
    raise UnreadableTable(
        f"{path}: no column {' or '.join(names)}; found {', '.join(filter(None, columns)) or 'nothing'}. Expected a "
        "header line 'file,label'."
    )


def _read_star(path: Path, report: TableReport | None) -> list[_Entry]:
    tables = read_star(path, report)
    for name, selection in STAR_COLUMNS:
        chosen = [table for table in tables if name in table.columns and selection in table.columns]
        if chosen:
            if report is not None:
                for table in tables:
                    if table not in chosen and table.columns and GROUP_COLUMN not in table.columns:
                        report.note(
                            f"{path}: not read: table {table.name!r}, which lacks {name} or {selection}."
                        )
            return [
                _Entry(RowPlace(path, table.place(row), file), word)
                for table in chosen
                for row, (file, word) in enumerate(
                    zip(table.texts(name), table.texts(selection), strict=True)
                )
            ]
    found = "; ".join(f"{table.name!r}: {', '.join(table.columns)}" for table in tables)
    raise UnreadableTable(
        f"{path}: no table with {' or '.join(' and '.join(pair) for pair in STAR_COLUMNS)}; found "
        f"{found or 'no table'}. {_advice({label for table in tables for label in table.columns})}"
    )


def _advice(columns: Collection[str]) -> str:
    """Say what to do with a STAR file that has names without a selection, or a selection without names."""
    if SELECTIONS & set(columns):
        return (
            "This is RELION's backup_selection.star, a selection in the order of the STAR file that was displayed, "
            "without names: paste its column into that file as rlnSelected, or save the selection there."
        )
    if NAMES & set(columns):
        return (
            "It lists micrographs without saying which are usable. If it is the list of those that were kept, the "
            "others must be listed as well: write a .csv with columns file,label, with 'usable' for these and 'bad' "
            "for all others."
        )
    return "Give a .csv with columns file,label instead."


def _usable(path: Path, where: str, word: str) -> bool:
    label = _as_integer(word.strip().casefold())
    if label in USABLE_WORDS:
        return True
    if label in BAD_WORDS:
        return False
    raise UnreadableTable(
        f"{path}, {where}: unknown label {word!r}, expected one of {', '.join(USABLE_WORDS)} (usable) or "
        f"{', '.join(BAD_WORDS)} (not usable)."
    )


def _as_integer(word: str) -> str:
    """Write 1.0, 1.000000 or +1 as the label 1."""
    try:
        value = float(word)
    except ValueError:
        return word
    return str(int(value)) if value.is_integer() else word


_READERS: dict[str, Callable[[Path, TableReport | None], list[_Entry]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".star": _read_star,
}
