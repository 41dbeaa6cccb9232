"""The power spectrum that a scene has on average: Gaussian specimens through the microscope, and noise.

All powers are spectral densities of the image relative to its mean, in Å²: white noise of variance v in
pixels of p Å has the density v p².
"""

import math
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.simulate import scattering
from thonring.simulate.scene import Scene
from thonring.simulate.transfer import (
    aberration,
    depth_contrast,
    illumination_envelope,
    movement_power,
    noise_transfer,
    transfer,
)

INELASTIC_PATH_A = {100.0: 1700.0, 200.0: 2600.0, 300.0: 3200.0}
"""Mean free path for inelastic scattering in ice, by kV; Rice et al. (2018), doi:10.1016/j.jsb.2018.06.007."""

FINE = 2048


@dataclass(frozen=True, slots=True)
class Density:
    """Spectral density noise + rings · ½ (1 - kept · cos 2χ), in Å², of arrays that broadcast together.

    `kept` is what the depth of the ice leaves of the rings: 1 where all scatterers lie in one plane.
    """

    noise: Floats
    rings: Floats
    kept: Floats
    chi: Floats

    @property
    def modulation(self) -> Floats:
        """½ (1 - kept · cos 2χ): sin²χ where all is kept."""
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
    seen = 4 * (illumination_envelope(scene, k) * transfer(detector, pixel_A, k)) ** 2 * coherent_share(scene)
    noise = noise_transfer(detector, pixel_A, k) ** 2 / scene.exposure.dose_e_per_A2
    return Powers(seen * ice_phase(scene, k), seen * particle_phase(scene, k), noise)


def coherent_share(scene: Scene) -> float:
    """Share of the contrast's power that inelastic scattering in the ice leaves."""
    known = sorted(INELASTIC_PATH_A)
    path_A = float(np.interp(scene.optics.voltage_kV, known, [INELASTIC_PATH_A[kV] for kV in known]))
    return math.exp(-2 * scene.ice.thickness_A / path_A)


def ice_phase(scene: Scene, k: Floats) -> Floats:
    """Spectral density of the phase that the ice makes, Å²."""
    factor = scattering.phase_per_scattering(scene.optics) * scattering.water_molecule(k)
    density = scattering.WATER_PER_A3 * scene.ice.thickness_A
    structure = scattering.water_structure(k, scene.ice.ring_gain)
    still = scattering.moving_water(k, scene.exposure.dose_e_per_A2)
    return np.asarray(density * factor**2 * structure * still)


def particle_phase(scene: Scene, k: Floats) -> Floats:
    """Spectral density of the phase that the particles make, Å²: Wilson's plateau and the shape (Guinier).

    Source: Rosenthal & Henderson (2003), doi:10.1016/j.jmb.2003.07.013, fig. 9.
    """
    particles = scene.particles
    volume_A3 = 4 / 3 * math.pi * particles.radius_A**3 * (1 - particles.hollow**3)
    factor = scattering.phase_per_scattering(scene.optics) * scattering.protein_atom(k)
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
    """Fourier transform of a ball of density 1."""
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
    moved = movement_power(scene, k, direction_rad)
    return Density(
        noise=np.interp(k, nodes, parts.noise),
        rings=np.interp(k, nodes, signal) * moved,
        kept=1 - ice_share * (1 - depth_contrast(scene, k**2)),
        chi=aberration(scene, k**2, direction_rad),
    )
