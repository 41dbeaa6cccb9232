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
    return sin2(*half_plane_grid(spectrum), fit, optics)


def sin2(k2: Floats, direction_rad: Floats, ctf: CtfFit | KnownDefocus, optics: Optics) -> Floats:
    """sin²χ where k² (1/Å²) and the direction are given, in their joint shape.

    The amplitude contrast is that of `optics`.
    """
    defocus_A = defocus_along(direction_rad, ctf.defocus_u_A, ctf.defocus_v_A, ctf.angle_deg)
    return np.sin(phase_aberration(k2, defocus_A, optics, math.radians(ctf.phase_shift_deg))) ** 2


def sin2_quadrant(size: int, sampling_A: float, ctf: CtfFit | KnownDefocus, optics: Optics) -> Floats:
    """sin²χ over the quadrant kx < 0, ky < 0 of a centred plane of `size` pixels, (size // 2, size // 2).

    Row 0, column 0 is the plane's corner; `sampling_A` is the pixel size whose Nyquist frequency ends its axes.
    """
    axis = (np.arange(size // 2) - size // 2) / (size * sampling_A)
    kx, ky = axis[None, :], axis[:, None]
    return sin2(kx**2 + ky**2, np.arctan2(ky, kx), ctf, optics)
