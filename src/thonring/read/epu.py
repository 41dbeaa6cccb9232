"""EPU's .xml next to an image: a `MicroscopeImage`, in metres, volts, radians and electrons per square metre.

The format is not documented: the elements are those found in files that EPU wrote. An applied defocus is negative for
underfocus.
"""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from thonring.read import exposure_metadata as fields
from thonring.read.exposure_metadata import FieldParser, Metadata, decoded, unusable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SQUARE_TOLERANCE = 0.01
"""Largest relative difference of the pixel sizes in x and y of square pixels."""

_M_TO_A = 1e10
_PER_M2_TO_PER_A2 = 1e-20
_WRONG_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]
_CAMERA = "microscopeData/acquisition/camera"


def read_epu(path: Path, content: bytes) -> Metadata | None:
    """Read EPU's metadata of an exposure; None if the file is XML of another kind.

    A document type declaration, in which entities could be defined, is rejected: EPU writes none.
    """
    try:
        root = _root(content)
    except DefusedXmlException:
        return unusable(path, "found a document type declaration, which EPU's metadata never have")
    except (ParseError, ValueError, LookupError) as problem:
        return unusable(path, f"is not a complete XML file ({problem})")
    if root.tag.rpartition("}")[2] != "MicroscopeImage":
        return None
    parser = FieldParser(path)
    custom = _custom_data(root)
    return Metadata(
        path,
        voltage_kV=parser.number(_text(root, "microscopeData/gun/AccelerationVoltage"), fields.VOLTAGE, 1e-3),
        pixel_A=_pixel_A(root, parser),
        size_px=parser.size(
            [_text(root, f"{_CAMERA}/ReadoutArea/{side}") or "" for side in ("width", "height")]
        ),
        binning=parser.number(_text(root, f"{_CAMERA}/Binning/x"), fields.BINNING),
        dose_e_per_A2=parser.number(custom.get("Dose"), fields.DOSE, _PER_M2_TO_PER_A2),
        applied_defocus_A=parser.number(custom.get("AppliedDefocus"), fields.DEFOCUS, -_M_TO_A),
        tilt_deg=parser.number(
            _text(root, "microscopeData/stage/Position/A"), fields.TILT, math.degrees(1.0)
        ),
        acquired=parser.time(
            _text(root, "microscopeData/acquisition/acquisitionDateTime"), datetime.fromisoformat
        ),
        notes=parser.notes,
    )


def _root(content: bytes) -> "Element":
    """The document's element, even if its declaration names another encoding than the one it is saved in."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except ParseError as problem:
        if problem.code != _WRONG_ENCODING:
            raise
        # Of a text that is decoded already, the declared encoding is not used.
        root = fromstring(decoded(content), forbid_dtd=True)
    return root


def _pixel_A(root: "Element", parser: FieldParser) -> float | None:
    """Pixel size in Å if it is the same in both directions."""
    x_A, y_A = (_length_A(root, f"SpatialScale/pixelSize/{axis}", parser) for axis in "xy")
    if x_A is None or y_A is None:
        return None
    if abs(x_A / y_A - 1) > _SQUARE_TOLERANCE:
        parser.reject(f"pixels of {x_A:.4g} x {y_A:.4g} Å are not square")
        return None
    return x_A


def _length_A(root: "Element", path: str, parser: FieldParser) -> float | None:
    unit = _text(root, f"{path}/unit/_x003C_Symbol_x003E_k__BackingField")
    if unit not in {None, "m"}:
        parser.reject(f"the unit of the pixel size is {unit!r}, expected 'm'")
        return None
    return parser.number(_text(root, f"{path}/numericValue"), fields.PIXEL, _M_TO_A)


def _custom_data(root: "Element") -> dict[str, str]:
    pairs = root.findall(_in_any_namespace("CustomData/KeyValueOfstringanyType"))
    return {_text(pair, "Key") or "": _text(pair, "Value") or "" for pair in pairs}


def _text(element: "Element", path: str) -> str | None:
    """Text of the element at a path of names, whatever their namespaces."""
    found = element.findtext(_in_any_namespace(path))
    return None if found is None else found.strip()


def _in_any_namespace(path: str) -> str:
    return "/".join(f"{{*}}{name}" for name in path.split("/"))
