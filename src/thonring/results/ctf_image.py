"""spectra/NAME.ctf: the picture of a spectrum, as `rlnCtfImage` points to it."""

from pathlib import Path

import numpy as np

from thonring.records import Image
from thonring.results.atomic import replacing


def write_ctf_image(path: Path, picture: Image, sampling_A: float) -> None:
    """Write a picture (rows, columns) as MRC of mode 2 with `sampling_A` as the header's voxel size in Å.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import mrcfile

    with replacing(path) as temporary, mrcfile.new(temporary) as mrc:
        mrc.set_data(np.asarray(picture, dtype=np.float32))
        mrc.voxel_size = sampling_A
