"""Xmipp's criteria of the fitted model: envelope, background, correlation, phase shift.

Source: Xmipp 3 (de la Rosa-Trevín et al. 2013, doi:10.1016/j.jsb.2013.09.015), `ctf_estimate_from_micrograph`
and `ctf_sort_psds`, written anew. Xmipp's model is background + (E · CTF)²; the counterpart of its envelope E
is the square root of our fitted ring power, known inside the fitted band only and not extrapolated beyond it.
"""

import math

import numpy as np
import numpy.typing as npt

from thonring.ctf import defocus_along, half_plane_grid, sin2_half_plane, zero_frequency
from thonring.quality.case import Case
from thonring.quality.xmipp_spectrum import pearson
from thonring.records import CtfFit, Floats

NO_FREQUENCY_A = 1000.0
LARGEST_SIGMA_A2 = 1e5
FEWEST_POINTS = 7


def xmipp_maximum_frequency(case: Case) -> float:
    """`ctfCritMaxFreq`: finest resolution in Å at which the envelope E still exceeds a tenth of its start.

    E is 1 at the lowest fitted frequency. Where it holds to the end of the band the value is the band's end.
    1000 if the rings have no power there.
    """
    frequency_per_A, ring_power = _in_band(case.fitted, case.fitted.curve.ring_power)
    if not (ring_power.size and ring_power[0] > 0):
        return NO_FREQUENCY_A
    above = np.sqrt(np.maximum(ring_power, 0.0) / ring_power[0]) > 0.1
    return float(1.0 / frequency_per_A[above].max())


def xmipp_correlation_1_3(case: Case) -> float:
    """`ctfCritCorr13`: correlation of the enhanced spectrum with the damped CTF² between zeros 1 and 3.

    Over all pixels between the zeros of their own direction and within 1.1 to 0.9 times the ends of the
    fitted band. Xmipp takes the zeros of the x direction and every fourth pixel, an enhancement of its own,
    and 0 where the two standard deviations differ more than tenfold; that last rule depends on the scale of
    the micrograph and is left out on purpose. NaN if there are no such pixels.
    """
    fit, spectrum, enhanced = case.fitted, case.spectrum(), case.enhance()
    columns = len(enhanced) - len(enhanced) // 2
    k2, direction = (grid[:, :columns] for grid in half_plane_grid(spectrum))
    between = _between_zeros_1_and_3(case, k2, direction)
    frequency_per_A, ring_power = _in_band(fit, fit.curve.ring_power)
    if np.count_nonzero(between) < 3 or frequency_per_A.size == 0:
        return math.nan
    damping = np.interp(np.sqrt(k2[between]), frequency_per_A, ring_power)
    model = damping * sin2_half_plane(spectrum, fit, case.fitted_optics)[:, :columns][between]
    return pearson(enhanced[:, len(enhanced) // 2 :][between], model.astype(np.float32))


def _between_zeros_1_and_3(case: Case, k2: Floats, direction_rad: Floats) -> npt.NDArray[np.bool]:
    fit, optics = case.fitted, case.fitted_optics
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


def xmipp_background_sigma(case: Case) -> float:
    """`ctfBgGaussianSigmaU`: σ in Å² of the background's first Gaussian, exp(-σ (u - c)²).

    Our background is a smooth curve without parts, so Xmipp's shape, baseline + K exp(-σ(u-c)²) + S exp(-q
    √u), is fitted to it by least squares of the relative difference, all weights positive, 1 <= σ <= 1e5. The
    larger σ the narrower. NaN if the best shape has no Gaussian or the background is unknown.
    """
    from scipy import optimize

    frequency_per_A, background = _in_band(case.fitted, case.fitted.curve.background)
    if frequency_per_A.size < FEWEST_POINTS or background.min() <= 0:
        return math.nan
    lowest, highest = frequency_per_A[0], frequency_per_A[-1]
    bounds = ([0.0, 0.0, -2.0], [math.log(LARGEST_SIGMA_A2), highest, 6.0])

    def residual(shape: Floats) -> Floats:
        parts = _background_parts(shape, frequency_per_A, background)
        return 1.0 - parts @ optimize.nnls(parts, np.ones_like(background))[0]

    starts = [
        (math.log(sigma), lowest + share * (highest - lowest), 2.0)
        for sigma in (200.0, 2000.0)
        for share in (0.1, 0.5)
    ]
    fits = [optimize.least_squares(residual, start, bounds=bounds) for start in starts]
    shape = min(fits, key=lambda fitted: float(fitted.cost)).x
    parts = _background_parts(shape, frequency_per_A, background)
    weight = optimize.nnls(parts, np.ones_like(background))[0][1]
    return math.exp(shape[0]) if weight * parts[:, 1].max() > 1e-3 else math.nan


def _background_parts(shape: Floats, frequency_per_A: Floats, background: Floats) -> Floats:
    """Baseline, Gaussian and square-root part, each over the background: (frequencies, 3)."""
    log_sigma, centre_per_A, log_decay = shape
    gaussian = np.exp(-math.exp(log_sigma) * (frequency_per_A - centre_per_A) ** 2)
    decay = np.exp(-math.exp(log_decay) * np.sqrt(frequency_per_A))
    parts: Floats = np.stack([np.ones_like(gaussian), gaussian, decay], axis=1) / background[:, None]
    return parts


def xmipp_phase_shift(case: Case) -> float:
    """`ctfVPPphaseshift`: the fitted phase shift without its sign, degrees."""
    return abs(case.fitted.phase_shift_deg)


def _in_band(fit: CtfFit, values: Floats) -> tuple[Floats, Floats]:
    """Frequencies of the fitted band where a curve is known, and the curve there."""
    frequency_per_A = fit.curve.frequency_per_A
    low_A, high_A = fit.resolution_range_A
    inside = (frequency_per_A >= 1.0 / low_A) & (frequency_per_A <= 1.0 / high_A) & np.isfinite(values)
    return frequency_per_A[inside], values[inside]
