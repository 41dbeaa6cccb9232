"""EPU's .xml: a `MicroscopeImage`, in metres, volts and radians."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from thonring.read.exposure_metadata import BINNING, DEFOCUS, DOSE, PIXEL, TILT, VOLTAGE, Metadata, Values

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SAME = 0.01
_M_TO_A = 1e10
_PER_M2_TO_PER_A2 = 1e-20
_CAMERA = "microscopeData/acquisition/camera"


def read_epu(path: Path, content: bytes) -> Metadata | None:
    """What EPU says of an exposure; None where the file is XML of another kind.

    A document type, in which entities could be defined, is refused: EPU writes none.
    """
    values = Values(path)
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        values.refuse("found a document type, expected EPU's metadata, which have none")
        return Metadata(path, notes=values.notes)
    except (ParseError, ValueError, LookupError) as problem:
        values.refuse(f"is no whole XML file ({problem})")
        return Metadata(path, notes=values.notes)
    if root.tag.rpartition("}")[2] != "MicroscopeImage":
        return None
    return _metadata(path, root, values)


def _metadata(path: Path, root: "Element", values: Values) -> Metadata:
    custom = _custom_data(root)
    camera = f"{_CAMERA}/Binning/x"
    return Metadata(
        path,
        voltage_kV=values.number(_text(root, "microscopeData/gun/AccelerationVoltage"), VOLTAGE, 1e-3),
        pixel_A=_pixel_A(root, values),
        size_px=_size(root),
        binning=values.number(_text(root, camera), BINNING),
        dose_e_per_A2=values.number(custom.get("Dose"), DOSE, _PER_M2_TO_PER_A2),
        applied_defocus_A=values.number(custom.get("AppliedDefocus"), DEFOCUS, -_M_TO_A),
        tilt_deg=values.number(_text(root, "microscopeData/stage/Position/A"), TILT, math.degrees(1.0)),
        acquired=values.moment(
            _text(root, "microscopeData/acquisition/acquisitionDateTime"), datetime.fromisoformat
        ),
        notes=values.notes,
    )


def _pixel_A(root: "Element", values: Values) -> float | None:
    """Pixel size in Å where both directions have the same, in metres."""
    sizes = [_length_A(root, f"SpatialScale/pixelSize/{axis}", values) for axis in "xy"]
    if sizes[0] is None or sizes[1] is None:
        return None
    if abs(sizes[0] / sizes[1] - 1) > _SAME:
        values.refuse(f"pixels of {sizes[0]:.4g} x {sizes[1]:.4g} Å are not square")
        return None
    return sizes[0]


def _length_A(root: "Element", place: str, values: Values) -> float | None:
    unit = _text(root, f"{place}/unit/_x003C_Symbol_x003E_k__BackingField")
    if unit not in {None, "m"}:
        values.refuse(f"the unit of the pixel size is {unit!r}, expected 'm'")
        return None
    return values.number(_text(root, f"{place}/numericValue"), PIXEL, _M_TO_A)


def _size(root: "Element") -> tuple[int, int] | None:
    texts = [_text(root, f"{_CAMERA}/ReadoutArea/{side}") or "" for side in ("width", "height")]
    if not all(text.isdecimal() and int(text) > 0 for text in texts):
        return None
    return int(texts[0]), int(texts[1])


def _custom_data(root: "Element") -> dict[str, str]:
    pairs = root.findall(_anywhere("CustomData/KeyValueOfstringanyType"))
    return {_text(pair, "Key") or "": _text(pair, "Value") or "" for pair in pairs}


def _text(element: "Element", place: str) -> str | None:
    """Text at a path of names, whatever their namespaces."""
    found = element.findtext(_anywhere(place))
    return None if found is None else found.strip()


def _anywhere(place: str) -> str:
    return "/".join(f"{{*}}{name}" for name in place.split("/"))
