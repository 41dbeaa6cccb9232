"""SerialEM's .mdoc next to an image: lines `key = value`, for the whole file at its head and for each image below.

The file of an image or a stack has sections `[ZValue = n]`, that of a movie one `[FrameSet = 0]`. Keys and their units:
`Voltage` kV, `PixelSpacing` Å, `ImageSize` columns and rows, `UncroppedSize` columns and rows before cropping at the
same pixel size (SerialEM writes them negative), `Binning`, `ExposureDose` e/Å², `TargetDefocus` µm with underfocus
negative, `TiltAngle` degrees, `DateTime`. Source:
https://bio3d.colorado.edu/SerialEM/hlp/html/about_formats.htm.
"""

import re
from datetime import datetime
from pathlib import Path

from thonring.read import exposure_metadata as fields
from thonring.read.exposure_metadata import FieldParser, Metadata, decoded, parsed_number, unusable

_LINE = re.compile(r"(\w+)\s*=\s*(.+)")
_TIME_FORMATS = ("%d-%b-%Y %H:%M:%S", "%d-%b-%y %H:%M:%S")
_EQUAL_TOLERANCE = 1e-3
"""Values of several images that differ by less count as equal."""

_UNDERFOCUS_UM_TO_A = -1e4


def read_mdoc(path: Path, content: bytes) -> Metadata | None:
    """Read the metadata of the image or movie of a .mdoc.

    If it lists several images, values that differ between them are left out.
    """
    found = _values_by_key(decoded(content))
    if not found:
        return unusable(
            path, "found no line 'key = value', expected SerialEM metadata. The file is empty or truncated"
        )
    parser = FieldParser(path)
    common = {key: values[0] for key, values in found.items() if _are_equal(values)}
    if "PixelSpacing" in found and "PixelSpacing" not in common:
        parser.reject("its images have several pixel sizes")
    return Metadata(
        path,
        voltage_kV=parser.number(common.get("Voltage"), fields.VOLTAGE),
        pixel_A=parser.number(common.get("PixelSpacing"), fields.PIXEL),
        size_px=parser.size(common.get("ImageSize", "").split()),
        uncropped_px=parser.size(common.get("UncroppedSize", "").split()),
        binning=parser.number(common.get("Binning"), fields.BINNING),
        # SerialEM writes a dose of 0 if it was not calibrated.
        dose_e_per_A2=parser.number(common.get("ExposureDose"), fields.DOSE) or None,
        applied_defocus_A=parser.number(common.get("TargetDefocus"), fields.DEFOCUS, _UNDERFOCUS_UM_TO_A),
        tilt_deg=parser.number(common.get("TiltAngle"), fields.TILT),
        acquired=parser.time(common.get("DateTime"), _time),
        notes=parser.notes,
    )


def _values_by_key(text: str) -> dict[str, list[str]]:
    """Every value of every key, in order; headings of sections, which have brackets, are not keys."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


def _are_equal(values: list[str]) -> bool:
    """Whether the values of all images are the same text, or numbers within `_EQUAL_TOLERANCE`."""
    if len(set(values)) == 1:
        return True
    numbers = [parsed_number(value) for value in values]
    return max(numbers) - min(numbers) <= _EQUAL_TOLERANCE * abs(numbers[0])


def _time(text: str) -> datetime:
    """The microscope computer's time, without a zone; the year has two or four digits."""
    plain = " ".join(text.split())
    for pattern in _TIME_FORMATS:
        try:
            return datetime.strptime(plain, pattern)  # noqa: DTZ007 - the file states no zone
        except ValueError:
            continue
    raise ValueError(text)
