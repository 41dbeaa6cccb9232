"""The spectrum of a micrograph as a small picture, to be put inside a page."""

import base64
from pathlib import Path

import imagecodecs
import numpy as np

from thonring.errors import InputError
from thonring.plot.quadrant import grey_range
from thonring.read.mrc import read_mrc
from thonring.records import Image

SIDE_PX = 256
QUALITY = 68


def thumbnail(spectrum: Path) -> str:
    """Give a spectrum of spectra/NAME.ctf as a data URI of a JPEG; "" where there is none that can be read."""
    try:
        picture = np.asarray(read_mrc(spectrum).pixels, dtype=np.float32)
    except (InputError, OSError):
        return ""
    small = _smaller(picture)
    low, high = grey_range(small)
    grey = np.clip((np.nan_to_num(small, nan=low) - low) / (high - low), 0.0, 1.0)
    content = imagecodecs.jpeg_encode((255 * grey).round().astype(np.uint8), level=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def _smaller(picture: Image) -> Image:
    """Average blocks, as many whole ones as there are, so that about SIDE_PX are left."""
    block = max(1, min(picture.shape) // SIDE_PX)
    rows, columns = (length // block for length in picture.shape)
    cut = picture[: rows * block, : columns * block]
    return np.asarray(cut.reshape(rows, block, columns, block).mean(axis=(1, 3)), dtype=np.float32)
