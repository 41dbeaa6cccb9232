"""Labels that a person gave: which micrographs are usable, as CSV or STAR."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.files.star import read_star


def located(file: str, folders: Sequence[Path]) -> Path:
    """Place of a file: in the first folder that has it, or else in the first."""
    places = [(folder / file).resolve() for folder in folders]
    return next((place for place in places if place.exists()), places[0])


FILE_COLUMNS = ("file", "micrograph", "name", "rlnMicrographName")
LABEL_COLUMNS = ("label", "usable", "verdict", "class", "selected")
STAR_COLUMNS = (
    ("rlnMicrographName", "rlnSelected"),
    ("rlnMicrographName", "rlnEnabled"),
    ("micrograph", "enabled"),
)
USABLE_WORDS = ("usable", "good", "accept", "accepted", "keep", "selected", "yes", "true", "1")
BAD_WORDS = ("bad", "poor", "unusable", "reject", "rejected", "discard", "no", "false", "0", "-1")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said of one micrograph; `place` is where its file lies."""

    file: str
    usable: bool
    place: Path


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read labels from a CSV with a file and a label column, or a STAR table with names and a selection.

    Raises
    ------
    UnreadableFile
        If there is no such file, or its suffix is of neither kind.
    UnreadableTable
        If columns are missing, a word is unknown, a file is listed twice, or there are no rows.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        found = "no such file" if not path.is_file() else f"found suffix {path.suffix or '(none)'!r}"
        raise UnreadableFile(f"{path}: {found}, expected labels as .csv (columns file,label) or .star.")
    rows = reader(path)
    if not rows:
        raise UnreadableTable(f"{path}: no rows, expected a label for each micrograph.")
    seen: set[str] = set()
    for file, _ in rows:
        if file in seen:
            raise UnreadableTable(f"{path}: {file} has two labels, expected one for each file.")
        seen.add(file)
    folders = (path.absolute().parent, Path.cwd(), *path.absolute().parents)
    return tuple(Label(file, usable, located(file, folders)) for file, usable in rows)


def _of_csv(path: Path) -> list[tuple[str, bool]]:
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    columns = [cell.strip() for cell in next(lines, [])]
    file, label = (columns.index(_one_of(path, columns, known)) for known in (FILE_COLUMNS, LABEL_COLUMNS))
    rows = [(f"line {lines.line_num}", cells) for cells in lines if any(cells)]
    for place, cells in rows:
        if len(cells) <= max(file, label):
            raise UnreadableTable(f"{path}, {place}: found {len(cells)} values, expected {len(columns)}.")
    return [(cells[file].strip(), _usable(path, place, cells[label])) for place, cells in rows]


def _one_of(path: Path, columns: Sequence[str], known: Sequence[str]) -> str:
    for column in known:
        if column in columns:
            return column
    raise UnreadableTable(
        f"{path}: no column {' or '.join(known)}; found {', '.join(filter(None, columns)) or 'nothing'}. Expected a "
        "first line 'file,label'."
    )


def _of_star(path: Path) -> list[tuple[str, bool]]:
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


def _usable(path: Path, place: str, word: str) -> bool:
    plain = word.strip().casefold()
    if plain in USABLE_WORDS:
        return True
    if plain in BAD_WORDS:
        return False
    raise UnreadableTable(
        f"{path}, {place}: the label {word!r} is unknown, expected one of {', '.join(USABLE_WORDS)} (usable) or "
        f"{', '.join(BAD_WORDS)} (not)."
    )


_READERS: dict[str, Callable[[Path], list[tuple[str, bool]]]] = {
    ".csv": _of_csv,
    ".tsv": _of_csv,
    ".star": _of_star,
}
