"""Data sets for training: examples of one file or several, read one at a time, and their split by session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError
from thonring.learn.dataset.example import SIMULATED, Columns, Example, concatenated
from thonring.learn.dataset.hdf5 import Hdf5Dataset
from thonring.learn.dataset.thesis_files import METADATA, ThesisFiles
from thonring.learn.inputs import Indices, SpectrumPyramid
from thonring.records import Image

TEST_FRACTION = 0.1
"""Fraction of the examples for validation, and again for the test."""

MAX_EXCESS = 1.5
"""A validation or test set gets no further session that would make it larger than its target by this factor."""

MIN_SESSIONS = 3
MIN_BLOCKS = 20
"""Minimum number of blocks of simulated scenes that can be divided into tenths."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices of examples, ascending; every example is in exactly one part."""

    train: Indices
    validation: Indices
    test: Indices


def split_by_session(columns: Columns, seed: int) -> Splits:
    """Divide by session, never by example: micrographs of one session are similar.

    A tenth of the examples, as nearly as whole sessions allow, is for the test and another tenth for validation.
    Simulated scenes are independent, and divided one by one if there are fewer than twenty blocks of them.

    Raises
    ------
    InputError
        If there are no examples, or fewer than three sessions.
    """
    if not len(columns):
        raise InputError("the data set is empty: expected elements of at least three sessions.")
    names = columns.session
    if len(set(names)) < MIN_BLOCKS and set(columns.source) == {SIMULATED}:
        names = columns.file
    sessions, session_of = np.unique(names, return_inverse=True)
    if len(sessions) < MIN_SESSIONS:
        raise InputError(
            f"the data set has {_counted(len(sessions))} ({', '.join(sessions)}), at least three are needed, since "
            "training, validation and test must not share a session. Add runs of other sessions, or name the sessions "
            "with `thonring dataset build --session`."
        )
    remaining = _shuffled_sessions(np.bincount(session_of), seed)
    test = _take_tenth(remaining, len(columns), leave=2)
    validation = _take_tenth(remaining, len(columns), leave=1)
    parts = ([number for number, _ in part] for part in (remaining, validation, test))
    return Splits(*(np.flatnonzero(np.isin(session_of, part)) for part in parts))


def _counted(count: int) -> str:
    return "one session" if count == 1 else f"{count} sessions"


def _shuffled_sessions(sizes: npt.NDArray[np.intp], seed: int) -> list[tuple[int, int]]:
    """Number and size of each session in random order, those larger than a tenth of all examples last."""
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    target = TEST_FRACTION * sizes.sum()
    return sorted(
        ((int(number), int(sizes[number])) for number in shuffled),
        key=lambda session: max(session[1], target),
    )


def _take_tenth(remaining: list[tuple[int, int]], total: int, leave: int) -> list[tuple[int, int]]:
    """Remove sessions from the front until they make a tenth of all: at least one, leaving `leave` of them."""
    target = TEST_FRACTION * total
    taken = [remaining.pop(0)]
    count = taken[0][1]
    while len(remaining) > leave and count < target and count + remaining[0][1] <= MAX_EXCESS * target:
        taken.append(remaining.pop(0))
        count += taken[-1][1]
    return taken


class DatasetPart(Protocol):
    """A file or folder with examples."""

    path: Path
    columns: Columns
    samplings_A: tuple[float, ...]
    recipe: str

    def pyramid(self, index: int) -> SpectrumPyramid:
        """The spectra of an example."""
        ...

    def enhanced(self, index: int) -> Image:
        """The enhanced spectra of an example, (samplings, 512, 512)."""
        ...


class Dataset:
    """The examples of several parts, numbered consecutively; it can be sent to other processes.

    Raises
    ------
    InputError
        If there are no examples, the parts differ in their samplings, or an example occurs twice.
    """

    def __init__(self, parts: Sequence[DatasetPart]) -> None:
        _check_samplings(parts)
        self.parts = tuple(parts)
        self.columns = concatenated([part.columns for part in parts])
        self.samplings_A = parts[0].samplings_A
        self._place = [(part, index) for part in parts for index in range(len(part.columns))]
        if not self._place:
            raise InputError(
                f"{_listed(parts)}: contains no elements. Was it interrupted right after it started?"
            )
        self._check_duplicates()

    def __len__(self) -> int:
        return len(self._place)

    def __iter__(self) -> Iterator[Example]:
        return (self.example(index) for index in range(len(self)))

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes of simulated parts, as TOML."""
        return tuple(dict.fromkeys(part.recipe for part in self.parts if part.recipe))

    def pyramid(self, index: int) -> SpectrumPyramid:
        """The spectra of an example.

        Raises
        ------
        InputError
            If they contain values that are not finite, or the part contains enhanced images only.
        """
        part, place = self._place[index]
        return part.pyramid(place)

    def enhanced(self, index: int) -> Image:
        """The enhanced spectra of an example, (samplings, 512, 512).

        Raises
        ------
        InputError
            If they contain values that are not finite.
        """
        part, place = self._place[index]
        return part.enhanced(place)

    def example(self, index: int) -> Example:
        """An example with its spectra.

        Raises
        ------
        InputError
            As `pyramid`.
        """
        columns = self.columns
        return Example(
            self.pyramid(index),
            float(columns.defocus_A[index]),
            columns.optics(index),
            columns.session[index],
            columns.file[index],
            columns.source[index],
        )

    def splits(self, seed: int) -> Splits:
        """Indices for training, validation and test, which share no session.

        Raises
        ------
        InputError
            If there are fewer than three sessions.
        """
        return split_by_session(self.columns, seed)

    def _check_duplicates(self) -> None:
        """Reject a micrograph that occurs twice with the same defocus."""
        part_of: dict[tuple[str, float], Path] = {}
        for file, defocus_A, (part, _) in zip(
            self.columns.file, self.columns.defocus_A, self._place, strict=True
        ):
            key = file, defocus_A
            if key in part_of:
                raise InputError(
                    f"{part.path}: {file} with {defocus_A:.0f} Å is also in {part_of[key]}; each element may occur "
                    "only once. Leave one of them out, or build one data set from all runs."
                )
            part_of[key] = part.path


def open_dataset(paths: Sequence[Path]) -> Dataset:
    """Open data sets of `thonring dataset` (HDF5) and folders with the files of the thesis, as one.

    Raises
    ------
    InputError
        If one cannot be used, or they cannot be combined.
    """
    if not paths:
        raise InputError("no data set given; expected files of `thonring dataset`.")
    return Dataset([_part(path) for path in paths])


def _part(path: Path) -> DatasetPart:
    if path.is_dir() or path.name == METADATA:
        return ThesisFiles(path if path.is_dir() else path.parent)
    return Hdf5Dataset(path)


def _check_samplings(parts: Sequence[DatasetPart]) -> None:
    for part in parts:
        if part.samplings_A != parts[0].samplings_A:
            raise InputError(
                f"{part.path}: has samplings {part.samplings_A} Å/px, but {parts[0].path} has "
                f"{parts[0].samplings_A}; they must be the same. Use the data sets separately."
            )


def _listed(parts: Sequence[DatasetPart]) -> str:
    return ", ".join(str(part.path) for part in parts)
