"""How much more a spectrum scatters around its model than independent Gamma values would.

Two scales are looked at: single bins (neighbouring pixels that are correlated, or fewer values than thought)
and whole rings (structure that all sectors share and the smooth curves cannot follow, as a particle's form
factor). The weights of the likelihood are divided by the first, or by the second where it is more than half as large
again, so that error bars stay honest where the model is not perfect, and well-fitted frequencies decide.
Source: McCullagh (1983), doi:10.1214/aos/1176346056 (quasi-likelihood).
"""

import numpy as np

from thonring.records import Floats, SectorProfiles

WINDOW_RINGS = 41
COHERENT = 1.5
HUBER = 4.0


def dispersion(profiles: SectorProfiles, model: Floats) -> Floats:
    """Variance of the relative residuals over that of Gamma values, smoothed over rings, (rings,)."""
    values = profiles.values
    occupied = values > 0
    residual = np.where(occupied, profiles.power / model - 1.0, 0.0)
    single = _windowed((values * residual**2).sum(axis=0)) / _windowed(occupied.sum(axis=0).astype(float))
    ring_values = values.sum(axis=0)
    shared = (values * residual).sum(axis=0) ** 2 / np.maximum(ring_values, 1e-12)
    ratio = _windowed(shared) / _windowed(np.ones(shared.size)) / np.maximum(single, 1e-12)
    return np.maximum(single, 1e-12) * np.where(ratio > COHERENT, ratio, 1.0)


def robust_weights(profiles: SectorProfiles, model: Floats, scatter: Floats) -> Floats:
    """Weights for the likelihood, (sectors, rings): values / dispersion, less for what lies beyond four sigma."""
    distance = np.abs(profiles.power / model - 1.0) * np.sqrt(profiles.values / scatter)
    weights: Floats = profiles.values / scatter * np.minimum(1.0, HUBER / np.maximum(distance, 1e-12))
    return weights


def _windowed(series: Floats) -> Floats:
    window = np.ones(min(WINDOW_RINGS, series.size))
    return np.convolve(series, window, mode="same")
