"""Curves by which simulated and real micrographs are compared: rings, background, power and the ring of ice."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.lib.fit_errors import best_attempt
from thonring import Settings, spectrum
from thonring.measurement import SPECTRUM_PIXELS, Measurement
from thonring.records import Floats, Micrograph, SectorProfiles, Spectrum
from thonring.settings import Limit

RESOLUTIONS_A = (20.0, 15.0, 10.0, 8.0, 6.0, 5.0, 4.0, 3.7, 3.5, 3.0)
LOW_A = (200.0, 100.0, 60.0, 40.0, 30.0)
FINE_A = (4.0, 3.0, 2.5, 2.0, 1.5)
ICE_A = (4.2, 3.9, 3.7, 3.5, 3.3)

ICE_NEIGHBOURS_A = ((4.7, 4.3), (3.25, 3.0))
"""Bands on both sides of the ring at 3.7 Å, taken to be free of it."""

REFERENCE_A = 6.0
NO_LIMIT = Limit("score", -math.inf, math.inf, "", "", "")
"""The score is measured and any value passes, so that no spectrum is rejected."""

FREQUENCIES_PER_A = np.concatenate([np.geomspace(1 / 250, 1 / 15, 60), np.arange(0.068, 0.75, 0.004)])


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of one micrograph over FREQUENCIES_PER_A; NaN where a curve has no value.

    `rings` is the fitted amplitude of sin²χ over the fitted background, `background` the latter over its value at 6 Å;
    `power` is the mean over all directions over its value at 6 Å; `ice` is the power over that interpolated between 4.5
    and 3.1 Å.
    """

    rings: Floats
    background: Floats
    power: Floats
    ice: Floats

    def at(self, name: str, resolution_A: float) -> float:
        """Value of a curve at a resolution."""
        return float(np.interp(1 / resolution_A, FREQUENCIES_PER_A, getattr(self, name)))


def measure_whole(micrograph: Micrograph) -> Measurement:
    """Measure the spectrum of the whole image up to the Nyquist frequency."""
    repaired = spectrum.repaired(micrograph)
    shape = (repaired.pixels.shape[0], repaired.pixels.shape[1])
    variance = SPECTRUM_PIXELS**2 / (shape[0] * shape[1])
    power = spectrum.periodogram(repaired)
    return Measurement(power, repaired.pixel_A, repaired.optics, shape, (), variance)


def curves_of(measurement: Measurement) -> Curves | None:
    """All curves; None if no fit is possible."""
    finest_A = max(1.3, measurement.spectrum.sampling_A)
    settings = Settings(samplings_A=(finest_A,), resolution_range_A=(30.0, 2.6), limits=(NO_LIMIT,))
    fit = best_attempt(measurement, settings).fit
    if fit is None:
        return None
    fitted = fit.curve
    power = _azimuthal(measurement.spectrum)
    ratio = fitted.ring_power / fitted.background
    level = float(np.interp(1 / REFERENCE_A, fitted.frequency_per_A, fitted.background))
    reference = float(np.interp(1 / REFERENCE_A, FREQUENCIES_PER_A, power))
    return Curves(
        rings=_on_grid(fitted.frequency_per_A, ratio),
        background=_on_grid(fitted.frequency_per_A, fitted.background / level),
        power=power / reference,
        ice=_ice_ring(power),
    )


def _on_grid(frequency_per_A: Floats, values: Floats) -> Floats:
    return np.asarray(np.interp(FREQUENCIES_PER_A, frequency_per_A, values, left=np.nan, right=np.nan))


def _azimuthal(measured: Spectrum) -> Floats:
    """Mean power over all directions, in windows of 6 % of the frequency, at most 0.004 1/Å wide."""
    bins: SectorProfiles = spectrum.sector_profiles(measured, 1 / 500, 1.0)
    k, values = bins.frequency_per_A, bins.values.sum(axis=0)
    total = (bins.power * bins.values).sum(axis=0)
    result = np.full(FREQUENCIES_PER_A.shape, np.nan)
    for number, centre in enumerate(FREQUENCIES_PER_A):
        half = max(min(0.03 * centre, 0.004), 0.6 * bins.ring_width_per_A)
        inside = np.abs(k - centre) <= half
        if centre <= measured.nyquist_per_A and values[inside].sum() > 0:
            result[number] = total[inside].sum() / values[inside].sum()
    return result


def _ice_ring(power: Floats) -> Floats:
    """Power over a straight line, in logarithm, through the bands on both sides of the ring of ice."""
    k = FREQUENCIES_PER_A
    sides = np.zeros(k.shape, dtype=bool)
    for coarse_A, fine_A in ICE_NEIGHBOURS_A:
        sides |= (k >= 1 / coarse_A) & (k <= 1 / fine_A)
    sides &= np.isfinite(power)
    line = np.polynomial.Polynomial.fit(k[sides], np.log(power[sides]), 1)
    near = (k > 1 / 5.2) & (k < 1 / 2.9)
    return np.where(near, power / np.exp(line(k)), np.nan)
