"""Data sets on disk: HDF5, one element a chunk, so that neither writing nor reading holds more than one.

All space is taken before the first element comes. From then on HDF5 changes nothing but the rows' own bytes, in place,
and a process may be killed at any moment: a row is written whole before it is counted, and what was cut off is
written over. Compression would move chunks about, saves a fifth, and was left out for this.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from thonring.errors import InputError, OutputError
from thonring.learn.data.element import NUMBERS, TEXTS, VALUES, Element
from thonring.learn.data.half_floats import packed
from thonring.learn.data.hdf5 import (
    COUNT,
    FORMAT,
    SPECTRA,
    TEXT_BYTES,
    as_bytes,
    as_text,
    check_kind,
    h5py_module,
    refused,
)
from thonring.learn.seen.views import SAMPLINGS_A, SIZE
from thonring.results.atomic import replacing

ROWS_A_CHUNK = 64
INDEX_BYTES = 1 << 20
"""HDF5 keeps its index in blocks of this size, not between the elements, so that most room can be given back."""

ELEMENT_SHAPE = (len(SAMPLINGS_A), SIZE, SIZE // 2 + 1)
BYTES_AN_ELEMENT = 2 * len(SAMPLINGS_A) * SIZE * (SIZE // 2 + 1) + 4096
COLUMNS = (*NUMBERS, VALUES, *TEXTS, SPECTRA)
"""In the order in which they grow: the spectra lie last, so that their room can be given back."""


class Store:
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

    def append(self, element: Element) -> None:
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


def _row(element: Element) -> dict[str, object]:
    return {
        SPECTRA: packed(element.views.power),
        **element.numbers,
        VALUES: element.views.values_per_pixel,
        **{name: as_bytes(getattr(element, name)) for name in TEXTS},
    }


def _check(element: Element, index: int) -> None:
    """Refuse what is not finite."""
    numbers = (*element.numbers.values(), *element.views.values_per_pixel)
    if not (np.isfinite(numbers).all() and np.isfinite(element.views.power).all()):
        raise InputError(f"{element.file}: element {index} has values that are not finite. Leave it out.")


@contextmanager
def writing(path: Path, recipe: str = "") -> Iterator[Store]:
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
        store = Store(path, file)
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
