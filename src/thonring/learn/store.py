"""Data sets on disk: HDF5, one element a chunk, so that neither writing nor reading holds more than one.

A row is written whole before it is counted (attribute `count`); what a crash left beyond is overwritten.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from thonring.errors import InputError, OutputError
from thonring.learn.element import NUMBERS, TEXTS, VALUES, Element
from thonring.learn.half_floats import packed
from thonring.learn.hdf5 import FORMAT, TEXT_BYTES, as_bytes, as_text, check_kind, h5py_module, refused
from thonring.learn.views import SAMPLINGS_A, SIZE
from thonring.results.atomic import replacing

ROWS_A_CHUNK = 64


class Store:
    """A data set being written; `defocus_of` tells what is in it, by file."""

    def __init__(self, path: Path, file: Any) -> None:  # noqa: ANN401 - h5py is optional
        self._path, self._file = path, file
        self._count = int(file.attrs["count"])
        files = map(as_text, file["file"][: self._count])
        defoci_A = file["defocus_A"][: self._count].tolist()
        self.defocus_of: dict[str, float] = dict(zip(files, defoci_A, strict=True))

    def __len__(self) -> int:
        return self._count

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
        try:
            self._write(element)
        except OSError as problem:
            raise _unwritable(self._path, problem) from problem
        self.defocus_of[element.file] = element.defocus_A

    def _write(self, element: Element) -> None:
        values: dict[str, object] = {
            "spectra": packed(element.views.power),
            **element.numbers,
            VALUES: element.views.values_per_pixel,
            **{name: as_bytes(getattr(element, name)) for name in TEXTS},
        }
        for name, value in values.items():
            column = self._file[name]
            column.resize(self._count + 1, axis=0)
            column[self._count] = value
        self._file.flush()
        self._file.attrs.modify("count", self._count + 1)
        self._file.flush()
        self._count += 1


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
        file = h5py.File(path, "r+")
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
        yield Store(path, file)
    finally:
        with suppress(OSError, RuntimeError):
            file.close()


def _begin(file: Any, recipe: str) -> None:  # noqa: ANN401 - h5py is optional
    views = len(SAMPLINGS_A)
    shape = (views, SIZE, SIZE // 2 + 1)
    packing = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    file.create_dataset(
        "spectra", (0, *shape), np.float16, maxshape=(None, *shape), chunks=(1, *shape), **packing
    )
    text = h5py_module().string_dtype("utf-8", TEXT_BYTES)
    columns = {
        **dict.fromkeys(NUMBERS, ((), np.float64)),
        VALUES: ((views,), np.float64),
        **dict.fromkeys(TEXTS, ((), text)),
    }
    for name, (tail, dtype) in columns.items():
        file.create_dataset(name, (0, *tail), dtype, maxshape=(None, *tail), chunks=(ROWS_A_CHUNK, *tail))
    file.attrs["samplings_A"] = SAMPLINGS_A
    file.attrs["format"] = FORMAT
    file.attrs["recipe"] = recipe
    file.attrs["thonring"] = version("thonring")
    file.attrs["count"] = 0


def _unwritable(path: Path, problem: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({problem.strerror or problem}). Check the free space; the same command goes on "
        "from the elements that are in it."
    )
