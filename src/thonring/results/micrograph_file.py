"""A micrograph as an MRC file that is the same whenever it is written."""

from importlib.metadata import version
from pathlib import Path

from thonring.records import Micrograph
from thonring.results.atomic import replacing


def write_micrograph(path: Path, micrograph: Micrograph) -> None:
    """Write the pixels (rows, columns) as they are, int16 (mode 1) or float32 (mode 2), and the pixel size in Å.

    The header's label names the program and no time, which mrcfile would put there.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import mrcfile

    with replacing(path) as temporary, mrcfile.new(temporary) as mrc:
        mrc.set_data(micrograph.pixels)
        mrc.voxel_size = micrograph.pixel_A
        mrc.header.label[0] = f"Simulated by Thonring {version('thonring')}"
