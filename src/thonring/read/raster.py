"""Grey-scale PNG and JPEG pictures. Their sizes are checked before they are decoded.

Formats: PNG, ISO/IEC 15948 (IHDR is the first chunk: width, height, bit depth, colour type); JPEG, ITU-T T.81 (SOF0 to
SOF3 mark the frame header: length, precision, height, width, components).
"""

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
"""Colour type → channels: grey, RGB, palette (decoded to RGBA at most), grey with alpha, RGBA."""

JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
JPEG_FRAMES = range(0xC0, 0xC4)
JPEG_FRAME = struct.Struct(">BHHB")
MAX_SCANS = 100
"""Maximum scans of a JPEG picture: encoders write a dozen at most, and each costs a pass over the whole picture."""

Size = tuple[int, int, int]


def read_png(path: Path) -> RawImage:
    """Read a PNG picture of 8 or 16 bits; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is not a PNG file or is truncated.
    UnsuitableImage
        If it holds colours, or more values than `raw_image.MAX_VALUES`.
    """
    content = path.read_bytes()
    return _decode(path, content, imagecodecs.png_decode, _png_size(content), "PNG")


def read_jpeg(path: Path) -> RawImage:
    """Read a JPEG picture; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is not a JPEG file or is truncated (the decoder would fill the rest with grey).
    UnsuitableImage
        If it holds colours, or more values than `raw_image.MAX_VALUES`.
    """
    content = path.read_bytes()
    if content.startswith(JPEG_START) and JPEG_END not in content[-1024:]:
        raise UnreadableFile(
            f"{path}: truncated: its {len(content)} bytes do not end with the JPEG end marker. Copy the file again."
        )
    scans = content.count(JPEG_SCAN)
    if scans > MAX_SCANS:
        raise UnreadableFile(
            f"{path}: JPEG picture with {scans} scans, expected at most {MAX_SCANS}. Save it again, or use "
            "the image as MRC or TIFF."
        )
    return _decode(path, content, imagecodecs.jpeg_decode, _jpeg_size(content), "JPEG")


def _png_size(content: bytes) -> Size | None:
    """Columns, rows, channels; None if this is not a PNG picture."""
    if len(content) < PNG_HEADER.size:
        return None
    magic, chunk, columns, rows, _, colours = PNG_HEADER.unpack_from(content)
    if magic != PNG_MAGIC or chunk != PNG_FIRST_CHUNK or colours not in PNG_CHANNELS:
        return None
    return columns, rows, PNG_CHANNELS[colours]


def _jpeg_size(content: bytes) -> Size | None:
    """Columns, rows, channels from the frame header; None without one."""
    at = len(JPEG_START) if content.startswith(JPEG_START) else len(content)
    # Segments start with 0xFF, a marker and, except for padding (0xFF again), a length that includes itself.
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != JPEG_SCAN[1]:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker in JPEG_FRAMES and at + 4 + JPEG_FRAME.size <= len(content):
            _, rows, columns, channels = JPEG_FRAME.unpack_from(content, at + 4)
            return columns, rows, channels
        at += 1 if marker == 0xFF else 2 + length
    return None


def _decode(
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
        f"{path}: found {len(content)} bytes that are not a readable {name} picture ({why}), expected a complete "
        f"{name} file. Copy the file again, or give it the suffix of its actual format."
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
            f"{path}: has transparent parts, expected a grey-scale image. Save it without an alpha channel."
        )
    if not np.array_equal(colours, np.broadcast_to(colours[..., :1], colours.shape)):
        raise UnsuitableImage(
            f"{path}: is a colour picture, expected grey values (all channels equal). Use the micrograph as "
            "written by the camera or motion correction."
        )
    return np.ascontiguousarray(colours[..., 0])
