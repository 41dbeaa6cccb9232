"""The table of image formats: a new one is one file and one row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from thonring.errors import InputError, UnreadableFile
from thonring.files.entry import size_of_file
from thonring.read.magic import resemblance
from thonring.read.raw_image import RawImage

Reader = Callable[[Path], RawImage]


def _mrc(path: Path) -> RawImage:
    from thonring.read.mrc import read_mrc

    return read_mrc(path)


def _tiff(path: Path) -> RawImage:
    from thonring.read.tiff import read_tiff

    return read_tiff(path)


def _mrc_stack(path: Path) -> RawImage:
    from thonring.read.mrc import read_mrc_stack

    return read_mrc_stack(path)


def _tiff_stack(path: Path) -> RawImage:
    from thonring.read.tiff import read_tiff_stack

    return read_tiff_stack(path)


def _png(path: Path) -> RawImage:
    from thonring.read.raster import read_png

    return read_png(path)


def _jpeg(path: Path) -> RawImage:
    from thonring.read.raster import read_jpeg

    return read_jpeg(path)


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


STACK_READERS: dict[Reader | None, Reader] = {_mrc: _mrc_stack, _tiff: _tiff_stack}


def reader_of(path: Path) -> Reader | None:
    """Find the reader for a file name, whatever its case; None where no suffix of the table fits."""
    name = path.name.lower()
    return next((reader for suffix, reader in READERS.items() if name.endswith(suffix)), None)


def known_suffixes() -> str:
    """List the suffixes of the table, for messages."""
    return " ".join(READERS)


def load(path: Path) -> RawImage:
    """Read one image file by its suffix.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, a folder, of unknown suffix, or not what its suffix promises.
    UnsuitableImage
        If it does not hold one real-valued image.
    """
    return _loaded(path, reader_of(path))


def load_stack(path: Path) -> RawImage:
    """Read all images of a file by its suffix: pixels (images, rows, columns); formats of one image give one.

    Raises
    ------
    UnreadableFile, UnsuitableImage
        As `load`, but for the number of images.
    """
    reader = STACK_READERS.get(reader_of(path))
    if reader is not None:
        return _loaded(path, reader)
    image = load(path)
    return replace(image, pixels=image.pixels[None])


def _loaded(path: Path, reader: Reader | None) -> RawImage:
    size = size_of_file(path, "an image file", UnreadableFile)
    if reader is None:
        raise UnreadableFile(
            f"{path}: found suffix {''.join(path.suffixes[-1:]) or '(none)'!r}, expected one of "
            f"{known_suffixes()}. Convert the file, or rename it if its content is one of these."
        )
    if size == 0:
        raise UnreadableFile(
            f"{path}: found 0 bytes, expected an image. The copy or the acquisition failed; copy the file "
            "again."
        )
    try:
        return reader(path)
    except (OSError, InputError, MemoryError) as problem:
        raise _explained(path, size, problem) from problem


def _explained(path: Path, size: int, problem: OSError | InputError | MemoryError) -> InputError:
    """The problem as an error that says whether the file changed meanwhile, or what it seems to be."""
    changed = _changed(path, size)
    if changed:
        return UnreadableFile(
            f"{path}: {changed} while it was read, expected a finished file of {size} bytes. If it is still "
            "being written or moved, estimate it again when that is done."
        )
    if isinstance(problem, MemoryError):
        return UnreadableFile(
            f"{path}: found an image that does not fit into the memory that is free, expected one that does. "
            "Use fewer --workers, or a machine with more memory."
        )
    if isinstance(problem, PermissionError):
        return UnreadableFile(f"{path}: may not be read ({problem.strerror}). Check its permissions.")
    if isinstance(problem, OSError):
        return UnreadableFile(
            f"{path}: cannot be read ({problem.strerror or problem}), expected an image of {size} bytes. "
            "Check the disk or the network share, and estimate it again."
        )
    if isinstance(problem, UnreadableFile):
        return UnreadableFile(f"{problem}{resemblance(path)}")
    return problem


def _changed(path: Path, size: int) -> str:
    try:
        now = path.stat().st_size
    except OSError:
        return "vanished"
    return "" if now == size else f"changed from {size} to {now} bytes"
