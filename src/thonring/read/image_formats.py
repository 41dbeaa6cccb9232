"""The table of image formats: a new one is one file and one row."""

from pathlib import Path
from typing import Protocol

from thonring.errors import InputError, UnreadableFile
from thonring.files.entry import size_of_file
from thonring.read.magic import resemblance
from thonring.read.raw_image import RawImage


class Reader(Protocol):
    """Reads the one image of a file, (rows, columns), or with `stack` all of them, (images, rows, columns)."""

    def __call__(self, path: Path, *, stack: bool) -> RawImage:
        """Read the file."""


def _mrc(path: Path, *, stack: bool) -> RawImage:
    from thonring.read.mrc import read_mrc

    return read_mrc(path, stack=stack)


def _tiff(path: Path, *, stack: bool) -> RawImage:
    from thonring.read.tiff import read_tiff

    return read_tiff(path, stack=stack)


def _png(path: Path, *, stack: bool) -> RawImage:
    from thonring.read.raster import read_png

    image = read_png(path)
    return image.as_stack() if stack else image


def _jpeg(path: Path, *, stack: bool) -> RawImage:
    from thonring.read.raster import read_jpeg

    image = read_jpeg(path)
    return image.as_stack() if stack else image


READERS: dict[str, Reader] = {
    ".mrc": _mrc,
    ".mrcs": _mrc,
    ".mrc.gz": _mrc,
    ".mrcs.gz": _mrc,
    ".mrc.bz2": _mrc,
    ".mrcs.bz2": _mrc,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
}
"""Suffix → reader, whose library is imported when the first file needs it."""


def reader_of(path: Path) -> Reader | None:
    """Find the reader for a file name, whatever its case; None if it has no suffix of the table."""
    name = path.name.lower()
    return next((reader for suffix, reader in READERS.items() if name.endswith(suffix)), None)


def known_suffixes() -> str:
    """List the suffixes of the table, for messages."""
    return " ".join(READERS)


def load(path: Path, *, stack: bool = False) -> RawImage:
    """Read an image file by its suffix.

    Pixels are (rows, columns) of the one image, or (images, rows, columns) with `stack`; a format of single images
    then gives one.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, a folder, of unknown suffix, or not what its suffix promises.
    UnsuitableImage
        If it does not hold real-valued images, or, unless `stack`, not one.
    """
    size = size_of_file(path, "an image file", UnreadableFile)
    reader = reader_of(path)
    if reader is None:
        raise UnreadableFile(
            f"{path}: found suffix {''.join(path.suffixes[-1:]) or '(none)'!r}, expected one of "
            f"{known_suffixes()}. Convert the file, or rename it if its content has one of these formats."
        )
    if size == 0:
        raise UnreadableFile(
            f"{path}: found 0 bytes, expected an image. The copy or the acquisition failed; copy the file "
            "again."
        )
    try:
        return reader(path, stack=stack)
    except (OSError, InputError, MemoryError) as problem:
        raise _explain(path, size, problem) from problem


def _explain(path: Path, size: int, problem: OSError | InputError | MemoryError) -> InputError:
    """The problem as an error that says whether the file changed in the meantime, or what it seems to be."""
    change = _change(path, size)
    if change:
        return UnreadableFile(
            f"{path}: {change} while it was being read, expected a finished file of {size} bytes. If it is still "
            "being written or moved, estimate it again afterwards."
        )
    if isinstance(problem, MemoryError):
        return UnreadableFile(
            f"{path}: the image does not fit into free memory. Use fewer --workers, or a machine with more memory."
        )
    if isinstance(problem, PermissionError):
        return UnreadableFile(
            f"{path}: no permission to read it ({problem.strerror}). Check its permissions."
        )
    if isinstance(problem, OSError):
        return UnreadableFile(
            f"{path}: cannot be read ({problem.strerror or problem}), expected an image of {size} bytes. "
            "Check the disk or the network share, and estimate it again."
        )
    if isinstance(problem, UnreadableFile):
        return UnreadableFile(f"{problem}{resemblance(path)}")
    return problem


def _change(path: Path, size: int) -> str:
    """How the file has changed since it had `size` bytes; empty if it has not."""
    try:
        now = path.stat().st_size
    except OSError:
        return "vanished"
    return "" if now == size else f"changed from {size} to {now} bytes"
