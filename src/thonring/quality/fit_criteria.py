"""The rings: are they there, how far do they reach, could the spectrum show them."""

import math

import numpy as np

from thonring.ctf import defocus_along, phase_aberration, ring_period_per_A
from thonring.quality.attempt_data import AttemptData
from thonring.records import CtfFit, Floats

BINS_PER_RING = 2.5


def ring_significance(case: AttemptData) -> float:
    """Significance of the rings against the same background without rings, in standard deviations.

    The square root of the likelihood ratio statistic (Wilks 1938, doi:10.1214/aoms/1177732360).
    """
    return math.sqrt(max(0.0, case.fitted.log_likelihood_gain))


def fit_resolution(case: AttemptData) -> float:
    """Resolution in Å up to which measured and fitted rings agree."""
    return case.fitted.fit_resolution_A


def score(case: AttemptData) -> float:
    """Figure of merit: the correlation of the measured with the fitted rings, -1 to 1."""
    return case.fitted.score


def rings_visible(case: AttemptData) -> float:
    """How many zeros of the CTF at the mean defocus lie inside the fit resolution; NaN without one."""
    fit = case.fitted
    if not _has_resolution(fit):
        return math.nan
    k = np.linspace(0.0, 1.0 / fit.fit_resolution_A, 4000)
    chi = phase_aberration(k**2, fit.mean_defocus_A, case.fitted_optics, math.radians(fit.phase_shift_deg))
    return float(np.count_nonzero(np.diff(np.floor(chi / math.pi))))


def aliasing(case: AttemptData) -> float:
    """Resolution at which the rings lie closer than 2.5 frequency bins of the fit, over the fit resolution.

    Above 1 the fit claims rings that the measured spectrum is too coarse to show. Where they nowhere lie so
    close, the resolution is that of the Nyquist frequency. NaN without a fit resolution.
    """
    fit, profiles = case.fitted, case.evidence.profiles
    if not _has_resolution(fit):
        return math.nan
    k = np.linspace(0.0, 0.5 / profiles.sampling_A, 2000)[1:]
    close = ring_period_per_A(k, fit.mean_defocus_A, case.optics) < BINS_PER_RING * profiles.ring_width_per_A
    first_close_per_A = k[np.argmax(close)] if close.any() else k[-1]
    return float(1.0 / first_close_per_A / fit.fit_resolution_A)


def _has_resolution(fit: CtfFit) -> bool:
    return math.isfinite(fit.fit_resolution_A) and fit.fit_resolution_A > 0


def defocus_sigma(case: AttemptData) -> float:
    """Uncertainty (standard error) of the mean defocus, Å."""
    return case.fitted.defocus_sigma_A


def relative_defocus_sigma(case: AttemptData) -> float:
    """Uncertainty (standard error) of the mean defocus over the mean defocus; infinite at focus."""
    mean_A = abs(case.fitted.mean_defocus_A)
    return case.fitted.defocus_sigma_A / mean_A if mean_A > 0 else math.inf


def sampling_agreement(case: AttemptData) -> float:
    """Rings between the fitted defocus and the one found at the coarser sampling, at the end of its band.

    NaN where there was no such search.
    """
    fit = case.fitted
    difference_A = abs(fit.coarse_defocus_A - fit.mean_defocus_A)
    return case.optics.wavelength_A * difference_A / fit.coarse_resolution_A**2


def runner_up_gap(case: AttemptData) -> float:
    """How far the next best minimum lies below the best, as the fit gives it; NaN where there is no other."""
    return case.fitted.runner_up_gap


def network_agreement(case: AttemptData) -> float:
    """Distance between the fitted mean defocus and the one a network says, in standard errors of their difference.

    NaN where no network was asked.
    """
    sigma_A = math.hypot(case.network_sigma_A, case.fitted.defocus_sigma_A)
    return abs(case.network_A - case.fitted.mean_defocus_A) / sigma_A if sigma_A != 0 else math.nan


def astigmatism(case: AttemptData) -> float:
    """U - V, Å."""
    return case.fitted.astigmatism_A


def relative_astigmatism(case: AttemptData) -> float:
    """(U - V) over the mean defocus; infinite at focus."""
    mean_A = abs(case.fitted.mean_defocus_A)
    return case.fitted.astigmatism_A / mean_A if mean_A > 0 else math.inf


LEAST_SIGNIFICANCE = 5.0


def drift(case: AttemptData) -> float:
    """Ring contrast of the worst direction over that of the best: 1 without drift, 0 where rings are lost.

    The contrast is the regression of power / background on sin²χ in the finer half of the band up to the fit
    resolution, in each sector; opposite directions are one by Friedel symmetry. The two-fold harmonic
    h around the mean contrast c, reduced by what noise alone would give, makes the ratio (c - h) / (c + h).
    NaN where the mean contrast is below five of its standard errors: too faint to tell.
    """
    contrast, variance = _sector_contrast(case)
    mean = float(contrast.mean())
    mean_variance = float(variance.mean()) / len(contrast)
    if not mean > LEAST_SIGNIFICANCE * math.sqrt(mean_variance):
        return math.nan
    turn = 2.0 * math.pi * np.arange(len(contrast)) / len(contrast)
    harmonic = 2.0 * np.mean(contrast * np.exp(1j * turn))
    amplitude = math.sqrt(max(0.0, abs(harmonic) ** 2 - 4.0 * mean_variance))
    return max(0.0, mean - amplitude) / (mean + amplitude)


def _sector_contrast(case: AttemptData) -> tuple[Floats, Floats]:
    """Regression slope of power / background on sin²χ and its variance, both (sectors,)."""
    fit, profiles = case.fitted, case.evidence.profiles
    finest = min(1.0 / fit.fit_resolution_A, float(fit.curve.frequency_per_A[-1]))
    finer_half = profiles.within(0.5 * (1.0 / fit.resolution_range_A[0] + finest), finest)
    background = np.interp(finer_half.frequency_per_A, fit.curve.frequency_per_A, fit.curve.background)
    defocus = defocus_along(profiles.angle_rad, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    shift = math.radians(fit.phase_shift_deg)
    chi = phase_aberration(finer_half.squared_frequency, defocus[:, None], case.fitted_optics, shift)
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.count_nonzero(finer_half.values, axis=1)
        share = finer_half.values / finer_half.values.sum(axis=1, keepdims=True)
        x, y = _centred(np.sin(chi) ** 2, share), _centred(finer_half.power / background, share)
        spread = (share * x * x).sum(axis=1)
        slope = (share * x * y).sum(axis=1) / spread
        residual = (share * (y - slope[:, None] * x) ** 2).sum(axis=1)
        return slope, residual / (spread * np.maximum(count - 2, 0))


def _centred(values: Floats, share: Floats) -> Floats:
    centred: Floats = values - (share * values).sum(axis=1, keepdims=True)
    return centred
