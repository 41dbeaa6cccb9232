"""Xmipp's criteria of the spectrum, and of the first zero and the first minimum along 181 directions.

Source: Xmipp 3 (de la Rosa-Trevín et al. 2013, doi:10.1016/j.jsb.2013.09.015), `ctf_sort_psds`: the
definitions that the program computes, reimplemented. The signed CTF is sin χ, +A at k = 0; a phase shift holds
at all frequencies, while Xmipp lets it rise over the lowest 0.005/Å. Constants are Xmipp's own.
"""

import math

import numpy as np
from scipy import ndimage

from thonring.ctf import defocus_along, phase_aberration
from thonring.quality.attempt_data import AttemptData
from thonring.records import Floats, Image, Spectrum

COARSEST_SAMPLING_A = 1.8
"""Coarsest sampling that can show 3.6 Å."""

DIRECTIONS_RAD = np.radians(np.arange(181.0))
"""Directions in which zeros and minima are searched."""

FREQUENCIES = 300
"""Samples of the signed CTF from 0 to Nyquist."""

NO_CONTRAST = 1000.0
"""Value if the spectrum has no contrast along the first zero to divide by."""

MIN_CONTRAST = 1e-6
"""Standard deviation along the first zero up to which there is none."""

# The spectrum alone


def xmipp_iceness(data: AttemptData) -> float:
    """`ctfCritIceness`: mean power between 4.0 and 3.6 Å over that between 4.4 and 4.0 Å.

    Of the raw spectrum's positive quadrant at the attempt's sampling, the rings having radii floor(n T / 4.4)
    and so on in pixels. 0 if the sampling is coarser than 1.8 Å, which cannot see 3.6 Å; -1 if a ring is
    empty or zero.
    """
    spectrum = data.spectrum()
    if spectrum.sampling_A > COARSEST_SAMPLING_A:
        return 0.0
    below, ice = _ring_mean(spectrum, 4.4, 4.0), _ring_mean(spectrum, 4.0, 3.6)
    return ice / below if below > 0 and math.isfinite(ice) else -1.0


def xmipp_psd_correlation_90(data: AttemptData) -> float:
    """`ctfCritPsdCorr90`: correlation of the enhanced spectrum with itself rotated by 90°, -1 to 1.

    Over all pixels, the masked ones (0) included. NaN if the spectrum has no contrast.
    """
    enhanced = data.enhance()
    odd = enhanced[1:, 1:] if len(enhanced) % 2 == 0 else enhanced
    return pearson(odd, np.rot90(odd))


