"""What is known of an exposure from the microscope's own file."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
