"""A scene's power spectrum without its image: independent Gamma values around the model."""

import math

import numpy as np

from thonring.records import Floats, Image, Spectrum
from thonring.simulate.model import powers
from thonring.simulate.plane import aberration, movement, steepness
from thonring.simulate.scene import Scene

SIZE = 512
TABLE = 1024

FEW_FREQUENCIES = 3.0
"""Pixels of fewer frequencies of the image than this, each way, are averaged from values on the image's own grid."""


def drawn_spectrum(
    scene: Scene, sampling_A: float, random: np.random.Generator, size: int = SIZE
) -> Spectrum:
    """A spectrum as that of the scene's image at `sampling_A`, (size, size // 2 + 1), drawn and not computed.

    Holds what is stationary: ice, particles (as a Gaussian field), noise, envelopes, drift, jump, blur. Crystals,
    film, hot pixels and gradients need the image. A pixel averages as many exponential values as the image's own
    frequencies lie in it, and rings finer than a pixel lose contrast as their average does. Neighbours share
    the frequencies between them where an image has few.

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

    A frequency at the border of a pixel counts by the part inside. Small pixels average values of a finer grid, and
    share those at their borders with their neighbours; large ones are drawn by themselves.
    """
    rows, columns = _edges(size, -(size // 2), high), _edges(size // 2 + 1, 0, wide)
    if min(high, wide) < FEW_FREQUENCIES:
        count = [math.ceil(edges[-1] - math.floor(edges[0])) for edges in (rows, columns)]
        values = random.standard_exponential(count, dtype=np.float32).astype(np.float64)
        averaged = _averaged(_averaged(values, rows, 0), columns, 1)
        return averaged.astype(np.float32)
    shape = (_independent(rows)[:, None] * _independent(columns)[None, :]).astype(np.float32)
    drawn: Image = random.standard_gamma(shape, dtype=np.float32)
    drawn /= shape
    return drawn


def _edges(count: int, first: int, width: float) -> Floats:
    """Borders (count + 1,) of pixels `first`, `first` + 1 ... in steps of the image's frequencies, each one wide."""
    return np.asarray((np.arange(count + 1) + first - 0.5) * width + 0.5)


def _averaged(values: Floats, edges: Floats, axis: int) -> Floats:
    """Means of `values` between neighbouring edges along an axis; value i covers i to i + 1 from the first edge on."""
    total = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
    place = edges - math.floor(edges[0])
    below = np.minimum(place.astype(np.int64), total.shape[axis] - 2)
    part = (place - below).reshape((-1, 1) if axis == 0 else (1, -1))
    at_edges = (1 - part) * total.take(below, axis) + part * total.take(below + 1, axis)
    return np.asarray(np.diff(at_edges, axis=axis) / (edges[1] - edges[0]))


def _independent(edges: Floats) -> Floats:
    """How many whole values have the variance of each pixel's mean: w² / Σ c², c the part of a value inside."""
    width = float(edges[1] - edges[0])
    shared = (edges % 1) * (1 - edges % 1)
    return np.asarray(width**2 / (width - shared[:-1] - shared[1:]))


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


def variance(scene: Scene) -> float:
    """Variance of the image's pixels, with mean 1: what a measured spectrum is divided by.

    The density with its rings averaged, integrated over the square of frequencies that the pixel holds.
    """
    nyquist = 0.5 / scene.pixel_A
    k = np.linspace(0, math.sqrt(2) * nyquist, TABLE)[1:]
    parts = powers(scene, k)
    angle = 2 * np.pi - 8 * np.arccos(np.minimum(nyquist / k, 1))
    return float(((parts.noise + 0.5 * (parts.ice + parts.particles)) * k * angle).sum() * (k[1] - k[0]))
