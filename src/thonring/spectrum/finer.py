"""A micrograph with smaller pixels, interpolated in real space."""

from dataclasses import replace

import numpy as np

from thonring.records import Image, Micrograph


def finer(micrograph: Micrograph, factor: float) -> Micrograph:
    """The micrograph resampled to `factor` (< 1) times its pixel size by cubic splines.

    Padding its Fourier transform instead would put exact zeros where noise should be.
    """
    if not 0 < factor < 1:
        raise ValueError(f"factor {factor:g}: expected a value between 0 and 1")
    from scipy.ndimage import zoom

    pixels: Image = zoom(
        np.asarray(micrograph.pixels, dtype=np.float32), 1.0 / factor, order=3, mode="mirror", grid_mode=True
    )
    return replace(micrograph, pixels=pixels, pixel_A=micrograph.pixel_A * factor)
