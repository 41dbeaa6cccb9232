"""Images of spectra as MRC files: spectra/NAME.ctf, to which `rlnCtfImage` points, or a stack of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thonring.errors import UnreadableFile
from thonring.files.atomic import replacing
from thonring.files.entry import size_of_file
from thonring.records import Image


def write_ctf_image(path: Path, picture: Image, sampling_A: float) -> None:
    """Write a picture (rows, columns) as MRC of mode 2 with `sampling_A` as the header's voxel size in Å.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_ctf_images(path, [picture], sampling_A)


def read_ctf_image(path: Path) -> tuple[Image, float]:
    """Read what `write_ctf_image` wrote: the picture (rows, columns) and its pixel size in Å.

    Raises
    ------
    UnreadableFile
        If it is missing or not an MRC image.
    """
    import mrcfile

    try:
        # Opening a named pipe in its place would wait forever.
        size_of_file(path, "an MRC image", UnreadableFile)
        with mrcfile.open(path) as mrc:
            picture, sampling_A = np.array(mrc.data, dtype=np.float32), float(mrc.voxel_size.x)
    except (OSError, ValueError, UnreadableFile) as problem:
        raise UnreadableFile(
            f"{path}: cannot be read ({problem}), expected the spectrum written by the run. "
            "Estimate the micrograph again with --redo to restore it."
        ) from problem
    if picture.ndim != 2 or picture.size == 0:
        raise UnreadableFile(f"{path}: has shape {picture.shape}, expected one image. Estimate with --redo.")
    return picture, sampling_A


def write_ctf_images(path: Path, pictures: Sequence[Image], sampling_A: float) -> None:
    """Write pictures of one size, one section each, as an MRC stack; a single one as an image.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import mrcfile

    with replacing(path) as temporary, mrcfile.new(temporary) as mrc:
        if len(pictures) == 1:
            mrc.set_data(np.asarray(pictures[0], dtype=np.float32))
        else:
            mrc.set_data(np.asarray(pictures, dtype=np.float32))
            mrc.set_image_stack()
        mrc.voxel_size = sampling_A
