"""PNG and JPEG pictures, as far as they are grey. Their sizes are looked at before they are unpacked."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.read.raw_image import RawImage, check_real, check_size

PNG_HEADER = struct.Struct(">8s4x4sIIBB")
PNG_MAGIC, PNG_FIRST_CHUNK = b"\x89PNG\r\n\x1a\n", b"IHDR"
PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
JPEG_FRAMES = range(0xC0, 0xC4)
JPEG_FRAME = struct.Struct(">BHHB")
MOST_SCANS = 100
"""Scans of a JPEG picture: writers make a dozen at most, each of which costs a pass over the whole picture."""

Size = tuple[int, int, int]


def read_png(path: Path) -> RawImage:
    """Read a PNG picture of 8 or 16 bits; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is no PNG file or is cut short.
    UnsuitableImage
        If it holds colours, or more values than `raw.MOST_VALUES`.
    """
    content = path.read_bytes()
    return _decoded(path, content, imagecodecs.png_decode, _png_size(content), "PNG")


def read_jpeg(path: Path) -> RawImage:
    """Read a JPEG picture; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is no JPEG file or is cut short (the decoder would fill the rest with grey).
    UnsuitableImage
        If it holds colours, or more values than `raw.MOST_VALUES`.
    """
    content = path.read_bytes()
    if content.startswith(JPEG_START) and JPEG_END not in content[-1024:]:
        raise UnreadableFile(
            f"{path}: truncated: its {len(content)} bytes lack the JPEG end marker, expected at the end. "
            "Copy the file again."
        )
    scans = content.count(JPEG_SCAN)
    if scans > MOST_SCANS:
        raise UnreadableFile(
            f"{path}: found a JPEG picture of {scans} scans, expected at most {MOST_SCANS}. Save it again, or "
            "give the image as MRC or TIFF."
        )
    return _decoded(path, content, imagecodecs.jpeg_decode, _jpeg_size(content), "JPEG")


def _png_size(content: bytes) -> Size | None:
    """Columns, rows, channels; None if this is no PNG picture."""
    if len(content) < PNG_HEADER.size:
        return None
    magic, chunk, columns, rows, _, colours = PNG_HEADER.unpack_from(content)
    if magic != PNG_MAGIC or chunk != PNG_FIRST_CHUNK or colours not in PNG_CHANNELS:
        return None
    return columns, rows, PNG_CHANNELS[colours]


def _jpeg_size(content: bytes) -> Size | None:
    """Columns, rows, channels of the frame, to which the segments before it lead; None without one."""
    at = len(JPEG_START) if content.startswith(JPEG_START) else len(content)
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != JPEG_SCAN[1]:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker in JPEG_FRAMES and at + 4 + JPEG_FRAME.size <= len(content):
            _, rows, columns, channels = JPEG_FRAME.unpack_from(content, at + 4)
            return columns, rows, channels
        at += 1 if marker == 0xFF else 2 + length
    return None


def _decoded(
    path: Path,
    content: bytes,
    decode: Callable[[bytes], npt.NDArray[Any]],
    size: Size | None,
    name: str,
) -> RawImage:
    if size is None:
        raise _unreadable(path, content, name, "no header of this format")
    check_size(path, *size)
    try:
        pixels = decode(content)
    except (ValueError, RuntimeError) as problem:
        raise _unreadable(path, content, name, str(problem)) from problem
    pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
    check_real(path, pixels)
    return RawImage(pixels)


def _unreadable(path: Path, content: bytes, name: str, why: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: found {len(content)} bytes that are no readable {name} picture ({why}), expected a whole "
        f"{name} file. Copy the file again, or give it the suffix of its true format."
    )


def to_grey(path: Path, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Grey values (rows, columns) of (rows, columns, channels): 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    Raises
    ------
    UnsuitableImage
        If the colours differ from one another, or the alpha channel is not constant.
    """
    channels = pixels.shape[2]
    colours = pixels[..., : channels - 1] if channels in (2, 4) else pixels
    if channels in (2, 4) and np.ptp(pixels[..., -1]) != 0:
        raise UnsuitableImage(
            f"{path}: found transparent parts, expected a grey image without. Save it without an alpha "
            "channel."
        )
    if not np.array_equal(colours, np.broadcast_to(colours[..., :1], colours.shape)):
        raise UnsuitableImage(
            f"{path}: found a colour picture, expected grey values (all channels equal). Give the micrograph "
            "as the camera or the motion correction wrote it."
        )
    return np.ascontiguousarray(colours[..., 0])
