"""Drift: rings that fade in one direction."""

import math

import numpy as np
import numpy.typing as npt

from thonring.ctf import half_plane_grid, sin2_half_plane
from thonring.quality.case import Case
from thonring.records import Floats

WEDGES = 12
LEAST_SIGNIFICANCE = 5.0


def drift(case: Case) -> float:
    """Ring contrast of the worst direction over that of the best: 1 without drift, 0 where rings are lost.

    The contrast is the regression of power / background on sin²χ in the finer half of the band up to the fit
    resolution, in 12 wedges of 15°; opposite wedges are one by Friedel symmetry. The two-fold harmonic
    h around the mean contrast c, reduced by what noise alone would give, makes the ratio (c - h) / (c + h).
    NaN where the mean contrast is below five of its standard errors: too faint to tell.
    """
    contrast, variance = _wedge_contrast(case)
    mean = float(contrast.mean())
    mean_variance = float(variance.mean()) / WEDGES
    if not mean > LEAST_SIGNIFICANCE * math.sqrt(mean_variance):
        return math.nan
    turn = 2.0 * math.pi * np.arange(WEDGES) / WEDGES
    harmonic = 2.0 * np.mean(contrast * np.exp(1j * turn))
    amplitude = math.sqrt(max(0.0, abs(harmonic) ** 2 - 4.0 * mean_variance))
    return max(0.0, mean - amplitude) / (mean + amplitude)


def _wedge_contrast(case: Case) -> tuple[Floats, Floats]:
    """Regression slope on sin²χ and its variance, both (wedges,); NaN where a wedge has no pixels."""
    relative, sin2, wedge = _finer_half(case)
    count = np.bincount(wedge, minlength=WEDGES)

    def mean(values: Floats) -> Floats:
        return np.bincount(wedge, weights=values, minlength=WEDGES) / count

    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = sin2 - mean(sin2)[wedge], relative - mean(relative)[wedge]
        spread = mean(x * x)
        slope = mean(x * y) / spread
        residual = mean((y - slope[wedge] * x) ** 2)
        return slope, residual / (spread * count)


def _finer_half(case: Case) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """Power over background, sin²χ and wedge number of the pixels in the finer half of the fitted band."""
    fit, spectrum = case.fitted, case.evidence.spectrum
    k2, direction = half_plane_grid(spectrum)
    k = np.sqrt(k2)
    finest = min(1.0 / fit.fit_resolution_A, spectrum.nyquist_per_A, fit.curve.frequency_per_A[-1])
    chosen = (k > 0.5 * (1.0 / fit.resolution_range_A[0] + finest)) & (k < finest)
    background = np.interp(k[chosen], fit.curve.frequency_per_A, fit.curve.background)
    sin2 = sin2_half_plane(spectrum, fit, case.fitted_optics)[chosen]
    wedge = np.floor((direction[chosen] / math.pi + 0.5) * WEDGES).astype(np.intp) % WEDGES
    return spectrum.power[chosen] / background, sin2, wedge
