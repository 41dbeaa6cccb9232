"""Which result belongs to which micrograph: by the file's place, then by its name."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from thonring.errors import InputError, OpticsError, UnreadableTable
from thonring.evaluate.correctness import (
    astigmatism_error_A,
    is_right,
    largest_error_A,
    mean_error_A,
    phase_shift_error_deg,
    tolerance_A,
)
from thonring.evaluate.labels import Label, located
from thonring.evaluate.results import Result, Run
from thonring.optics import Optics
from thonring.records import KnownDefocus
from thonring.run.names import key_of, without_uid
from thonring.simulate import TruthRow

NAMED = 3


class Finder:
    """Looks up files by place, then by name, or by what programs leave of names.

    `files` are the micrographs as they are called where they come from, `places` where each lies, and `where` says
    that to people ("truth or labels").
    """

    def __init__(self, files: Sequence[str], places: Sequence[Path], where: str) -> None:
        self._files, self._where = files, where
        self._by_place = {place: index for index, place in enumerate(places)}
        self._by_name = _grouped(PurePath(file).name for file in files)
        self._by_key = _grouped(key_of(file) for file in files)
        self._by_short_key = _grouped(without_uid(key_of(file)) for file in files)

    def find_run(self, run: Run, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file of a run, for those found; `by_key` also where the run has full names.

        Raises
        ------
        InputError
            If a name fits two micrographs, or a stack has another number of images than there are micrographs.
        """
        if run.in_order:
            return self._in_order(run)
        return self.find(sought_files(run), run.name, by_key=by_key or run.by_key)

    def find(self, sought: Mapping[str, Path], who: str, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file, for those found.

        Raises
        ------
        InputError
            If a name fits two micrographs, or two files one.
        """
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

    def _in_order(self, run: Run) -> dict[str, int]:
        if len(run.results) != len(self._files):
            raise InputError(
                f"{run.path}: found {len(run.results)} images of a stack, but the {self._where} have "
                f"{len(self._files)} rows; a stack is matched by its order, so expected as many."
            )
        return {one.file: place for place, one in enumerate(run.results)}

    def _named(self, name: str, *, by_key: bool) -> list[int]:
        if not by_key:
            return self._by_name.get(name, [])
        return self._by_key.get(name) or self._by_short_key.get(without_uid(name), [])

    def _refuse_ambiguous(self, who: str, name: str, uses: int, candidates: Sequence[int]) -> None:
        if uses > 1 or len(candidates) > 1:
            files = ", ".join(self._files[index] for index in candidates[:NAMED])
            raise InputError(
                f"{who}: the name {name!r} stands for {uses} files there and for {len(candidates)} in the "
                f"{self._where} ({files}), and their folders do not tell which is which. Give names that differ."
            )

    def _refuse_twice(self, who: str, found: Mapping[str, int]) -> None:
        owner: dict[int, str] = {}
        for file, index in found.items():
            if index in owner:
                raise InputError(
                    f"{who}: {owner[index]} and {file} are both {self._files[index]} of the {self._where}. "
                    "Remove one of them."
                )
            owner[index] = file


def sought_files(run: Run) -> dict[str, Path]:
    """Files of a run with where they lie: seen from here, or from a folder above the run."""
    folders = (Path.cwd(), *run.path.absolute().parents)
    return {one.file: located(one.file, folders) for one in run.results}


def some(files: Sequence[str]) -> str:
    """Name the first few."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more


def _name(file: str) -> str:
    return PurePath(file).name


def _grouped(names: Iterable[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(name, []).append(index)
    return groups


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
class LocatedSubject:
    """A subject and where its file lies."""

    subject: Subject
    place: Path


def subjects_of(
    truth: Sequence[TruthRow], truth_folder: Path, labels: Sequence[Label], *, partial: bool
) -> tuple[tuple[LocatedSubject, ...], tuple[str, ...]]:
    """What is known of the micrographs, and what to tell of it; a person's labels win over `usable` of the truth.

    Raises
    ------
    InputError
        If truth and labels are not of the same files, unless `partial`, or a microscope in the truth is impossible.
    """
    if not truth:
        return tuple(LocatedSubject(Subject(label.file, label.usable), label.place) for label in labels), ()
    known = tuple(LocatedSubject(_subject(row), (truth_folder / row.file).resolve()) for row in truth)
    if not labels:
        return known, ()
    found = _finder(known).find({label.file: label.place for label in labels}, "the labels")
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


def match(runs: Sequence[Run], known: Sequence[LocatedSubject], *, partial: bool) -> Matched:
    """Give every subject its result of every run.

    A result belongs to the subject whose file is the same, else to the one of the same name, if that is unique on
    both sides. With `partial`, subjects that some run lacks are left out, and so are results without a subject.

    Raises
    ------
    InputError
        If a name fits two files, or, unless `partial`, if subjects lack results or the reverse; and if nothing is
        left.
    """
    finder = _finder(known)
    notes: list[str] = []
    by_run: list[dict[int, Result]] = []
    for run in runs:
        found = finder.find_run(run)
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


def _finder(known: Sequence[LocatedSubject]) -> Finder:
    return Finder([one.subject.file for one in known], [one.place for one in known], "truth or labels")


def _without(known: Sequence[LocatedSubject], found: Mapping[str, int]) -> list[str]:
    taken = set(found.values())
    return [one.subject.file for place, one in enumerate(known) if place not in taken]


def _refuse(
    names: tuple[str, str], without: Sequence[str], extra: Sequence[str], *, partial: bool
) -> tuple[str, ...]:
    """Tell what is missing on either side, or refuse it."""
    if not without and not extra:
        return ()
    one, other = names
    parts = []
    if without:
        parts.append(f"{_files(without)} of the {other} not in the {one}: {some(without)}")
    if extra:
        parts.append(f"{_files(extra)} of the {one} not in the {other}: {some(extra)}")
    text = "; ".join(parts)
    if partial:
        return (f"Left out: {text}.",)
    raise InputError(f"{text}. Give the right table, or add --partial to evaluate what both have.")


def _files(files: Sequence[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"


Kind = Literal["TP", "FP", "FN", "TN"]
LOCK_SHARE, LOCK_A = 0.1, 1000.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A subject with its result; `right` is None where no truth of the CTF is known, or there is no estimate.

    Errors are estimated minus true, NaN where there is no estimate or no truth.
    """

    subject: Subject
    result: Result
    right: bool | None
    tolerance_A: float

    @property
    def accepted(self) -> bool:
        """Whether the run keeps it; an input that failed is not kept."""
        return self.result.status == "accepted"

    @property
    def positive(self) -> bool:
        """Whether it should be kept: usable, and no wrong estimate. Usable and no estimate is a lost image."""
        return self.subject.usable and self.right is not False

    @property
    def kind(self) -> Kind:
        """Its place in the confusion matrix."""
        if self.accepted:
            return "TP" if self.positive else "FP"
        return "FN" if self.positive else "TN"

    @property
    def judged_well(self) -> bool:
        """Whether the verdict is what it should be."""
        return self.accepted == self.positive

    @property
    def mean_error_A(self) -> float:
        """Error of the mean defocus."""
        both = self._both
        return mean_error_A(*both) if both else math.nan

    @property
    def astigmatism_error_A(self) -> tuple[float, float]:
        """Error of the astigmatism vector."""
        both = self._both
        return astigmatism_error_A(*both) if both else (math.nan, math.nan)

    @property
    def largest_error_A(self) -> float:
        """Largest error of the defocus over all directions."""
        both = self._both
        return largest_error_A(*both) if both else math.nan

    @property
    def phase_shift_error_deg(self) -> float:
        """Error of the phase shift."""
        both = self._both
        return phase_shift_error_deg(*both) if both else math.nan

    @property
    def angle_error_deg(self) -> float:
        """Error of the axis of astigmatism, in (-90, 90]."""
        both = self._both
        return 90.0 - (90.0 - (both[0].angle_deg - both[1].angle_deg)) % 180.0 if both else math.nan

    @property
    def is_locked(self) -> bool:
        """Whether the mean defocus is off by more than 10 % or 1000 Å: locked to wrong rings."""
        return abs(self.mean_error_A) > min(LOCK_SHARE * self.subject.defocus_A, LOCK_A)

    @property
    def _both(self) -> tuple[KnownDefocus, TruthRow] | None:
        estimate, truth = self.result.estimate, self.subject.truth
        return None if estimate is None or truth is None else (estimate, truth)


def pairs_of(matched: Matched, resolution_A: float) -> tuple[tuple[Pair, ...], ...]:
    """Pairs by run; an estimate is right if its phase stays within 90° up to the resolution."""
    return tuple(
        tuple(_pair(*both, resolution_A) for both in zip(matched.subjects, results, strict=True))
        for results in matched.results
    )


def _pair(subject: Subject, result: Result, resolution_A: float) -> Pair:
    if subject.truth is None:
        return Pair(subject, result, None, math.nan)
    tolerated_A = tolerance_A(subject.wavelength_A, resolution_A)
    if result.estimate is None:
        return Pair(subject, result, None, tolerated_A)
    right = is_right(result.estimate, subject.truth, subject.wavelength_A, resolution_A)
    return Pair(subject, result, right, tolerated_A)
