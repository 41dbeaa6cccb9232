"""Data sets on disk: HDF5, one example per chunk, so that only one example is in memory at a time.

All space is allocated before the first example is written. From then on HDF5 changes only the bytes of the rows, in
place, and the process may be killed at any moment: a row is complete before it is counted, and one that was cut off is
overwritten. Compression would move chunks and saves only a fifth, so there is none.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError, OutputError, ThonringError, UnreadableFile, UnreadableTable
from thonring.files.atomic import replacing
from thonring.learn.dataset.example import NUMBERS, TEXTS, VALUES, Example, columns_of
from thonring.learn.inputs import SAMPLINGS_A, SIZE, SpectrumPyramid, Stack, enhanced_images
from thonring.records import Floats, Image

HalfLogPower = npt.NDArray[np.float16]

FORMAT = 1
TEXT_BYTES = 1024
"""Texts have a fixed length: variable ones are stored elsewhere in an HDF5 file and would not survive a crash."""

ATTRIBUTES = ("samplings_A", "format", "recipe")
SPECTRA = "spectra"
COUNT = "count"
"""HDF5 dataset that holds the number of complete rows."""

COLUMNS = (*NUMBERS, VALUES, *TEXTS, SPECTRA)
"""Columns in the order of resizing: the spectra are last in the file, so that their space can be released."""

SPECTRA_SHAPE = (len(SAMPLINGS_A), SIZE, SIZE // 2 + 1)
BYTES_PER_EXAMPLE = 2 * len(SAMPLINGS_A) * SIZE * (SIZE // 2 + 1) + 4096
ROWS_PER_CHUNK = 64
INDEX_BYTES = 1 << 20
"""HDF5 keeps its index in blocks of this size, not between the rows, so that most unused space can be released."""

DECADES = 7.0
"""Range of stored power about its mean, either way."""

_NEARLY_ZERO = np.finfo(np.float16).smallest_subnormal


def encode_power(power: Stack) -> HalfLogPower:
    """log10(power / mean known power of its level), (samplings, rows, columns); exactly 0 where it is unknown.

    A `power` of 0 means unknown. Values are limited to 7 decades about the mean.
    """
    return np.stack([_encode_level(level) for level in power])


def _encode_level(power: npt.NDArray[np.float32]) -> HalfLogPower:
    known = power > 0
    result: HalfLogPower = np.zeros(power.shape, np.float16)
    if known.any():
        relative = power[known] / power[known].mean(dtype=np.float64)
        values = np.clip(np.log10(relative), -DECADES, DECADES).astype(np.float16)
        values[values == 0] = _NEARLY_ZERO
        result[known] = values
    return result


def decode_power(stored: HalfLogPower) -> Stack:
    """Power relative to the mean of its level, 0 where it is unknown."""
    log_power = stored.astype(np.float32)
    power: Stack = np.power(np.float32(10), log_power)
    power[log_power == 0] = 0
    return power


def require_h5py() -> Any:  # noqa: ANN401 - a module
    """Import h5py, which the extra `train` installs.

    Raises
    ------
    ThonringError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError as problem:
        raise ThonringError(
            "Data sets need h5py, which is not installed: pip install 'thonring[train]'."
        ) from problem
    return h5py


def open_error(path: Path, problem: OSError) -> ThonringError:
    """The error to raise where HDF5 cannot open a file."""
    if isinstance(problem, FileNotFoundError):
        return UnreadableFile(f"{path}: not found, expected a data set, or a name in a folder that exists.")
    if "unable to lock file" in str(problem):
        return OutputError(
            f"{path}: is open in another process. Wait until it has finished, or choose another file."
        )
    if isinstance(problem, PermissionError | IsADirectoryError):
        return OutputError(
            f"{path}: cannot be opened ({problem.strerror or problem}). Check the path and your permissions."
        )
    return UnreadableFile(
        f"{path}: not HDF5, or damaged ({problem}); expected a data set of `thonring dataset`. "
        "Choose another file, or create it again."
    )


