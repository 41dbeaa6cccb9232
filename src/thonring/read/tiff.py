"""TIFF files of grey images."""

import logging
import os
import struct
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
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
"""Compressions whose decoder stops when the image is full, however much the file would expand to."""

MAX_REASON = 200
"""Maximum characters passed on from a library's message."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path, *, stack: bool = False) -> RawImage:
    """Read a TIFF file; pixels are (rows, columns) of the one image, or (images, rows, columns) with `stack`.

    The pixel size is taken only if ImageJ's metadata state it in Å or nm: other programs' resolution tags are
    meant for print.

    Raises
    ------
    UnreadableFile
        If the file is not a TIFF file, is damaged or truncated, or has a compression that is not in `COMPRESSIONS`.
    UnsuitableImage
        If it holds colours, complex numbers, or images with more than `raw_image.MAX_VALUES` values; if it holds a
        stack, or, with `stack`, images of several sizes.
    OSError
        If it cannot be opened.
    """
    with _open(path) as (tiff, size):
        page = _first_page(path, tiff, size)
        images, pixel_A = _image_count(tiff), _pixel_A(tiff)
        if not (stack and images > 1):
            check_one_image(path, images)
        single = images == 1
        pixels = page.asarray(maxworkers=1) if single else tiff.asarray(maxworkers=1)
    if single:
        pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
        pixels = pixels[None] if stack else pixels
    elif pixels.ndim != 3 or len(pixels) != images:
        raise UnsuitableImage(
            f"{path}: found {images} images forming an array of {' x '.join(map(str, pixels.shape))}, expected "
            "grey-scale images of one size. Write them as an MRC stack."
        )
    check_real(path, pixels)
    return RawImage(pixels, pixel_A)


@contextmanager
def _open(path: Path) -> Iterator[tuple[tifffile.TiffFile, int]]:
    """The file and its size; any error in the block means that it cannot be read."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            # These descriptions may name further files: only the image in the file itself is read.
            with tifffile.TiffFile(stream, is_ome=False, is_mmstack=False, is_ndtiff=False) as tiff:
                yield tiff, size
        except ThonringError:
            raise
        except Exception as problem:
            raise UnreadableFile(
                f"{path}: found {size} bytes that are not a readable TIFF image ({str(problem)[:MAX_REASON]}), "
                "expected a complete TIFF file. Copy the file again, or give it the suffix of its actual format."
            ) from problem


def _first_page(path: Path, tiff: tifffile.TiffFile, size: int) -> Any:  # noqa: ANN401 - pages have no common type
    """The first page, after checks that its image takes no more memory than allowed."""
    page = tiff.pages.first
    check_size(path, page.imagewidth, page.imagelength, page.samplesperpixel)
    _check_compression(path, page)
    _check_bytes(path, page, size)
    return page


def _image_count(tiff: tifffile.TiffFile) -> int:
    """Images in the file: pages, or planes stored in one page, as ImageJ does with large stacks."""
    pages = _page_count(tiff)
    return pages if pages > 1 else _plane_count(tiff) * int(tiff.pages.first.imagedepth)


def _page_count(tiff: tifffile.TiffFile) -> int:
    """Pages in the file, each counted once: in a damaged file the chain may be a circle."""
    stream, form = tiff.filehandle, tiff.tiff
    counted: set[int] = set()
    offset = tiff.pages.first.offset
    while offset and offset not in counted:
        counted.add(offset)
        # A directory is the number of its tags, the tags, and the offset of the next one (0 in the last).
        stream.seek(offset)
        (tags,) = struct.unpack(form.tagnoformat, stream.read(form.tagnosize))
        stream.seek(offset + form.tagnosize + tags * form.tagsize)
        (offset,) = struct.unpack(form.offsetformat, stream.read(form.offsetsize))
    return len(counted)


def _plane_count(tiff: tifffile.TiffFile) -> int:
    """Planes stored in one page: the product of all axes other than those of an image and its colours."""
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
            f"{path}: TIFF compression {int(page.compression)} ({name}), expected one of "
            f"{', '.join(dict.fromkeys(COMPRESSIONS.values()))}. Save the image again with one of these."
        )


def _check_bytes(path: Path, page: Any, size: int) -> None:  # noqa: ANN401
    """Reject an uncompressed image that is larger than the file."""
    bits = page.bitspersample if isinstance(page.bitspersample, int) else sum(page.bitspersample)
    expected = page.size * bits // 8
    if int(page.compression) == 1 and expected > size:
        raise UnreadableFile(
            f"{path}: truncated: found {size} bytes, expected {expected} or more for {page.imagewidth} x "
            f"{page.imagelength} pixels of {bits} bits. The file was cut short (copy it again, or wait until it is "
            "written), or its header is damaged."
        )


def _pixel_A(tiff: tifffile.TiffFile) -> float | None:
    """Pixel size from ImageJ's unit and the resolution tag, which is pixels per unit as a fraction."""
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).strip()
    length_A = LENGTHS_A.get(unicodedata.normalize("NFC", unit).lower())
    resolution = tiff.pages.first.tags.get("XResolution")
    if length_A is None or resolution is None:
        return None
    pixels, units = resolution.value
    return length_A * units / pixels if pixels > 0 else None
