"""TIFF files with one grey image."""

import logging
import struct
import unicodedata
from pathlib import Path
from typing import Any

import tifffile

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.read.raster import to_grey
from thonring.read.raw import RawImage, check_one_image, check_real

LENGTHS_A = {
    "å": 1.0,
    "\\u00c5": 1.0,
    "a": 1.0,
    "angstrom": 1.0,
    "angstroms": 1.0,
    "nm": 10.0,
    "nanometer": 10.0,
    "nanometers": 10.0,
}
DAMAGED = (ValueError, RuntimeError, OSError, struct.error, KeyError, IndexError, TypeError, MemoryError)

logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path) -> RawImage:
    """Read a TIFF file with one image; pixels are (rows, columns).

    The pixel size is taken only where ImageJ's metadata name Å or nm: the resolution tags of other programs
    are about print.

    Raises
    ------
    UnreadableFile
        If the file is no TIFF file or is damaged or cut short.
    UnsuitableImage
        If it holds a stack, colours or complex numbers.
    """
    try:
        with tifffile.TiffFile(path) as tiff:
            check_one_image(path, _images(tiff))
            pixels = tiff.pages[0].asarray()
            pixel_A = _pixel_A(tiff)
    except DAMAGED as problem:
        raise _unreadable(path, problem) from problem
    pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
    check_real(path, pixels)
    return RawImage(pixels, pixel_A)


def read_tiff_stack(path: Path) -> RawImage:
    """Read all images of a TIFF file, as `read_tiff` reads one: pixels (images, rows, columns).

    Raises
    ------
    UnreadableFile
        If the file is no TIFF file or is damaged or cut short.
    UnsuitableImage
        If its pages differ in size, or hold colours or complex numbers.
    """
    try:
        with tifffile.TiffFile(path) as tiff:
            images = _images(tiff)
            pixels = tiff.asarray() if images > 1 else read_tiff(path).pixels[None]
            pixel_A = _pixel_A(tiff)
    except DAMAGED as problem:
        raise _unreadable(path, problem) from problem
    if pixels.ndim != 3 or len(pixels) != images:
        raise UnsuitableImage(
            f"{path}: found {images} images that make an array of {' x '.join(map(str, pixels.shape))}, expected "
            "grey images of one size. Write them as an MRC stack."
        )
    check_real(path, pixels)
    return RawImage(pixels, pixel_A)


def _unreadable(path: Path, problem: Exception) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: found {path.stat().st_size} bytes that are no readable TIFF image ({problem}), "
        "expected a whole TIFF file. Copy the file again, or give it the suffix of its true format."
    )


def _images(tiff: Any) -> int:  # noqa: ANN401 - tifffile is untyped here
    """Images in the file: pages, or planes kept in one page as ImageJ does with large stacks."""
    series = tiff.series[0]
    planes = 1
    for axis, size in zip(series.axes, series.shape, strict=True):
        if axis not in "YXS" or (axis == "S" and series.axes.endswith("YX")):
            planes *= size
    return max(planes, len(tiff.pages))


def _pixel_A(tiff: Any) -> float | None:  # noqa: ANN401
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).strip()
    length_A = LENGTHS_A.get(unicodedata.normalize("NFC", unit).lower())
    resolution = tiff.pages[0].tags.get("XResolution")
    if length_A is None or resolution is None:
        return None
    pixels, units = resolution.value
    return length_A * units / pixels if pixels > 0 else None
