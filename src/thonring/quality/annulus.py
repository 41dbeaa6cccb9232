"""Means over rings of constant resolution."""

import math

import numpy as np

from thonring.records import Spectrum


def annulus_mean(
    spectrum: Spectrum, low_resolution_A: float, high_resolution_A: float
) -> tuple[float, float]:
    """Mean power and frequency (1/Å) of the pixels between two resolutions in Å; NaN without any."""
    inner_per_A, outer_per_A = 1.0 / low_resolution_A, 1.0 / high_resolution_A
    rows, columns = spectrum.power.shape
    reach = min(rows // 2, math.ceil(outer_per_A / spectrum.step_y_per_A))
    end = min(columns, math.ceil(outer_per_A / spectrum.step_x_per_A) + 1)
    ky = np.arange(-reach, min(reach + 1, rows - rows // 2), dtype=np.float32) * np.float32(
        spectrum.step_y_per_A
    )
    kx = np.arange(end, dtype=np.float32) * np.float32(spectrum.step_x_per_A)
    k2 = ky[:, None] ** 2 + kx[None, :] ** 2
    inside = (k2 >= inner_per_A**2) & (k2 < outer_per_A**2)
    if not inside.any():
        return math.nan, math.nan
    first = rows // 2 - reach
    power = spectrum.power[first : first + len(ky), :end]
    return float(power[inside].mean(dtype=np.float64)), float(np.sqrt(k2[inside]).mean(dtype=np.float64))
