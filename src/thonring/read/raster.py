"""PNG and JPEG pictures, as far as they are grey."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.read.raw import RawImage, check_real

JPEG_END = b"\xff\xd9"


def read_png(path: Path) -> RawImage:
    """Read a PNG picture of 8 or 16 bits; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is no PNG file or is cut short.
    UnsuitableImage
        If it holds colours.
    """
    return _decode(path, path.read_bytes(), imagecodecs.png_decode, "PNG")


def read_jpeg(path: Path) -> RawImage:
    """Read a JPEG picture; it states no pixel size.

    Raises
    ------
    UnreadableFile
        If the file is no JPEG file or is cut short (the decoder would fill the rest with grey).
    UnsuitableImage
        If it holds colours.
    """
    content = path.read_bytes()
    if content.startswith(b"\xff\xd8") and JPEG_END not in content[-1024:]:
        raise UnreadableFile(
            f"{path}: truncated: its {len(content)} bytes lack the JPEG end marker, expected at the end. "
            "Copy the file again."
        )
    return _decode(path, content, imagecodecs.jpeg_decode, "JPEG")


def _decode(path: Path, content: bytes, decode: Callable[[bytes], npt.NDArray[Any]], name: str) -> RawImage:
    try:
        pixels = decode(content)
    except (ValueError, RuntimeError, MemoryError) as problem:
        raise UnreadableFile(
            f"{path}: found {len(content)} bytes that are no readable {name} picture ({problem}), expected a "
            f"whole {name} file. Copy the file again, or give it the suffix of its true format."
        ) from problem
    pixels = to_grey(path, pixels) if pixels.ndim == 3 else pixels
    check_real(path, pixels)
    return RawImage(pixels)


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
