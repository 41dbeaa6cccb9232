"""The power spectrum of a scene: its mean, from specimens through the microscope and noise, and draws around it.

All powers are spectral densities of the image relative to its mean, in Å²: white noise of variance v in
pixels of p Å has the density v p².
"""

import math
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats, Image, Spectrum
from thonring.simulate import microscope, scattering
from thonring.simulate.scene import Scene

INELASTIC_PATH_A = {100.0: 1700.0, 200.0: 2600.0, 300.0: 3200.0}
"""Mean free path for inelastic scattering in ice, by kV; Rice et al. (2018), doi:10.1016/j.jsb.2018.06.007."""

FINE = 2048
TABLE = 1024
"""Frequencies at which radial functions are computed, to be interpolated, or read at the nearest below for planes."""

SIZE = 512
"""Default size in pixels of the spectra drawn."""

FEW_FREQUENCIES = 3.0
"""Pixels covering fewer image frequencies than this, each way, are averaged from values on the image's own grid."""


# The mean spectrum along radii


@dataclass(frozen=True, slots=True)
class Density:
    """Spectral density noise + rings · ½ (1 - kept · cos 2χ), in Å², of arrays that broadcast together.

    `kept` is the attenuation of the rings by the depth of the ice: 1 if all scatterers lie in one plane.
    """

    noise: Floats
    rings: Floats
    kept: Floats
    chi: Floats

    @property
    def modulation(self) -> Floats:
        """½ (1 - kept · cos 2χ): sin²χ if `kept` is 1."""
        return np.asarray(0.5 * (1 - self.kept * np.cos(2 * self.chi)))

    @property
    def total(self) -> Floats:
        """The density itself."""
        return np.asarray(self.noise + self.rings * self.modulation)


@dataclass(frozen=True, slots=True)
class Powers:
    """Parts of a scene's spectrum, (samples,) at radial frequencies, detector included, movement not.

    `ice` and `particles` are what sin²χ multiplies; `noise` is what it does not.
    """

    ice: Floats
    particles: Floats
    noise: Floats


def powers(scene: Scene, frequency_per_A: Floats) -> Powers:
    """The parts of the spectrum at k (1/Å)."""
    k = np.asarray(frequency_per_A, dtype=np.float64)
    pixel_A, detector = scene.pixel_A, scene.detector
    # The contrast is twice the phase times sin χ: its power is 4 times that of the phase, times sin²χ.
    transferred = (
        4 * (microscope.illumination_envelope(scene, k) * microscope.transfer(detector, pixel_A, k)) ** 2
    )
    transferred *= coherent_share(scene)
    # Shot noise of N electrons a pixel has the relative variance 1/N: as a density, 1 over the dose.
    noise = microscope.noise_transfer(detector, pixel_A, k) ** 2 / scene.exposure.dose_e_per_A2
    return Powers(transferred * ice_phase(scene, k), transferred * particle_phase(scene, k), noise)


def coherent_share(scene: Scene) -> float:
    """Fraction of the contrast's power left by inelastic scattering in the ice: exp(-2t/Λ), Λ the mean free path.

    Electrons that lost energy are filtered out or blurred, and take amplitude exp(-t/Λ) with them.
    """
    known = sorted(INELASTIC_PATH_A)
    path_A = float(np.interp(scene.optics.voltage_kV, known, [INELASTIC_PATH_A[kV] for kV in known]))
    return math.exp(-2 * scene.ice.thickness_A / path_A)


def ice_phase(scene: Scene, k: Floats) -> Floats:
    """Spectral density of the phase caused by the ice, Å².

    That of N molecules per area, N f² (phase per scattering)², times their structure factor and the loss by diffusion.
    """
    factor = scattering.phase_per_scattering(scene.optics) * scattering.water_molecule(k)
    density = scattering.WATER_PER_A3 * scene.ice.thickness_A
    structure = scattering.water_structure(k, scene.ice.ring_gain)
    still = scattering.moving_water(k, scene.exposure.dose_e_per_A2)
    return np.asarray(density * factor**2 * structure * still)


def particle_phase(scene: Scene, k: Floats) -> Floats:
    """Spectral density of the phase caused by the particles, Å²: Wilson's plateau and the shape (Guinier).

    Source: Rosenthal & Henderson (2003), doi:10.1016/j.jmb.2003.07.013, fig. 9.
    """
    particles = scene.particles
    volume_A3 = 4 / 3 * math.pi * particles.radius_A**3 * (1 - particles.hollow**3)
    factor = scattering.phase_per_scattering(scene.optics) * scattering.protein_atom(k)
    # Wilson's plateau, atoms at random; and the particle as a body of its excess density over water.
    wilson = scattering.PROTEIN_ATOMS_PER_A3 * volume_A3
    shape = excess_density() * (
        _ball(particles.radius_A, k) - _ball(particles.hollow * particles.radius_A, k)
    )
    return np.asarray(1e-8 * particles.per_um2 * factor**2 * (wilson + shape**2))


def excess_density() -> float:
    """Protein's density above that of the water it displaces, in protein atoms per Å³."""
    at_zero = np.zeros(1)
    water = scattering.WATER_PER_A3 * float(scattering.water_molecule(at_zero)[0])
    return scattering.PROTEIN_ATOMS_PER_A3 - water / float(scattering.protein_atom(at_zero)[0])


def _ball(radius_A: float, k: Floats) -> Floats:
    """Fourier transform of a ball of density 1: volume · 3 (sin x - x cos x) / x³ with x = 2πkR."""
    x = 2 * math.pi * radius_A * np.maximum(k, 1e-9)
    small = x < 1e-3
    safe = np.where(small, 1.0, x)
    volume = 4 / 3 * math.pi * radius_A**3
    return np.asarray(volume * np.where(small, 1.0, 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3))


