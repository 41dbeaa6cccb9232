"""The truth of simulated micrographs as a table: truth.csv, written and read here."""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.simulate.bound import Bound
from thonring.simulate.scene import Scene


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
