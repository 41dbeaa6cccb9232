"""Xmipp's criteria of the fitted model: envelope, background, correlation, phase shift.

Source: Xmipp 3 (de la Rosa-Trevín et al. 2013, doi:10.1016/j.jsb.2013.09.015), `ctf_estimate_from_micrograph`
and `ctf_sort_psds`, reimplemented. Xmipp's model is background + (E · CTF)²; the counterpart of its envelope E
is the square root of our fitted ring power, known inside the fitted band only and not extrapolated beyond it.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from thonring.ctf import defocus_along, half_plane_grid, sin2_half_plane, zero_frequency
from thonring.quality.attempt_data import AttemptData
from thonring.quality.xmipp_zeros import pearson
from thonring.records import CtfFit, Evidence, Floats

NO_FREQUENCY_A = 1000.0
"""Resolution where the envelope has no power: Xmipp's."""

ENVELOPE_END = 0.1
"""Share of its start at which the envelope ends: Xmipp's."""

LARGEST_SIGMA_A2 = 95e3
"""Largest σ of the background's Gaussian: Xmipp's."""

FITTED_BAND = (0.05, 0.35)
BASELINE_FROM = 0.4
GAUSSIAN_BELOW = 0.25
"""Digital frequencies of the steps of `xmipp_background_sigma`: Xmipp's."""

RINGS_PER_SAMPLING = 512
"""Rings from w = 0 to 1: the radii of Xmipp's spectrum of 512 pixels."""

MINIMUM_REACH = 5
"""Rings on each side that a minimum must lie below. Hand-tuned (see `xmipp_background_sigma` on what)."""

MIN_POINTS = 4
"""Points that a line is fitted to at least."""


def xmipp_maximum_frequency(data: AttemptData) -> float:
    """`ctfCritMaxFreq`: finest resolution in Å at which the envelope E still exceeds a tenth of its start.

    E is 1 at the lowest fitted frequency. Where it holds to the end of the band the value is the band's end.
    1000 if the rings have no power there.
    """
    frequency_per_A, ring_power = _in_band(data.fitted, data.fitted.curve.ring_power)
    if not (ring_power.size and ring_power[0] > 0):
        return NO_FREQUENCY_A
    above = np.sqrt(np.maximum(ring_power, 0.0) / ring_power[0]) > ENVELOPE_END
    return float(1.0 / frequency_per_A[above].max())


