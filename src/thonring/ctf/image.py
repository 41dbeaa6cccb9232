"""The CTF over the half plane kx >= 0 of a spectrum."""

import math

import numpy as np

from thonring.ctf.astigmatism import defocus_along
from thonring.ctf.phase import phase_aberration
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, KnownDefocus, Spectrum


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
    k2, direction = half_plane_grid(spectrum)
    defocus_A = defocus_along(direction, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    chi = phase_aberration(k2, defocus_A, optics, math.radians(fit.phase_shift_deg))
    return np.sin(chi) ** 2
