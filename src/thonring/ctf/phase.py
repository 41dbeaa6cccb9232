"""The phase aberration: CTF = -sin χ, power ∝ sin² χ.

Source: Rohou & Grigorieff (2015), J. Struct. Biol. 192, 216, doi:10.1016/j.jsb.2015.08.008.
"""

import math

import numpy as np
import numpy.typing as npt

from thonring.optics import Optics
from thonring.records import Floats


def phase_aberration(
    squared_frequency: npt.ArrayLike, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Phase χ in radians, underfocus positive, the amplitude contrast included as arcsin A.

    `squared_frequency` (k² in 1/Å²) and `defocus_A` broadcast together; the result has their joint shape.
    χ = πλΔf k² - ½π Cs λ³ k⁴ + φ + arcsin A, so that CTF = -A at k = 0.
    """
    k2 = _array(squared_frequency)
    cs_A, wavelength_A = 1e7 * optics.cs_mm, optics.wavelength_A
    constant = phase_shift_rad + math.asin(optics.amplitude_contrast)
    defocus_term = phase_per_defocus(k2, optics) * _array(defocus_A)
    return defocus_term - (0.5 * math.pi * cs_A * wavelength_A**3) * k2 * k2 + constant


def phase_per_defocus(squared_frequency: npt.ArrayLike, optics: Optics) -> Floats:
    """∂χ/∂Δf = πλk², in radians per Å."""
    return (math.pi * optics.wavelength_A) * _array(squared_frequency)


def _array(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
