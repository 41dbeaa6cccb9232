"""Criteria of the fit: its rings, its certainty, its astigmatism, and drift.

docs/criteria.md explains each of them; a value that cannot be computed is NaN.
"""

import math

import numpy as np

from thonring.ctf import defocus_along, phase_aberration, ring_period_per_A
from thonring.quality.attempt_data import AttemptData
from thonring.records import CtfFit, Floats

BINS_PER_RING = 2.5
"""Frequency bins per ring below which rings count as aliased: Nyquist's two are a value of 1.25 of `aliasing`."""

MIN_SIGNIFICANCE = 5.0
"""Minimum mean ring contrast, in its standard errors, for which `drift` is computed. Hand-tuned; data not recorded."""


# Rings


def ring_significance(data: AttemptData) -> float:
    """Significance of the rings against the same background without rings, in standard deviations.

    The square root of the likelihood ratio statistic (Wilks 1938, doi:10.1214/aoms/1177732360).
    """
    return math.sqrt(max(0.0, data.fitted.log_likelihood_gain))


def fit_resolution(data: AttemptData) -> float:
    """Resolution in Å up to which measured and fitted rings agree."""
    return data.fitted.fit_resolution_A


def rings_visible(data: AttemptData) -> float:
    """How many zeros of the CTF at the mean defocus lie inside the fit resolution; NaN without one."""
    fit = data.fitted
    if not _has_resolution(fit):
        return math.nan
    k = np.linspace(0.0, 1.0 / fit.fit_resolution_A, 4000)
    chi = phase_aberration(k**2, fit.mean_defocus_A, data.fitted_optics, math.radians(fit.phase_shift_deg))
    # A zero lies between two samples where χ passes a multiple of π.
    return float(np.count_nonzero(np.diff(np.floor(chi / math.pi))))


def score(data: AttemptData) -> float:
    """Figure of merit: the correlation of the measured with the fitted rings, -1 to 1."""
    return data.fitted.score


def aliasing(data: AttemptData) -> float:
    """Resolution at which the rings lie closer than 2.5 frequency bins of the fit, over the fit resolution.

    Above 1 the fit claims rings that the measured spectrum is too coarse to resolve. If they are nowhere so
    close, the resolution is that of the Nyquist frequency. NaN without a fit resolution.
    """
    fit, profiles = data.fitted, data.evidence.profiles
    if not _has_resolution(fit):
        return math.nan
    k = np.linspace(0.0, 0.5 / profiles.sampling_A, 2000)[1:]
    close = ring_period_per_A(k, fit.mean_defocus_A, data.optics) < BINS_PER_RING * profiles.ring_width_per_A
    first_close_per_A = k[np.argmax(close)] if close.any() else k[-1]
    return float(1.0 / first_close_per_A / fit.fit_resolution_A)


def _has_resolution(fit: CtfFit) -> bool:
    return math.isfinite(fit.fit_resolution_A) and fit.fit_resolution_A > 0


# Certainty of the defocus


def defocus_sigma(data: AttemptData) -> float:
    """Uncertainty (standard error) of the mean defocus, Å."""
    return data.fitted.defocus_sigma_A


def relative_defocus_sigma(data: AttemptData) -> float:
    """Uncertainty (standard error) of the mean defocus over the mean defocus; infinite at focus."""
    mean_A = abs(data.fitted.mean_defocus_A)
    return data.fitted.defocus_sigma_A / mean_A if mean_A > 0 else math.inf


def sampling_agreement(data: AttemptData) -> float:
    """Rings between the fitted defocus and that of the search at the coarser sampling, at the end of its band.

    λ |difference| k²; NaN if there was no such search.
    """
    fit = data.fitted
    difference_A = abs(fit.coarse_defocus_A - fit.mean_defocus_A)
    return data.optics.wavelength_A * difference_A / fit.coarse_resolution_A**2


def network_agreement(data: AttemptData) -> float:
    """Distance between the fitted mean defocus and the network's, in standard errors of their difference.

    NaN if no network was used.
    """
    sigma_A = math.hypot(data.network_sigma_A, data.fitted.defocus_sigma_A)
    return abs(data.network_A - data.fitted.mean_defocus_A) / sigma_A if sigma_A != 0 else math.nan


def runner_up_gap(data: AttemptData) -> float:
    """How far the next best minimum lies below the best, as given by the fit; NaN if there is no other."""
    return data.fitted.runner_up_gap


# Astigmatism and drift


def astigmatism(data: AttemptData) -> float:
    """U - V, Å."""
    return data.fitted.astigmatism_A


def relative_astigmatism(data: AttemptData) -> float:
    """(U - V) over the mean defocus; infinite at focus."""
    mean_A = abs(data.fitted.mean_defocus_A)
    return data.fitted.astigmatism_A / mean_A if mean_A > 0 else math.inf


def drift(data: AttemptData) -> float:
    """Ring contrast of the worst direction over that of the best: 1 without drift, 0 where rings are lost.

    The contrast is the regression of power / background on sin²χ in the finer half of the band up to the fit
    resolution, in each sector; opposite directions are one by Friedel symmetry. The two-fold harmonic
    h around the mean contrast c, reduced by what noise alone would give, makes the ratio (c - h) / (c + h).
    NaN if the mean contrast is below five of its standard errors: too faint to measure.
    """
    contrast, variance = _sector_contrast(data)
    mean = float(contrast.mean())
    mean_variance = float(variance.mean()) / len(contrast)
    if not mean > MIN_SIGNIFICANCE * math.sqrt(mean_variance):
        return math.nan
    # The harmonic that repeats after 180°, once around the sectors, as c(α) = c + h cos 2(α - α₀).
    turn = 2.0 * math.pi * np.arange(len(contrast)) / len(contrast)
    harmonic = 2.0 * np.mean(contrast * np.exp(1j * turn))
    # Noise adds 4 times the variance of the mean to |h|²: two components, each of twice that variance.
    amplitude = math.sqrt(max(0.0, abs(harmonic) ** 2 - 4.0 * mean_variance))
    return max(0.0, mean - amplitude) / (mean + amplitude)


def _sector_contrast(data: AttemptData) -> tuple[Floats, Floats]:
    """Regression slope of power / background on sin²χ and its variance, both (sectors,)."""
    # The finer half of the band up to the fit resolution, where drift has the largest effect.
    fit, profiles = data.fitted, data.evidence.profiles
    finest = min(1.0 / fit.fit_resolution_A, float(fit.curve.frequency_per_A[-1]))
    finer_half = profiles.within(0.5 * (1.0 / fit.resolution_range_A[0] + finest), finest)
    background = np.interp(finer_half.frequency_per_A, fit.curve.frequency_per_A, fit.curve.background)
    defocus = defocus_along(profiles.angle_rad, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    shift = math.radians(fit.phase_shift_deg)
    chi = phase_aberration(finer_half.squared_frequency, defocus[:, None], data.fitted_optics, shift)
    # Weighted least squares in each sector: slope Sxy / Sxx, and its variance from the residuals.
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
