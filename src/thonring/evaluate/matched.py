"""Runs beside what is true of their micrographs: who belongs to whom, and who has nobody."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thonring.errors import InputError, OpticsError, UnreadableTable
from thonring.evaluate.finder import Finder, some
from thonring.evaluate.labels import Label
from thonring.evaluate.run import Result, Run
from thonring.optics import Optics
from thonring.simulate import TruthRow


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


def _finder(known: Sequence[Known]) -> Finder:
    return Finder([one.subject.file for one in known], [one.place for one in known], "truth or labels")


def _without(known: Sequence[Known], found: Mapping[str, int]) -> list[str]:
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
