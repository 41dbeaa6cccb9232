"""Errors of an estimated CTF, and when it is correct: its phase stays within 90° of the true one up to a resolution.

A defocus error Δ shifts the phase at the resolution d by πλΔ/d². At 90° a structure factor corrected with the estimate
carries no signal, and beyond it the wrong sign. So the error must stay below d²/(2λ) in every direction: 406 Å at 4 Å
and 300 kV. Wherever two CTFs are compared, the same voltage, Cs and amplitude contrast are assumed for both.
"""

import math
from typing import Protocol

import numpy as np

from thonring.ctf import to_vector

TOLERANCE_RESOLUTION_A = 4.0
"""Default resolution of `tolerance_A`: a convention, not tuned. Side chains begin to show there."""


class Defocus(Protocol):
    """Any record with the four parameters of a CTF: a fit, a simulated scene, a row of a truth table."""

    @property
    def defocus_u_A(self) -> float:
        """Defocus in the direction of the angle, in Å."""

    @property
    def defocus_v_A(self) -> float:
        """Defocus perpendicular to it, in Å."""

    @property
    def angle_deg(self) -> float:
        """Direction of U, from +x towards +y, in degrees."""

    @property
    def phase_shift_deg(self) -> float:
        """Phase shift of a phase plate, in degrees."""


def tolerance_A(wavelength_A: float, resolution_A: float = TOLERANCE_RESOLUTION_A) -> float:
    """Defocus error that shifts the phase by 90° at a resolution: d²/(2λ), in Å."""
    return resolution_A**2 / (2.0 * wavelength_A)


def mean_error_A(estimate: Defocus, truth: Defocus) -> float:
    """Estimated minus true mean defocus, in Å."""
    return 0.5 * (estimate.defocus_u_A + estimate.defocus_v_A - truth.defocus_u_A - truth.defocus_v_A)


def astigmatism_error_A(estimate: Defocus, truth: Defocus) -> tuple[float, float]:
    """Estimated minus true astigmatism vector (U - V)(cos 2θ, sin 2θ), in Å."""
    _, x_A, y_A = to_vector(estimate.defocus_u_A, estimate.defocus_v_A, estimate.angle_deg)
    _, true_x_A, true_y_A = to_vector(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    return x_A - true_x_A, y_A - true_y_A


def angle_error_deg(estimate: Defocus, truth: Defocus) -> float:
    """Estimated minus true axis of astigmatism, in (-90, 90] degrees."""
    return 90.0 - (90.0 - (estimate.angle_deg - truth.angle_deg)) % 180.0


def largest_error_A(estimate: Defocus, truth: Defocus) -> float:
    """Largest defocus error over all directions: |Δmean| + ½ |Δ astigmatism vector|, in Å."""
    return abs(mean_error_A(estimate, truth)) + 0.5 * math.hypot(*astigmatism_error_A(estimate, truth))


def phase_shift_error_deg(estimate: Defocus, truth: Defocus) -> float:
    """Estimated minus true phase shift, in (-180, 180] degrees."""
    return 180.0 - (180.0 - (estimate.phase_shift_deg - truth.phase_shift_deg)) % 360.0


def largest_phase_error_deg(
    estimate: Defocus, truth: Defocus, wavelength_A: float, resolution_A: float = TOLERANCE_RESOLUTION_A
) -> float:
    """Largest CTF phase error over all directions and all frequencies up to a resolution, in degrees.

    The error at the frequency k in the direction α is Δφ + πλk²Δf(α). It is linear in k², so it is largest at one end
    of the band. NaN if a value is NaN.
    """
    deg_per_A = 180.0 * wavelength_A / resolution_A**2
    at_zero_deg = phase_shift_error_deg(estimate, truth)
    # Δf(α) = Δmean + ½|ΔA| cos 2(α - α₀), so the worst direction adds ½|ΔA| to the size of the rest.
    half_vector_A = 0.5 * math.hypot(*astigmatism_error_A(estimate, truth))
    at_resolution_deg = (
        abs(at_zero_deg + deg_per_A * mean_error_A(estimate, truth)) + deg_per_A * half_vector_A
    )
    return float(np.maximum(abs(at_zero_deg), at_resolution_deg))


def agreement_resolution_A(estimate: Defocus, other: Defocus, wavelength_A: float) -> float:
    """Resolution up to which the phases of two CTFs differ by less than 90° in every direction, in Å.

    At the frequency k the largest phase difference over all directions is |Δφ + πλk²Δf| + ½πλk²|ΔA|, where Δφ, Δf and
    ΔA are the differences in phase shift, mean defocus and astigmatism vector. The resolution is 1/k where this first
    reaches 90°; with equal phase shifts it is √(2λ(|Δf| + ½|ΔA|)). It is 0 where the phases never differ by 90°,
    infinite where they do at k = 0, and NaN if a value is NaN.

    Source: the criterion of Xmipp's `errorMaxFreqCTFs2D`, used by Scipion's protocol "CTF consensus" and the CTF
    Challenge: Marabini et al. (2015), J. Struct. Biol. 190, 348, doi:10.1016/j.jsb.2015.04.003.
    """
    shift_rad = math.radians(phase_shift_error_deg(estimate, other))
    # Changing the sign of both Δφ and Δf changes no size: take Δφ as positive.
    mean_A = math.copysign(1.0, shift_rad) * mean_error_A(estimate, other)
    half_vector_A = 0.5 * math.hypot(*astigmatism_error_A(estimate, other))
    if math.isnan(shift_rad + mean_A + half_vector_A):
        return math.nan
    right_angle = 0.5 * math.pi
    if abs(shift_rad) >= right_angle:
        return math.inf
    # With s = πλk², the phase difference in the two extreme directions is |Δφ| + s(Δf ± ½|ΔA|). With the plus sign it
    # reaches +90° at s = 1/rising, with the minus sign -90° at s = 1/falling; a negative value is never reached.
    rising = (half_vector_A + mean_A) / (right_angle - abs(shift_rad))
    falling = (half_vector_A - mean_A) / (right_angle + abs(shift_rad))
    # 1/k = √(πλ/s), at the smaller s.
    return math.sqrt(math.pi * wavelength_A * max(rising, falling, 0.0))


def is_right(
    estimate: Defocus | None,
    truth: Defocus,
    wavelength_A: float,
    resolution_A: float = TOLERANCE_RESOLUTION_A,
) -> bool:
    """Whether there is an estimate and its phase error stays below 90° up to a resolution.

    Without an error of the phase shift this is `largest_error_A` < `tolerance_A`. A phase shift that is wrong by 180°
    inverts the contrast and counts as wrong, although it does not change the power spectrum.
    """
    if estimate is None:
        return False
    return largest_phase_error_deg(estimate, truth, wavelength_A, resolution_A) < 90.0