def xmipp_correlation_1_3(data: AttemptData) -> float:
    """`ctfCritCorr13`: correlation of the enhanced spectrum with the damped CTF² between zeros 1 and 3.

    Over all pixels between the zeros of their own direction and within 1.1 to 0.9 times the ends of the
    fitted band. Xmipp takes the zeros of the x direction and every fourth pixel, an enhancement of its own,
    and 0 where the two standard deviations differ more than tenfold; that last rule depends on the scale of
    the micrograph and is left out on purpose. NaN if there are no such pixels.
    """
    fit, spectrum, enhanced = data.fitted, data.spectrum(), data.enhance()
    # The right half of the centred plane, which the spectrum's half plane covers.
    columns = len(enhanced) - len(enhanced) // 2
    k2, direction = (grid[:, :columns] for grid in half_plane_grid(spectrum))
    between = _between_zeros_1_and_3(data, k2, direction)
    frequency_per_A, ring_power = _in_band(fit, fit.curve.ring_power)
    if np.count_nonzero(between) < 3 or frequency_per_A.size == 0:
        return math.nan
    # The model E² sin²χ, correlated with the enhanced spectrum over those pixels.
    damping = np.interp(np.sqrt(k2[between]), frequency_per_A, ring_power)
    model = damping * sin2_half_plane(spectrum, fit, data.fitted_optics)[:, :columns][between]
    return pearson(enhanced[:, len(enhanced) // 2 :][between], model.astype(np.float32))


def _between_zeros_1_and_3(data: AttemptData, k2: Floats, direction_rad: Floats) -> npt.NDArray[np.bool]:
    """Pixels between the zeros of their own direction and well inside the fitted band, in the shape of `k2`."""
    # The zeros of every degree of direction, interpolated between.
    fit, optics = data.fitted, data.fitted_optics
    table_rad = np.radians(np.arange(-90.0, 91.0))
    defocus_A = defocus_along(table_rad, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    first, third = (
        np.interp(
            direction_rad,
            table_rad,
            zero_frequency(number, defocus_A, optics, math.radians(fit.phase_shift_deg)),
        )
        for number in (1, 3)
    )
    low_A, high_A = fit.resolution_range_A
    k = np.sqrt(k2)
    return (k > np.maximum(first, 1.1 / low_A)) & (k < np.minimum(third, 0.9 / high_A))


def xmipp_background_sigma(data: AttemptData) -> float:
    """`ctfBgGaussianSigmaU`: σ in Å² of the background's first Gaussian, exp(-σ (u - c)²); NaN without one.

    The larger σ, the narrower. These are Xmipp's first two steps, in digital frequency w = u · sampling: the baseline
    is the mean power beyond w = 0.4; a root part S exp(-q √u) is fitted by weighted least squares to the log of
    what lies above it, and lowered until nothing below w = 0.25 lies under it; the Gaussian is fitted
    so to the log of the rest, up to its first minimum, its centre at the maximum before; σ is at most 95000.

    What lies between 30 Å and the first minimum is the end of the first Thon ring, so σ tells how narrow that
    ring is. Eight good micrographs and twelve given spectra, at three samplings each, had 3900 to 77000 Å²; there
    is no Gaussian (NaN) where the first zero lies about the lowest frequency looked at (30 Å or w = 0.05), and
    in half of the simulated micrographs with faint rings. Noise alone gives NaN or any value: the limit of
    1000 keeps out broad humps, not empty micrographs.

    Differences from Xmipp: the root part is lowered to touch the smoothed profile where Xmipp minimises with
    a rising penalty; the later minimisation over all parameters, which moves σ further, is left out (so a
    Gaussian of known σ, part of which the root part takes, is found within a factor of two only); means over
    rings of 1/512 in w stand for the radii of its spectrum; a minimum must be the lowest of eleven rings.
    """
    frequency_per_A, power = _rotational_mean(data.evidence)
    digital = frequency_per_A * data.evidence.sampling_A
    # Baseline: the mean power where nothing is left of the rings.
    flat = digital > BASELINE_FROM
    band = (digital >= FITTED_BAND[0]) & (digital <= FITTED_BAND[1])
    if not flat.any():
        return math.nan
    # What lies above it, weighted towards low frequency; less the root part; then the Gaussian in the rest.
    above, weight = power[band] - power[flat].mean(), 1.0 + FITTED_BAND[1] - digital[band]
    low = digital[band] < GAUSSIAN_BELOW
    rest = _above_root_part(frequency_per_A[band], above, weight, low)
    return _gaussian_sigma(frequency_per_A[band][low], rest, weight[low])


def _rotational_mean(evidence: Evidence) -> tuple[Floats, Floats]:
    """Frequencies in 1/Å and mean power in rings of 1 / (512 · sampling), empty ones left out."""
    profiles = evidence.profiles.within(0.0, 0.5 / evidence.sampling_A)
    ring = np.rint(profiles.frequency_per_A * evidence.sampling_A * RINGS_PER_SAMPLING).astype(np.intp)
    values = profiles.values.sum(axis=0)
    total = (profiles.values * profiles.power).sum(axis=0)
    weight, power, frequency_per_A = (
        np.bincount(ring, part) for part in (values, total, values * profiles.frequency_per_A)
    )
    filled = weight > 0
    return frequency_per_A[filled] / weight[filled], power[filled] / weight[filled]


def _above_root_part(
    frequency_per_A: Floats, above: Floats, weight: Floats, low: npt.NDArray[np.bool]
) -> Floats:
    """The power above the baseline that remains after the root part, where `low`; empty if that cannot be fitted."""
    positive = above > 0
    if np.count_nonzero(positive) < MIN_POINTS or not low.any():
        return np.empty(0)
    # S exp(-q √u): a straight line through the logarithm against √u, lowered to touch the profile from below.
    root = np.sqrt(frequency_per_A)
    intercept, slope = _line(root[positive], np.log(above[positive]), weight[positive])
    part = np.exp(intercept + slope * root[low])
    touching = max(0.0, float((_smooth(above[low]) / part).min()))
    rest: Floats = above[low] - touching * part
    return rest


def _gaussian_sigma(frequency_per_A: Floats, rest: Floats, weight: Floats) -> float:
    """σ of K exp(-σ (u - c)²), log-linear least squares up to the first minimum of `rest`, or NaN."""
    # The first minimum, not counting the lowest frequency.
    smooth = _smooth(rest)
    lowest = ndimage.minimum_filter1d(smooth, 2 * MINIMUM_REACH + 1, mode="nearest")
    minima = 1 + np.flatnonzero(smooth[1:] == lowest[1:])
    if minima.size == 0:
        return math.nan
    # Centre at the maximum before it; the logarithm of a Gaussian is a straight line against (u - c)².
    centre_per_A = frequency_per_A[np.argmax(smooth[: minima[0] + 1])]
    fitted = np.flatnonzero(rest[: minima[0] + 1] > 0)
    if fitted.size < MIN_POINTS:
        return math.nan
    distance = (frequency_per_A[fitted] - centre_per_A) ** 2
    sigma = -_line(distance, np.log(rest[fitted]), weight[fitted])[1]
    return min(sigma, LARGEST_SIGMA_A2) if sigma > 0 else math.nan


def _line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """Intercept and slope of the weighted least-squares line."""
    share = weight / weight.sum()
    x_mean, y_mean = float(share @ x), float(share @ y)
    slope = float(share @ ((x - x_mean) * (y - y_mean))) / float(share @ (x - x_mean) ** 2)
    return y_mean - slope * x_mean, slope


def _smooth(values: Floats) -> Floats:
    """Mean of each value and its neighbours."""
    return ndimage.uniform_filter1d(values, 3, mode="nearest")


def xmipp_phase_shift(data: AttemptData) -> float:
    """`ctfVPPphaseshift`: the fitted phase shift without its sign, degrees."""
    return abs(data.fitted.phase_shift_deg)


def _in_band(fit: CtfFit, values: Floats) -> tuple[Floats, Floats]:
    """Frequencies of the fitted band where a curve is known, and the curve there."""
    frequency_per_A = fit.curve.frequency_per_A
    low_A, high_A = fit.resolution_range_A
    inside = (frequency_per_A >= 1.0 / low_A) & (frequency_per_A <= 1.0 / high_A) & np.isfinite(values)
    return frequency_per_A[inside], values[inside]
