"""The Cramér-Rao bound: the smallest error any unbiased estimator of the CTF can have."""

import math
from dataclasses import dataclass

import numpy as np

from thonring.ctf import phase_per_defocus
from thonring.records import Floats
from thonring.simulate.scene import Scene
from thonring.simulate.spectrum import spectral_density
from thonring.simulate.white_noise import Truth, spectrum_of

RADII = 4000
DIRECTIONS = 90
"""Grid points of the integral over the half plane."""


@dataclass(frozen=True, slots=True)
class CramerRaoBound:
    """Smallest standard errors: of the mean defocus, and of the astigmatism vector per component."""

    defocus_A: float
    astigmatism_A: float


NO_BOUND = CramerRaoBound(math.nan, math.nan)
"""Without rings there is no information, and no bound."""


def cramer_rao(
    truth: Truth, shape: tuple[int, int], resolution_range_A: tuple[float, float]
) -> CramerRaoBound:
    """Bound for an image of `shape` pixels with known noise and envelope.

    Source: Whittle (1953), Ark. Mat. 2, 423: the information of a stationary field is Σ (∂ log S)² over the
    independent frequencies, of which the half plane has one per two pixels.
    """
    radius, angle = _grid(resolution_range_A, truth.pixel_A)
    noise, rings, chi = spectrum_of(truth, radius**2, angle)
    # S = N + R sin²χ, so ∂ log S/∂Δf = R sin 2χ · πλk² / S.
    model = noise + rings * np.sin(chi) ** 2
    slope = rings * np.sin(2 * chi) * phase_per_defocus(radius**2, truth.optics) / model
    return _bound(slope, radius, angle, shape[0] * shape[1] * truth.pixel_A**2)


def bound_of(scene: Scene, resolution_range_A: tuple[float, float] = (30.0, 2.5)) -> CramerRaoBound:
    """Bound for the micrograph of a scene; NaN if it has no rings."""
    radius, angle = _grid(resolution_range_A, scene.pixel_A)
    density = spectral_density(scene, radius, angle)
    # S = N + R ½ (1 - kept cos 2χ), so ∂S/∂χ = R · kept · sin 2χ.
    per_phase = density.rings * density.kept * np.sin(2 * density.chi)
    slope = per_phase * phase_per_defocus(radius**2, scene.optics) / density.total
    return _bound(slope, radius, angle, scene.shape[0] * scene.shape[1] * scene.pixel_A**2)


def _grid(resolution_range_A: tuple[float, float], pixel_A: float) -> tuple[Floats, Floats]:
    """Frequencies (radii, 1) inside the range and Nyquist, and directions (1, directions) of the half plane."""
    low, high = 1 / resolution_range_A[0], min(1 / resolution_range_A[1], 0.5 / pixel_A)
    return np.linspace(low, high, RADII)[:, None], ((np.arange(DIRECTIONS) + 0.5) * np.pi / DIRECTIONS)[
        None, :
    ]


def _bound(slope: Floats, radius: Floats, angle: Floats, area_A2: float) -> CramerRaoBound:
    """Bound from ∂ log S / ∂ defocus (radii, directions)."""
    # Independent frequencies in each cell of the half plane: its area k dk dα times that of the image.
    density = area_A2 * radius * (radius[1] - radius[0]) * (math.pi / DIRECTIONS)
    # ∂Δf over (mean, astigmatism x, y) is (1, ½ cos 2α, ½ sin 2α); the information is Σ ∂ᵢ log S ∂ⱼ log S.
    parts = [slope, slope * 0.5 * np.cos(2 * angle), slope * 0.5 * np.sin(2 * angle)]
    information = np.array([[float((density * one * two).sum()) for two in parts] for one in parts])
    if not np.linalg.cond(information) < 1 / np.finfo(np.float64).eps:
        return NO_BOUND
    # The bound is the inverse of the information (Cramér 1946, Mathematical Methods of Statistics, ch. 32).
    covariance = np.linalg.inv(information)
    return CramerRaoBound(math.sqrt(covariance[0, 0]), math.sqrt(0.5 * (covariance[1, 1] + covariance[2, 2])))
