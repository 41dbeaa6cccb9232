"""Phase and movement over a plane of frequencies, in single precision and from kx and ky alone."""

import math

import numpy as np
import numpy.typing as npt

from thonring.records import Image
from thonring.simulate.scene import Scene

Transform = npt.NDArray[np.complex64]


def aberration(scene: Scene, kx: Image, ky: Image) -> Image:
    """χ in radians at (kx, ky) in 1/Å, which broadcast together; good to 1e-4 rad."""
    optics, half_A = scene.optics, 0.5 * (scene.defocus_u_A - scene.defocus_v_A)
    twice = 2 * math.radians(scene.angle_deg)
    per_A = math.pi * optics.wavelength_A
    cs_term = 0.5 * math.pi * 1e7 * optics.cs_mm * optics.wavelength_A**3
    constant = math.radians(scene.phase_shift_deg) + math.asin(optics.amplitude_contrast)
    k2 = kx**2 + ky**2
    chi = k2 * (np.float32(per_A * scene.mean_defocus_A) - np.float32(cs_term) * k2) + np.float32(constant)
    if half_A:
        ellipse = np.float32(math.cos(twice)) * (kx**2 - ky**2) + np.float32(2 * math.sin(twice)) * (kx * ky)
        chi += np.float32(per_A * half_A) * ellipse
    return np.asarray(chi)


def steepness(scene: Scene, kx: Image, ky: Image) -> tuple[Image, Image]:
    """∂χ/∂kx and ∂χ/∂ky in radians Å at (kx, ky) in 1/Å, which broadcast together."""
    optics, half_A = scene.optics, 0.5 * (scene.defocus_u_A - scene.defocus_v_A)
    twice, per_A = 2 * math.radians(scene.angle_deg), 2 * math.pi * optics.wavelength_A
    cs_term = per_A * 1e7 * optics.cs_mm * optics.wavelength_A**2
    radial = np.float32(per_A * scene.mean_defocus_A) - np.float32(cs_term) * (kx**2 + ky**2)
    cosine, sine = np.float32(per_A * half_A * math.cos(twice)), np.float32(per_A * half_A * math.sin(twice))
    return np.asarray(kx * (radial + cosine) + ky * sine), np.asarray(ky * (radial - cosine) + kx * sine)


def movement(scene: Scene, kx: Image, ky: Image) -> Transform | None:
    """Factor of the transform at (kx, ky) for drift and a jump; None where nothing moved."""
    exposure = scene.exposure
    factor = None
    if exposure.drift_A > 0:
        factor = np.sinc(_along(kx, ky, exposure.drift_A, exposure.drift_angle_deg)).astype(np.complex64)
    if exposure.jump_share > 0:
        turns = _along(kx, ky, exposure.jump_A, exposure.jump_angle_deg)
        jump = (1 - exposure.jump_share) + exposure.jump_share * np.exp(-2j * np.pi * turns)
        factor = jump.astype(np.complex64) * (1 if factor is None else factor)
    return factor


def _along(kx: Image, ky: Image, way_A: float, angle_deg: float) -> Image:
    angle = math.radians(angle_deg)
    return np.asarray(np.float32(way_A * math.cos(angle)) * kx + np.float32(way_A * math.sin(angle)) * ky)
