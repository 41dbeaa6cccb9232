"""Defocus from CTFFIND's text output (4.1 and 5); its phase shift is in radians."""

import math
import re
from pathlib import Path

from thonring.errors import UnreadableTable
from thonring.read.known.row import KnownRow

INPUT_FILE = re.compile(r"^#\s*Input file:\s*(.+?)\s*(?:;.*)?$", re.MULTILINE)
COLUMNS = "index, defocus 1 and 2 in Å, azimuth in degrees, phase shift in radians"
COLUMN_COUNT = 5


def read_ctffind(path: Path) -> list[KnownRow]:
    """Read the one row of a CTFFIND text file, named by the input file in its header.

    Raises
    ------
    UnreadableTable
        If the header names no input file, or there is not one row of numbers.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    header = INPUT_FILE.search(text)
    if header is None:
        raise UnreadableTable(
            f"{path}: found no line '# Input file: NAME', expected the text output of CTFFIND 4 or 5."
        )
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(rows) != 1:
        raise UnreadableTable(
            f"{path}: found {len(rows)} rows for {header[1]}, expected one. Split a stack into one file for "
            "each micrograph; the file _avrot.txt holds curves, give the one without _avrot."
        )
    return [_row(path, header[1], rows[0])]


def _row(path: Path, name: str, fields: list[str]) -> KnownRow:
    try:
        _, defocus_1_A, defocus_2_A, azimuth_deg, phase_shift_rad = map(float, fields[:COLUMN_COUNT])
    except ValueError as problem:
        raise UnreadableTable(
            f"{path}: found {' '.join(fields)!r}, expected numbers: {COLUMNS}."
        ) from problem
    return KnownRow(name, defocus_1_A, defocus_2_A, azimuth_deg, math.degrees(phase_shift_rad))
