"""The six rows of a micrograph in CTFFIND's NAME_avrot.txt, on the frequencies that CTFFIND writes them for."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from thonring.ctf import phase_aberration
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, RadialCurve, Spectrum
from thonring.results.ctffind.text import noise_correlation

_SMOOTH_DEGREE = 6
"""Degree of the polynomial in the logarithm that stands for the background: too stiff to follow rings."""

_GREATEST = 10.0
"""Limit of what is divided by the rings' own power, which vanishes where they fade."""


def frequencies_per_A(box_px: int, sampling_A: float) -> Floats:
    """0 to the corner of a box, in steps of one pixel of its spectrum: (int(box / √2) + 1,)."""
    return np.arange(int(box_px / math.sqrt(2.0)) + 1) / (box_px * sampling_A)


def profile_rows(spectrum: Spectrum, fit: CtfFit, optics: Optics) -> Floats:
    """Rows of _avrot.txt, (6, frequencies).

    Frequency in 1/Å; amplitude averaged over rings of the spectrum, over a smooth background and less 1; the same
    along the fitted ellipse, background subtracted, relative to the rings; |CTF| at the mean defocus; their
    local correlation; twice its deviation by noise. Rows 3, 5 and 6 are 0 outside the frequencies of `fit.curve`.

    Parameters
    ----------
    spectrum
        The half plane of a square box, (box, box // 2 + 1), to the corner of which the frequencies reach.
    fit, optics
        The CTF; `fit.curve` may reach beyond the range that was fitted.
    """
    frequency_per_A = frequencies_per_A(len(spectrum.power), spectrum.sampling_A)
    fitted_optics = replace(optics, amplitude_contrast=fit.amplitude_contrast)
    phase_rad = math.radians(fit.phase_shift_deg)
    chi = phase_aberration(frequency_per_A**2, fit.mean_defocus_A, fitted_optics, phase_rad)
    curve = fit.curve
    along = (_relative_amplitude(curve), curve.agreement, noise_correlation(curve, fit, optics))
    equiphase, agreement, noise = (
        np.interp(frequency_per_A, curve.frequency_per_A, row, left=0.0, right=0.0) for row in along
    )
    rotational = _rotational(spectrum, frequency_per_A.size)
    return np.stack([frequency_per_A, rotational, equiphase, np.abs(np.sin(chi)), agreement, noise])


def _relative_amplitude(curve: RadialCurve) -> Floats:
    """The measured rings as an amplitude between 0 and about 1, negative where the power is below the background."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rings = (curve.power - curve.background) / curve.ring_power
    rings = np.clip(np.nan_to_num(rings), -(_GREATEST**2), _GREATEST**2)
    return np.asarray(np.sign(rings) * np.sqrt(np.abs(rings)))


def _rotational(spectrum: Spectrum, count: int) -> Floats:
    amplitude = np.sqrt(np.maximum(spectrum.power, 0.0, dtype=np.float64))
    radius = _radius(amplitude.shape)
    inside = (radius > 0) & (radius < count)
    values = np.bincount(radius[inside], minlength=count)
    mean = np.bincount(radius[inside], weights=amplitude[inside], minlength=count) / np.maximum(values, 1)
    filled = np.flatnonzero(mean > 0)
    rotational = np.zeros(count)
    if filled.size > _SMOOTH_DEGREE:
        position = 2.0 * filled / (count - 1) - 1.0
        weight = np.sqrt(values[filled])
        smooth = np.polynomial.Chebyshev.fit(position, np.log(mean[filled]), _SMOOTH_DEGREE, w=weight)
        rotational[filled] = mean[filled] / np.exp(smooth(position)) - 1.0
    return np.clip(rotational, -_GREATEST, _GREATEST)


def _radius(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Distance of each pixel of the half plane from zero frequency, rounded to whole pixels."""
    rows, columns = shape
    return np.rint(np.hypot(np.arange(rows)[:, None] - rows // 2, np.arange(columns))).astype(np.intp)
