"""The rings: are they there, how far do they reach, could the spectrum show them."""

import math

import numpy as np

from thonring.ctf import phase_aberration, ring_period_per_A
from thonring.quality.case import Case
from thonring.records import CtfFit

BINS_PER_RING = 2.5


def ring_significance(case: Case) -> float:
    """Significance of the rings against the same background without rings, in standard deviations.

    The square root of the likelihood ratio statistic (Wilks 1938, doi:10.1214/aoms/1177732360).
    """
    return math.sqrt(max(0.0, case.fitted.log_likelihood_gain))


def fit_resolution(case: Case) -> float:
    """Resolution in Å up to which measured and fitted rings agree."""
    return case.fitted.fit_resolution_A


def score(case: Case) -> float:
    """Figure of merit: the correlation of the measured with the fitted rings, -1 to 1."""
    return case.fitted.score


def rings_visible(case: Case) -> float:
    """How many zeros of the CTF at the mean defocus lie inside the fit resolution; NaN without one."""
    fit = case.fitted
    if not _has_resolution(fit):
        return math.nan
    k = np.linspace(0.0, 1.0 / fit.fit_resolution_A, 4000)
    chi = phase_aberration(k**2, fit.mean_defocus_A, case.fitted_optics, math.radians(fit.phase_shift_deg))
    return float(np.count_nonzero(np.diff(np.floor(chi / math.pi))))


def aliasing(case: Case) -> float:
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
