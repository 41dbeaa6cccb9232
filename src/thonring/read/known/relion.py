"""Defocus from RELION STAR files; all angles are degrees."""

from pathlib import Path

from thonring.read.known.row import KnownRow
from thonring.read.star import read_star, table_with

LABELS = ("rlnMicrographName", "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
PHASE_SHIFT = "rlnPhaseShift"


def read_relion(path: Path) -> list[KnownRow]:
    """Rows of the micrographs' table, in the style of versions 2, 3.0 or 3.1.

    Raises
    ------
    UnreadableTable
        If no table has name, U, V and angle.
    """
    table = table_with(read_star(path), LABELS, path)
    name, *defocus = LABELS
    columns = [table.numbers(label) for label in defocus]
    phases = table.numbers(PHASE_SHIFT) if PHASE_SHIFT in table.columns else [0.0] * len(table)
    return [KnownRow(*row) for row in zip(table.texts(name), *columns, phases, strict=True)]
