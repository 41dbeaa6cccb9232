"""Data sets on disk: HDF5, one element a chunk, so that neither writing nor reading holds more than one.

All space is taken before the first element comes. From then on HDF5 changes nothing but the rows' own bytes, in place,
and a process may be killed at any moment: a row is written whole before it is counted, and what was cut off is
written over. Compression would move chunks about, saves a fifth, and was left out for this.
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
from thonring.learn.inputs import SAMPLINGS_A, SIZE, SpectrumPyramid, Stack, enhanced
from thonring.records import Floats, Image

Packed = npt.NDArray[np.float16]

DECADES = 7.0
_NEARLY_ZERO = np.finfo(np.float16).smallest_subnormal


def packed(power: Stack) -> Packed:
    """log10(power / mean known power of its view), (views, rows, columns); exactly 0 where nothing is known.

    What is not known is where `power` is 0. Values are kept within 7 decades of the mean.
    """
    return np.stack([_packed(view) for view in power])


def _packed(power: npt.NDArray[np.float32]) -> Packed:
    known = power > 0
    result: Packed = np.zeros(power.shape, np.float16)
    if known.any():
        relative = power[known] / power[known].mean(dtype=np.float64)
        values = np.clip(np.log10(relative), -DECADES, DECADES).astype(np.float16)
        values[values == 0] = _NEARLY_ZERO
        result[known] = values
    return result


def unpacked(stored: Packed) -> Stack:
    """Power over the mean of its view, 0 where nothing is known."""
    log_power = stored.astype(np.float32)
    power: Stack = np.power(np.float32(10), log_power)
    power[log_power == 0] = 0
    return power


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


ROWS_A_CHUNK = 64
INDEX_BYTES = 1 << 20
"""HDF5 keeps its index in blocks of this size, not between the elements, so that most room can be given back."""

ELEMENT_SHAPE = (len(SAMPLINGS_A), SIZE, SIZE // 2 + 1)
BYTES_AN_ELEMENT = 2 * len(SAMPLINGS_A) * SIZE * (SIZE // 2 + 1) + 4096
COLUMNS = (*NUMBERS, VALUES, *TEXTS, SPECTRA)
"""In the order in which they grow: the spectra lie last, so that their room can be given back."""


class DatasetWriter:
    """A data set being written; `defocus_of` tells what is in it, by file."""

    def __init__(self, path: Path, file: Any) -> None:  # noqa: ANN401 - h5py is optional
        self._path, self._file = path, file
        self._columns = {name: file[name] for name in COLUMNS}
        self._count = int(file[COUNT][()])
        files = map(as_text, file["file"][: self._count])
        defoci_A = file["defocus_A"][: self._count].tolist()
        self.defocus_of: dict[str, float] = dict(zip(files, defoci_A, strict=True))

    def __len__(self) -> int:
        return self._count

    def make_room(self, more: int) -> None:
        """Take the space for more elements, which makes it safe to add so many.

        Raises
        ------
        OutputError
            If the disk has not so much.
        """
        rows = self._count + more
        self._check_disk(more)
        if rows > len(self._columns[SPECTRA]):
            self._resize(rows)

    def give_back(self) -> None:
        """Give the space back that was not used."""
        if len(self._columns[SPECTRA]) > self._count:
            self._resize(self._count)

    def _resize(self, rows: int) -> None:
        for column in self._columns.values():
            column.resize(rows, axis=0)
        self._file.flush()

    def _check_disk(self, more: int) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if more * BYTES_AN_ELEMENT > free:
            raise OutputError(
                f"{self._path}: {more} elements more take {more * BYTES_AN_ELEMENT / 1e6:.1f} MB, found "
                f"{free / 1e6:.1f} MB free. Make room and give the same command, or choose another place with --out."
            )

    def append(self, element: Example) -> None:
        """Add an element; when this returns, it is safe.

        Raises
        ------
        InputError
            If a value is not finite, or its file is in the set already.
        OutputError
            If it cannot be written.
        """
        _check(element, self._count)
        if element.file in self.defocus_of:
            raise InputError(f"{element.file}: is in {self._path} already, expected each micrograph once.")
        values = _row(element)
        self.make_room(1)
        try:
            self._write(values)
        except (OSError, RuntimeError) as problem:
            first_line = str(problem).partition("\n")[0]
            raise OutputError(
                f"{self._path}: cannot be written ({first_line}). Check the free space; the same command goes on from "
                "the elements that are in it."
            ) from problem
        self.defocus_of[element.file] = element.defocus_A

    def _write(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            self._columns[name][self._count] = value
            self._columns[name].flush()
        self._file[COUNT][()] = self._count + 1
        self._file.flush()
        self._count += 1


def _row(element: Example) -> dict[str, object]:
    return {
        SPECTRA: packed(element.views.power),
        **element.numbers,
        VALUES: element.views.values_per_pixel,
        **{name: as_bytes(getattr(element, name)) for name in TEXTS},
    }


def _check(element: Example, index: int) -> None:
    """Refuse what is not finite."""
    numbers = (*element.numbers.values(), *element.views.values_per_pixel)
    if not (np.isfinite(numbers).all() and np.isfinite(element.views.power).all()):
        raise InputError(f"{element.file}: element {index} has values that are not finite. Leave it out.")


@contextmanager
def writing(path: Path, recipe: str = "") -> Iterator[DatasetWriter]:
    """Open a data set to add to it, or begin it.

    `recipe` is what its elements are drawn from, as TOML; empty for those of runs.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If something else is there, or a data set of another format.
    OutputError
        If its elements were made otherwise, another process has it open, or it cannot be written.
    """
    h5py = h5py_module()
    if not path.exists():
        with replacing(path) as temporary, h5py.File(temporary, "x") as file:
            _begin(file, recipe)
    try:
        file = h5py.File(path, "r+", meta_block_size=INDEX_BYTES)
    except OSError as problem:
        raise refused(path, problem) from problem
    try:
        check_kind(path, file)
        if file.attrs["recipe"] != recipe:
            origin = "drawn from another recipe" if file.attrs["recipe"] else "from runs"
            raise OutputError(
                f"{path}: holds elements that were made otherwise ({origin}), and one file holds one kind. "
                "Choose another name with --out; several files can be used together."
            )
        store = DatasetWriter(path, file)
        yield store
        store.give_back()
    finally:
        with suppress(OSError, RuntimeError):
            file.close()


def _begin(file: Any, recipe: str) -> None:  # noqa: ANN401 - h5py is optional
    text = h5py_module().string_dtype("utf-8", TEXT_BYTES)
    columns = {
        SPECTRA: (ELEMENT_SHAPE, np.float16, 1),
        **dict.fromkeys(NUMBERS, ((), np.float64, ROWS_A_CHUNK)),
        VALUES: ((len(SAMPLINGS_A),), np.float64, ROWS_A_CHUNK),
        **dict.fromkeys(TEXTS, ((), text, ROWS_A_CHUNK)),
    }
    for name, (tail, dtype, rows) in columns.items():
        shapes = {"shape": (0, *tail), "maxshape": (None, *tail), "chunks": (rows, *tail)}
        file.create_dataset(name, dtype=dtype, dcpl=_taking_all_space(), **shapes)
    file.create_dataset(COUNT, data=0)
    file.attrs["samplings_A"] = SAMPLINGS_A
    file.attrs["format"] = FORMAT
    file.attrs["recipe"] = recipe
    file.attrs["thonring"] = version("thonring")


def _taking_all_space() -> Any:  # noqa: ANN401 - h5py is optional
    """Properties of a dataset whose chunks get their places when it grows, and no bytes before they are written."""
    h5py = h5py_module()
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


class Hdf5Dataset:
    """A data set on disk, in the order of its files' names, whatever the order in which they came.

    It can be sent to other processes and used after a fork: each opens the file for itself.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If the file is no data set, or a value is not finite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, Any] | None = None
        file = self._file()
        check_kind(path, file)
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
                self._opened = os.getpid(), h5py_module().File(self.path, "r")
            except OSError as problem:
                raise refused(self.path, problem) from problem
        return self._opened[1]

    def views(self, index: int) -> SpectrumPyramid:
        """The views of an element.

        Raises
        ------
        InputError
            If they hold values that are not finite, or cannot be read.
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
                f"{self.path}: the spectra of element {row} ({self.columns.file[index]}) hold NaN or infinite values. "
                "Make the data set again without it."
            )
        finest_A, values = float(self.columns.finest_A[index]), self.columns.values_per_pixel[index]
        return SpectrumPyramid(unpacked(stored), finest_A, tuple(map(float, values)), self.samplings_A)

    def enhanced(self, index: int) -> Image:
        """The enhanced views of an element, (samplings, 512, 512)."""
        return enhanced(self.views(index))


def _check_finite(path: Path, columns: dict[str, Floats]) -> None:
    for name, values in columns.items():
        bad = np.flatnonzero(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
        if bad.size:
            raise UnreadableTable(
                f"{path}: element {bad[0]} has a {name} that is not finite, and {bad.size - 1} more. "
                "Make the data set again without them."
            )
