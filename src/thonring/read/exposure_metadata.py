"""What is known of an exposure from the microscope's own file."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from thonring.records import Note


@dataclass(frozen=True, slots=True)
class Metadata:
    """One exposure as the microscope's software tells it, in our units; None where it does not, or says what cannot be.

    `pixel_A` is that of an image of `size_px` (columns, rows), which need not be the one beside it: EPU describes
    a preview that may be binned, SerialEM a movie that may be of super-resolution, `binning` then being below 1.
    `dose_e_per_A2` is the whole exposure's; `applied_defocus_A` the one asked for, underfocus positive; `tilt_deg`
    the stage's; `acquired` has a time zone only where the file states one. `notes` tell what could not be used.
    """

    path: Path
    voltage_kV: float | None = None
    pixel_A: float | None = None
    size_px: tuple[int, int] | None = None
    binning: float | None = None
    dose_e_per_A2: float | None = None
    applied_defocus_A: float | None = None
    tilt_deg: float | None = None
    acquired: datetime | None = None
    notes: tuple[Note, ...] = ()


KIND = "metadata"


class MetadataField(NamedTuple):
    """How a quantity is called, its unit and the values it can have in ours."""

    name: str
    unit: str
    low: float
    high: float


VOLTAGE = MetadataField("voltage", "kV", 10.0, 3000.0)
PIXEL = MetadataField("pixel size", "Å", 0.1, 100.0)
BINNING = MetadataField("binning", "", 0.1, 64.0)
DOSE = MetadataField("dose", "e/Å²", 0.0, 1e4)
DEFOCUS = MetadataField("applied defocus", "Å", -2e5, 2e5)
TILT = MetadataField("stage tilt", "°", -90.0, 90.0)


class Values:
    """Reads numbers of one file, and keeps `notes` of those that could not be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[Note, None] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was refused."""
        return tuple(self._notes)

    def number(self, text: str | None, quantity: MetadataField, factor: float = 1.0) -> float | None:
        """The number in `text` times `factor`, which makes it ours; None if there is none or it cannot be."""
        if text is None or not text.strip():
            return None
        try:
            value = float(text) * factor
        except ValueError:
            value = math.nan
        if quantity.low <= value <= quantity.high:
            return value
        found = "no number" if math.isnan(value) else f"{value:.4g} {quantity.unit}".rstrip()
        self.refuse(
            f"{quantity.name} {text.strip()[:40]!r} is {found}, expected {quantity.low:g} to {quantity.high:g} "
            f"{quantity.unit}".rstrip()
        )
        return None

    def moment(self, text: str | None, read: Callable[[str], datetime]) -> datetime | None:
        """The time in `text`; None if there is none or `read` does not understand it."""
        if text is None or not text.strip():
            return None
        try:
            return read(text.strip())
        except ValueError:
            self.refuse(f"time {text.strip()[:40]!r} is not understood")
            return None

    def refuse(self, what: str) -> None:
        """Note that something is not used."""
        self._notes[Note(KIND, f"{self._path}: {what}; it is not used.")] = None
