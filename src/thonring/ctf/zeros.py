"""Where the CTF vanishes, and how close its rings lie."""

import math

import numpy as np
import numpy.typing as npt

from thonring.ctf.astigmatism import defocus_along
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, KnownDefocus


def frequency_of_phase(
    phase_rad: npt.ArrayLike, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Lowest frequency in 1/Å at which χ reaches `phase_rad`; NaN where it never does.

    The phase broadcasts with `defocus_A`.

    Solves ½π Cs λ³ k⁴ - πλΔf k² + (phase - φ - arcsin A) = 0 for k², in the form that stays exact
    as Cs goes to 0.
    """
    rest = np.asarray(phase_rad, dtype=np.float64) - phase_shift_rad - math.asin(optics.amplitude_contrast)
    linear = math.pi * optics.wavelength_A * np.asarray(defocus_A, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        k2 = 2.0 * rest / (linear + np.sqrt(linear**2 - 4.0 * _quadratic(optics) * rest))
        k: Floats = np.sqrt(np.where(np.isfinite(k2), k2, math.nan))
    return k


def zero_frequency(
    number: int, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Frequency in 1/Å of the CTF's `number`-th zero (1 is the first); NaN where there is none.

    A phase shift beyond π - arcsin A makes the first zero that of 2π, and so on.
    """
    phase_rad = _phase_of_zero(number, optics, phase_shift_rad)
    return frequency_of_phase(phase_rad, defocus_A, optics, phase_shift_rad)


def defocus_of_zero(
    number: int, frequency_per_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Defocus in Å whose `number`-th zero lies at a frequency: the inverse of `zero_frequency`.

    The shape is that of `frequency_per_A`. NaN where no defocus has this zero there: at k = 0, and where
    the spherical aberration turns the phase back before it is reached, which is beyond
    ½π Cs λ³ k⁴ = π·number - φ - arcsin A.
    """
    k2 = np.asarray(frequency_per_A, dtype=np.float64) ** 2
    rest = _phase_of_zero(number, optics, phase_shift_rad) - phase_shift_rad
    rest -= math.asin(optics.amplitude_contrast)
    spherical = _quadratic(optics) * k2 * k2
    with np.errstate(invalid="ignore", divide="ignore"):
        defocus_A = (rest + spherical) / (math.pi * optics.wavelength_A * k2)
    found: Floats = np.where((k2 > 0) & (rest >= spherical), defocus_A, math.nan)
    return found


def zero_curves(most: int, ctf: CtfFit | KnownDefocus, optics: Optics, directions: int = 181) -> Floats:
    """The closed curves of the first `most` zeros, (most, 2, directions): kx and ky in 1/Å, NaN where there is none.

    The amplitude contrast is that of `optics`. The last direction is the first again, a whole turn later.
    """
    direction_rad = np.linspace(0.0, 2.0 * math.pi, directions)
    defocus_A = defocus_along(direction_rad, ctf.defocus_u_A, ctf.defocus_v_A, ctf.angle_deg)
    shift_rad = math.radians(ctf.phase_shift_deg)
    phases_rad = np.array([_phase_of_zero(number, optics, shift_rad) for number in range(1, most + 1)])
    radius_per_A = frequency_of_phase(phases_rad[:, None], defocus_A, optics, shift_rad)
    return np.stack([radius_per_A * np.cos(direction_rad), radius_per_A * np.sin(direction_rad)], axis=1)


def _phase_of_zero(number: int, optics: Optics, phase_shift_rad: float) -> float:
    """Phase χ of the `number`-th zero: that of k = 0 is passed first."""
    skipped = math.floor((phase_shift_rad + math.asin(optics.amplitude_contrast)) / math.pi)
    return math.pi * (number + skipped)


def _quadratic(optics: Optics) -> float:
    """½π Cs λ³ in Å⁴."""
    return 0.5 * math.pi * 1e7 * optics.cs_mm * optics.wavelength_A**3


def ring_period_per_A(frequency_per_A: npt.ArrayLike, defocus_A: float, optics: Optics) -> Floats:
    """Distance in 1/Å between neighbouring rings at a frequency: π / |∂χ/∂k|."""
    k = np.asarray(frequency_per_A, dtype=np.float64)
    wavelength_A = optics.wavelength_A
    slope = 2.0 * math.pi * wavelength_A * k * (defocus_A - 1e7 * optics.cs_mm * (wavelength_A * k) ** 2)
    with np.errstate(divide="ignore"):
        return math.pi / np.abs(slope)
