"""Runs beside what is true of their micrographs: who belongs to whom, and who has nobody."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from thonring.errors import InputError, OpticsError, UnreadableTable
from thonring.evaluate.labels import Label
from thonring.evaluate.located import located
from thonring.evaluate.run import Result, Run
from thonring.optics import Optics
from thonring.read import key_of
from thonring.read.known.key import without_uid
from thonring.simulate import TruthRow

NAMED = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """One micrograph and what is true of it; `truth` is None where there are labels only."""

    file: str
    usable: bool
    truth: TruthRow | None = None

    @property
    def wavelength_A(self) -> float:
        """Wavelength of the electrons; NaN without a truth."""
        if self.truth is None:
            return math.nan
        return Optics(self.truth.voltage_kV, self.truth.cs_mm, self.truth.amplitude_contrast).wavelength_A

    @property
    def defocus_A(self) -> float:
        """True mean defocus; NaN without a truth."""
        return math.nan if self.truth is None else 0.5 * (self.truth.defocus_u_A + self.truth.defocus_v_A)


@dataclass(frozen=True, slots=True)
class Matched:
    """Subjects, and for each run its results in their order."""

    runs: tuple[Run, ...]
    subjects: tuple[Subject, ...]
    results: tuple[tuple[Result, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A subject and where its file lies."""

    subject: Subject
    place: Path


def subjects_of(
    truth: Sequence[TruthRow], truth_folder: Path, labels: Sequence[Label], *, partial: bool
) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    """What is known of the micrographs, and what to tell of it; a person's labels win over `usable` of the truth.

    Raises
    ------
    InputError
        If truth and labels are not of the same files, unless `partial`, or a microscope in the truth is impossible.
    """
    if not truth:
        return tuple(Known(Subject(label.file, label.usable), label.place) for label in labels), ()
    known = tuple(Known(_subject(row), (truth_folder / row.file).resolve()) for row in truth)
    if not labels:
        return known, ()
    found = _Finder(known).find({label.file: label.place for label in labels}, "the labels")
    without, extra = _without(known, found), [label.file for label in labels if label.file not in found]
    notes = _refuse(("labels", "truth"), without, extra, partial=partial)
    usable = {found[label.file]: label.usable for label in labels if label.file in found}
    labelled = tuple(
        replace(one, subject=replace(one.subject, usable=usable[place]))
        for place, one in enumerate(known)
        if place in usable
    )
    changed = sum(usable[place] != one.subject.usable for place, one in enumerate(known) if place in usable)
    return labelled, (
        *notes,
        f"The labels replace `usable` of the truth; they differ from it in {changed} files.",
    )


def _subject(row: TruthRow) -> Subject:
    try:
        Optics(row.voltage_kV, row.cs_mm, row.amplitude_contrast, row.pixel_A)
    except OpticsError as problem:
        raise UnreadableTable(
            f"truth of {row.file}: {problem} Mend its row in the table of truth."
        ) from problem
    return Subject(row.file, row.usable, row)


def match(runs: Sequence[Run], known: Sequence[Known], *, partial: bool) -> Matched:
    """Give every subject its result of every run.

    A result belongs to the subject whose file is the same, else to the one of the same name, if that is unique on
    both sides. With `partial`, subjects that some run lacks are left out, and so are results without a subject.

    Raises
    ------
    InputError
        If a name fits two files, or, unless `partial`, if subjects lack results or the reverse; and if nothing is
        left.
    """
    finder = _Finder(known)
    notes: list[str] = []
    by_run: list[dict[int, Result]] = []
    for run in runs:
        found = (
            _in_order(run, known) if run.in_order else finder.find(_sought(run), run.name, by_key=run.by_key)
        )
        without, extra = _without(known, found), [one.file for one in run.results if one.file not in found]
        notes += _refuse((f"run {run.name}", "truth or labels"), without, extra, partial=partial)
        by_run.append({found[one.file]: one for one in run.results if one.file in found})
    kept = [place for place in range(len(known)) if all(place in results for results in by_run)]
    if not kept:
        raise InputError("no micrograph is in the truth or labels and in every run: nothing to evaluate.")
    return Matched(
        tuple(runs),
        tuple(known[place].subject for place in kept),
        tuple(tuple(results[place] for place in kept) for results in by_run),
        tuple(notes),
    )


