"""The table of image formats: a new one is one file and one row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from thonring.errors import UnreadableFile
from thonring.read.raw import RawImage

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


def load_stack(path: Path) -> RawImage:
    """Read all images of a file by its suffix: pixels (images, rows, columns); formats of one image give one.

    Raises
    ------
    UnreadableFile, UnsuitableImage
        As `load`, but for the number of images.
    """
    _check_file(path)
    reader = STACK_READERS.get(reader_of(path))
    if reader is None:
        image = load(path)
        return replace(image, pixels=image.pixels[None])
    return _read(reader, path)


def load(path: Path) -> RawImage:
    """Read one image file by its suffix.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, a folder, of unknown suffix, or not what its suffix promises.
    UnsuitableImage
        If it does not hold one real-valued image.
    """
    _check_file(path)
    reader = reader_of(path)
    if reader is None:
        raise UnreadableFile(
            f"{path}: found suffix {''.join(path.suffixes[-1:]) or '(none)'!r}, expected one of "
            f"{known_suffixes()}. Convert the file, or rename it if its content is one of these."
        )
    return _read(reader, path)


def _read(reader: Reader, path: Path) -> RawImage:
    try:
        return reader(path)
    except PermissionError as problem:
        raise UnreadableFile(
            f"{path}: may not be read ({problem.strerror}). Check its permissions."
        ) from problem


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as problem:
        raise UnreadableFile(
            f"{path}: cannot be opened ({problem.strerror}), expected an image file. Check the path."
        ) from problem
    if path.is_dir():
        raise UnreadableFile(f"{path}: found a folder, expected an image file. Name a file in it.")
    if size == 0:
        raise UnreadableFile(
            f"{path}: found 0 bytes, expected an image. The copy or the acquisition failed; copy the file "
            "again."
        )
