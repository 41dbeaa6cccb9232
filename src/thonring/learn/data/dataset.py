"""Data sets as training sees them: elements from one file or several, read one at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from thonring.errors import InputError
from thonring.learn.data.element import Columns, Element, joined
from thonring.learn.data.splits import Splits, by_session
from thonring.learn.data.stored import Stored
from thonring.learn.data.thesis_files import METADATA, ThesisFiles
from thonring.learn.seen.views import Views
from thonring.records import Image

__all__ = ["Columns", "Dataset", "Element", "Splits", "elements", "open_dataset"]


class Part(Protocol):
    """A file or folder with elements."""

    path: Path
    columns: Columns
    samplings_A: tuple[float, ...]
    recipe: str

    def views(self, index: int) -> Views:
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

    def __iter__(self) -> Iterator[Element]:
        return (self.element(index) for index in range(len(self)))

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes, as TOML, that simulated parts were drawn from."""
        return tuple(dict.fromkeys(part.recipe for part in self.parts if part.recipe))

    def views(self, index: int) -> Views:
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

    def element(self, index: int) -> Element:
        """An element with its views.

        Raises
        ------
        InputError
            As `views`.
        """
        columns = self.columns
        return Element(
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


def elements(path: Path) -> Iterator[Element]:
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
    return Stored(path)


def _check_samplings(parts: Sequence[Part]) -> None:
    for part in parts:
        if part.samplings_A != parts[0].samplings_A:
            raise InputError(
                f"{part.path}: samplings {part.samplings_A} Å/px, but {parts[0].path} has {parts[0].samplings_A}; "
                "expected the same. Use them one by one."
            )


def _named(parts: Sequence[Part]) -> str:
    return ", ".join(str(part.path) for part in parts)
