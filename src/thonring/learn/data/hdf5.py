"""HDF5 as data sets use it: opened, checked, and its errors in words."""

from pathlib import Path
from typing import Any

from thonring.errors import InputError, OutputError, ThonringError, UnreadableFile, UnreadableTable
from thonring.learn.data.element import NUMBERS, TEXTS, VALUES
from thonring.learn.seen.views import SIZE

FORMAT = 1
TEXT_BYTES = 1024
"""Texts have a fixed length, since what HDF5 keeps of longer ones elsewhere does not survive a crash."""

ATTRIBUTES = ("samplings_A", "format", "recipe")
SPECTRA = "spectra"
COUNT = "count"
"""Dataset that says how many rows are whole."""


def h5py_module() -> Any:  # noqa: ANN401 - a module
    """h5py, which is of the extra `train`.

    Raises
    ------
    ThonringError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError as problem:
        raise ThonringError(
            "Data sets need h5py, which is missing: pip install 'thonring[train]'."
        ) from problem
    return h5py


def refused(path: Path, problem: OSError) -> ThonringError:
    """What it means that HDF5 does not open a file."""
    if isinstance(problem, FileNotFoundError):
        return UnreadableFile(f"{path}: not found, expected a data set, or a name in a folder that exists.")
    if "unable to lock file" in str(problem):
        return OutputError(f"{path}: another process has it open. Wait for its end, or choose another file.")
    if isinstance(problem, PermissionError | IsADirectoryError):
        return OutputError(
            f"{path}: cannot be opened ({problem.strerror or problem}). Check the path and your permission."
        )
    return UnreadableFile(
        f"{path}: found something else than HDF5, or a damaged file ({problem}); expected a data set of "
        "`thonring dataset`. Choose another file, or make this one again."
    )


def check_kind(path: Path, file: Any) -> None:  # noqa: ANN401 - h5py is optional
    """Refuse HDF5 that is not a data set of this version.

    Raises
    ------
    UnreadableTable
        If a part is missing or of another format or shape.
    """
    missing = sorted({COUNT, SPECTRA, *NUMBERS, VALUES, *TEXTS} - set(file))
    missing += [name for name in ATTRIBUTES if name not in file.attrs]
    if missing:
        raise UnreadableTable(
            f"{path}: HDF5 without {', '.join(missing)}; expected a data set of `thonring dataset`."
        )
    if int(file.attrs["format"]) != FORMAT:
        raise UnreadableTable(
            f"{path}: format {file.attrs['format']}, expected {FORMAT}. Make it again with this version of Thonring."
        )
    if file[SPECTRA].shape[1:] != (len(file.attrs["samplings_A"]), SIZE, SIZE // 2 + 1):
        raise UnreadableTable(
            f"{path}: spectra of {file['spectra'].shape[1:]}, expected three of {SIZE} x {SIZE // 2 + 1}."
        )


def as_bytes(text: str) -> bytes:
    """A text as it is stored; file names that are not valid UTF-8 come out as the bytes they were.

    Raises
    ------
    InputError
        If it is too long.
    """
    stored = text.encode(errors="surrogateescape")
    if len(stored) > TEXT_BYTES:
        raise InputError(
            f"{text[:80]}…: {len(stored)} bytes, expected at most {TEXT_BYTES}. Use shorter names."
        )
    return stored


def as_text(stored: bytes) -> str:
    """The text of `as_bytes`."""
    return stored.decode(errors="surrogateescape")
