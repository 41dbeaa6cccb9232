"""Tiles of an image: positions, tapers, number of independent values; and the local brightness of an image."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import next_fast_len, prev_fast_len

from thonring.records import Floats, Image, Micrograph

OVERLAP = 1 / 14
"""Fraction of a tile shared with its neighbour: just their tapers. Hand-tuned; data not recorded."""

SHORTEST_EDGE = 1 / 28
"""Minimum fraction of a tile covered by each taper, if there is no neighbour to overlap with: half of `OVERLAP`."""

SMALLEST_TILE = 128
"""Side in pixels of the smallest image or tile: below it there are fewer frequencies than a fit needs."""

BLOCKS = 32
"""Blocks along each side of an image whose brightness is measured."""

MAX_ROWS = 12
"""Rows of a block that are read; enough for its mean, since reading all costs as much as a fit."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles of `height` × `width` pixels starting at `rows` × `columns`, together covering the image."""

    height: int
    width: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def window_y(self) -> Image:
        """Taper along the rows' axis, (height,)."""
        return taper(self.height, self.rows)

    @property
    def window_x(self) -> Image:
        """Taper along the columns' axis, (width,)."""
        return taper(self.width, self.columns)

    @property
    def window_power(self) -> float:
        """Sum of the squared window of one tile."""
        return float(np.sum(self.window_y**2, dtype=np.float64) * np.sum(self.window_x**2, dtype=np.float64))

    def independent_values(self, shape: tuple[int, int]) -> float:
        """Independent pixels of the image behind all tiles."""
        down = independent_values(shape[0], self.rows, self.height)
        return down * independent_values(shape[1], self.columns, self.width)


@lru_cache(maxsize=32)
def tiling(shape: tuple[int, int], smallest: int) -> Tiling:
    """The squarest tiles of at least `smallest` pixels whose tapers just overlap."""
    shortest = min(shape)
    count = 1
    while _tile_length(shortest, count + 1) >= smallest:
        count += 1
    size = _fast_even(math.ceil(_tile_length(shortest, count)), shortest)
    return Tiling(size, size, _positions(shape[0], size), _positions(shape[1], size))


@lru_cache(maxsize=32)
def whole(shape: tuple[int, int]) -> Tiling:
    """The whole image as one tile, except for a few rows and columns that would make its transform slow."""
    height, width = (_fast_even_below(length) for length in shape)
    return Tiling(height, width, ((shape[0] - height) // 2,), ((shape[1] - width) // 2,))


def _tile_length(length: int, count: int) -> float:
    """Length of each of `count` tiles that cover `length` and overlap by `OVERLAP` of themselves."""
    return length / (count - (count - 1) * OVERLAP)


def _fast_even(size: int, at_most: int) -> int:
    """The nearest even length above `size`, or else below, whose transform is fast and which fits."""
    above = 2 * next_fast_len((size + 1) // 2, real=True)
    return above if above <= at_most else _fast_even_below(at_most)


def _fast_even_below(length: int) -> int:
    return 2 * prev_fast_len(length // 2, real=True)


def _positions(length: int, size: int) -> tuple[int, ...]:
    """First pixels of tiles that cover `length`, evenly spaced; the overlap may be a hundredth of a step less."""
    count = max(1, math.ceil((length - size) / (size * (1 - OVERLAP)) - 0.01) + 1)
    return tuple(round(start) for start in np.linspace(0, length - size, count))


@lru_cache(maxsize=8)
def taper(size: int, starts: tuple[int, ...]) -> Image:
    """Window of `size` samples, flat with quarter-sine edges as long as neighbouring tiles overlap.

    Overlapping edges add to one in power, so that every pixel of the image counts once.
    """
    # sin² + cos² = 1: where edges of equal length overlap, the squares of the windows add to one.
    overlap = size - min(np.diff(starts)) if len(starts) > 1 else 0
    edge = min(max(int(overlap), round(size * SHORTEST_EDGE)), size // 2)
    rise = np.sin(0.5 * np.pi * (np.arange(edge) + 0.5) / edge)
    window = np.ones(size)
    window[:edge], window[-edge:] = rise, rise[::-1]
    shared: Image = window.astype(np.float32)
    shared.flags.writeable = False
    return shared


def independent_values(length: int, starts: tuple[int, ...], size: int) -> float:
    """Independent samples behind tapered, overlapping tiles along one axis: (ΣK)²/ΣK², K the sum of windows².

    Kish's effective number of values of unequal weight (1965, Survey Sampling).
    """
    coverage: Floats = np.zeros(length)
    power = taper(size, starts).astype(np.float64) ** 2
    for start in starts:
        coverage[start : start + size] += power
    return float(coverage.sum() ** 2 / (coverage**2).sum())


def local_brightness(micrograph: Micrograph) -> Image:
    """Mean of each of (32, 32) equal blocks over the mean of all; finite pixels (see `repaired`).

    All ones if the image's mean is not positive, since brightness then has no meaning.
    """
    pixels = micrograph.pixels
    height, width = pixels.shape[0] // BLOCKS, pixels.shape[1] // BLOCKS
    whole = pixels[: height * BLOCKS, : width * BLOCKS].reshape(BLOCKS, height, BLOCKS, width)
    means = whole[:, :: -(-height // MAX_ROWS)].mean(axis=(1, 3), dtype=np.float64)
    overall = float(means.mean())
    if not overall > 0:
        return np.ones((BLOCKS, BLOCKS), dtype=np.float32)
    return np.asarray(means / overall, dtype=np.float32)
