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
