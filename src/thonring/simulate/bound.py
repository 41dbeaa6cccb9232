"""The Cramér-Rao bound: the smallest error any unbiased estimator of the CTF can have."""

import math
from dataclasses import dataclass

import numpy as np

from thonring.ctf import phase_per_defocus
from thonring.simulate.white import Truth, spectrum_of


@dataclass(frozen=True, slots=True)
class Bound:
    """Smallest standard errors: of the mean defocus, and of the astigmatism vector per component."""

    defocus_A: float
    astigmatism_A: float


def cramer_rao(truth: Truth, shape: tuple[int, int], resolution_range_A: tuple[float, float]) -> Bound:
    """Bound for an image of `shape` pixels with noise and envelope known.

    Source: Whittle (1953), Ark. Mat. 2, 423: the information of a stationary field is Σ (∂ log S)² over the
    independent frequencies, of which the half plane has one per two pixels.
    """
    area_A2 = shape[0] * shape[1] * truth.pixel_A**2
    low, high = 1 / resolution_range_A[0], min(1 / resolution_range_A[1], 0.5 / truth.pixel_A)
    radius = np.linspace(low, high, 4000)
    angle = (np.arange(180) + 0.5) * np.pi / 180
    noise, rings, chi = spectrum_of(truth, radius[:, None] ** 2, angle[None, :])
    model = noise + rings * np.sin(chi) ** 2
    slope = rings * np.sin(2 * chi) * phase_per_defocus(radius[:, None] ** 2, truth.optics) / model
    density = area_A2 * radius[:, None] * (radius[1] - radius[0]) * (math.pi / 180)
    parts = [slope, slope * 0.5 * np.cos(2 * angle), slope * 0.5 * np.sin(2 * angle)]
    information = np.array([[float((density * one * two).sum()) for two in parts] for one in parts])
    covariance = np.linalg.inv(information)
    return Bound(math.sqrt(covariance[0, 0]), math.sqrt(0.5 * (covariance[1, 1] + covariance[2, 2])))
