"""Known defocus values by micrograph, from any supported format: a new format is one module and one row."""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from thonring.ctf import canonical
from thonring.errors import UnreadableTable
from thonring.files.entry import entries, is_folder, size_of_file
from thonring.files.text import RowPlace, TableReport, usable_rows
from thonring.formats.ctffind import read_ctffind
from thonring.formats.table import KnownRow
from thonring.records import KnownDefocus
from thonring.run.names import key_of, without_uid

FAILED_A = -999.0


def _relion(path: Path, report: TableReport | None) -> list[KnownRow]:
    from thonring.formats.relion import read_relion

    return read_relion(path, report)


def _xmipp(path: Path, report: TableReport | None) -> list[KnownRow]:
    from thonring.formats.xmipp import read_xmipp

    return read_xmipp(path, report)


def _cryosparc(path: Path, report: TableReport | None) -> list[KnownRow]:
    from thonring.formats.cryosparc import read_cryosparc

    return read_cryosparc(path, report)


READERS: dict[str, Callable[[Path, TableReport | None], list[KnownRow]]] = {
    ".star": _relion,
    ".txt": read_ctffind,
    ".ctfparam": _xmipp,
    ".xmd": _xmipp,
    ".cs": _cryosparc,
}
ONE_PER_MICROGRAPH = (".txt", ".ctfparam")


def known_defocus(path: Path, report: TableReport | None = None) -> Mapping[str, KnownDefocus]:
    """Defocus by micrograph; look up with `key_of(micrograph)`.

    Reads RELION STAR (2, 3.0, 3.1), CTFFIND text, Xmipp `.ctfparam` and `.xmd`, and cryoSPARC `.cs`; of a
    folder all CTFFIND texts and `.ctfparam` in it, since those programs write one per micrograph. U >=
    V, the angle in (-90, 90], the phase shift in degrees. Rows with Scipion's mark of a failed estimate (U =
    -999) are left out. A name with cryoSPARC's leading number is found with and, where that is unique,
    without it. With a `report`, rows and, of a folder, files that cannot be used are left out.

    Raises
    ------
    UnreadableTable
        If the file is missing, of unknown kind, lacks columns, or has no row that can be used; without a report
        also if one row cannot be used, or if there are two answers for one name.
    """
    rows = _rows_of_folder(path, report) if is_folder(path) else [(path, row) for row in _rows(path, report)]
    estimated = [(file, row) for file, row in rows if row.defocus_u_A != FAILED_A]
    places = [RowPlace(file, row.place, row.name) for file, row in estimated]
    found = usable_rows(places, lambda index: (index, usable_defocus(*estimated[index])), report)
    if report is not None:
        for file, row in rows:
            if row.defocus_u_A == FAILED_A:
                report.leave_out(file, row.place, f"no estimate (U = {FAILED_A:g}).", row.name)
    return _with_short_names(_by_name(path, [(places[index], defocus) for index, defocus in found], report))


def _by_name(
    path: Path, found: Iterable[tuple[RowPlace, KnownDefocus]], report: TableReport | None
) -> dict[str, KnownDefocus]:
    by_name: dict[str, list[tuple[RowPlace, KnownDefocus]]] = {}
    for place, defocus in found:
        by_name.setdefault(key_of(place.micrograph), []).append((place, defocus))
    unique: dict[str, KnownDefocus] = {}
    for key, rows in by_name.items():
        if len({defocus for _, defocus in rows}) == 1:
            unique[key] = rows[0][1]
            continue
        problem = f"two different defocus values for the name {key!r}"
        if report is None:
            raise UnreadableTable(
                f"{path}: {problem}; expected one row for each micrograph, "
                "and names that differ by more than their folder. Split the table, or give one of "
                "micrographs, not particles."
            )
        for place, _ in rows:
            report.leave_out(place.file, place.row, f"{problem}.", place.micrograph)
    if by_name and not unique:
        raise UnreadableTable(
            f"{path}: every name has two different defocus values. Give a table of micrographs, not particles."
        )
    return unique


def _rows(path: Path, report: TableReport | None) -> list[KnownRow]:
    size_of_file(path, "a table of known defocus values", UnreadableTable)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableTable(
            f"{path}: found suffix {path.suffix or '(none)'!r}, expected one of {' '.join(READERS)}."
        )
    try:
        return reader(path, report)
    except OSError as problem:
        raise UnreadableTable(
            f"{path}: cannot be read ({problem.strerror or problem}), expected a table of known defocus values. Check "
            "its permissions."
        ) from problem


def _rows_of_folder(folder: Path, report: TableReport | None) -> list[tuple[Path, KnownRow]]:
    files = texts_in(folder)
    if not files:
        raise UnreadableTable(
            f"{folder}: found no CTFFIND text or .ctfparam in the folder{elsewhere(folder)}. Name the table itself "
            f"({' '.join(READERS)})."
        )
    by_file = usable_rows(
        [RowPlace(file, "", "") for file in files],
        lambda index: [(files[index], row) for row in _rows(files[index], report)],
        report,
    )
    return [row for rows in by_file for row in rows]


def texts_in(folder: Path) -> list[Path]:
    """CTFFIND texts and `.ctfparam` in a folder, without the curves.

    Raises
    ------
    UnreadableTable
        If the folder cannot be listed.
    """
    return [
        file
        for file in entries(folder, UnreadableTable)
        if file.suffix.lower() in ONE_PER_MICROGRAPH and not file.stem.endswith("_avrot")
    ]


def elsewhere(folder: Path) -> str:
    """Name the first folder below that has such texts, as the end of a message; empty where there is none."""
    for below, folders, _ in os.walk(folder):
        folders.sort()
        if Path(below) != folder and texts_in(Path(below)):
            return f", but there are some in {below}: give that folder"
    return ""


def usable_defocus(file: Path, row: KnownRow) -> KnownDefocus:
    """Canonical defocus of a row.

    Raises
    ------
    UnreadableTable
        If its values are no finite numbers, or U and V are both 0, as where a program has no estimate.
    """
    if row.problem:
        raise UnreadableTable(f"{file}: {row.place}: {row.problem}")
    values = (row.defocus_u_A, row.defocus_v_A, row.angle_deg, row.phase_shift_deg)
    if not all(math.isfinite(value) for value in values):
        raise UnreadableTable(
            f"{file}: {row.name}: found {values}, expected finite numbers. Remove that row."
        )
    if row.defocus_u_A == row.defocus_v_A == 0:
        raise UnreadableTable(f"{file}: {row.name}: U and V are 0 Å, which is no estimate. Remove that row.")
    return KnownDefocus(*canonical(*values[:3]), phase_shift_deg=row.phase_shift_deg)


def _with_short_names(found: dict[str, KnownDefocus]) -> dict[str, KnownDefocus]:
    uses = Counter(without_uid(key) for key in found)
    short = {without_uid(key): defocus for key, defocus in found.items() if uses[without_uid(key)] == 1}
    return short | found
