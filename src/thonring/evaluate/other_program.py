"""Results of other programs, read for their defoci alone: CTFFIND's texts, and tables such as RELION's."""

import math
from collections.abc import Mapping
from pathlib import Path

from thonring.ctf import canonical
from thonring.errors import UnreadableTable
from thonring.evaluate.run import Result, Run
from thonring.read import known_defocus
from thonring.read.known.ctffind import COLUMN_COUNT, COLUMNS, INPUT_FILE
from thonring.read.known.key import without_uid
from thonring.records import KnownDefocus


def read_other_program(path: Path, name: str) -> Run:
    """Read any kind that `known_defocus` reads; each value counts as accepted.

    One text may hold several micrographs: texts put one after the other, or the answer to a stack, whose images
    then have no names but their order.

    Raises
    ------
    UnreadableTable
        If there is nothing of these kinds, or it is damaged.
    """
    told = (
        f"{name}: {path} is read for its defoci alone, so every micrograph with a value counts as accepted."
    )
    if path.suffix.lower() == ".txt" and path.is_file():
        results, in_order = _of_text(path)
    else:
        results, in_order = _of_table(known_defocus(path)), False
    if not results:
        raise UnreadableTable(f"{path}: the run is empty, expected at least one defocus.")
    if in_order:
        told += " Its rows are images of a stack, taken in the order of what it is held against."
    return Run(name, path, tuple(results), judges=False, by_key=True, in_order=in_order, notes=(told,))


def _of_table(found: Mapping[str, KnownDefocus]) -> list[Result]:
    aliases = {without_uid(key) for key in found if without_uid(key) != key}
    return [Result(key, "accepted", defocus) for key, defocus in found.items() if key not in aliases]


def _of_text(path: Path) -> tuple[list[Result], bool]:
    """Results of a text, and whether they are those of a stack."""
    rows = _rows(path)
    images = {image for image, _ in rows}
    if len(images) == len(rows):
        return [Result(image, "accepted", defocus) for image, defocus in rows], False
    if len(images) == 1:
        return [
            Result(f"{number}@{image}", "accepted", defocus)
            for number, (image, defocus) in enumerate(rows, start=1)
        ], True
    raise UnreadableTable(
        f"{path}: {len(rows)} rows for {len(images)} input files; expected one row for each file, or one stack."
    )


def _rows(path: Path) -> list[tuple[str, KnownDefocus]]:
    """Name of the input file and defocus of each row; a name holds until the next."""
    found, image = [], ""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if header := INPUT_FILE.match(line):
            image = header[1]
        elif line.strip() and not line.lstrip().startswith("#"):
            if not image:
                raise UnreadableTable(
                    f"{path}, line {number}: found numbers before any '# Input file: NAME', expected the text "
                    "output of CTFFIND 4 or 5."
                )
            found.append((image, _defocus(path, number, line)))
    return found


def _defocus(path: Path, number: int, line: str) -> KnownDefocus:
    try:
        _, u_A, v_A, angle_deg, phase_rad = (float(part) for part in line.split()[:COLUMN_COUNT])
    except ValueError as problem:
        raise UnreadableTable(
            f"{path}, line {number}: found {line.strip()!r}, expected numbers: {COLUMNS}."
        ) from problem
    if not all(map(math.isfinite, (u_A, v_A, angle_deg, phase_rad))):
        raise UnreadableTable(f"{path}, line {number}: found {line.strip()!r}, expected finite numbers.")
    return KnownDefocus(*canonical(u_A, v_A, angle_deg), phase_shift_deg=math.degrees(phase_rad))
