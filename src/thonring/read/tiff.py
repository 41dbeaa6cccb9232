"""TIFF files of grey images."""

import logging
import os
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import tifffile

from thonring.errors import ThonringError, UnreadableFile, UnsuitableImage
from thonring.read.raster import to_grey
from thonring.read.raw_image import RawImage, check_one_image, check_real, check_size
from thonring.records import Note

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

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, LENGTH = 254, 255, 256, 257
"""Tags of a page: what kind of image it has, twice, and its size in pixels."""

REDUCED_OR_MASK = 0b101
"""Bits 0 and 2 of `NewSubfileType`: an image of reduced resolution, a transparency mask."""

REDUCED = 2
"""`SubfileType` of an image of reduced resolution."""

MAX_TAGS = 4096
"""Tags of a page that are looked at: cameras write some dozens."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path, *, stack: bool = False) -> RawImage:
    """Read a TIFF file; pixels are (rows, columns) of the one image, or (images, rows, columns) with `stack`.

    Pages that are marked as previews or masks, or have at most half the columns and rows of the one largest page, are
    left out, with a note.

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
        pages = _pages(tiff)
        chosen = _image_pages(pages)
        page = _checked_page(path, tiff, chosen[0], size)
        images, pixel_A = _image_count(page, tiff, len(pages), len(chosen)), _pixel_A(tiff)
        if not (stack and images > 1):
            check_one_image(path, images)
        single = images == 1
        pixels = (
            page.asarray(maxworkers=1)
            if single
            else tiff.asarray(key=None if len(chosen) == len(pages) else chosen, maxworkers=1)
        )
    if single:
        pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
        pixels = pixels[None] if stack else pixels
    elif pixels.ndim != 3 or len(pixels) != images:
        raise UnsuitableImage(
            f"{path}: found {images} images forming an array of {' x '.join(map(str, pixels.shape))}, expected "
            "grey-scale images of one size. Write them as an MRC stack."
        )
    check_real(path, pixels)
    return RawImage(pixels, pixel_A, _preview_notes(path, pages, chosen))


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


def _checked_page(path: Path, tiff: tifffile.TiffFile, index: int, size: int) -> Any:  # noqa: ANN401 - no common type
    """A page, after checks that its image takes no more memory than allowed."""
    page: Any = tiff.pages[index] if index else tiff.pages.first
    check_size(path, page.imagewidth, page.imagelength, page.samplesperpixel)
    _check_compression(path, page)
    _check_bytes(path, page, size)
    return page


class _Page(NamedTuple):
    """Size of a page, 0 x 0 if unknown, and whether it is marked as a preview or a mask."""

    columns: int
    rows: int
    is_secondary: bool


def _pages(tiff: tifffile.TiffFile) -> list[_Page]:
    """The pages in the file, each once: in a damaged file the chain may be a circle."""
    stream, form = tiff.filehandle, tiff.tiff
    pages: dict[int, _Page] = {}
    offset = tiff.pages.first.offset
    while offset and offset not in pages:
        # A directory is the number of its tags, the tags, and the offset of the next one (0 in the last).
        stream.seek(offset)
        (tags,) = struct.unpack(form.tagnoformat, stream.read(form.tagnosize))
        pages[offset] = _page(tiff, stream.read(min(tags, MAX_TAGS) * form.tagsize))
        stream.seek(offset + form.tagnosize + tags * form.tagsize)
        (offset,) = struct.unpack(form.offsetformat, stream.read(form.offsetsize))
    return list(pages.values())


def _page(tiff: tifffile.TiffFile, directory: bytes) -> _Page:
    """A page by its tags: number, type, count, and a value that is in the tag itself if it is small enough."""
    form = tiff.tiff
    order, value_at = form.byteorder, form.tagsize - form.offsetsize
    values: dict[int, int] = {}
    for at in range(0, len(directory) - form.tagsize + 1, form.tagsize):
        number, kind = struct.unpack_from(f"{order}HH", directory, at)
        layout = {3: "H", 4: "I"}.get(kind)
        if NEW_SUBFILE_TYPE <= number <= LENGTH and layout:
            (values[number],) = struct.unpack_from(order + layout, directory, at + value_at)
    is_secondary = (
        bool(values.get(NEW_SUBFILE_TYPE, 0) & REDUCED_OR_MASK) or values.get(SUBFILE_TYPE) == REDUCED
    )
    return _Page(values.get(WIDTH, 0), values.get(LENGTH, 0), is_secondary)


def _image_pages(pages: Sequence[_Page]) -> list[int]:
    """Indices of the pages that are images of the file; all if none of them is marked otherwise.

    The images of a movie or a stack have one size: one page that is at least twice as wide and high as all others is
    the image, and they are its previews.
    """
    images = [index for index, page in enumerate(pages) if not page.is_secondary] or list(range(len(pages)))
    largest = max(images, key=lambda index: pages[index].columns * pages[index].rows)
    others = [pages[index] for index in images if index != largest]
    if all(
        0 < 2 * other.columns <= pages[largest].columns and 0 < 2 * other.rows <= pages[largest].rows
        for other in others
    ):
        return [largest]
    return images


def _preview_notes(path: Path, pages: Sequence[_Page], chosen: Sequence[int]) -> tuple[Note, ...]:
    others = [f"{page.columns} x {page.rows}" for index, page in enumerate(pages) if index not in set(chosen)]
    if not others:
        return ()
    columns, rows, _ = pages[chosen[0]]
    text = (
        f"{path}: {len(others)} of {len(pages)} pages were left out as previews or masks "
        f"({', '.join(others[:3])}); the image has {columns} x {rows} pixels."
    )
    return (Note("tiff-previews", text),)


def _image_count(page: Any, tiff: tifffile.TiffFile, pages: int, chosen: int) -> int:  # noqa: ANN401
    """Images in the file: the chosen ones of its pages, or planes in its only page, as ImageJ stores large stacks."""
    if chosen > 1:
        return chosen
    return (_plane_count(tiff) if pages == 1 else 1) * int(page.imagedepth)


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
