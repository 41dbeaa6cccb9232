"""Spectrum → Spectrum of another sampling and size: area-weighted averages, centred on their nominal frequencies.

A new pixel averages the old ones it covers, weighted by the part it covers: blocks of whole
pixels would be centred half a pixel off (eight values 8j-4...8j+3 at 8j-½), which biases the defocus.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from thonring.records import Image, Micrograph, Spectrum


def resample(spectrum: Spectrum, sampling_A: float, size: int = 512) -> Spectrum:
    """The spectrum that an image of `size` pixels of `sampling_A` would have; (size, size // 2 + 1).

    `sampling_A` must not be finer than that of `spectrum`, to 0.1 %: there is no power beyond its Nyquist frequency.

    Raises
    ------
    ValueError
        If it is finer.
    """
    if sampling_A < 0.999 * spectrum.sampling_A:
        raise ValueError(
            f"a spectrum of {spectrum.sampling_A:g} Å/px cannot be sampled at {sampling_A:g} Å/px"
        )
    rows, columns = spectrum.power.shape
    step = 1.0 / (size * sampling_A)
    # One matrix along each axis: the average over a rectangle is that over rows of that over columns.
    down = _averaging(rows, rows // 2, step / spectrum.step_y_per_A, size, size // 2)
    across = _averaging(2 * columns - 1, columns - 1, step / spectrum.step_x_per_A, size // 2 + 1, 0)
    # Pixels about kx = 0 average both halves of the plane: as many mirrored columns as such a pixel is wide.
    margin = min(columns - 1, int(np.ceil(step / spectrum.step_x_per_A)) + 1)
    mirrored = _mirrored(spectrum.power, margin)
    power = down @ mirrored @ across[:, columns - 1 - margin :].T
    # A new pixel holds as many old ones as its area; one smaller than an old pixel repeats its values.
    area = (step / spectrum.step_y_per_A) * (step / spectrum.step_x_per_A)
    return Spectrum(
        power=np.ascontiguousarray(power, dtype=np.float32),
        step_y_per_A=step,
        step_x_per_A=step,
        sampling_A=sampling_A,
        values_per_pixel=spectrum.values_per_pixel * max(area, 1.0),
    )


def _mirrored(power: Image, margin: int) -> Image:
    """The half plane with `margin` columns of the other half before it: P(-kx, ky) = P(kx, -ky)."""
    flipped = (
        np.roll(power[::-1, margin:0:-1], 1, axis=0) if power.shape[0] % 2 == 0 else power[::-1, margin:0:-1]
    )
    return np.concatenate([flipped, power], axis=1)


@lru_cache(maxsize=16)
def _averaging(old: int, old_origin: int, block: float, new: int, new_origin: int) -> csr_array:
    """Matrix (new, old) whose row j averages the old pixels between block·(j-½) and block·(j+½) from the origin."""
    # Borders of the new pixels in old pixels, old pixel i covering i to i + 1, cut at the ends of the old axis.
    edges = (np.arange(new + 1) - new_origin - 0.5) * block + old_origin + 0.5
    edges = np.clip(edges, 0.0, old)
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for j in range(new):
        low, high = edges[j], edges[j + 1]
        first, last = int(np.floor(low)), min(int(np.ceil(high)), old)
        # A new pixel beyond the end takes the last old one.
        if high - low <= 1e-9:
            first, last = min(first, old - 1), min(first, old - 1) + 1
            low, high = first, last
        covered = np.minimum(np.arange(first, last) + 1, high) - np.maximum(np.arange(first, last), low)
        rows += [j] * (last - first)
        columns += range(first, last)
        weights += list(covered / covered.sum())
    return csr_array((np.array(weights, np.float32), (rows, columns)), shape=(new, old))


def finer(micrograph: Micrograph, factor: float) -> Micrograph:
    """The micrograph resampled to `factor` (< 1) times its pixel size by cubic splines.

    Padding its Fourier transform instead would put exact zeros where noise should be.

    Raises
    ------
    ValueError
        If `factor` is not between 0 and 1.
    """
    if not 0 < factor < 1:
        raise ValueError(f"factor {factor:g}: expected a value between 0 and 1")
    from scipy.ndimage import zoom

    pixels: Image = zoom(
        np.asarray(micrograph.pixels, dtype=np.float32), 1.0 / factor, order=3, mode="mirror", grid_mode=True
    )
    return replace(micrograph, pixels=pixels, pixel_A=micrograph.pixel_A * factor)
