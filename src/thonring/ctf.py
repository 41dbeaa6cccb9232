"""The contrast transfer function: phase aberration, astigmatism, zeros, and sin²χ as an image.

Along the direction α, at the spatial frequency k, with underfocus positive (docs/conventions.md):

- defocus: Δf(α) = ½(U + V) + ½(U - V) cos 2(α - θ),
- phase aberration: χ = πλΔf k² - ½π Cs λ³ k⁴ + φ + arcsin A, with phase shift φ and amplitude contrast A,
- CTF = -sin χ, which is -A at k = 0 without a phase shift; the rings in a power spectrum are sin²χ.

Sources: Rohou & Grigorieff (2015), doi:10.1016/j.jsb.2015.08.008, for χ; Mindell & Grigorieff (2003),
doi:10.1016/S1047-8477(03)00069-8, for the astigmatic defocus. Angles are in radians in this module unless a name ends
in `_deg`.
"""

import math

import numpy as np
import numpy.typing as npt

from thonring.optics import Optics
from thonring.records import CtfFit, Floats, KnownDefocus, Spectrum

# Phase aberration


def phase_aberration(
    squared_frequency: npt.ArrayLike, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """χ = πλΔf k² - ½π Cs λ³ k⁴ + φ + arcsin A, in radians.

    Parameters
    ----------
    squared_frequency
        k² in 1/Å²; broadcasts with `defocus_A`.
    defocus_A
        Δf along the direction of each k, underfocus positive.
    optics
        Gives λ, Cs and the amplitude contrast A.
    phase_shift_rad
        Phase shift φ of a phase plate.

    Returns
    -------
    Floats
        The joint shape of `squared_frequency` and `defocus_A`.
    """
    k2 = _array(squared_frequency)
    cs_A, wavelength_A = 1e7 * optics.cs_mm, optics.wavelength_A
    constant = phase_shift_rad + math.asin(optics.amplitude_contrast)
    defocus_term = phase_per_defocus(k2, optics) * _array(defocus_A)
    return defocus_term - (0.5 * math.pi * cs_A * wavelength_A**3) * k2 * k2 + constant


def phase_per_defocus(squared_frequency: npt.ArrayLike, optics: Optics) -> Floats:
    """∂χ/∂Δf = πλk², in radians per Å, in the shape of `squared_frequency` (1/Å²)."""
    return (math.pi * optics.wavelength_A) * _array(squared_frequency)


def ring_period_per_A(frequency_per_A: npt.ArrayLike, defocus_A: float, optics: Optics) -> Floats:
    """Distance in 1/Å between neighbouring rings at a frequency: π / |∂χ/∂k|.

    ∂χ/∂k = 2πλk (Δf - Cs λ² k²); the distance is infinite where it vanishes. The shape is that of
    `frequency_per_A`.
    """
    k = np.asarray(frequency_per_A, dtype=np.float64)
    wavelength_A = optics.wavelength_A
    slope = 2.0 * math.pi * wavelength_A * k * (defocus_A - 1e7 * optics.cs_mm * (wavelength_A * k) ** 2)
    with np.errstate(divide="ignore"):
        return math.pi / np.abs(slope)


# Astigmatism


def defocus_along(
    direction_rad: npt.ArrayLike, defocus_u_A: float, defocus_v_A: float, angle_deg: float
) -> Floats:
    """Defocus in Å along directions: ½(U+V) + ½(U-V) cos 2(α-θ); the shape of `direction_rad`."""
    twice = 2.0 * (np.asarray(direction_rad, dtype=np.float64) - math.radians(angle_deg))
    return 0.5 * (defocus_u_A + defocus_v_A) + 0.5 * (defocus_u_A - defocus_v_A) * np.cos(twice)


def canonical(defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> tuple[float, float, float]:
    """The same defocus with U >= V and the angle of U in (-90, 90] degrees."""
    if defocus_u_A < defocus_v_A:
        defocus_u_A, defocus_v_A, angle_deg = defocus_v_A, defocus_u_A, angle_deg + 90.0
    return defocus_u_A, defocus_v_A, 90.0 - (90.0 - angle_deg) % 180.0


def to_vector(defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> tuple[float, float, float]:
    """Mean defocus and astigmatism vector (U-V)(cos 2θ, sin 2θ), in Å.

    The vector has no jump at θ = ±90° and needs no angle where U = V, so it is what is fitted.
    """
    astigmatism_A, twice = defocus_u_A - defocus_v_A, 2.0 * math.radians(angle_deg)
    mean_A = 0.5 * (defocus_u_A + defocus_v_A)
    return mean_A, astigmatism_A * math.cos(twice), astigmatism_A * math.sin(twice)


def from_vector(mean_A: float, x_A: float, y_A: float) -> tuple[float, float, float]:
    """U, V and the angle in degrees of a mean defocus and an astigmatism vector: the inverse of `to_vector`."""
    half_A = 0.5 * math.hypot(x_A, y_A)
    return canonical(mean_A + half_A, mean_A - half_A, math.degrees(0.5 * math.atan2(y_A, x_A)))


# Zeros


def frequency_of_phase(
    phase_rad: npt.ArrayLike, defocus_A: npt.ArrayLike, optics: Optics, phase_shift_rad: float = 0.0
) -> Floats:
    """Lowest frequency in 1/Å at which χ reaches `phase_rad`; NaN where it never does.

    `phase_rad` and `defocus_A` broadcast together; the result has their joint shape.

    Notes
    -----
    χ = χ₀ is a quadratic equation in k², a k⁴ - b k² + c = 0 with a = ½π Cs λ³, b = πλΔf and
    c = χ₀ - φ - arcsin A. Its smaller root is taken as 2c / (b + √(b² - 4ac)), which stays exact as Cs goes to 0,
    where the usual form divides 0 by 0.
    """
    rest = np.asarray(phase_rad, dtype=np.float64) - phase_shift_rad - math.asin(optics.amplitude_contrast)
    linear = math.pi * optics.wavelength_A * np.asarray(defocus_A, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        k2 = 2.0 * rest / (linear + np.sqrt(linear**2 - 4.0 * _spherical_coefficient_A4(optics) * rest))
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
    spherical = _spherical_coefficient_A4(optics) * k2 * k2
    with np.errstate(invalid="ignore", divide="ignore"):
        defocus_A = (rest + spherical) / (math.pi * optics.wavelength_A * k2)
    reachable: Floats = np.where((k2 > 0) & (rest >= spherical), defocus_A, math.nan)
    return reachable


def zero_curves(count: int, ctf: CtfFit | KnownDefocus, optics: Optics, directions: int = 181) -> Floats:
    """The closed curves of the first `count` zeros, (count, 2, directions): kx and ky in 1/Å, NaN where there is none.

    The amplitude contrast is that of `optics`. The last direction is the first again, a whole turn later.
    """
    direction_rad = np.linspace(0.0, 2.0 * math.pi, directions)
    defocus_A = defocus_along(direction_rad, ctf.defocus_u_A, ctf.defocus_v_A, ctf.angle_deg)
    shift_rad = math.radians(ctf.phase_shift_deg)
    phases_rad = np.array([_phase_of_zero(number, optics, shift_rad) for number in range(1, count + 1)])
    radius_per_A = frequency_of_phase(phases_rad[:, None], defocus_A, optics, shift_rad)
    return np.stack([radius_per_A * np.cos(direction_rad), radius_per_A * np.sin(direction_rad)], axis=1)


def _phase_of_zero(number: int, optics: Optics, phase_shift_rad: float) -> float:
    """Phase χ of the `number`-th zero: the first multiple of π beyond χ(k = 0) = φ + arcsin A is the first."""
    skipped = math.floor((phase_shift_rad + math.asin(optics.amplitude_contrast)) / math.pi)
    return math.pi * (number + skipped)


def _spherical_coefficient_A4(optics: Optics) -> float:
    """½π Cs λ³ in Å⁴: what k⁴ is multiplied by in χ."""
    return 0.5 * math.pi * 1e7 * optics.cs_mm * optics.wavelength_A**3


# sin²χ as an image


def sin2(k2: Floats, direction_rad: Floats, ctf: CtfFit | KnownDefocus, optics: Optics) -> Floats:
    """sin²χ at given k² (1/Å²) and directions, in their joint shape.

    The amplitude contrast is that of `optics`.
    """
    defocus_A = defocus_along(direction_rad, ctf.defocus_u_A, ctf.defocus_v_A, ctf.angle_deg)
    return np.sin(phase_aberration(k2, defocus_A, optics, math.radians(ctf.phase_shift_deg))) ** 2


def half_plane_grid(spectrum: Spectrum) -> tuple[Floats, Floats]:
    """k² in 1/Å² and direction in radians (+x towards +y) of each pixel, both (rows, columns)."""
    rows, columns = spectrum.power.shape
    ky = (np.arange(rows) - rows // 2)[:, None] * spectrum.step_y_per_A
    kx = np.arange(columns)[None, :] * spectrum.step_x_per_A
    return kx**2 + ky**2, np.arctan2(ky, kx)


def sin2_half_plane(spectrum: Spectrum, fit: CtfFit | KnownDefocus, optics: Optics) -> Floats:
    """sin²χ of a fitted CTF at each pixel of a spectrum, (rows, columns).

    The amplitude contrast is that of `optics`.
    """
    return sin2(*half_plane_grid(spectrum), fit, optics)


def sin2_quadrant(size: int, sampling_A: float, ctf: CtfFit | KnownDefocus, optics: Optics) -> Floats:
    """sin²χ over the quadrant kx < 0, ky < 0 of a centred plane of `size` pixels, (size // 2, size // 2).

    Row 0, column 0 is the plane's corner; `sampling_A` is the pixel size whose Nyquist frequency ends its axes.
    """
    axis = (np.arange(size // 2) - size // 2) / (size * sampling_A)
    kx, ky = axis[None, :], axis[:, None]
    return sin2(kx**2 + ky**2, np.arctan2(ky, kx), ctf, optics)


def _array(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
