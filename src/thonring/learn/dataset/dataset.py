"""Data sets as training sees them: elements from one file or several, read one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError
from thonring.learn.dataset.example import SIMULATED, Columns, Example, joined
from thonring.learn.dataset.hdf5 import Hdf5Dataset
from thonring.learn.dataset.thesis_files import METADATA, ThesisFiles
from thonring.learn.inputs import SpectrumPyramid
from thonring.records import Image

Indices = npt.NDArray[np.intp]

HELD_OUT = 0.1
"""Share of the elements for validation, and again for the test."""

TOO_MANY = 1.5
"""A set held out takes no further session that would make it this many times what it should be."""

FEWEST = 3
FEW_BLOCKS = 20
"""Fewer blocks of simulated scenes than this do not give tenths."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices of elements, ascending; together all of them, none twice."""

    train: Indices
    validation: Indices
    test: Indices


def by_session(columns: Columns, seed: int) -> Splits:
    """Divide by session, never by row: micrographs of a session are alike.

    A tenth of the elements, as near as whole sessions allow, for the test and another for validation. Simulated
    scenes owe each other nothing, and are divided one by one where there are fewer than twenty blocks of them.

    Raises
    ------
    InputError
        If there are no elements, or fewer than three sessions.
    """
    if not len(columns):
        raise InputError("the data set is empty: expected elements of at least three sessions.")
    names = columns.session
    if len(set(names)) < FEW_BLOCKS and set(columns.source) == {SIMULATED}:
        names = columns.file
    sessions, session_of = np.unique(names, return_inverse=True)
    if len(sessions) < FEWEST:
        raise InputError(
            f"the data set holds {_counted(len(sessions))} ({', '.join(sessions)}), expected at least three, since "
            "training, validation and test shall have none in common. Add runs of other sessions, or name the sessions "
            "with `thonring dataset build --session`."
        )
    waiting = _order(np.bincount(session_of), seed)
    test = _taken(waiting, len(columns), leave=2)
    validation = _taken(waiting, len(columns), leave=1)
    parts = ([number for number, _ in part] for part in (waiting, validation, test))
    return Splits(*(np.flatnonzero(np.isin(session_of, part)) for part in parts))


def _counted(count: int) -> str:
    return "one session" if count == 1 else f"{count} sessions"


def _order(sizes: npt.NDArray[np.intp], seed: int) -> list[tuple[int, int]]:
    """Sessions with their sizes by chance, those too large to be held out last."""
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    target = HELD_OUT * sizes.sum()
    return sorted(
        ((int(number), int(sizes[number])) for number in shuffled),
        key=lambda session: max(session[1], target),
    )


def _taken(waiting: list[tuple[int, int]], total: int, leave: int) -> list[tuple[int, int]]:
    """Take sessions from the front until a tenth is reached; at least one, and some are left."""
    target = HELD_OUT * total
    taken = [waiting.pop(0)]
    count = taken[0][1]
    while len(waiting) > leave and count < target and count + waiting[0][1] <= TOO_MANY * target:
        taken.append(waiting.pop(0))
        count += taken[-1][1]
    return taken


class Part(Protocol):
    """A file or folder with elements."""

    path: Path
    columns: Columns
    samplings_A: tuple[float, ...]
    recipe: str

    def views(self, index: int) -> SpectrumPyramid:
        """The views of an element."""
        ...

    def enhanced(self, index: int) -> Image:
        """The enhanced views of an element, (samplings, 512, 512)."""
        ...


class Dataset:
    """The elements of several parts, numbered through; it can be sent to other processes.

    Raises
    ------
    InputError
        If there are no elements, the parts differ in their samplings, or a micrograph is there twice.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        _check_samplings(parts)
        self.parts = tuple(parts)
        self.columns = joined([part.columns for part in parts])
        self.samplings_A = parts[0].samplings_A
        self._place = [(part, index) for part in parts for index in range(len(part.columns))]
        if not self._place:
            raise InputError(
                f"{_named(parts)}: found no elements, expected a data set. Was it interrupted at its start?"
            )
        self._refuse_twice()

    def __len__(self) -> int:
        return len(self._place)

    def __iter__(self) -> Iterator[Example]:
        return (self.element(index) for index in range(len(self)))

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes, as TOML, that simulated parts were drawn from."""
        return tuple(dict.fromkeys(part.recipe for part in self.parts if part.recipe))

    def views(self, index: int) -> SpectrumPyramid:
        """The views of an element.

        Raises
        ------
        InputError
            If they hold values that are not finite, or only enhanced images are there.
        """
        part, place = self._place[index]
        return part.views(place)

    def enhanced(self, index: int) -> Image:
        """The enhanced views of an element, (samplings, 512, 512).

        Raises
        ------
        InputError
            If they hold values that are not finite.
        """
        part, place = self._place[index]
        return part.enhanced(place)

    def element(self, index: int) -> Example:
        """An element with its views.

        Raises
        ------
        InputError
            As `views`.
        """
        columns = self.columns
        return Example(
            self.views(index),
            float(columns.defocus_A[index]),
            columns.optics(index),
            columns.session[index],
            columns.file[index],
            columns.source[index],
        )

    def splits(self, seed: int) -> Splits:
        """Indices for training, validation and test, which have no session in common.

        Raises
        ------
        InputError
            If there are fewer than three sessions.
        """
        return by_session(self.columns, seed)

    def _refuse_twice(self) -> None:
        seen: dict[tuple[str, float], Path] = {}
        for key, (part, _) in zip(
            zip(self.columns.file, self.columns.defocus_A, strict=True), self._place, strict=True
        ):
            if key in seen:
                raise InputError(
                    f"{part.path}: {key[0]} with {key[1]:.0f} Å is in {seen[key]} too, expected each element once. "
                    "Leave one of them out, or build one data set from all runs."
                )
            seen[key] = part.path


def open_dataset(paths: Sequence[Path]) -> Dataset:
    """Open data sets of `thonring dataset` (HDF5) and folders with the files of the thesis, as one.

    Raises
    ------
    InputError
        If one cannot be used, or they do not go together.
    """
    if not paths:
        raise InputError("no data set was named; expected files of `thonring dataset`.")
    return Dataset([_part(path) for path in paths])


def elements(path: Path) -> Iterator[Example]:
    """The elements of a data set, one at a time.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    return iter(open_dataset([path]))


def _part(path: Path) -> Part:
    if path.is_dir() or path.name == METADATA:
        return ThesisFiles(path if path.is_dir() else path.parent)
    return Hdf5Dataset(path)


def _check_samplings(parts: Sequence[Part]) -> None:
    for part in parts:
        if part.samplings_A != parts[0].samplings_A:
            raise InputError(
                f"{part.path}: samplings {part.samplings_A} Å/px, but {parts[0].path} has {parts[0].samplings_A}; "
                "expected the same. Use them one by one."
            )


def _named(parts: Sequence[Part]) -> str:
    return ", ".join(str(part.path) for part in parts)
