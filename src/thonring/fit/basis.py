"""Smooth curves along frequency: cubic B-splines for the logarithms of background and ring power."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

from thonring.records import Floats

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
