"""Smooth curves over frequency: cubic B-splines for the logarithms of background and ring power, and their fit."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

from thonring.records import Floats, SectorProfiles

WARP = 0.7
"""Knots are uniform in k^0.7. Hand-tuned; data not recorded."""

SMOOTH_SPLINES = 8
"""Splines of the background that both searches divide by: too few to follow rings. Hand-tuned; data not recorded."""

STIFFNESS = 1e-3
"""Weight of the roughness of a smooth spectrum, for weights that sum to one. Hand-tuned; data not recorded."""


def spline_basis(frequency_per_A: Floats, count: int) -> Floats:
    """`count` cubic B-splines at the given frequencies, (rings, count); knots are denser at low frequency.

    They are uniform in k^0.7, because the power of micrographs falls fastest at small k.
    """
    return _basis(frequency_per_A.tobytes(), count)


@lru_cache(maxsize=256)
def _basis(frequencies: bytes, count: int) -> Floats:
    warped = np.frombuffer(frequencies) ** WARP
    # count - 2 breakpoints, the ends repeated thrice more: count cubic splines. The last breakpoint lies a little
    # beyond the band, since the intervals are open at their right end.
    inner = np.linspace(warped[0], warped[-1] * (1 + 1e-12), count - 2)
    knots = np.concatenate(([inner[0]] * 3, inner, [inner[-1]] * 3))
    basis: Floats = BSpline.design_matrix(warped, knots, 3).toarray()
    basis.flags.writeable = False
    return basis


@lru_cache(maxsize=32)
def roughness(count: int) -> Floats:
    """Penalty matrix DᵀD of second differences of spline coefficients, (count, count).

    Source: Eilers & Marx (1996), P-splines, doi:10.1214/ss/1038425655.
    """
    differences = np.diff(np.eye(count), 2, axis=0)
    penalty: Floats = differences.T @ differences
    penalty.flags.writeable = False
    return penalty


def rotational_mean(profiles: SectorProfiles) -> tuple[Floats, Floats]:
    """Mean power and number of independent values of each ring, both (rings,)."""
    values = profiles.values.sum(axis=0)
    return (profiles.power * profiles.values).sum(axis=0) / np.maximum(values, 1e-12), values


@dataclass(frozen=True, slots=True)
class Iterations:
    """When scoring ends: after `maximum` steps, or when no coefficient moves by `smallest_step` or more."""

    maximum: int
    smallest_step: float


def fit_log_spline(
    basis: Floats, power: Floats, weights: Floats, stiffness: float, start: Floats, iterations: Iterations
) -> Floats:
    """Coefficients (splines,) of log S = basis · coefficients that maximise the Whittle likelihood of `power`.

    Minimises Σ w (log S + P/S) + ½ · stiffness · (roughness of the coefficients).

    Parameters
    ----------
    basis
        Splines at each frequency, (rings, splines).
    power, weights
        Measured power P and its weight w, both (rings,).
    stiffness
        Weight of the roughness.
    start
        Coefficients to start from, (splines,).
    iterations
        When to stop.

    Notes
    -----
    Sources: Whittle (1953), Ark. Mat. 2, 423, for the likelihood; Osborne (1992), doi:10.2307/1403652, for Fisher
    scoring. P/S has the mean 1, so the fit is unbiased although the values are Gamma distributed; the mean of log P
    would not be.
    """
    penalty = roughness(basis.shape[1])
    # Fisher's information of log S is that of the weights alone: it does not change from step to step.
    information = (basis.T * weights) @ basis + stiffness * penalty
    coefficients = start
    for _ in range(iterations.maximum):
        # Score: the derivative of -Σ w (log S + P/S) by log S is w (P/S - 1).
        excess = weights * (power * np.exp(-basis @ coefficients) - 1.0)
        gradient = basis.T @ excess - stiffness * (penalty @ coefficients)
        # A step of more than a factor e in the power is limited: it would overshoot where P is far above S.
        step = np.clip(np.linalg.solve(information, gradient), -1.0, 1.0)
        coefficients = coefficients + step
        if np.abs(step).max() < iterations.smallest_step:
            break
    return coefficients


def smooth_power(frequency_per_A: Floats, power: Floats, weights: Floats, count: int) -> Floats:
    """Smooth curve (rings,) through `power`: the log-spline of `count` splines of greatest Whittle likelihood."""
    basis = spline_basis(frequency_per_A, count)
    share = weights / weights.sum()
    stiffness = STIFFNESS / count**2
    # Start: the penalised least-squares fit to log P.
    logarithm = np.log(np.maximum(power, 1e-12 * power.max()))
    information = (basis.T * share) @ basis + stiffness * roughness(count)
    start = np.linalg.solve(information, basis.T @ (share * logarithm))
    smooth: Floats = np.exp(
        basis @ fit_log_spline(basis, power, share, stiffness, start, Iterations(30, 1e-4))
    )
    return smooth
