"""Defocus from Xmipp's `.ctfparam` (one micrograph) and `.xmd` (many); all angles are degrees."""

from pathlib import Path

from thonring.errors import UnreadableTable
from thonring.read.known.row import KnownRow
from thonring.read.star import Table, read_star, table_with

DEFOCUS = ("ctfDefocusU", "ctfDefocusV", "ctfDefocusAngle")
PHASE_SHIFT = "ctfVPPphaseshift"
NAMES = ("micrograph", "image")


def read_xmipp(path: Path) -> list[KnownRow]:
    """Rows named by their label `micrograph` or `image`; a single row without either by the file itself.

    Raises
    ------
    UnreadableTable
        If no table has U, V and angle, or several rows have no names.
    """
    table = table_with(read_star(path), DEFOCUS, path)
    columns = [table.numbers(label) for label in DEFOCUS]
    phases = table.numbers(PHASE_SHIFT) if PHASE_SHIFT in table.columns else [0.0] * len(table)
    return [KnownRow(*row) for row in zip(_names(path, table), *columns, phases, strict=True)]


def _names(path: Path, table: Table) -> list[str]:
    label = next((label for label in NAMES if label in table.columns), None)
    if label is not None:
        return list(table.texts(label))
    if len(table) == 1:
        return [path.name]
    raise UnreadableTable(
        f"{path}: {len(table)} rows without names; found {', '.join(table.columns)}, expected also "
        f"{' or '.join(NAMES)}."
    )
