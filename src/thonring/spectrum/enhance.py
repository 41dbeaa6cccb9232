"""The enhanced spectrum, used for display, for Xmipp's criteria and for networks.

Source: the filter of Xmipp's `ctf_enhance_psd` (de la Rosa-Trevín et al. 2013,
doi:10.1016/j.jsb.2013.09.015), reimplemented from its documentation.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from thonring.records import Image, Spectrum


@dataclass(frozen=True, slots=True)
class Enhancement:
    """How to enhance, in digital frequencies (0 to 0.5).

    `band_low`, `band_high`: the ring spacings kept, as frequencies of the spectrum's own Fourier transform,
    with raised-cosine flanks `flank` wide outside the band. `mask_low`, `mask_high`: the frequencies of the
    micrograph kept; the outer tenth of the mask gives the level and the scale, and is then blanked too.
    """

    band_low: float
    band_high: float
    flank: float
    mask_low: float
    mask_high: float


DISPLAY = Enhancement(band_low=0.02, band_high=0.2, flank=0.02, mask_low=0.01, mask_high=0.5)
"""Xmipp's `_enhanced_psd.xmp`, the displayed picture."""

CRITERIA = Enhancement(band_low=0.02, band_high=0.2, flank=0.02, mask_low=0.01, mask_high=0.45)
"""Xmipp's preset of `ctf_sort_psds`, which computes the criteria."""


def full_plane(spectrum: Spectrum) -> Image:
    """Complete the plane (n, n) by Friedel symmetry: row i is ky = i - n // 2, column j is kx = j - n // 2.

    Raises
    ------
    ValueError
        If the spectrum is not the half plane (n, n // 2 + 1) of a square.
    """
    rows, columns = spectrum.power.shape
    middle = rows // 2
    if columns != middle + 1:
        raise ValueError(
            f"spectrum of {rows} x {columns} pixels: expected half of a square, {rows} x {middle + 1}. "
            "Resample it first."
        )
    # P(-k) = P(k): pixel (ky, -kx) is pixel (-ky, kx); row 0, the Nyquist frequency of an even size, is its own mirror.
    plane = np.empty((rows, rows), dtype=np.float32)
    plane[:, middle:] = spectrum.power[:, : rows - middle]
    opposite_row = (2 * middle - np.arange(rows)) % rows
    plane[:, :middle] = spectrum.power[opposite_row, middle:0:-1]
    return plane


def enhance(spectrum: Spectrum, preset: Enhancement = DISPLAY) -> Image:
    """Show the rings: contrast about 0 in units of the outer rim's standard deviation, (n, n), centred.

    log10(1 + P), 3 x 3 median, clip to the 1st to 99th percentile, band-pass, mask, z-score. Xmipp scales the
    micrograph's pieces to unit variance, which makes the mean of P one; P is therefore divided by its mean
    over all frequencies of the mask and above, so that the intensity scale of the micrograph changes nothing.
    A spectrum without contrast gives zeros.

    Raises
    ------
    ValueError
        If the spectrum is not the half plane of a square.
    """
    # P over its mean, as if the micrograph's pieces had unit variance.
    plane = full_plane(spectrum)
    frequency = _digital_frequency(len(plane))
    level = float(plane[frequency >= preset.mask_low].mean(dtype=np.float64))
    if level <= 0:
        return np.zeros_like(plane)
    # Logarithm, median, clip: reduce the weight of the centre and of single spots.
    smooth = _median_3x3(np.log10(1.0 + plane / np.float32(level)))
    clipped = np.clip(smooth, *np.percentile(smooth, (1.0, 99.0)))
    # Band-pass: spacings of rings pass, the fall of the spectrum and its noise do not. Then mask and z-score.
    return _standardise(_band_pass(clipped, preset), frequency, preset)


@lru_cache(maxsize=4)
def _digital_frequency(size: int) -> Image:
    """Frequency of each pixel of a centred plane in cycles per pixel, (size, size)."""
    axis = ((np.arange(size) - size // 2) / size).astype(np.float32)
    frequency: Image = np.hypot(axis[:, None], axis[None, :])
    frequency.flags.writeable = False
    return frequency


def _median_3x3(plane: Image) -> Image:
    """Median of each pixel's nine neighbours on the periodic plane.

    Sorting the columns of three first leaves three candidates (Paeth 1990, Graphics Gems, p. 171).
    """
    # Each column of three, sorted: lowest, middle, highest.
    padded = np.pad(plane, 1, mode="wrap")
    above, centre, below = padded[:-2], padded[1:-1], padded[2:]
    low, high = np.minimum(above, centre), np.maximum(above, centre)
    lowest, highest = np.minimum(low, below), np.maximum(high, below)
    middle = np.maximum(low, np.minimum(high, below))
    # The median of nine is that of the largest lowest, the median middle and the smallest highest of three columns.
    largest_low = np.maximum(np.maximum(lowest[:, :-2], lowest[:, 1:-1]), lowest[:, 2:])
    smallest_high = np.minimum(np.minimum(highest[:, :-2], highest[:, 1:-1]), highest[:, 2:])
    median_middle = _median_of_three(middle[:, :-2], middle[:, 1:-1], middle[:, 2:])
    return _median_of_three(largest_low, median_middle, smallest_high)


def _median_of_three(one: Image, two: Image, three: Image) -> Image:
    low, high = np.minimum(one, two), np.maximum(one, two)
    median: Image = np.maximum(low, np.minimum(high, three))
    return median


def _band_pass(plane: Image, preset: Enhancement) -> Image:
    filtered: Image = fft.irfft2(fft.rfft2(plane) * _raised_cosine(len(plane), preset), s=plane.shape)
    return filtered


@lru_cache(maxsize=4)
def _raised_cosine(size: int, preset: Enhancement) -> Image:
    """1 inside the band, falling to 0 over `flank` outside of it; on the half plane of a real transform."""
    frequency = np.hypot(fft.fftfreq(size)[:, None], fft.rfftfreq(size)[None, :])
    outside = np.maximum(preset.band_low - frequency, frequency - preset.band_high) / preset.flank
    response: Image = (0.5 + 0.5 * np.cos(np.pi * np.clip(outside, 0.0, 1.0))).astype(np.float32)
    response.flags.writeable = False
    return response


def _standardise(plane: Image, frequency: Image, preset: Enhancement) -> Image:
    """Mean 0 and standard deviation 1 on the outer tenth of the mask; 0 there and outside the mask."""
    rim = 0.9 * preset.mask_high
    level = plane[(frequency >= rim) & (frequency <= preset.mask_high)]
    scale = float(level.std(dtype=np.float64))
    inside = (frequency >= preset.mask_low) & (frequency < rim)
    if scale < 1e-6:
        return np.zeros_like(plane)
    standard: Image = np.where(inside, (plane - level.mean(dtype=np.float64)) / scale, 0.0).astype(np.float32)
    return standard
