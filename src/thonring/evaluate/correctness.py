"""When an estimate is right: its CTF never turns against the true one up to a resolution.

An error of the defocus by Δ turns the phase at the resolution d by πλΔ/d²; at 90° the information there is worth
nothing, beyond it harms. So the error must stay below d²/(2λ) in every direction, 406 Å at 4 Å and 300 kV.
"""

import math
from typing import Protocol

import numpy as np

from thonring.ctf import to_vector

TOLERANCE_RESOLUTION_A = 4.0


class Defocus(Protocol):
    """Anything with a defocus ellipse and a phase shift: a fit, a scene, a row of a truth table."""

    @property
    def defocus_u_A(self) -> float:
        """Defocus along the angle."""

    @property
    def defocus_v_A(self) -> float:
        """Defocus across it."""

    @property
    def angle_deg(self) -> float:
        """Direction of U, from +x towards +y."""

    @property
    def phase_shift_deg(self) -> float:
        """Additional phase shift."""


def tolerance_A(wavelength_A: float, resolution_A: float = TOLERANCE_RESOLUTION_A) -> float:
    """Defocus error that turns the phase by 90° at a resolution: d²/(2λ), in Å."""
    return resolution_A**2 / (2.0 * wavelength_A)


def mean_error_A(estimate: Defocus, truth: Defocus) -> float:
    """Estimated minus true mean defocus."""
    return 0.5 * (estimate.defocus_u_A + estimate.defocus_v_A - truth.defocus_u_A - truth.defocus_v_A)


def astigmatism_error_A(estimate: Defocus, truth: Defocus) -> tuple[float, float]:
    """Estimated minus true astigmatism vector (U - V)(cos 2θ, sin 2θ), in Å."""
    _, x_A, y_A = to_vector(estimate.defocus_u_A, estimate.defocus_v_A, estimate.angle_deg)
    _, true_x_A, true_y_A = to_vector(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    return x_A - true_x_A, y_A - true_y_A


def largest_error_A(estimate: Defocus, truth: Defocus) -> float:
    """Largest error of the defocus over all directions: |Δmean| + ½ |Δ astigmatism vector|, in Å."""
    return abs(mean_error_A(estimate, truth)) + 0.5 * math.hypot(*astigmatism_error_A(estimate, truth))


def phase_shift_error_deg(estimate: Defocus, truth: Defocus) -> float:
    """Estimated minus true phase shift, in (-180, 180] degrees."""
    return 180.0 - (180.0 - (estimate.phase_shift_deg - truth.phase_shift_deg)) % 360.0


def largest_phase_error_deg(
    estimate: Defocus, truth: Defocus, wavelength_A: float, resolution_A: float = TOLERANCE_RESOLUTION_A
) -> float:
    """Largest error of the CTF's phase over all directions and all frequencies up to a resolution, in degrees.

    The error is that of the phase shift plus 180° λΔ k², so it is largest at one end of the band. NaN where a
    value is.
    """
    per_A = 180.0 * wavelength_A / resolution_A**2
    shift_deg = phase_shift_error_deg(estimate, truth)
    half_vector_A = 0.5 * math.hypot(*astigmatism_error_A(estimate, truth))
    at_the_end_deg = abs(shift_deg + per_A * mean_error_A(estimate, truth)) + per_A * half_vector_A
    return float(np.maximum(abs(shift_deg), at_the_end_deg))


def agreement_resolution_A(estimate: Defocus, other: Defocus, wavelength_A: float) -> float:
    """Resolution to which the phases of two CTFs differ by less than 90° in every direction, in Å.

    At the frequency k the largest difference over all directions is |Δφ + πλk²Δf| + ½πλk²|ΔA|, with the differences
    of phase shift, mean defocus and astigmatism vector; k is where that first reaches 90°. Without a phase shift
    d = √(2λ(|Δf| + ½|ΔA|)). The same microscope and amplitude contrast are taken for both, so that Cs cancels. 0
    where the phases never differ that much, infinite where they do at k = 0, and NaN where a value is.

    Sources: the criterion is that of Xmipp's `errorMaxFreqCTFs2D`, by which Scipion's protocol "CTF consensus" and
    the CTF Challenge compare: Marabini et al. (2015), J. Struct. Biol. 190, 348, doi:10.1016/j.jsb.2015.04.003.
    """
    shift = math.radians(phase_shift_error_deg(estimate, other))
    mean_A = math.copysign(1.0, shift) * mean_error_A(estimate, other)
    half_vector_A = 0.5 * math.hypot(*astigmatism_error_A(estimate, other))
    if math.isnan(shift + mean_A + half_vector_A):
        return math.nan
    right_angle = 0.5 * math.pi
    if abs(shift) >= right_angle:
        return math.inf
    rising = (half_vector_A + mean_A) / (right_angle - abs(shift))
    falling = (half_vector_A - mean_A) / (right_angle + abs(shift))
    return math.sqrt(math.pi * wavelength_A * max(rising, falling, 0.0))


def is_right(
    estimate: Defocus | None,
    truth: Defocus,
    wavelength_A: float,
    resolution_A: float = TOLERANCE_RESOLUTION_A,
) -> bool:
    """Whether there is an estimate whose phase error stays below 90° up to a resolution.

    With the phase shift right this is `largest_error_A` < `tolerance_A`. An error of the phase shift by 180°
    inverts the contrast, although the power spectrum cannot tell it; it is wrong.
    """
    if estimate is None:
        return False
    return largest_phase_error_deg(estimate, truth, wavelength_A, resolution_A) < 90.0
