"""Exposure metadata from the microscope's own file, in our units, and the checks of their values."""

import codecs
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from thonring.records import Note


@dataclass(frozen=True, slots=True)
class Metadata:
    """One exposure as stated by the microscope's software; None for missing or impossible values.

    `pixel_A` is that of an image of `size_px` (columns, rows), or of `uncropped_px` before it was cropped, which need
    not be the image next to it: EPU describes a preview that may be binned, SerialEM a movie that may be
    super-resolution, `binning` then being below 1.
    `dose_e_per_A2` is that of the whole exposure; `applied_defocus_A` the one set, underfocus positive; `tilt_deg` that
    of the stage; `acquired` has a time zone only if the file states one. `notes` are about what could not be used.
    """

    path: Path
    voltage_kV: float | None = None
    pixel_A: float | None = None
    size_px: tuple[int, int] | None = None
    uncropped_px: tuple[int, int] | None = None
    binning: float | None = None
    dose_e_per_A2: float | None = None
    applied_defocus_A: float | None = None
    tilt_deg: float | None = None
    acquired: datetime | None = None
    notes: tuple[Note, ...] = ()


class MetadataField(NamedTuple):
    """Name, unit and valid range of a quantity."""

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

NOTE_KIND = "metadata"
MAX_TEXT_SHOWN = 40

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_UTF16_SHARE = 0.4
"""Of ASCII text in UTF-16, half of the bytes are 0."""


def decoded(content: bytes) -> str:
    """Text in UTF-8 or UTF-16, with or without a byte order mark; other bytes are replaced."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if content[first::2].count(0) > _UTF16_SHARE * len(content) > content[1 - first :: 2].count(0):
            return content.decode(encoding, errors="replace")
    return content.decode("utf-8-sig", errors="replace")


def parsed_number(text: str) -> float:
    """A number with a decimal point or a decimal comma; NaN if it is none."""
    plain = text.strip()
    try:
        return float(plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else plain)
    except ValueError:
        return math.nan


class FieldParser:
    """Parses the values of one file, and collects `notes` about those that cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[Note, None] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was rejected, without repetitions."""
        return tuple(self._notes)

    def number(self, text: str | None, field: MetadataField, to_our_unit: float = 1.0) -> float | None:
        """The number in `text`, converted by a factor; None if there is none or it is outside the field's range."""
        if text is None or not text.strip():
            return None
        value = parsed_number(text) * to_our_unit
        if field.low <= value <= field.high:
            return value
        found = "not a number" if math.isnan(value) else f"{value:.4g} {field.unit}".rstrip()
        self.reject(
            f"{field.name} {text.strip()[:MAX_TEXT_SHOWN]!r} is {found}, expected {field.low:g} to {field.high:g} "
            f"{field.unit}".rstrip()
        )
        return None

    def size(self, texts: Sequence[str]) -> tuple[int, int] | None:
        """Two whole numbers other than 0, without their signs; None if they are anything else."""
        plain = [text.removeprefix("-") for text in texts]
        if len(plain) != 2 or not all(text.isdecimal() and int(text) > 0 for text in plain):
            return None
        return int(plain[0]), int(plain[1])

    def time(self, text: str | None, parse: Callable[[str], datetime]) -> datetime | None:
        """The time in `text`; None if there is none or `parse` does not recognise it."""
        if text is None or not text.strip():
            return None
        try:
            return parse(text.strip())
        except ValueError:
            self.reject(f"time {text.strip()[:MAX_TEXT_SHOWN]!r} is not recognised")
            return None

    def reject(self, what: str) -> None:
        """Add a note that something is not used."""
        self._notes[Note(NOTE_KIND, f"{self._path}: {what}; ignored.")] = None


def unusable(path: Path, what: str) -> Metadata:
    """Empty metadata of an unusable file, with a note that says why."""
    parser = FieldParser(path)
    parser.reject(what)
    return Metadata(path, notes=parser.notes)
