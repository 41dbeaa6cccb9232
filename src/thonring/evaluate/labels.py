"""Manual labels: which micrographs are usable, from a CSV or STAR table."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.files.star import read_star

FILE_COLUMNS = ("file", "micrograph", "name", "rlnMicrographName")
LABEL_COLUMNS = ("label", "usable", "verdict", "class", "selected")
STAR_COLUMNS = (
    ("rlnMicrographName", "rlnSelected"),
    ("rlnMicrographName", "rlnEnabled"),
    ("micrograph", "enabled"),
)
"""Name and selection of a micrograph in RELION, and in Xmipp (enabled: 1 or -1); the first pair found is used."""

USABLE_WORDS = ("usable", "good", "accept", "accepted", "keep", "selected", "yes", "true", "1")
BAD_WORDS = ("bad", "poor", "unusable", "reject", "rejected", "discard", "no", "false", "0", "-1")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Label:
    """Manual label of one micrograph; `path` is the absolute path of its file."""

    file: str
    usable: bool
    path: Path


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read labels from a CSV with a file and a label column, or a STAR table with names and a selection.

    Raises
    ------
    UnreadableFile
        If the file does not exist, or has another suffix.
    UnreadableTable
        If columns are missing, a label is unknown, a file is listed twice, or there are no rows.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        found = "no such file" if not path.is_file() else f"found suffix {path.suffix or '(none)'!r}"
        raise UnreadableFile(f"{path}: {found}, expected labels as .csv (columns file,label) or .star.")
    rows = reader(path)
    if not rows:
        raise UnreadableTable(f"{path}: no rows, expected one label per micrograph.")
    labelled: set[str] = set()
    for file, _ in rows:
        if file in labelled:
            raise UnreadableTable(f"{path}: {file} has two labels, expected one per file.")
        labelled.add(file)
    folders = (path.absolute().parent, Path.cwd(), *path.absolute().parents)
    return tuple(Label(file, usable, resolve_in(file, folders)) for file, usable in rows)


def resolve_in(file: str, folders: Sequence[Path]) -> Path:
    """Absolute path of a file: in the first folder that has it, or else in the first."""
    paths = [(folder / file).resolve() for folder in folders]
    return next((path for path in paths if path.exists()), paths[0])


def _read_csv(path: Path) -> list[tuple[str, bool]]:
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    columns = [cell.strip() for cell in next(lines, [])]
    file, label = (columns.index(_column(path, columns, names)) for names in (FILE_COLUMNS, LABEL_COLUMNS))
    rows = [(f"line {lines.line_num}", cells) for cells in lines if any(cells)]
    for where, cells in rows:
        if len(cells) <= max(file, label):
            raise UnreadableTable(f"{path}, {where}: found {len(cells)} values, expected {len(columns)}.")
    return [(cells[file].strip(), _usable(path, where, cells[label])) for where, cells in rows]


def _column(path: Path, columns: Sequence[str], names: Sequence[str]) -> str:
    """The first of the names that is a column."""
    for name in names:
        if name in columns:
            return name
    raise UnreadableTable(
        f"{path}: no column {' or '.join(names)}; found {', '.join(filter(None, columns)) or 'nothing'}. Expected a "
        "header line 'file,label'."
    )


def _read_star(path: Path) -> list[tuple[str, bool]]:
    tables = read_star(path)
    for table in tables:
        for name, selection in STAR_COLUMNS:
            if name in table.columns and selection in table.columns:
                words = enumerate(table.texts(selection), start=1)
                usable = [_usable(path, f"table {table.name!r}, row {row}", word) for row, word in words]
                return list(zip(table.texts(name), usable, strict=True))
    found = "; ".join(f"{table.name!r}: {', '.join(table.columns)}" for table in tables)
    raise UnreadableTable(
        f"{path}: no table with {' or '.join(' and '.join(pair) for pair in STAR_COLUMNS)}; found "
        f"{found or 'no table'}. Give a .csv with columns file,label instead."
    )


def _usable(path: Path, where: str, word: str) -> bool:
    label = word.strip().casefold()
    if label in USABLE_WORDS:
        return True
    if label in BAD_WORDS:
        return False
    raise UnreadableTable(
        f"{path}, {where}: unknown label {word!r}, expected one of {', '.join(USABLE_WORDS)} (usable) or "
        f"{', '.join(BAD_WORDS)} (not usable)."
    )


_READERS: dict[str, Callable[[Path], list[tuple[str, bool]]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".star": _read_star,
}