def _ring_mean(spectrum: Spectrum, low_resolution_A: float, high_resolution_A: float) -> float:
    """Mean power of the positive quadrant between two radii in whole pixels, as Xmipp rounds them; NaN if empty."""
    size = spectrum.power.shape[0]
    quadrant = spectrum.power[size // 2 :, : size - size // 2]
    inner, outer = (
        math.floor(size * spectrum.sampling_A / resolution_A)
        for resolution_A in (low_resolution_A, high_resolution_A)
    )
    radius_squared = np.arange(quadrant.shape[0])[:, None] ** 2 + np.arange(quadrant.shape[1])[None, :] ** 2
    ring = quadrant[(radius_squared >= inner**2) & (radius_squared < outer**2)]
    return float(ring.mean(dtype=np.float64)) if ring.size else math.nan


# First zero and first minimum


def xmipp_first_zero(data: AttemptData) -> float:
    """`ctfCritFirstZero`: mean resolution of the first zero over the directions, Å; NaN if one has none."""
    return float(np.mean(1.0 / first_zeros(data)))


def xmipp_first_zero_ratio(data: AttemptData) -> float:
    """`ctfCritfirstZeroRatio`: coarsest over finest first zero of the directions, at least 1."""
    zeros_per_A = first_zeros(data)
    return float(zeros_per_A.max() / zeros_per_A.min())


def xmipp_first_minimum_ratio(data: AttemptData) -> float:
    """`ctfCritFirstMinFirstZeroRatio`: contrast along the first minimum relative to that along the first zero.

    Standard deviations of the enhanced spectrum; 1000 if that along the zero is at most 1e-6.
    """
    at_zero, at_minimum = _enhanced_at_zero_and_minimum(data)
    spread = float(at_zero.std())
    return NO_CONTRAST if spread <= MIN_CONTRAST else float(at_minimum.std()) / spread


def xmipp_ctf_margin(data: AttemptData) -> float:
    """`ctfCritCtfMargin`: how far the first minimum (a bright ring) rises above the first zero.

    Mean difference of the enhanced spectrum over its standard deviation along the zero; 1000 if that is at
    most 1e-6.
    """
    at_zero, at_minimum = _enhanced_at_zero_and_minimum(data)
    spread = float(at_zero.std())
    return NO_CONTRAST if spread <= MIN_CONTRAST else float((at_minimum - at_zero).mean()) / spread


def xmipp_non_astigmatic_validity(data: AttemptData) -> float:
    """`ctfCritNonAstigmaticValidty`: √(λ (U - V)), Å: the resolution at which astigmatism shifts χ by π."""
    return math.sqrt(data.optics.wavelength_A * data.fitted.astigmatism_A)


def first_zeros(data: AttemptData) -> Floats:
    """Frequency in 1/Å of the signed CTF's first change of sign in each direction (181,), NaN without one."""
    frequency_per_A, ctf = _signed_ctf(data)
    # The first pair of neighbours with a change of sign; a zero at k = 0 itself does not count.
    crossing = ctf[:, :-1] * ctf[:, 1:] <= 0
    crossing[:, 0] &= ctf[:, 0] != 0
    # The zero of the straight line between the two.
    left = np.argmax(crossing, axis=1)
    rows = np.arange(len(ctf))
    here, there = ctf[rows, left], ctf[rows, left + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        zero = (left + here / (here - there)) * frequency_per_A[1]
    return np.where(crossing.any(axis=1), zero, np.nan)


def first_minima(data: AttemptData) -> Floats:
    """Frequency in 1/Å of the signed CTF's first local minimum below zero, by direction (181,), or NaN."""
    frequency_per_A, ctf = _signed_ctf(data)
    middle = ctf[:, 1:-1]
    minimum = (middle < 0) & (middle < ctf[:, :-2]) & (middle <= ctf[:, 2:])
    return np.where(minimum.any(axis=1), frequency_per_A[1 + np.argmax(minimum, axis=1)], np.nan)


def _signed_ctf(data: AttemptData) -> tuple[Floats, Floats]:
    """Frequencies (300,) from 0 to below the original Nyquist, and sin χ (181, 300)."""
    fit = data.fitted
    frequency_per_A: Floats = np.arange(float(FREQUENCIES)) * (0.5 / data.original_pixel_A / FREQUENCIES)
    defocus_A = defocus_along(DIRECTIONS_RAD, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    phase_shift_rad = math.radians(fit.phase_shift_deg)
    chi = phase_aberration(frequency_per_A**2, defocus_A[:, None], data.fitted_optics, phase_shift_rad)
    signed: Floats = np.sin(chi)
    return frequency_per_A, signed


def _enhanced_at_zero_and_minimum(data: AttemptData) -> tuple[Floats, Floats]:
    """The enhanced spectrum along the first zero and along the first minimum, both (181,); NaN outside of it."""
    spectrum, enhanced = data.spectrum(), data.enhance()
    middle = len(enhanced) // 2

    def along(frequency_per_A: Floats) -> Floats:
        row = middle + frequency_per_A * np.sin(DIRECTIONS_RAD) / spectrum.step_y_per_A
        column = middle + frequency_per_A * np.cos(DIRECTIONS_RAD) / spectrum.step_x_per_A
        unknown = np.isnan(frequency_per_A)
        where = np.where(unknown, -2.0, [row, column])
        values: Floats = ndimage.map_coordinates(enhanced, where, np.float64, order=1, cval=np.nan)
        return values

    return along(first_zeros(data)), along(first_minima(data))


def pearson(one: Image, other: Image) -> float:
    """Pearson's correlation of two arrays of one shape, NaN if either is constant."""
    x = one.astype(np.float64).ravel() - one.mean(dtype=np.float64)
    y = other.astype(np.float64).ravel() - other.mean(dtype=np.float64)
    norm = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / norm if norm > 0 else math.nan
