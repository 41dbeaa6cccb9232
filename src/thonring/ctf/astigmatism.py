"""The defocus as an ellipse: (U, V, angle), and as a mean with a vector."""

import math

import numpy as np
import numpy.typing as npt

from thonring.records import Floats


def defocus_along(
    direction_rad: npt.ArrayLike, defocus_u_A: float, defocus_v_A: float, angle_deg: float
) -> Floats:
    """Defocus in Å along directions: ½(U+V) + ½(U-V) cos 2(α-θ); the shape of `direction_rad`."""
    twice = 2.0 * (np.asarray(direction_rad, dtype=np.float64) - math.radians(angle_deg))
    return 0.5 * (defocus_u_A + defocus_v_A) + 0.5 * (defocus_u_A - defocus_v_A) * np.cos(twice)


def canonical(defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> tuple[float, float, float]:
    """The same defocus with U >= V and the angle in (-90, 90] degrees."""
    if defocus_u_A < defocus_v_A:
        defocus_u_A, defocus_v_A, angle_deg = defocus_v_A, defocus_u_A, angle_deg + 90.0
    return defocus_u_A, defocus_v_A, 90.0 - (90.0 - angle_deg) % 180.0


def to_vector(defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> tuple[float, float, float]:
    """Mean defocus and astigmatism vector (U-V)(cos 2θ, sin 2θ), in Å."""
    astigmatism_A, twice = defocus_u_A - defocus_v_A, 2.0 * math.radians(angle_deg)
    mean_A = 0.5 * (defocus_u_A + defocus_v_A)
    return mean_A, astigmatism_A * math.cos(twice), astigmatism_A * math.sin(twice)


def from_vector(mean_A: float, x_A: float, y_A: float) -> tuple[float, float, float]:
    """U, V and the angle in degrees of a mean defocus and an astigmatism vector."""
    half_A = 0.5 * math.hypot(x_A, y_A)
    return canonical(mean_A + half_A, mean_A - half_A, math.degrees(0.5 * math.atan2(y_A, x_A)))
