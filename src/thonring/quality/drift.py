"""Drift: rings that fade in one direction."""

import math

import numpy as np

from thonring.ctf import defocus_along, phase_aberration
from thonring.quality.case import Case
from thonring.records import Floats

LEAST_SIGNIFICANCE = 5.0


def drift(case: Case) -> float:
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


def _sector_contrast(case: Case) -> tuple[Floats, Floats]:
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
