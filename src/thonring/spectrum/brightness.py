"""Micrograph → local brightness: where in the image there is more or less beam."""

import numpy as np

from thonring.records import Image, Micrograph

BLOCKS = 32
"""Blocks along each side."""

MOST_ROWS = 12
"""Rows of a block that are looked at; they give its mean well enough, and reading all costs as much as a fit."""


def local_brightness(micrograph: Micrograph) -> Image:
    """Mean of each of (32, 32) equal blocks over the mean of all; finite pixels (see `repaired`).

    All ones where the image's mean is not positive: brightness has no meaning there.
    """
    pixels = micrograph.pixels
    height, width = pixels.shape[0] // BLOCKS, pixels.shape[1] // BLOCKS
    whole = pixels[: height * BLOCKS, : width * BLOCKS].reshape(BLOCKS, height, BLOCKS, width)
    means = whole[:, :: -(-height // MOST_ROWS)].mean(axis=(1, 3), dtype=np.float64)
    overall = float(means.mean())
    if not overall > 0:
        return np.ones((BLOCKS, BLOCKS), dtype=np.float32)
    return np.asarray(means / overall, dtype=np.float32)
