"""Images as MRC files that every program reads."""

from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt


def write_mrc(path: Path, pixels: npt.NDArray[np.generic], pixel_A: float) -> Path:
    """Write an image as float32 MRC with its pixel size, and return the path."""
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(pixels.astype(np.float32, copy=False))
        mrc.voxel_size = pixel_A
    return path
