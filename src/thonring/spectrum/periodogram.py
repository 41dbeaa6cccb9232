"""Micrograph → Spectrum, in one pass over the pixels.

One transform of the whole image: tiles lose the correlation of rings across their borders, and with it precision
of the defocus where rings are strong (benchmarks/accuracy/spectrum.py compares both, also where they are weak).
The part of the transform beyond the highest frequency needed is never computed.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.fft import fft, rfft

from thonring.errors import UnsuitableImage
from thonring.optics import Optics
from thonring.records import Floats, Image, Micrograph, Note, Spectrum
from thonring.spectrum.tiles import SMALLEST_TILE, Tiling, tiling, whole

Transform = npt.NDArray[np.complex64]

HOT_PIXEL = 8.0
"""Robust standard deviations from the plane beyond which a pixel cannot show the specimen."""

MAX_BAD_PIXELS = 0.01
"""Fraction of NaN or infinite pixels above which an image is rejected."""

BINS_PER_PERIOD = 4.0
"""Frequency bins per ring of the highest defocus at the end of the band. Hand-tuned; data not recorded."""

SAMPLED = 256
"""Pixels each way of the grid on which a tile's grey level is measured. Hand-tuned; data not recorded."""

SINGLE_PIXELS = 1e-3
"""Fraction of outlying pixels above which they are areas rather than single hot pixels. Hand-tuned."""

PLANE_DEVIATIONS = 3.0
"""Standard deviations about the median beyond which grey values do not affect the plane. Hand-tuned."""

ROWS_IN_CACHE = 16
"""Rows processed at a time: 16 rows of 6000 pixels are 384 kB, within a core's second-level cache."""

NORMAL_QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""


def ring_width_per_A(highest_defocus_A: float, optics: Optics, highest_per_A: float) -> float:
    """Width of the frequency bins in which the rings of the highest defocus have four bins a period 1/(2λΔf k)."""
    return 1.0 / (2.0 * BINS_PER_PERIOD * optics.wavelength_A * highest_defocus_A * highest_per_A)


def repaired(micrograph: Micrograph) -> Micrograph:
    """The micrograph with NaN and infinite pixels replaced by the median, and a note that says so.

    Raises
    ------
    UnsuitableImage
        If more than 1 % of the pixels are bad.
    """
    pixels = micrograph.pixels
    if not np.issubdtype(pixels.dtype, np.inexact) or _is_finite(pixels):
        return micrograph
    bad = ~np.isfinite(pixels)
    count = int(bad.sum())
    if count == 0:
        return micrograph
    if count > MAX_BAD_PIXELS * pixels.size:
        raise UnsuitableImage(
            f"{micrograph.path}: {count} of {pixels.size} pixels are NaN or infinite; expected at most 1 %. "
            "Export the image again, or replace the bad area by the image mean."
        )
    good: Image = np.where(bad, np.median(pixels[~bad]), pixels).astype(np.float32)
    note = Note(
        "bad-pixels", f"{micrograph.path.name}: {count} NaN or infinite pixels replaced by the median"
    )
    return replace(micrograph, pixels=good, notes=(*micrograph.notes, note))


