"""SerialEM's .mdoc: lines of `key = value`, at the head for the whole file and in sections for its images.

The file of an image has sections `[ZValue = n]`, that of a movie one `[FrameSet = 0]`. Format:
https://bio3d.colorado.edu/SerialEM/hlp/html/about_formats.htm.
"""

import re
from datetime import datetime
from pathlib import Path

from thonring.read.exposure_metadata import BINNING, DEFOCUS, DOSE, PIXEL, TILT, VOLTAGE, Metadata, Values

_LINE = re.compile(r"(\w+)\s*=\s*(.+)")
_TIMES = ("%d-%b-%Y %H:%M:%S", "%d-%b-%y %H:%M:%S")
_SAME = 1e-3
_UNDERFOCUS_UM_TO_A = -1e4


def read_mdoc(path: Path, content: bytes) -> Metadata | None:
    """What a .mdoc says of its one image or movie.

    Where it lists several images, what is not the same for all is left out.
    """
    values = Values(path)
    found = _found(content.decode("utf-8", errors="replace"))
    if not found:
        values.refuse("found no line 'key = value', expected SerialEM's metadata. It is empty or cut short")
        return Metadata(path, notes=values.notes)
    one = {key: texts[0] for key, texts in found.items() if _agree(texts)}
    if "PixelSpacing" in found and "PixelSpacing" not in one:
        values.refuse("its images have several pixel sizes")
    return Metadata(
        path,
        voltage_kV=values.number(one.get("Voltage"), VOLTAGE),
        pixel_A=values.number(one.get("PixelSpacing"), PIXEL),
        size_px=_size(one.get("ImageSize", "")),
        binning=values.number(one.get("Binning"), BINNING),
        dose_e_per_A2=_dose(values, one.get("ExposureDose")),
        applied_defocus_A=values.number(one.get("TargetDefocus"), DEFOCUS, _UNDERFOCUS_UM_TO_A),
        tilt_deg=values.number(one.get("TiltAngle"), TILT),
        acquired=values.moment(one.get("DateTime"), _time),
        notes=values.notes,
    )


def _found(text: str) -> dict[str, list[str]]:
    """Every value of every key, in their order; headings of sections, which have brackets, are no keys."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


def _agree(texts: list[str]) -> bool:
    if len(set(texts)) == 1:
        return True
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return False
    return max(numbers) - min(numbers) <= _SAME * abs(numbers[0])


def _size(text: str) -> tuple[int, int] | None:
    parts = text.split()
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def _dose(values: Values, text: str | None) -> float | None:
    """The dose; SerialEM writes 0 where it was not calibrated."""
    return values.number(text, DOSE) or None


def _time(text: str) -> datetime:
    """The microscope computer's time, without a zone; the year has two or four digits."""
    plain = " ".join(text.split())
    for form in _TIMES:
        try:
            return datetime.strptime(plain, form)  # noqa: DTZ007 - the file states no zone
        except ValueError:
            continue
    raise ValueError(text)