def spectral_density(scene: Scene, frequency_per_A: Floats, direction_rad: Floats) -> Density:
    """The scene's density over k (1/Å) and directions, broadcast together."""
    k = np.asarray(frequency_per_A, dtype=np.float64)
    nodes = np.linspace(0, float(k.max()) * (1 + 1e-9), FINE)
    parts = powers(scene, nodes)
    signal = parts.ice + parts.particles
    ice_share = np.interp(k, nodes, parts.ice / np.maximum(signal, np.finfo(np.float64).tiny))
    moved = microscope.movement_power(scene, k, direction_rad)
    return Density(
        noise=np.interp(k, nodes, parts.noise),
        rings=np.interp(k, nodes, signal) * moved,
        kept=1 - ice_share * (1 - microscope.depth_contrast(scene, k**2)),
        chi=microscope.phase_along(scene, k**2, direction_rad),
    )


# Draws


def drawn_spectrum(
    scene: Scene, sampling_A: float, random: np.random.Generator, size: int = SIZE
) -> Spectrum:
    """Draw a spectrum like that of the scene's image at `sampling_A`, (size, size // 2 + 1), without the image.

    Includes what is stationary: ice, particles (as a Gaussian field), noise, envelopes, drift, jump, blur. Crystals,
    film, hot pixels and gradients need the image. A pixel averages as many exponential values as the image's own
    frequencies lie in it, and rings finer than a pixel lose contrast as their average does. Neighbours share
    the frequencies between them where an image has few.

    Source of the statistics: Brillinger (1975), Time Series, theorem 5.2.6.

    Raises
    ------
    ValueError
        If the sampling is finer than the scene's pixel: the image has no information there.
    """
    if sampling_A < 0.999 * scene.pixel_A:
        raise ValueError(f"an image of {scene.pixel_A:g} Å/px cannot be sampled at {sampling_A:g} Å/px")
    step = 1 / (size * sampling_A)
    # The mean, in units of the image's variance, as a measured spectrum has it; times unit draws.
    power = mean_power(scene, step, size)
    power *= np.float32(1 / variance(scene))
    wide, high = (side * scene.pixel_A * step for side in (scene.shape[1], scene.shape[0]))
    power *= _unit_gamma(random, size, high, wide)
    return Spectrum(power, step, step, sampling_A, max(1.0, wide * high))


def _unit_gamma(random: np.random.Generator, size: int, high: float, wide: float) -> Image:
    """Means of exponential values, (size, size // 2 + 1): pixels `high` by `wide` frequencies of the image large.

    A frequency at the border of a pixel counts by the part inside. Small pixels average values of a finer grid, and
    share those at their borders with their neighbours; large ones are drawn independently.
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
    """How many whole values have the variance of each pixel's mean: w² / Σ c², c the part of a value inside.

    A border that cuts a value at the part p lowers Σ c² from w by p (1 - p).
    """
    width = float(edges[1] - edges[0])
    shared = (edges % 1) * (1 - edges % 1)
    return np.asarray(width**2 / (width - shared[:-1] - shared[1:]))


# The mean spectrum on a plane


def mean_power(scene: Scene, step_per_A: float, size: int = SIZE) -> Image:
    """The scene's density averaged over the pixels of a half plane (size, size // 2 + 1), in Å²."""
    ky = ((np.arange(size, dtype=np.float32) - size // 2) * np.float32(step_per_A))[:, None]
    kx = (np.arange(size // 2 + 1, dtype=np.float32) * np.float32(step_per_A))[None, :]
    # Powers of ice, particles and noise at each pixel.
    k2 = kx**2 + ky**2
    nodes = np.linspace(0, size * step_per_A, TABLE)
    parts = powers(scene, nodes)
    index = (np.sqrt(k2) * np.float32(1 / nodes[1])).astype(np.int32)
    # Rings ½ (1 - kept cos 2χ): depth takes contrast from those of ice, the width of a pixel from both; then movement.
    thickness = np.float32(scene.optics.wavelength_A * scene.ice.thickness_A)
    ripple = np.cos(2 * microscope.phase_on_grid(scene, kx, ky)) * _kept_in_pixel(scene, kx, ky, step_per_A)
    ice, particles, noise = (part.astype(np.float32) for part in (parts.ice, parts.particles, parts.noise))
    rings = ice[index] * (1 - np.sinc(thickness * k2) * ripple) + particles[index] * (1 - ripple)
    moved = microscope.movement(scene, kx, ky)
    if moved is not None:
        rings *= np.square(np.abs(moved))
    return np.asarray(noise[index] + np.float32(0.5) * rings)


def _kept_in_pixel(scene: Scene, kx: Image, ky: Image, step_per_A: float) -> Image:
    """Attenuation of cos 2χ by the average over a pixel: sinc of the turns across it, each way."""
    along_x, along_y = microscope.phase_gradient(scene, kx, ky)
    turns = np.float32(step_per_A / math.pi)
    return np.asarray(np.sinc(turns * along_x) * np.sinc(turns * along_y))


def variance(scene: Scene) -> float:
    """Variance of the image's pixels, with mean 1, by which a measured spectrum is divided.

    The density with its rings averaged, integrated over the square of frequencies that the pixel holds.
    """
    nyquist = 0.5 / scene.pixel_A
    k = np.linspace(0, math.sqrt(2) * nyquist, TABLE)[1:]
    parts = powers(scene, k)
    # The part of each circle that lies inside the square, 2π up to Nyquist and none at the corner.
    angle = 2 * np.pi - 8 * np.arccos(np.minimum(nyquist / k, 1))
    return float(((parts.noise + 0.5 * (parts.ice + parts.particles)) * k * angle).sum() * (k[1] - k[0]))
