"""TIFF files of grey images."""

import logging
import os
import struct
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import tifffile

from thonring.errors import ThonringError, UnreadableFile, UnsuitableImage
from thonring.read.raster import to_grey
from thonring.read.raw_image import RawImage, check_one_image, check_real, check_size

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
COMPRESSIONS = {
    1: "none",
    5: "LZW",
    8: "deflate",
    32946: "deflate",
    32773: "PackBits",
    50000: "Zstandard",
}
"""Those that stop unpacking where the image is full, whatever the file would expand to."""

MOST_REASON = 200

logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path) -> RawImage:
    """Read a TIFF file with one image; pixels are (rows, columns).

    The pixel size is taken only where ImageJ's metadata name Å or nm: the resolution tags of other programs
    are about print.

    Raises
    ------
    UnreadableFile
        If the file is no TIFF file, is damaged or cut short, or packed in a way that is not in `COMPRESSIONS`.
    UnsuitableImage
        If it holds a stack, colours, complex numbers, or more values than `raw.MOST_VALUES`.
    OSError
        If it cannot be opened.
    """
    with _opened(path) as (tiff, size):
        page = _checked_page(path, tiff, size)
        check_one_image(path, _images(tiff))
        pixels, pixel_A = page.asarray(maxworkers=1), _pixel_A(tiff)
    pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
    check_real(path, pixels)
    return RawImage(pixels, pixel_A)


def read_tiff_stack(path: Path) -> RawImage:
    """Read all images of a TIFF file, as `read_tiff` reads one: pixels (images, rows, columns).

    Raises
    ------
    UnreadableFile
        As `read_tiff`.
    UnsuitableImage
        If its pages differ in size, or hold colours, complex numbers, or more values than `raw.MOST_VALUES` each.
    OSError
        If it cannot be opened.
    """
    with _opened(path) as (tiff, size):
        _checked_page(path, tiff, size)
        images, pixel_A = _images(tiff), _pixel_A(tiff)
        pixels = tiff.asarray(maxworkers=1) if images > 1 else None
    if pixels is None:
        single = read_tiff(path)
        return replace(single, pixels=single.pixels[None])
    if pixels.ndim != 3 or len(pixels) != images:
        raise UnsuitableImage(
            f"{path}: found {images} images that make an array of {' x '.join(map(str, pixels.shape))}, expected "
            "grey images of one size. Write them as an MRC stack."
        )
    check_real(path, pixels)
    return RawImage(pixels, pixel_A)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tifffile.TiffFile, int]]:
    """The file and its size; whatever goes wrong in the block is a file that cannot be read."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            # what these descriptions lead to are further files; of the one that was named, its own image is read
            with tifffile.TiffFile(stream, is_ome=False, is_mmstack=False, is_ndtiff=False) as tiff:
                yield tiff, size
        except ThonringError:
            raise
        except Exception as problem:
            raise UnreadableFile(
                f"{path}: found {size} bytes that are no readable TIFF image ({str(problem)[:MOST_REASON]}), "
                "expected a whole TIFF file. Copy the file again, or give it the suffix of its true format."
            ) from problem


def _checked_page(path: Path, tiff: tifffile.TiffFile, size: int) -> Any:  # noqa: ANN401 - pages have no common type
    """The first page, whose image takes no more memory than it may."""
    page = tiff.pages.first
    check_size(path, page.imagewidth, page.imagelength, page.samplesperpixel)
    _check_compression(path, page)
    _check_bytes(path, page, size)
    return page


def _images(tiff: tifffile.TiffFile) -> int:
    """Images in the file: pages, or planes kept in one page as ImageJ does with large stacks."""
    pages = _pages(tiff)
    return pages if pages > 1 else _planes(tiff) * int(tiff.pages.first.imagedepth)


def _pages(tiff: tifffile.TiffFile) -> int:
    """Images that follow one another in the file, each once: a damaged file may lead in a circle."""
    stream, form = tiff.filehandle, tiff.tiff
    seen: set[int] = set()
    offset = tiff.pages.first.offset
    while offset and offset not in seen:
        seen.add(offset)
        stream.seek(offset)
        (tags,) = struct.unpack(form.tagnoformat, stream.read(form.tagnosize))
        stream.seek(offset + form.tagnosize + tags * form.tagsize)
        (offset,) = struct.unpack(form.offsetformat, stream.read(form.offsetsize))
    return len(seen)


def _planes(tiff: tifffile.TiffFile) -> int:
    """Planes kept in one page, as ImageJ does with large stacks."""
    series = tiff.series[0]
    planes = 1
    for axis, size in zip(series.axes, series.shape, strict=True):
        if axis not in "YXS" or (axis == "S" and series.axes.endswith("YX")):
            planes *= size
    return planes


def _check_compression(path: Path, page: Any) -> None:  # noqa: ANN401 - tifffile's pages have no common type
    if int(page.compression) not in COMPRESSIONS:
        name = getattr(page.compression, "name", "unknown")
        raise UnreadableFile(
            f"{path}: found the TIFF compression {int(page.compression)} ({name}), expected one of "
            f"{', '.join(dict.fromkeys(COMPRESSIONS.values()))}. Save the image again with one of these."
        )


def _check_bytes(path: Path, page: Any, size: int) -> None:  # noqa: ANN401
    """Refuse an image that is not packed and larger than the file."""
    bits = page.bitspersample if isinstance(page.bitspersample, int) else sum(page.bitspersample)
    wanted = page.size * bits // 8
    if int(page.compression) == 1 and wanted > size:
        raise UnreadableFile(
            f"{path}: truncated: found {size} bytes, expected {wanted} or more for {page.imagewidth} x "
            f"{page.imagelength} pixels of {bits} bits. The file was cut short (copy it again, or wait until it is "
            "written), or its header is damaged."
        )


def _pixel_A(tiff: tifffile.TiffFile) -> float | None:
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).strip()
    length_A = LENGTHS_A.get(unicodedata.normalize("NFC", unit).lower())
    resolution = tiff.pages.first.tags.get("XResolution")
    if length_A is None or resolution is None:
        return None
    pixels, units = resolution.value
    return length_A * units / pixels if pixels > 0 else None