def _sought(run: Run) -> dict[str, Path]:
    """Files of a run with where they lie: seen from here, or from a folder above the run."""
    folders = (Path.cwd(), *run.path.absolute().parents)
    return {one.file: located(one.file, folders) for one in run.results}


def _in_order(run: Run, known: Sequence[Known]) -> Mapping[str, int]:
    if len(run.results) != len(known):
        raise InputError(
            f"{run.path}: found {len(run.results)} images of a stack, but the truth or labels have {len(known)} rows; "
            "a stack is matched by its order, so expected as many."
        )
    return {one.file: place for place, one in enumerate(run.results)}


def _without(known: Sequence[Known], found: Mapping[str, int]) -> list[str]:
    taken = set(found.values())
    return [one.subject.file for place, one in enumerate(known) if place not in taken]


class _Finder:
    """Looks up files by place, then by name, then by what programs leave of names."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._files = [one.subject.file for one in known]
        self._by_place = {one.place: index for index, one in enumerate(known)}
        self._by_name = _grouped(PurePath(file).name for file in self._files)
        self._by_key = _grouped(key_of(file) for file in self._files)

    def find(self, sought: Mapping[str, Path], who: str, *, by_key: bool = False) -> dict[str, int]:
        """Index of the subject by file, for those found."""
        found = {
            file: self._by_place[place]
            for file, place in sought.items()
            if place in self._by_place and not by_key
        }
        rest = [file for file in sought if file not in found]
        name_of = key_of if by_key else _name
        uses = Counter(name_of(file) for file in rest)
        for file in rest:
            candidates = self._named(name_of(file), by_key=by_key)
            if candidates:
                self._refuse_ambiguous(who, name_of(file), uses[name_of(file)], candidates)
                found[file] = candidates[0]
        self._refuse_twice(who, found)
        return found

    def _named(self, name: str, *, by_key: bool) -> list[int]:
        if not by_key:
            return self._by_name.get(name, [])
        return self._by_key.get(name) or self._by_key.get(without_uid(name), [])

    def _refuse_ambiguous(self, who: str, name: str, uses: int, candidates: Sequence[int]) -> None:
        if uses > 1 or len(candidates) > 1:
            files = ", ".join(self._files[index] for index in candidates[:NAMED])
            raise InputError(
                f"{who}: the name {name!r} stands for {uses} files there and for {len(candidates)} in the truth or "
                f"labels ({files}), and their folders do not tell which is which. Give names that differ."
            )

    def _refuse_twice(self, who: str, found: Mapping[str, int]) -> None:
        owner: dict[int, str] = {}
        for file, index in found.items():
            if index in owner:
                raise InputError(
                    f"{who}: {owner[index]} and {file} are both {self._files[index]} of the truth or labels. "
                    "Remove one of them."
                )
            owner[index] = file


def _name(file: str) -> str:
    return PurePath(file).name


def _grouped(names: Iterable[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(name, []).append(index)
    return groups


def _refuse(
    names: tuple[str, str], without: Sequence[str], extra: Sequence[str], *, partial: bool
) -> tuple[str, ...]:
    """Tell what is missing on either side, or refuse it."""
    if not without and not extra:
        return ()
    one, other = names
    parts = []
    if without:
        parts.append(f"{_files(without)} of the {other} not in the {one}: {_some(without)}")
    if extra:
        parts.append(f"{_files(extra)} of the {one} not in the {other}: {_some(extra)}")
    text = "; ".join(parts)
    if partial:
        return (f"Left out: {text}.",)
    raise InputError(f"{text}. Give the right table, or add --partial to evaluate what both have.")


def _some(files: Sequence[str]) -> str:
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more


def _files(files: Sequence[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"
