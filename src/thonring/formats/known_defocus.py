"""Known defocus values by micrograph, from any supported format: a new format is one module and one row."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from thonring.ctf import canonical
from thonring.errors import UnreadableTable
from thonring.files.entry import entries, is_folder, size_of_file
from thonring.formats.ctffind import read_ctffind
from thonring.formats.table import KnownRow
from thonring.records import KnownDefocus
from thonring.run.names import key_of, without_uid

FAILED_A = -999.0


def _relion(path: Path) -> list[KnownRow]:
    from thonring.formats.relion import read_relion

    return read_relion(path)


def _xmipp(path: Path) -> list[KnownRow]:
    from thonring.formats.xmipp import read_xmipp

    return read_xmipp(path)


def _cryosparc(path: Path) -> list[KnownRow]:
    from thonring.formats.cryosparc import read_cryosparc

    return read_cryosparc(path)


READERS: dict[str, Callable[[Path], list[KnownRow]]] = {
    ".star": _relion,
    ".txt": read_ctffind,
    ".ctfparam": _xmipp,
    ".xmd": _xmipp,
    ".cs": _cryosparc,
}
ONE_PER_MICROGRAPH = (".txt", ".ctfparam")


def known_defocus(path: Path) -> Mapping[str, KnownDefocus]:
    """Defocus by micrograph; look up with `key_of(micrograph)`.

    Reads RELION STAR (2, 3.0, 3.1), CTFFIND text, Xmipp `.ctfparam` and `.xmd`, and cryoSPARC `.cs`; of a
    folder all CTFFIND texts and `.ctfparam` in it, since those programs write one per micrograph. U >=
    V, the angle in (-90, 90], the phase shift in degrees. Rows with Scipion's mark of a failed estimate (U =
    -999) are left out. A name with cryoSPARC's leading number is found with and, if that is unique,
    without it.

    Raises
    ------
    UnreadableTable
        If the file is missing, of unknown format, lacks columns, or has two values for one name.
    """
    rows = _rows_of_folder(path) if is_folder(path) else _rows(path)
    found: dict[str, KnownDefocus] = {}
    for row in rows:
        if row.defocus_u_A == FAILED_A:
            continue
        key, defocus = key_of(row.name), _canonical(path, row)
        if found.setdefault(key, defocus) != defocus:
            raise UnreadableTable(
                f"{path}: two different defocus values for the name {key!r}; expected one row per micrograph, "
                "with names that differ in more than their folder. Split the table, or use one of "
                "micrographs rather than particles."
            )
    return _with_short_names(found)


def _rows(path: Path) -> list[KnownRow]:
    size_of_file(path, "a table of known defocus values", UnreadableTable)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableTable(
            f"{path}: found suffix {path.suffix or '(none)'!r}, expected one of {' '.join(READERS)}."
        )
    try:
        return reader(path)
    except OSError as problem:
        raise UnreadableTable(
            f"{path}: cannot be read ({problem.strerror or problem}), expected a table of known defocus values. Check "
            "its permissions."
        ) from problem


def _rows_of_folder(folder: Path) -> Iterable[KnownRow]:
    files = [
        file
        for file in entries(folder, UnreadableTable)
        if file.suffix.lower() in ONE_PER_MICROGRAPH and not file.stem.endswith("_avrot")
    ]
    if not files:
        raise UnreadableTable(
            f"{folder}: found no CTFFIND text or .ctfparam in the folder. Name the table itself "
            f"({' '.join(READERS)})."
        )
    return [row for file in files for row in _rows(file)]


def _canonical(path: Path, row: KnownRow) -> KnownDefocus:
    values = (row.defocus_u_A, row.defocus_v_A, row.angle_deg, row.phase_shift_deg)
    if not all(math.isfinite(value) for value in values):
        raise UnreadableTable(
            f"{path}: {row.name}: found {values}, expected finite numbers. Remove that row."
        )
    return KnownDefocus(*canonical(*values[:3]), phase_shift_deg=row.phase_shift_deg)


def _with_short_names(found: dict[str, KnownDefocus]) -> dict[str, KnownDefocus]:
    uses = Counter(without_uid(key) for key in found)
    short = {without_uid(key): defocus for key, defocus in found.items() if uses[without_uid(key)] == 1}
    return short | found
