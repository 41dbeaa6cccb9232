"""Which rings of a scene anybody could see: the ground for calling it usable."""

import math

import numpy as np

from thonring.ctf import ring_period_per_A, zero_frequency
from thonring.simulate.model import spectral_density
from thonring.simulate.scene import Scene

BAND_A = (30.0, 2.5)
PIXELS_PER_RING = 3.0
SAMPLES = 40


def visible_rings(scene: Scene, significance: float, enough: int) -> int:
    """How many successive rings, from the first zero of the CTF on, are visible inside 30-2.5 Å; at most `enough`.

    A ring runs from one zero to the next, along the mean defocus. It is visible if it lies inside the band, below
    Nyquist; if the image is long enough to give it three frequency steps; and if the signal of its modulation,
    √Σ [R (m - ½) / (N + R/2)]² over the image's independent frequencies, reaches `significance` standard deviations.
    """
    limit_per_A = min(1 / BAND_A[1], 0.5 / scene.pixel_A)
    step_per_A = 1 / (min(scene.shape) * scene.pixel_A)
    mean_A = scene.mean_defocus_A
    count = number = 0
    while count < enough:
        number += 1
        low, high = (float(zero_frequency(n, mean_A, scene.optics)) for n in (number, number + 1))
        if not high <= limit_per_A:
            return count
        if not float(ring_period_per_A(high, mean_A, scene.optics)) > PIXELS_PER_RING * step_per_A:
            return count
        if high < 1 / BAND_A[0]:
            continue
        if _significance(scene, low, high) < significance:
            return count
        count += 1
    return count


def _significance(scene: Scene, low_per_A: float, high_per_A: float) -> float:
    radius = np.linspace(low_per_A, high_per_A, SAMPLES)
    at_mean_defocus = np.full(1, math.radians(scene.angle_deg) + math.pi / 4)
    density = spectral_density(scene, radius, at_mean_defocus)
    relative = density.rings * (density.modulation - 0.5) / (density.noise + 0.5 * density.rings)
    area_A2 = scene.shape[0] * scene.shape[1] * scene.pixel_A**2
    frequencies = math.pi * radius * area_A2 * (radius[1] - radius[0])
    return math.sqrt(float((frequencies * relative**2).sum()))
