"""How strongly atoms, water and protein scatter electrons.

Electron scattering factors f in Å against frequency k in 1/Å, sums of four Gaussians in s² = k²/4.
Source: Doyle & Turner (1968), Acta Cryst. A24, 390, doi:10.1107/S0567739468000756, table 4(b).
"""

import numpy as np

from thonring.optics import Optics
from thonring.records import Floats

_GAUSSIANS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "H": ((0.202, 0.244, 0.082), (30.868, 8.544, 1.273)),
    "C": ((0.731, 1.195, 0.456, 0.125), (36.995, 11.297, 2.814, 0.346)),
    "N": ((0.572, 1.043, 0.465, 0.131), (28.847, 9.054, 2.421, 0.317)),
    "O": ((0.455, 0.917, 0.472, 0.138), (23.780, 7.622, 2.144, 0.296)),
    "Au": ((2.388, 4.226, 2.689, 1.255), (42.866, 9.743, 2.264, 0.307)),
}
"""Element → amplitudes (Å) and widths (Å²)."""

WATER_PER_A3 = 0.0314
"""Molecules in low-density amorphous ice of 0.94 g/cm³."""

PROTEIN_ATOMS_PER_A3 = 0.058
"""Atoms other than hydrogen in protein of 1.35 g/cm³, 7.8 in a residue of 110 Da."""

CARBON_PER_A3 = 0.10
"""Amorphous carbon of 2.0 g/cm³."""

DIFFUSION_A2 = 0.2
"""Half the mean square displacement of water along one axis, in Å² per e/Å²."""

OH_LENGTH_A = 0.96
"""Bond of water, as in the gas."""

REST_ENERGY_KEV = 510.999
"""Rest energy of the electron."""


def element(name: str, frequency_per_A: Floats) -> Floats:
    """Scattering factor of one atom, in Å."""
    # f(s) = Σ a exp(-b s²), s = k/2 = sin θ / λ.
    amplitudes, widths = _GAUSSIANS[name]
    s2 = 0.25 * np.square(frequency_per_A)
    total = np.zeros_like(s2)
    for amplitude, width in zip(amplitudes, widths, strict=True):
        total += amplitude * np.exp(-width * s2)
    return total


def water_molecule(frequency_per_A: Floats) -> Floats:
    """Scattering factor of a water molecule averaged over its orientations, in Å."""
    # Each hydrogen lies in any direction from the oxygen: sin(2πkr) / 2πkr, Debye's (1915).
    hydrogens = 2 * np.sinc(2 * OH_LENGTH_A * frequency_per_A) * element("H", frequency_per_A)
    return element("O", frequency_per_A) + hydrogens


def protein_atom(frequency_per_A: Floats) -> Floats:
    """Root mean square scattering factor of a protein's C, N and O atoms with their hydrogens, in Å.

    Fractions of the elements are those of an average protein, with one hydrogen per heavier atom.
    """
    shares = {"C": 0.63, "N": 0.17, "O": 0.20}
    hydrogen = element("H", frequency_per_A)
    squares = sum(share * (element(name, frequency_per_A) + hydrogen) ** 2 for name, share in shares.items())
    return np.asarray(np.sqrt(squares))


def water_structure(frequency_per_A: Floats, ring_gain: float = 1.0) -> Floats:
    """Structure factor S(k) of low-density amorphous ice; `ring_gain` multiplies the peak at 3.7 Å.

    A compressibility of 0.07 at k = 0, a rise to 1, and peaks at 1.70 and 3.05 1/Å of scattering vector (3.7 and
    2.06 Å), after the neutron diffraction of Finney et al. (2002), doi:10.1103/PhysRevLett.88.225503.
    """
    # Widths and heights are read off the published curve.
    k = np.asarray(frequency_per_A)
    rise = 0.07 + 0.93 * (1 - np.exp(-((k / 0.30) ** 6)))
    first = 1.6 * ring_gain * np.exp(-0.5 * ((k - 0.270) / 0.021) ** 2)
    second = 0.4 * np.exp(-0.5 * ((k - 0.485) / 0.05) ** 2)
    return np.asarray(rise + first + second)


def moving_water(frequency_per_A: Floats, dose_e_per_A2: float) -> Floats:
    """Fraction of the water's power that remains when its molecules diffuse under the beam, at k (1/Å).

    The mean over the exposure of a phase factor whose displacement grows by `DIFFUSION_A2` per e/Å²: with
    y = 4π²k²D · dose it is 2 (exp(-y) - 1 + y) / y². Source: McMullan et al. (2015), who find about 1 Å for the
    first e/Å² at 300 kV, doi:10.1016/j.ultramic.2015.05.017; D is calibrated on real rings (docs/simulate.md).
    """
    y = 4 * np.pi**2 * np.square(frequency_per_A) * DIFFUSION_A2 * dose_e_per_A2
    # Its series 1 - y/3 where the closed form loses precision.
    safe = np.maximum(y, 1e-3)
    return np.where(y > 1e-3, 2 * (np.exp(-safe) - 1 + safe) / safe**2, 1 - y / 3)


def carbon_structure(frequency_per_A: Floats) -> Floats:
    """Structure factor of amorphous carbon: flat, with peaks at 2.1 and 1.2 Å (Robertson 1986)."""
    k = np.asarray(frequency_per_A)
    return np.asarray(
        0.6 + 0.9 * np.exp(-0.5 * ((k - 0.47) / 0.05) ** 2) + 0.6 * np.exp(-0.5 * ((k - 0.85) / 0.08) ** 2)
    )


def gold_structure(frequency_per_A: Floats) -> Floats:
    """Structure factor of fine-grained gold: its 111 and 200 powder rings at 2.355 and 2.039 Å on a grainy plateau.

    Positions are those of the lattice of 4.079 Å; heights and widths are chosen manually, to look like a gold film.
    """
    k = np.asarray(frequency_per_A)
    grains = 3.0 / (1 + (k / 0.01) ** 2)
    first = 20 * np.exp(-0.5 * ((k - 1 / 2.355) / 0.006) ** 2)
    second = 10 * np.exp(-0.5 * ((k - 1 / 2.039) / 0.006) ** 2)
    return np.asarray(0.3 + grains + first + second)


def phase_per_scattering(optics: Optics) -> float:
    """Phase caused by one Å of scattering factor over one Å² of area: λ(1 + E/mc²), in Å.

    Source: Reimer & Kohl, Transmission Electron Microscopy (2008), eq. 5.18.
    """
    return optics.wavelength_A * (1 + optics.voltage_kV / REST_ENERGY_KEV)
