"""A data set on disk, read one element at a time."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from thonring.errors import InputError, UnreadableFile, UnreadableTable
from thonring.learn.data.element import NUMBERS, TEXTS, VALUES, columns_of
from thonring.learn.data.half_floats import unpacked
from thonring.learn.data.hdf5 import COUNT, SPECTRA, as_text, check_kind, h5py_module, refused
from thonring.learn.seen.views import Views, enhanced
from thonring.records import Floats, Image


class Stored:
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

    def views(self, index: int) -> Views:
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
        return Views(unpacked(stored), finest_A, tuple(map(float, values)), self.samplings_A)

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
