"""Images as grey PNG files, for a page that draws over them itself."""

import numpy as np

from thonring.plot.quadrant import grey_range
from thonring.records import Floats, Image, Micrograph

THUMBNAIL_PIXELS = 512
_DARK_PERCENT, _BRIGHT_PERCENT = 1.0, 99.0


def spectrum_png(plane: Image) -> bytes:
    """A centred full plane (n, n), black and white chosen for the rings; row 0 is at the top."""
    return _png(plane, *grey_range(plane))


def model_png(sin2: Floats) -> bytes:
    """sin²χ of any shape: 0 is black, 1 is white."""
    return _png(sin2, 0.0, 1.0)


def thumbnail_png(micrograph: Micrograph) -> bytes:
    """A micrograph of any size as means over blocks, at most 512 pixels each way; row 0 is at the top."""
    blocks = _block_means(micrograph)
    known = blocks[np.isfinite(blocks)]
    low, high = np.percentile(known, (_DARK_PERCENT, _BRIGHT_PERCENT)) if known.size else (0.0, 0.0)
    return _png(blocks, float(low), float(high))


def _block_means(micrograph: Micrograph) -> Floats:
    """Row after row of blocks: the whole image is never held as floats."""
    rows, columns = micrograph.pixels.shape[:2]
    block = -(-max(rows, columns) // THUMBNAIL_PIXELS)
    down, across = rows // block, columns // block
    means = np.empty((down, across))
    for row in range(down):
        strip = micrograph.pixels[row * block : (row + 1) * block, : across * block]
        means[row] = strip.reshape(block, across, block).mean(axis=(0, 2), dtype=np.float64)
    return means


def _png(values: Image | Floats, low: float, high: float) -> bytes:
    import imagecodecs

    span = high - low if high > low else 1.0
    shares = np.nan_to_num(np.clip((values - low) / span, 0.0, 1.0), nan=0.5)
    return bytes(imagecodecs.png_encode(np.rint(255.0 * shares).astype(np.uint8), level=2))