def _is_finite(pixels: npt.NDArray[np.generic]) -> bool:
    """Whether the sum of the pixels is finite, which is faster to test than each pixel.

    False for finite pixels whose sum overflows.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.add.reduce(pixels, axis=None, dtype=np.float32)))


def periodogram(micrograph: Micrograph, finest_A: float = 0.0, window_A: float = math.inf) -> Spectrum:
    """Power spectrum of a micrograph, scaled so that the image's robust variance is one.

    Parameters
    ----------
    micrograph
        Finite pixels (see `repaired`), any real type.
    finest_A
        Frequencies beyond the Nyquist frequency of this pixel size are left out, and cost nothing.
    window_A
        Tiles are at least this long where the image allows; infinite takes the whole image as one tile.

    Raises
    ------
    UnsuitableImage
        If the image is smaller than 128 pixels or constant.

    Notes
    -----
    Welch (1967), doi:10.1109/TAU.1967.1161901. From each tile its plane is subtracted, hot pixels are clipped at 8
    robust standard deviations, whole areas beyond (borders, gold) set to the plane, and it is scaled by its robust
    standard deviation, so that an edge in one tile does not drown the others. Constant tiles are left out.
    """
    pixels = np.asarray(micrograph.pixels)
    shape = (pixels.shape[0], pixels.shape[1])
    if min(shape) < SMALLEST_TILE:
        raise UnsuitableImage(
            f"{micrograph.path}: image of {shape[1]} x {shape[0]} pixels is smaller than the window; "
            f"expected at least {SMALLEST_TILE} pixels each way."
        )
    # One tile, or the squarest tiles of the requested length.
    tile_length = min(window_A / micrograph.pixel_A, max(shape))
    tiles = whole(shape) if tile_length > min(shape) else tiling(shape, round(tile_length))
    # Columns and rows of the transform up to the highest frequency needed.
    columns = min(
        tiles.width // 2, math.ceil(0.5 * tiles.width * min(1.0, micrograph.pixel_A / max(finest_A, 1e-9)))
    )
    half_rows = min(tiles.height // 2, math.ceil(columns * tiles.height / tiles.width))
    total, used = _summed_power(pixels, tiles, (half_rows, columns))
    if used == 0:
        raise UnsuitableImage(
            f"{micrograph.path}: the image is constant; expected a micrograph. Check how it was made or exported."
        )
    # Mean power of a tile over that of its window: white noise of variance 1 has the power 1. Each pixel of the mean
    # stands for as many independent values as the image's pixels behind all tiles outnumber those of one.
    share = used / (len(tiles.rows) * len(tiles.columns))
    return Spectrum(
        power=total / np.float32(used * tiles.window_power),
        step_y_per_A=1.0 / (tiles.height * micrograph.pixel_A),
        step_x_per_A=1.0 / (tiles.width * micrograph.pixel_A),
        sampling_A=micrograph.pixel_A * tiles.width / (2 * columns),
        values_per_pixel=share * tiles.independent_values(shape) / (tiles.height * tiles.width),
    )


def _summed_power(pixels: npt.NDArray[np.generic], tiles: Tiling, kept: tuple[int, int]) -> tuple[Image, int]:
    """Power of all tiles added up, rows -kept..kept-1 and columns 0..kept of their transforms, and their number."""
    half_rows, columns = kept
    total: Image = np.zeros((2 * half_rows, columns + 1), np.float32)
    used = 0
    for row in tiles.rows:
        for column in tiles.columns:
            area = pixels[row : row + tiles.height, column : column + tiles.width]
            level = _level(area)
            if level is None:
                continue
            transform = fft(_transformed_rows(area, tiles, level, columns + 1), axis=0, overwrite_x=True)
            total[half_rows:] += _power(transform[:half_rows], level.spread)
            total[:half_rows] += _power(transform[-half_rows:], level.spread)
            used += 1
    return total, used


def _power(transform: Transform, spread: float) -> Image:
    power: Image = transform.real**2
    power += transform.imag**2
    power *= np.float32(1 / spread**2)
    return power


@dataclass(frozen=True, slots=True)
class _Level:
    """Grey level of a tile: the plane as `down` + `across`, and the robust `spread` around it.

    `patchy` if more than single pixels are outliers: borders, grid bars, gold.
    """

    spread: float
    down: Image
    across: Image
    patchy: bool


def _level(pixels: npt.NDArray[np.generic]) -> _Level | None:
    """The grey level of a tile, measured on a grid of some 256 × 256 pixels; None if they are all the same.

    Spread and plane come from the middle half of the grey values, so that a border, a grid bar or dead rows
    of up to a quarter of the area do not count.
    """
    strides = [max(1, length // SAMPLED) for length in pixels.shape]
    sample = np.asarray(pixels[:: strides[0], :: strides[1]], dtype=np.float64)
    centre, spread = _middle(sample)
    if spread == 0:
        return None
    reach = PLANE_DEVIATIONS * spread
    down, across = _plane(np.clip(sample, centre - reach, centre + reach), pixels.shape)
    # The spread about the plane, which is smaller than that about the median where the illumination has a gradient.
    levelled = sample - down[:: strides[0], None] - across[:: strides[1]]
    _, spread = _middle(levelled)
    if spread == 0:
        return None
    patchy = bool(np.mean(np.abs(levelled) > HOT_PIXEL * spread) > SINGLE_PIXELS)
    return _Level(spread, down, across, patchy)


def _middle(sample: Floats) -> tuple[float, float]:
    """Median, and the standard deviation of a normal distribution with the same quartiles.

    Where half of the values are alike, as in sparse electron counts, the plain standard deviation.
    """
    count = sample.size
    ranks = (count // 4, count // 2, count - 1 - count // 4)
    ordered = np.partition(sample, ranks, axis=None)
    quartiles = float(ordered[ranks[2]] - ordered[ranks[0]])
    return float(ordered[ranks[1]]), quartiles / NORMAL_QUARTILES or float(sample.std())


def _plane(sample: Floats, shape: tuple[int, ...]) -> tuple[Image, Image]:
    """Least-squares plane of a regularly sampled tile, as contributions of rows and columns."""
    # On a regular grid the fit of a plane is a line through the row means plus a line through the column means, whose
    # constants both hold the overall mean: it is taken off once.
    y, x = (np.arange(0, length, max(1, length // SAMPLED)) for length in shape)
    slope_y = np.polynomial.polynomial.polyfit(y, sample.mean(axis=1), 1)
    slope_x = np.polynomial.polynomial.polyfit(x, sample.mean(axis=0), 1)
    down = slope_y[0] + slope_y[1] * np.arange(shape[0])
    across = slope_x[0] - sample.mean() + slope_x[1] * np.arange(shape[1])
    return down.astype(np.float32), across.astype(np.float32)


def _transformed_rows(
    pixels: npt.NDArray[np.generic], tiles: Tiling, level: _Level, columns: int
) -> Transform:
    """Transform along the rows, its first `columns` only, of the levelled, cleaned and tapered tile.

    Rows are processed in blocks that stay in the processor's cache.
    """
    transform: Transform = np.empty((tiles.height, columns), np.complex64)
    edges = [slice(*run) for run in _runs(tiles.window_x != 1)]
    cache: Image = np.empty((ROWS_IN_CACHE, tiles.width), np.float32)
    reach = HOT_PIXEL * level.spread
    for start in range(0, tiles.height, ROWS_IN_CACHE):
        rows = slice(start, min(start + ROWS_IN_CACHE, tiles.height))
        # Level: subtract the plane.
        block = cache[: rows.stop - start]
        np.subtract(pixels[rows], level.down[rows, None], out=block, dtype=np.float32, casting="unsafe")
        block -= level.across
        # Clean: areas beyond reach become the plane, single pixels are clipped to it.
        if level.patchy:
            block[np.abs(block) > reach] = 0.0
        np.clip(block, -reach, reach, out=block)
        # Taper: only the edges, as the window is 1 elsewhere.
        for edge in edges:
            block[:, edge] *= tiles.window_x[edge]
        if np.any(tiles.window_y[rows] != 1):
            block *= tiles.window_y[rows, None]
        transform[rows] = rfft(block, axis=1)[:, :columns]
    return transform


def _runs(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Starts and ends of the runs of True."""
    changes = np.flatnonzero(np.diff(marked, prepend=False, append=False))
    return [(int(first), int(end)) for first, end in changes.reshape(-1, 2)]
