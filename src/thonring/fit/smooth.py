"""The smooth part of a power spectrum: what would be there without rings."""

import numpy as np

from thonring.fit.basis import roughness, spline_basis
from thonring.records import Floats, SectorProfiles

STIFFNESS = 1e-3
STEPS = 30
CONVERGED = 1e-4


def rotational_mean(profiles: SectorProfiles) -> tuple[Floats, Floats]:
    """Mean power and number of independent values of each ring, both (rings,)."""
    values = profiles.values.sum(axis=0)
    return (profiles.power * profiles.values).sum(axis=0) / np.maximum(values, 1e-12), values


def smooth_power(frequency_per_A: Floats, power: Floats, weights: Floats, count: int) -> Floats:
    """Log-spline through `power` by Whittle's likelihood, (rings,): minimises Σ w (log S + P/S).

    Source: Whittle (1953), Ark. Mat. 2, 423. `count` splines; Fisher scoring, so the mean is unbiased
    although the values are Gamma distributed.
    """
    basis = spline_basis(frequency_per_A, count)
    safe = np.maximum(power, 1e-12 * power.max())
    share = weights / weights.sum()
    information = (basis.T * share) @ basis + STIFFNESS / count**2 * roughness(count)
    coefficients = np.linalg.solve(information, basis.T @ (share * np.log(safe)))
    for _ in range(STEPS):
        excess = share * (power * np.exp(-basis @ coefficients) - 1.0)
        gradient = basis.T @ excess - STIFFNESS / count**2 * (roughness(count) @ coefficients)
        step = np.clip(np.linalg.solve(information, gradient), -1.0, 1.0)
        coefficients = coefficients + step
        if np.abs(step).max() < CONVERGED:
            break
    smooth: Floats = np.exp(basis @ coefficients)
    return smooth
