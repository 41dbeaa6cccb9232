"""The picture that CTFFIND's and Xmipp's users know: measured rings, and the model in one quadrant."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from thonring.ctf import sin2
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, Image

_GREY = np.float32(0.5)
_CLIP = (-0.5, 1.5)


def diagnostic_image(enhanced: Image, fit: CtfFit, optics: Optics, sampling_A: float) -> Image:
    """Measured spectrum, with the fitted sin²χ in the quadrant of negative kx and ky, as CTFFIND has it.

    That quadrant is the upper left one where a viewer draws the first row at the top, the lower left one
    where it draws it at the bottom; a spectrum being symmetric about its centre, nothing measured is lost.

    Parameters
    ----------
    enhanced
        (rows, columns), full plane: row i is ky = (i - rows // 2) / (rows · sampling), column j is
        kx = (j - columns // 2) / (columns · sampling).
    fit, optics
        The model; the amplitude contrast is that of the fit.
    sampling_A
        Pixel size whose Nyquist frequency ends the axes.

    Returns
    -------
    Image
        (rows, columns). The model runs from 0 to 1, and is 0.5 outside the range of frequencies fitted. The
        measured values are scaled so that the 5th and 95th percentile of those in that range become 0 and 1,
        and clipped to -0.5 and 1.5; what is not finite is 0.5.
    """
    ky, kx = (_axis(length, sampling_A) for length in enhanced.shape)
    k2 = kx[None, :] ** 2 + ky[:, None] ** 2
    fitted = _fitted_range(k2, fit)
    picture = _scaled(enhanced, fitted)
    quadrant = np.s_[: ky.size // 2, : kx.size // 2]
    direction_rad = np.arctan2(ky[quadrant[0], None], kx[None, quadrant[1]])
    fitted_optics = replace(optics, amplitude_contrast=fit.amplitude_contrast)
    model = sin2(k2[quadrant], direction_rad, fit, fitted_optics)
    picture[quadrant] = np.where(fitted[quadrant], model, _GREY)
    return picture


def _axis(length: int, sampling_A: float) -> Floats:
    return (np.arange(length) - length // 2) / (length * sampling_A)


def _fitted_range(k2: Floats, fit: CtfFit) -> npt.NDArray[np.bool_]:
    low_A, high_A = fit.resolution_range_A
    return (k2 >= low_A**-2) & (k2 <= high_A**-2)


def _scaled(enhanced: Image, fitted: npt.NDArray[np.bool_]) -> Image:
    values = enhanced[fitted & np.isfinite(enhanced)]
    low, high = np.percentile(values, (5, 95)) if values.size else (0.0, 0.0)
    if high <= low:
        return np.full(enhanced.shape, _GREY)
    scaled = np.clip((enhanced - low) / (high - low), *_CLIP)
    return np.where(np.isfinite(enhanced), scaled, _GREY).astype(np.float32)
