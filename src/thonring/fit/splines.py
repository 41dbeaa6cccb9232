"""Smooth curves along frequency: cubic B-splines for the logarithms of background and ring power."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

from thonring.records import Floats, SectorProfiles

WARP = 0.7


def spline_basis(frequency_per_A: Floats, count: int) -> Floats:
    """`count` cubic B-splines at the given frequencies, (rings, count); knots crowd towards low frequency.

    They are uniform in k^0.7, because micrographs' power falls fastest where k is small.
    """
    return _basis(frequency_per_A.tobytes(), count)


@lru_cache(maxsize=256)
def _basis(frequencies: bytes, count: int) -> Floats:
    warped = np.frombuffer(frequencies) ** WARP
    inner = np.linspace(warped[0], warped[-1] * (1 + 1e-12), count - 2)
    knots = np.concatenate(([inner[0]] * 3, inner, [inner[-1]] * 3))
    basis: Floats = BSpline.design_matrix(warped, knots, 3).toarray()
    basis.flags.writeable = False
    return basis


@lru_cache(maxsize=32)
def roughness(count: int) -> Floats:
    """Penalty matrix of second differences of spline coefficients, (count, count)."""
    differences = np.diff(np.eye(count), 2, axis=0)
    penalty: Floats = differences.T @ differences
    penalty.flags.writeable = False
    return penalty


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
