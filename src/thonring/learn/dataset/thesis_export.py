"""Writing a data set as thesis-format files (see `thesis_files`), on which the networks of 2019 were trained."""

import shutil
from pathlib import Path

import numpy as np

from thonring.errors import OutputError
from thonring.files.atomic import replacing, write_text
from thonring.learn.dataset.dataset import Dataset
from thonring.learn.dataset.thesis_files import DEFOCI, HEAD, IMAGES, METADATA
from thonring.learn.inputs import SAMPLINGS_A, SIZE

BYTES_PER_EXAMPLE = SIZE * SIZE * len(SAMPLINGS_A) * 8
LIMIT_GB = 10.0
FINEST_SUBSET = 1
"""SUBSET of every line: all three samplings are computed from the micrograph that FILE names."""


def write_thesis_files(dataset: Dataset, folder: Path, limit_GB: float = LIMIT_GB) -> tuple[Path, ...]:
    """Write a data set as the three files of the thesis, one example at a time through a memory map.

    The folder is created if its parent exists.

    Raises
    ------
    OutputError
        If the images need more than the limit or the free space, or a file cannot be written.
    """
    check_size(len(dataset), folder, limit_GB)
    columns = dataset.columns
    whole_A = np.rint(columns.defocus_A).astype(np.int64)
    with replacing(folder / IMAGES) as temporary:
        shape = (len(dataset), SIZE, SIZE, len(SAMPLINGS_A))
        stack = np.lib.format.open_memmap(temporary, "w+", np.float64, shape)
        for index in range(len(dataset)):
            stack[index] = np.moveaxis(dataset.enhanced(index), 0, -1)
        stack.flush()
        del stack
    with replacing(folder / DEFOCI) as temporary, temporary.open("wb") as stream:
        np.save(stream, whole_A)
    lines = [
        line_of(index, int(defocus_A), round(kV), file)
        for index, (defocus_A, kV, file) in enumerate(
            zip(whole_A, columns.voltage_kV.tolist(), columns.file, strict=True)
        )
    ]
    write_text(folder / METADATA, "\n".join([HEAD, *lines, ""]))
    return tuple(folder / name for name in (METADATA, IMAGES, DEFOCI))


def line_of(index: int, defocus_A: int, voltage_kV: int, file: str) -> str:
    """A line of metadata.txt."""
    return f"{f'{index:07d}':>9}{defocus_A:11d}{voltage_kV:8d}{FINEST_SUBSET:9d} {file}"


def check_size(count: int, folder: Path, limit_GB: float = LIMIT_GB) -> None:
    """Check that the images are not too large.

    Raises
    ------
    OutputError
        If they need more than the limit or the free space; the message states their size.
    """
    needed_GB = count * BYTES_PER_EXAMPLE / 1e9
    if needed_GB > limit_GB:
        raise OutputError(
            f"{folder / IMAGES}: {count} elements as float64 need {needed_GB:.1f} GB, more than {limit_GB:g} GB. The "
            "data set itself can be used for training; to write these files anyway, give --yes."
        )
    above = next((place for place in (folder, folder.parent) if place.is_dir()), None)
    if above is not None and shutil.disk_usage(above).free < needed_GB * 1e9:
        raise OutputError(
            f"{folder / IMAGES}: needs {needed_GB:.1f} GB, but only {shutil.disk_usage(above).free / 1e9:.1f} GB are "
            "free. Choose another folder."
        )
