"""Fringes of a double exposure: a specimen recorded twice, a jump s apart, multiplies its rings by 1 + c cos 2πk·s."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2

from thonring.ctf import half_plane_grid, sin2_half_plane
from thonring.quality.case import Case
from thonring.records import Floats, Spectrum

SHORTEST_A = 14.0
"""Jumps below act like drift, and are judged as such."""

LONGEST_SHARE = 0.45
"""Longest jump looked for, over the length that the spectrum stands for."""

FINEST_A = 3.5
"""Pixel size whose Nyquist frequency ends the band: the rings are strongest inside."""

SIGNIFICANT = 6.5
"""Standard deviations; among 100,000 shifts noise reaches 4.5."""

NORMAL_MAD = 1.4826

Rings = npt.NDArray[np.intp]


def double_exposure(case: Case) -> float:
    """Contrast c of the strongest fringes that run through the rings, 0 to about 1; 0 where noise could make them.

    What the fitted model leaves of the spectrum, P / model - 1, is freed of its rotational mean, weighted by the
    rings' share of the model and Fourier transformed: fringes of a jump s are a peak at s, of height c under this
    weight. The scatter of all shifts tells how high noise and misfit reach. A crystal of particles would show its
    lattice here too. NaN without rings in the band.
    """
    spectrum = _inner(case.spectrum())
    residual, share, ring = _residual(case, spectrum)
    power = float((share * share).sum())
    if power == 0:
        return math.nan
    residual = np.where(share > 0, residual - _mean_of_rings(residual, share > 0, ring), 0.0)
    contrast = _transform(residual * share) / power
    shift_A = _shifts(contrast.shape[0], spectrum.sampling_A * residual.shape[0] / contrast.shape[0])
    longest_A = LONGEST_SHARE / spectrum.step_x_per_A
    looked_at = contrast[(shift_A > SHORTEST_A) & (shift_A < longest_A)]
    scatter = NORMAL_MAD * float(np.median(np.abs(looked_at)))
    strongest = float(looked_at.max())
    return strongest if strongest > SIGNIFICANT * scatter else 0.0


def _transform(weighted: Floats) -> Floats:
    """Sum of a half plane against cos 2πk·s at all shifts s, twice as fine as the band needs, (2 size, 2 size)."""
    half = weighted.shape[0] // 2
    padded = np.zeros((4 * half, 2 * half + 1), dtype=np.float32)
    padded[:half, : half + 1] = weighted[half:]
    padded[-half:, : half + 1] = weighted[:half]
    total: Floats = irfft2(padded, s=(4 * half, 4 * half), overwrite_x=True)
    return np.asarray(total * (4 * half) ** 2, dtype=np.float64)


def _inner(spectrum: Spectrum) -> Spectrum:
    """The part of a spectrum up to the Nyquist frequency of 3.5 Å/px, of even size."""
    middle = spectrum.power.shape[0] // 2
    half = min(middle, math.ceil(0.5 / FINEST_A / spectrum.step_x_per_A))
    power = spectrum.power[middle - half : middle + half, : half + 1]
    return replace(spectrum, power=power, sampling_A=spectrum.sampling_A * middle / half)


def _residual(case: Case, spectrum: Spectrum) -> tuple[Floats, Floats, Rings]:
    """P / model - 1, the rings' share of the model (0 outside the band and on the axes) and the ring's number."""
    fit, curve = case.fitted, case.fitted.curve
    k2, _ = half_plane_grid(spectrum)
    k = np.sqrt(k2)
    background = np.interp(k, curve.frequency_per_A, curve.background)
    rings = np.interp(k, curve.frequency_per_A, curve.ring_power)
    signal = rings * sin2_half_plane(spectrum, fit, case.fitted_optics)
    model = background + signal
    rows = np.abs(np.arange(k.shape[0]) - k.shape[0] // 2)[:, None]
    off_axes = (rows > 1) & (np.arange(k.shape[1])[None, :] > 1)
    inside = off_axes & (k >= curve.frequency_per_A[0]) & (k <= curve.frequency_per_A[-1])
    share: Floats = np.where(inside, signal / model, 0.0)
    residual: Floats = spectrum.power / model - 1.0
    return residual, share, np.rint(k / spectrum.step_x_per_A).astype(np.intp)


def _mean_of_rings(values: Floats, inside: npt.NDArray[np.bool_], ring: Rings) -> Floats:
    """Mean over the pixels inside, ring by ring, at each pixel."""
    count = np.bincount(ring.ravel(), weights=inside.ravel())
    total = np.bincount(ring.ravel(), weights=np.where(inside, values, 0.0).ravel())
    mean: Floats = total / np.maximum(count, 1)
    return np.asarray(mean[ring])


def _shifts(size: int, sampling_A: float) -> Floats:
    """Length in Å of the shift at each pixel of the transform, (size, size)."""
    axis = np.fft.fftfreq(size, 1 / (size * sampling_A))
    return np.asarray(np.hypot(axis[:, None], axis[None, :]), dtype=np.float64)
