"""Where the CTF vanishes, and how close its rings lie."""

import math

import numpy as np
import numpy.typing as npt

from thonring.optics import Optics
from thonring.records import Floats


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
    quadratic = 0.5 * math.pi * 1e7 * optics.cs_mm * optics.wavelength_A**3
    with np.errstate(invalid="ignore", divide="ignore"):
        k2 = 2.0 * rest / (linear + np.sqrt(linear**2 - 4.0 * quadratic * rest))
        return np.sqrt(k2)


def zero_frequency(
    number: int, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Frequency in 1/Å of the CTF's `number`-th zero (1 is the first); NaN where there is none.

    A phase shift beyond π - arcsin A makes the first zero that of 2π, and so on.
    """
    skipped = math.floor((phase_shift_rad + math.asin(optics.amplitude_contrast)) / math.pi)
    return frequency_of_phase(math.pi * (number + skipped), defocus_A, optics, phase_shift_rad)


def ring_period_per_A(frequency_per_A: npt.ArrayLike, defocus_A: float, optics: Optics) -> Floats:
    """Distance in 1/Å between neighbouring rings at a frequency: π / |∂χ/∂k|."""
    k = np.asarray(frequency_per_A, dtype=np.float64)
    wavelength_A = optics.wavelength_A
    slope = 2.0 * math.pi * wavelength_A * k * (defocus_A - 1e7 * optics.cs_mm * (wavelength_A * k) ** 2)
    with np.errstate(divide="ignore"):
        return math.pi / np.abs(slope)