def check_layout(path: Path, file: Any) -> None:  # noqa: ANN401 - h5py is optional
    """Reject an HDF5 file that is not a data set of this format.

    Raises
    ------
    UnreadableTable
        If a part is missing, or has another format or shape.
    """
    missing = sorted({COUNT, SPECTRA, *NUMBERS, VALUES, *TEXTS} - set(file))
    missing += [name for name in ATTRIBUTES if name not in file.attrs]
    if missing:
        raise UnreadableTable(
            f"{path}: HDF5, but without {', '.join(missing)}; expected a data set of `thonring dataset`."
        )
    if int(file.attrs["format"]) != FORMAT:
        raise UnreadableTable(
            f"{path}: has format {file.attrs['format']}, expected {FORMAT}. "
            "Create it again with this version of Thonring."
        )
    if file[SPECTRA].shape[1:] != (len(file.attrs["samplings_A"]), SIZE, SIZE // 2 + 1):
        raise UnreadableTable(
            f"{path}: has spectra of shape {file[SPECTRA].shape[1:]}, expected three of {SIZE} x {SIZE // 2 + 1}."
        )


def as_bytes(text: str) -> bytes:
    """The stored form of a text; file names that are not valid UTF-8 keep their bytes.

    Raises
    ------
    InputError
        If it is too long.
    """
    stored = text.encode(errors="surrogateescape")
    if len(stored) > TEXT_BYTES:
        raise InputError(f"{text[:80]}…: {len(stored)} bytes, at most {TEXT_BYTES} fit. Use shorter names.")
    return stored


def as_text(stored: bytes) -> str:
    """The text that `as_bytes` stored."""
    return stored.decode(errors="surrogateescape")


class DatasetWriter:
    """An open data set to which examples are added; `defocus_of` maps the files in it to their defocus in Å."""

    def __init__(self, path: Path, file: Any) -> None:  # noqa: ANN401 - h5py is optional
        self._path, self._file = path, file
        self._columns = {name: file[name] for name in COLUMNS}
        self._count = int(file[COUNT][()])
        files = map(as_text, file["file"][: self._count])
        defoci_A = file["defocus_A"][: self._count].tolist()
        self.defocus_of: dict[str, float] = dict(zip(files, defoci_A, strict=True))

    def __len__(self) -> int:
        return self._count

    def reserve(self, more: int) -> None:
        """Allocate space for `more` examples, so that a crash while they are added does no harm.

        Raises
        ------
        OutputError
            If there is not enough disk space.
        """
        rows = self._count + more
        self._check_disk(more)
        if rows > len(self._columns[SPECTRA]):
            self._resize(rows)

    def trim(self) -> None:
        """Release the space that was not used."""
        if len(self._columns[SPECTRA]) > self._count:
            self._resize(self._count)

    def _resize(self, rows: int) -> None:
        for column in self._columns.values():
            column.resize(rows, axis=0)
        self._file.flush()

    def _check_disk(self, more: int) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if more * BYTES_PER_EXAMPLE > free:
            raise OutputError(
                f"{self._path}: {more} more elements need {more * BYTES_PER_EXAMPLE / 1e6:.1f} MB, but only "
                f"{free / 1e6:.1f} MB are free. Free some space and run the same command again, or choose another "
                "place with --out."
            )

    def append(self, example: Example) -> None:
        """Add an example; when this returns, it is on disk.

        Raises
        ------
        InputError
            If a value is not finite, or the file is already in the set.
        OutputError
            If it cannot be written.
        """
        _check_example(example, self._count)
        if example.file in self.defocus_of:
            raise InputError(f"{example.file}: already in {self._path}; each micrograph may occur only once.")
        values = _row(example)
        self.reserve(1)
        try:
            self._write(values)
        except (OSError, RuntimeError) as problem:
            first_line = str(problem).partition("\n")[0]
            raise OutputError(
                f"{self._path}: cannot be written ({first_line}). Check the free space; the same command continues "
                "after the elements already written."
            ) from problem
        self.defocus_of[example.file] = example.defocus_A

    def _write(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            self._columns[name][self._count] = value
            self._columns[name].flush()
        self._file[COUNT][()] = self._count + 1
        self._file.flush()
        self._count += 1


def _row(example: Example) -> dict[str, object]:
    return {
        SPECTRA: encode_power(example.pyramid.power),
        **example.numbers,
        VALUES: example.pyramid.values_per_pixel,
        **{name: as_bytes(getattr(example, name)) for name in TEXTS},
    }


def _check_example(example: Example, index: int) -> None:
    """Reject values that are not finite."""
    numbers = (*example.numbers.values(), *example.pyramid.values_per_pixel)
    if not (np.isfinite(numbers).all() and np.isfinite(example.pyramid.power).all()):
        raise InputError(f"{example.file}: element {index} has values that are not finite. Leave it out.")


@contextmanager
def dataset_writer(path: Path, recipe: str = "") -> Iterator[DatasetWriter]:
    """Open a data set for adding examples; create it if it does not exist.

    `recipe` is the recipe of simulated examples, as TOML; empty for those of runs.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If the file is not a data set, or one of another format.
    OutputError
        If its examples have another origin, another process has it open, or it cannot be written.
    """
    h5py = require_h5py()
    if not path.exists():
        with replacing(path) as temporary, h5py.File(temporary, "x") as file:
            _create_columns(file, recipe)
    try:
        file = h5py.File(path, "r+", meta_block_size=INDEX_BYTES)
    except OSError as problem:
        raise open_error(path, problem) from problem
    try:
        check_layout(path, file)
        if file.attrs["recipe"] != recipe:
            origin = "simulated with another recipe" if file.attrs["recipe"] else "from runs"
            raise OutputError(
                f"{path}: already holds elements of another kind ({origin}); a file can hold only one kind. "
                "Choose another name with --out; several files can be used together."
            )
        store = DatasetWriter(path, file)
        yield store
        store.trim()
    finally:
        with suppress(OSError, RuntimeError):
            file.close()


def _create_columns(file: Any, recipe: str) -> None:  # noqa: ANN401 - h5py is optional
    text = require_h5py().string_dtype("utf-8", TEXT_BYTES)
    columns = {
        SPECTRA: (SPECTRA_SHAPE, np.float16, 1),
        **dict.fromkeys(NUMBERS, ((), np.float64, ROWS_PER_CHUNK)),
        VALUES: ((len(SAMPLINGS_A),), np.float64, ROWS_PER_CHUNK),
        **dict.fromkeys(TEXTS, ((), text, ROWS_PER_CHUNK)),
    }
    for name, (shape, dtype, rows) in columns.items():
        shapes = {"shape": (0, *shape), "maxshape": (None, *shape), "chunks": (rows, *shape)}
        file.create_dataset(name, dtype=dtype, dcpl=_early_allocation(), **shapes)
    file.create_dataset(COUNT, data=0)
    file.attrs["samplings_A"] = SAMPLINGS_A
    file.attrs["format"] = FORMAT
    file.attrs["recipe"] = recipe
    file.attrs["thonring"] = version("thonring")


def _early_allocation() -> Any:  # noqa: ANN401 - h5py is optional
    """Creation properties: chunks are allocated when the column grows, and not filled before they are used."""
    h5py = require_h5py()
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


class Hdf5Dataset:
    """A data set on disk, in the order of file names, whatever the order in which they were written.

    It can be sent to other processes and used after a fork: each process opens the file itself.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If the file is not a data set, or a value is not finite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, Any] | None = None
        file = self._file()
        check_layout(path, file)
        self.samplings_A = tuple(float(value) for value in file.attrs["samplings_A"])
        self.recipe = str(file.attrs["recipe"])
        count = int(file[COUNT][()])
        columns = {name: file[name][:count] for name in (*NUMBERS, VALUES)}
        _check_finite(path, columns)
        texts = {name: np.array([as_text(text) for text in file[name][:count]], object) for name in TEXTS}
        self._row = np.argsort(texts["file"], kind="stable") if count else np.zeros(0, np.intp)
        self.columns = columns_of(
            {name: values[self._row] for name, values in columns.items()},
            {name: tuple(values[self._row].tolist()) for name, values in texts.items()},
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _file(self) -> Any:  # noqa: ANN401 - h5py is optional
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = os.getpid(), require_h5py().File(self.path, "r")
            except OSError as problem:
                raise open_error(self.path, problem) from problem
        return self._opened[1]

    def pyramid(self, index: int) -> SpectrumPyramid:
        """The spectra of an example.

        Raises
        ------
        InputError
            If they contain values that are not finite, or cannot be read.
        """
        row = int(self._row[index])
        try:
            stored = self._file()[SPECTRA][row]
        except OSError as problem:
            raise UnreadableFile(
                f"{self.path}: the spectra of element {row} cannot be read ({problem})."
            ) from problem
        if not np.isfinite(stored).all():
            raise InputError(
                f"{self.path}: the spectra of element {row} ({self.columns.file[index]}) contain NaN or infinite "
                "values. Create the data set again without it."
            )
        finest_A, values = float(self.columns.finest_A[index]), self.columns.values_per_pixel[index]
        return SpectrumPyramid(decode_power(stored), finest_A, tuple(map(float, values)), self.samplings_A)

    def enhanced(self, index: int) -> Image:
        """The enhanced spectra of an example, (samplings, 512, 512)."""
        return enhanced_images(self.pyramid(index))


def _check_finite(path: Path, columns: dict[str, Floats]) -> None:
    for name, values in columns.items():
        bad = np.flatnonzero(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
        if bad.size:
            raise UnreadableTable(
                f"{path}: element {bad[0]} and {bad.size - 1} others have a {name} that is not finite. "
                "Create the data set again without them."
            )
