"""The truth of simulated micrographs: writing and reading truth.csv."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.files.text import read_text
from thonring.simulate.cramer_rao import bound_of
from thonring.simulate.scene import DEFECTS, Scene


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One micrograph's truth; its fields are the columns of truth.csv, in this order.

    `usable` is 1 or 0 in the file. The bounds are the Cramér-Rao bounds of mean defocus and of the astigmatism
    vector per component, empty in the file where there are no rings (NaN).
    """

    file: str
    voltage_kV: float
    pixel_A: float
    cs_mm: float
    amplitude_contrast: float
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float
    defect: str
    defect_dose: float
    usable: bool
    bound_defocus_A: float = math.nan
    bound_astigmatism_A: float = math.nan


COLUMNS = tuple(entry.name for entry in fields(TruthRow))
_WORDS = ("file", "defect")
_MAY_BE_EMPTY = ("bound_defocus_A", "bound_astigmatism_A")
_USABLE = {"1": True, "0": False}
_MAX_LISTED = 5


def truth_row(scene: Scene, file: str) -> TruthRow:
    """Truth of the scene whose micrograph is `file`, relative to the table's folder."""
    bound = bound_of(scene)
    return TruthRow(
        file=file,
        voltage_kV=scene.optics.voltage_kV,
        pixel_A=scene.pixel_A,
        cs_mm=scene.optics.cs_mm,
        amplitude_contrast=scene.optics.amplitude_contrast,
        defocus_u_A=scene.defocus_u_A,
        defocus_v_A=scene.defocus_v_A,
        angle_deg=scene.angle_deg,
        phase_shift_deg=scene.phase_shift_deg,
        defect=scene.defect,
        defect_dose=scene.defect_dose,
        usable=scene.usable,
        bound_defocus_A=bound.defocus_A,
        bound_astigmatism_A=bound.astigmatism_A,
    )


def truth_text(rows: Iterable[TruthRow]) -> str:
    """The table as text, with numbers such that `read_truth` gives back the same ones."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(row, column)) for column in COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    return repr(float(value)) if math.isfinite(value) else ""


def read_truth(path: Path) -> tuple[TruthRow, ...]:
    """Read a truth table, in its order.

    Columns may be in any order, others are ignored, and those of the bounds may be
    missing.

    Raises
    ------
    UnreadableFile
        If the file does not exist.
    UnreadableTable
        If it is empty, lacks columns, lists a file twice, or has a value that is not a number, not a label (usable: 1
        or 0) or not a known defect.
    """
    lines = _lines(path)
    header = [name.strip() for name in lines[0][1]]
    _check_header(path, header)
    rows = tuple(_row(path, number, header, cells) for number, cells in lines[1:])
    if not rows:
        raise UnreadableTable(f"{path}: found a header but no rows, expected one per micrograph.")
    _check_names(path, rows)
    return rows


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Lines that are not blank, with their numbers."""
    try:
        text = read_text(path, UnreadableTable)
    except OSError as error:
        raise UnreadableFile(
            f"{path}: cannot be read ({error.strerror or error}); expected a truth table, such as the "
            "truth.csv written by `thonring simulate`. Check the path."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise UnreadableTable(
            f"{path}: line {reader.line_num}: {error}; expected comma-separated text."
        ) from error
    if not lines:
        raise UnreadableTable(f"{path}: the file is empty, expected a header and one row per micrograph.")
    return lines


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in header and column not in _MAY_BE_EMPTY]
    if missing:
        raise UnreadableTable(
            f"{path}: the columns {', '.join(missing)} are missing; found the header {_shortened(','.join(header))!r}, "
            f"expected {','.join(COLUMNS)}, separated by commas. Use the truth.csv of `thonring simulate`."
        )
    twice = [column for column, count in Counter(header).items() if count > 1 and column in COLUMNS]
    if twice:
        raise UnreadableTable(
            f"{path}: contains {', '.join(twice)} more than once. Keep one column of each name."
        )


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def _row(path: Path, number: int, header: Sequence[str], cells: Sequence[str]) -> TruthRow:
    where = f"{path}: line {number}"
    if len(cells) != len(header):
        raise UnreadableTable(
            f"{where}: found {len(cells)} values, expected {len(header)} as in the header. "
            "A name that contains a comma must be quoted."
        )
    values = {column: cell for column, cell in zip(header, cells, strict=True) if column in COLUMNS}
    numbers = {
        column: _number(where, column, cell.strip())
        for column, cell in values.items()
        if column not in (*_WORDS, "usable")
    }
    return TruthRow(
        file=_file(where, values["file"]),
        defect=_defect(where, values["defect"].strip()),
        usable=_usable(where, values["usable"].strip()),
        **numbers,
    )


def _number(where: str, column: str, cell: str) -> float:
    if not cell and column in _MAY_BE_EMPTY:
        return math.nan
    with suppress(ValueError):
        if math.isfinite(value := float(cell)):
            return value
    raise UnreadableTable(f"{where}: {column} is {cell!r}, expected a number.")


def _file(where: str, cell: str) -> str:
    if not cell:
        raise UnreadableTable(
            f"{where}: the file name is empty, expected one relative to the table's folder."
        )
    return cell


def _defect(where: str, cell: str) -> str:
    if cell not in DEFECTS:
        raise UnreadableTable(f"{where}: unknown defect {cell!r}, expected one of {', '.join(DEFECTS)}.")
    return cell


def _usable(where: str, cell: str) -> bool:
    if cell not in _USABLE:
        raise UnreadableTable(f"{where}: usable is {cell!r}, expected 1 (usable) or 0 (not usable).")
    return _USABLE[cell]


def _check_names(path: Path, rows: Iterable[TruthRow]) -> None:
    uses = Counter(str(PurePosixPath(row.file)) for row in rows)
    twice = [name for name, count in uses.items() if count > 1]
    if twice:
        more = "" if len(twice) <= _MAX_LISTED else f" and {len(twice) - _MAX_LISTED} more"
        raise UnreadableTable(
            f"{path}: found more than one row for {', '.join(twice[:_MAX_LISTED])}{more}, expected one per "
            "file. Remove the wrong ones."
        )
