"""From the specimen to the detector: phase aberration, envelopes of illumination and movement, MTF and DQE.

Functions of k and a direction are in double precision, for spectra along radii; those of (kx, ky) in single precision,
for images and planes.
"""

import math

import numpy as np
import numpy.typing as npt

from thonring.ctf import defocus_along, phase_aberration
from thonring.records import Floats, Image
from thonring.simulate.scene import Detector, Scene

Transform = npt.NDArray[np.complex64]

# Phase aberration


def phase_along(scene: Scene, squared_frequency: Floats, direction_rad: Floats) -> Floats:
    """χ in radians at k² (1/Å²) and directions, broadcast together, in double precision."""
    defocus = defocus_along(direction_rad, scene.defocus_u_A, scene.defocus_v_A, scene.angle_deg)
    return phase_aberration(squared_frequency, defocus, scene.optics, math.radians(scene.phase_shift_deg))


def phase_on_grid(scene: Scene, kx: Image, ky: Image) -> Image:
    """χ in radians at (kx, ky) in 1/Å, which broadcast together, in single precision: good to 1e-4 rad.

    Same as `phase_along`, without directions and their cosines: k² cos 2(α - θ) = cos 2θ (kx² - ky²) + 2 sin 2θ kx ky.
    """
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


def phase_gradient(scene: Scene, kx: Image, ky: Image) -> tuple[Image, Image]:
    """∂χ/∂kx and ∂χ/∂ky in radians Å at (kx, ky) in 1/Å, which broadcast together.

    The derivatives of χ as in `phase_on_grid`: 2πλ (kx (Δf - Cs λ² k²) + ½(U - V)(cos 2θ kx + sin 2θ ky)) along x.
    """
    optics, half_A = scene.optics, 0.5 * (scene.defocus_u_A - scene.defocus_v_A)
    twice, per_A = 2 * math.radians(scene.angle_deg), 2 * math.pi * optics.wavelength_A
    cs_term = per_A * 1e7 * optics.cs_mm * optics.wavelength_A**2
    radial = np.float32(per_A * scene.mean_defocus_A) - np.float32(cs_term) * (kx**2 + ky**2)
    cosine, sine = np.float32(per_A * half_A * math.cos(twice)), np.float32(per_A * half_A * math.sin(twice))
    return np.asarray(kx * (radial + cosine) + ky * sine), np.asarray(ky * (radial - cosine) + kx * sine)


# Envelopes


def illumination_envelope(scene: Scene, frequency_per_A: Floats) -> Floats:
    """Attenuation of an amplitude at k (1/Å) by partial coherence, B factor and blur, at the mean defocus.

    Sources: Wade & Frank (1977), Optik 49, 81, for focal spread and source size; Glaeser et al. (1971) for
    a Gaussian movement.
    """
    # Exponents; each envelope is exp(-exponent).
    k, exposure, optics = frequency_per_A, scene.exposure, scene.optics
    wavelength_A, cs_A = optics.wavelength_A, 1e7 * optics.cs_mm
    # Focal spread: ½ (πλ δ k²)².
    temporal = 0.5 * (math.pi * wavelength_A * exposure.focal_spread_A * k**2) ** 2
    # Source size α: 2 (π α (Δf k - Cs λ² k³))², the gradient of χ times the spread of directions.
    gradient = scene.mean_defocus_A * k - cs_A * wavelength_A**2 * k**3
    spatial = 2 * (math.pi * 1e-3 * exposure.source_mrad * gradient) ** 2
    # B factor: ¼ B k²; Gaussian movement of standard deviation s: 2 (π s k)².
    damping = 0.25 * exposure.b_factor_A2 * k**2
    blur = 2 * (math.pi * exposure.blur_A * k) ** 2
    return np.asarray(np.exp(-(temporal + spatial + damping + blur)))


def depth_contrast(scene: Scene, squared_frequency: Floats) -> Floats:
    """Attenuation of the rings of a layer as thick as the ice: sinc(λ k² t).

    Every depth has its own defocus. Source: McMullan et al. (2015), doi:10.1016/j.ultramic.2015.05.017.
    """
    return np.sinc(scene.optics.wavelength_A * scene.ice.thickness_A * np.asarray(squared_frequency))


def movement_power(scene: Scene, frequency_per_A: Floats, direction_rad: Floats) -> Floats:
    """Attenuation of the power by drift and a jump of the stage at k (1/Å) and directions, broadcast together."""
    exposure = scene.exposure
    k = np.asarray(frequency_per_A)
    power = np.ones(np.broadcast_shapes(k.shape, direction_rad.shape))
    # A steady drift over the distance d blurs by a box: sinc²(d k∥).
    if exposure.drift_A > 0:
        along = k * np.cos(direction_rad - math.radians(exposure.drift_angle_deg))
        power = power * np.sinc(exposure.drift_A * along) ** 2
    # Shares 1 - q and q of the dose a jump s apart: |1 - q + q e^(-2πi k·s)|² = 1 - 2q (1 - q)(1 - cos 2πk·s).
    if exposure.jump_share > 0:
        along = k * np.cos(direction_rad - math.radians(exposure.jump_angle_deg))
        lost = 2 * exposure.jump_share * (1 - exposure.jump_share)
        power = power * (1 - lost * (1 - np.cos(2 * np.pi * exposure.jump_A * along)))
    return np.asarray(power)


def movement(scene: Scene, kx: Image, ky: Image) -> Transform | None:
    """Factor of the transform at (kx, ky) for drift and a jump; None if nothing moved."""
    exposure = scene.exposure
    factor = None
    if exposure.drift_A > 0:
        factor = np.sinc(_along(kx, ky, exposure.drift_A, exposure.drift_angle_deg)).astype(np.complex64)
    if exposure.jump_share > 0:
        turns = _along(kx, ky, exposure.jump_A, exposure.jump_angle_deg)
        jump = (1 - exposure.jump_share) + exposure.jump_share * np.exp(-2j * np.pi * turns)
        factor = jump.astype(np.complex64) * (1 if factor is None else factor)
    return factor


def _along(kx: Image, ky: Image, distance_A: float, angle_deg: float) -> Image:
    angle = math.radians(angle_deg)
    return np.asarray(
        np.float32(distance_A * math.cos(angle)) * kx + np.float32(distance_A * math.sin(angle)) * ky
    )


# Camera


def transfer(detector: Detector, pixel_A: float, frequency_per_A: Floats) -> Floats:
    """The camera's amplitude transfer (MTF) at k (1/Å): a Gaussian."""
    relative = 2 * pixel_A * np.asarray(frequency_per_A)
    return np.asarray(np.exp(math.log(detector.mtf_at_nyquist) * relative**2))


def noise_transfer(detector: Detector, pixel_A: float, frequency_per_A: Floats) -> Floats:
    """Amplitude transfer of the camera for shot noise at k (1/Å): MTF/√DQE."""
    relative = 2 * pixel_A * np.asarray(frequency_per_A)
    dqe = detector.dqe_at_zero + (detector.dqe_at_nyquist - detector.dqe_at_zero) * relative**2
    return transfer(detector, pixel_A, frequency_per_A) / np.sqrt(np.maximum(dqe, 0.02))
