"""A scene's power spectrum without its image: independent Gamma values around the model."""

import math

import numpy as np

from thonring.records import Image, Spectrum
from thonring.simulate.model import powers
from thonring.simulate.plane import aberration, movement, steepness
from thonring.simulate.scene import Scene

SIZE = 512
TABLE = 4096


def drawn_spectrum(
    scene: Scene, sampling_A: float, random: np.random.Generator, size: int = SIZE
) -> Spectrum:
    """A spectrum as that of the scene's image at `sampling_A`, (size, size // 2 + 1), drawn and not computed.

    Holds what is stationary: ice, particles (as a Gaussian field), noise, envelopes, drift, jump, blur. Crystals,
    film, hot pixels and gradients need the image. A pixel averages as many exponential values as the image's own
    frequencies lie in it, and rings finer than a pixel lose contrast as their average does. Where an image has fewer
    frequencies than the spectrum pixels, neighbours share a value.

    Source of the statistics: Brillinger (1975), Time Series, theorem 5.2.6.

    Raises
    ------
    ValueError
        If the sampling is finer than the scene's pixel: the image knows nothing there.
    """
    if sampling_A < 0.999 * scene.pixel_A:
        raise ValueError(f"cannot sample an image of {scene.pixel_A:g} Å/px at {sampling_A:g} Å/px")
    step = 1 / (size * sampling_A)
    power = mean_power(scene, step, size)
    power *= np.float32(1 / variance(scene))
    wide, high = (side * scene.pixel_A * step for side in (scene.shape[1], scene.shape[0]))
    power *= _unit_gamma(random, size, high, wide)
    return Spectrum(power, step, step, sampling_A, max(1.0, wide * high))


def _unit_gamma(random: np.random.Generator, size: int, high: float, wide: float) -> Image:
    """Means of exponential values, (size, size // 2 + 1): pixels `high` by `wide` frequencies of the image large.

    A frequency at the border of a pixel counts by the part inside, which makes the mean of w values along an axis
    vary as that of w / (1 - 1/(3w)).
    """
    if min(high, wide) < 1:
        rows = np.rint((np.arange(size) - size // 2) * high).astype(np.int64)
        columns = np.rint(np.arange(size // 2 + 1) * wide).astype(np.int64)
        values = random.standard_exponential((int(np.ptp(rows)) + 1, int(columns[-1]) + 1), dtype=np.float32)
        shared: Image = values[(rows - rows[0])[:, None], columns[None, :]]
        return shared
    shape = math.prod(width / (1 - 1 / (3 * width)) for width in (high, wide))
    return random.standard_gamma(shape, (size, size // 2 + 1), dtype=np.float32) / np.float32(shape)


def mean_power(scene: Scene, step_per_A: float, size: int = SIZE) -> Image:
    """The scene's density averaged over the pixels of a half plane (size, size // 2 + 1), in Å²."""
    ky = ((np.arange(size, dtype=np.float32) - size // 2) * np.float32(step_per_A))[:, None]
    kx = (np.arange(size // 2 + 1, dtype=np.float32) * np.float32(step_per_A))[None, :]
    k2 = kx**2 + ky**2
    nodes = np.linspace(0, size * step_per_A, TABLE)
    parts = powers(scene, nodes)
    index = (np.sqrt(k2) * np.float32(1 / nodes[1])).astype(np.int32)
    thickness = np.float32(scene.optics.wavelength_A * scene.ice.thickness_A)
    ripple = np.cos(2 * aberration(scene, kx, ky)) * _kept_in_pixel(scene, kx, ky, step_per_A)
    ice, particles, noise = (part.astype(np.float32) for part in (parts.ice, parts.particles, parts.noise))
    rings = ice[index] * (1 - np.sinc(thickness * k2) * ripple) + particles[index] * (1 - ripple)
    moved = movement(scene, kx, ky)
    if moved is not None:
        rings *= np.square(np.abs(moved))
    return np.asarray(noise[index] + np.float32(0.5) * rings)


def _kept_in_pixel(scene: Scene, kx: Image, ky: Image, step_per_A: float) -> Image:
    """What the average over a pixel leaves of cos 2χ: sinc of the turns across it, each way."""
    along_x, along_y = steepness(scene, kx, ky)
    turns = np.float32(step_per_A / math.pi)
    return np.asarray(np.sinc(turns * along_x) * np.sinc(turns * along_y))


def variance(scene: Scene, size: int = 256) -> float:
    """Variance of the image's pixels, with mean 1: what a measured spectrum is divided by."""
    step = 1 / (size * scene.pixel_A)
    power = mean_power(scene, step, size)[:, 1:-1]
    return float(2 * power.sum(dtype=np.float64)) * step**2
