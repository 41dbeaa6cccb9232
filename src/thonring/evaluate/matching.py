"""Matching results of a run to reference micrographs, by path, then by name; and the errors of each pair.

In order: truth and labels become references (`references_of`), every run's results are assigned to them
(`match`), and each reference with its result is a pair that knows its errors and its verdict (`pairs_of`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from thonring.errors import InputError, OpticsError, UnreadableTable
from thonring.evaluate import correctness
from thonring.evaluate.labels import Label, resolve_in
from thonring.evaluate.results import Result, Run
from thonring.optics import Optics
from thonring.records import KnownDefocus
from thonring.run.names import key_of, without_uid
from thonring.simulate import TruthRow

MAX_FILES_LISTED = 3
"""Maximum number of files listed by name in a message."""

RING_LOCK_FRACTION, RING_LOCK_A = 0.1, 1000.0
"""A mean defocus off by more than either is locked to the wrong rings: by convention, far beyond noise."""

ConfusionClass = Literal["TP", "FP", "FN", "TN"]


@dataclass(frozen=True, slots=True)
class Reference:
    """One micrograph and its ground truth; `truth` is None if there are only labels."""

    file: str
    usable: bool
    truth: TruthRow | None = None

    @property
    def wavelength_A(self) -> float:
        """Electron wavelength; NaN without a truth."""
        if self.truth is None:
            return math.nan
        return Optics(self.truth.voltage_kV, self.truth.cs_mm, self.truth.amplitude_contrast).wavelength_A

    @property
    def defocus_A(self) -> float:
        """True mean defocus; NaN without a truth."""
        return math.nan if self.truth is None else 0.5 * (self.truth.defocus_u_A + self.truth.defocus_v_A)


@dataclass(frozen=True, slots=True)
class LocatedReference:
    """A reference and the absolute path of its file."""

    reference: Reference
    path: Path


@dataclass(frozen=True, slots=True)
class MatchedRuns:
    """References, and for each run its results in the order of the references."""

    runs: tuple[Run, ...]
    references: tuple[Reference, ...]
    results: tuple[tuple[Result, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference with its result; `right` is None where the true CTF is unknown, or there is no estimate.

    Errors are estimated minus true, NaN where there is no estimate or no truth.
    """

    reference: Reference
    result: Result
    right: bool | None
    tolerance_A: float

    @property
    def accepted(self) -> bool:
        """Whether the run accepts it; an input that failed is not accepted."""
        return self.result.status == "accepted"

    @property
    def positive(self) -> bool:
        """Whether it should be accepted: usable, and without a wrong estimate. Usable without an estimate is a loss."""
        return self.reference.usable and self.right is not False

    @property
    def kind(self) -> ConfusionClass:
        """Its class in the confusion matrix."""
        if self.accepted:
            return "TP" if self.positive else "FP"
        return "FN" if self.positive else "TN"

    @property
    def verdict_correct(self) -> bool:
        """Whether the verdict is correct."""
        return self.accepted == self.positive

    @property
    def mean_error_A(self) -> float:
        """Error of the mean defocus."""
        both = self._estimate_and_truth
        return correctness.mean_error_A(*both) if both else math.nan

    @property
    def astigmatism_error_A(self) -> tuple[float, float]:
        """Error of the astigmatism vector."""
        both = self._estimate_and_truth
        return correctness.astigmatism_error_A(*both) if both else (math.nan, math.nan)

    @property
    def largest_error_A(self) -> float:
        """Largest defocus error over all directions."""
        both = self._estimate_and_truth
        return correctness.largest_error_A(*both) if both else math.nan

    @property
    def phase_shift_error_deg(self) -> float:
        """Error of the phase shift."""
        both = self._estimate_and_truth
        return correctness.phase_shift_error_deg(*both) if both else math.nan

    @property
    def angle_error_deg(self) -> float:
        """Error of the axis of astigmatism, in (-90, 90]."""
        both = self._estimate_and_truth
        return correctness.angle_error_deg(*both) if both else math.nan

    @property
    def is_locked(self) -> bool:
        """Whether the mean defocus is wrong by more than 10 % or 1000 Å: locked to the wrong rings."""
        return abs(self.mean_error_A) > min(RING_LOCK_FRACTION * self.reference.defocus_A, RING_LOCK_A)

    @property
    def _estimate_and_truth(self) -> tuple[KnownDefocus, TruthRow] | None:
        estimate, truth = self.result.estimate, self.reference.truth
        return None if estimate is None or truth is None else (estimate, truth)


def references_of(
    truth: Sequence[TruthRow], truth_folder: Path, labels: Sequence[Label], *, partial: bool
) -> tuple[tuple[LocatedReference, ...], tuple[str, ...]]:
    """Join truth and labels, with notes; manual labels override `usable` of the truth.

    Raises
    ------
    InputError
        If truth and labels are not of the same files, unless `partial`, or a microscope in the truth is impossible.
    """
    if not truth:
        return tuple(
            LocatedReference(Reference(label.file, label.usable), label.path) for label in labels
        ), ()
    references = tuple(
        LocatedReference(_reference(row), (truth_folder / row.file).resolve()) for row in truth
    )
    if not labels:
        return references, ()
    found = _index(references).find({label.file: label.path for label in labels}, "the labels")
    unmatched = [label.file for label in labels if label.file not in found]
    notes = _report_unmatched(
        ("labels", "truth"), _missing_from(references, found), unmatched, partial=partial
    )
    usable = {found[label.file]: label.usable for label in labels if label.file in found}
    labelled = tuple(
        replace(located, reference=replace(located.reference, usable=usable[index]))
        for index, located in enumerate(references)
        if index in usable
    )
    changed = sum(usable[index] != references[index].reference.usable for index in usable)
    overridden = f"The labels override `usable` of the truth; they differ from it for {_files(changed)}."
    return labelled, (*notes, overridden)


def match(runs: Sequence[Run], references: Sequence[LocatedReference], *, partial: bool) -> MatchedRuns:
    """Match every reference to its result in every run.

    A result belongs to the reference with the same path, else to the one with the same name, if that is unique on
    both sides. With `partial`, references that some run lacks are left out, and so are results without a reference.

    Raises
    ------
    InputError
        If a name matches two files, if (unless `partial`) references lack results or the reverse, or if nothing is
        left.
    """
    lookup = _index(references)
    notes: list[str] = []
    by_run: list[dict[int, Result]] = []
    for run in runs:
        found = lookup.find_run(run)
        unmatched = [result.file for result in run.results if result.file not in found]
        notes += _report_unmatched(
            (f"run {run.name}", "truth or labels"),
            _missing_from(references, found),
            unmatched,
            partial=partial,
        )
        by_run.append({found[result.file]: result for result in run.results if result.file in found})
    kept = [index for index in range(len(references)) if all(index in results for results in by_run)]
    if not kept:
        raise InputError(
            "no micrograph is both in the truth or labels and in every run: nothing to evaluate."
        )
    return MatchedRuns(
        tuple(runs),
        tuple(references[index].reference for index in kept),
        tuple(tuple(results[index] for index in kept) for results in by_run),
        tuple(notes),
    )


def pairs_of(matched: MatchedRuns, resolution_A: float) -> tuple[tuple[Pair, ...], ...]:
    """Pairs of each run; an estimate is right if its phase stays within 90° of the true one up to the resolution."""
    return tuple(
        tuple(
            _pair(reference, result, resolution_A)
            for reference, result in zip(matched.references, results, strict=True)
        )
        for results in matched.results
    )


class MicrographIndex:
    """Looks up micrographs by path, then by name, or by the part of a name that other programs keep.

    Parameters
    ----------
    files
        The micrographs as named in their table.
    paths
        The path of each of them.
    table
        Name of the table in messages ("truth or labels").
    """

    def __init__(self, files: Sequence[str], paths: Sequence[Path], table: str) -> None:
        self._files, self._table = files, table
        self._by_path = {path: index for index, path in enumerate(paths)}
        self._by_name = _grouped(PurePath(file).name for file in files)
        self._by_key = _grouped(key_of(file) for file in files)
        self._by_short_key = _grouped(without_uid(key_of(file)) for file in files)

    def find_run(self, run: Run, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file of a run, for those found; `by_key` even if the run has full names.

        Raises
        ------
        InputError
            If a name matches two micrographs, or the number of images in a stack differs from that of the micrographs.
        """
        if not run.in_order:
            return self.find(paths_of(run), run.name, by_key=by_key or run.by_key)
        if len(run.results) != len(self._files):
            raise InputError(
                f"{run.path}: found {len(run.results)} images of a stack, but the {self._table} have "
                f"{len(self._files)} rows; stacks are matched by order, so the numbers must be equal."
            )
        return {result.file: index for index, result in enumerate(run.results)}

    def find(self, paths: Mapping[str, Path], owner: str, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file, for those found; `owner` is the name of the files' table in messages.

        Raises
        ------
        InputError
            If a name matches two micrographs, or two files match one.
        """
        found = {
            file: self._by_path[path] for file, path in paths.items() if path in self._by_path and not by_key
        }
        names = {file: key_of(file) if by_key else PurePath(file).name for file in paths if file not in found}
        uses = Counter(names.values())
        for file, name in names.items():
            candidates = self._candidates(name, by_key=by_key)
            if not candidates:
                continue
            if uses[name] > 1 or len(candidates) > 1:
                files = ", ".join(self._files[index] for index in candidates[:MAX_FILES_LISTED])
                raise InputError(
                    f"{owner}: the name {name!r} matches {uses[name]} files there and {len(candidates)} in the "
                    f"{self._table} ({files}), and their folders do not distinguish them. Use unique names."
                )
            found[file] = candidates[0]
        self._check_one_each(owner, found)
        return found

    def _candidates(self, name: str, *, by_key: bool) -> list[int]:
        if not by_key:
            return self._by_name.get(name, [])
        return self._by_key.get(name) or self._by_short_key.get(without_uid(name), [])

    def _check_one_each(self, owner: str, found: Mapping[str, int]) -> None:
        first: dict[int, str] = {}
        for file, index in found.items():
            if index in first:
                raise InputError(
                    f"{owner}: {first[index]} and {file} both match {self._files[index]} of the {self._table}. "
                    "Remove one of them."
                )
            first[index] = file


def paths_of(run: Run) -> dict[str, Path]:
    """Path of each file of a run: relative to the working directory, or to a folder above the run."""
    folders = (Path.cwd(), *run.path.absolute().parents)
    return {result.file: resolve_in(result.file, folders) for result in run.results}


def list_files(files: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(files) - MAX_FILES_LISTED} more" if len(files) > MAX_FILES_LISTED else ""
    return ", ".join(files[:MAX_FILES_LISTED]) + more


def _reference(row: TruthRow) -> Reference:
    try:
        Optics(row.voltage_kV, row.cs_mm, row.amplitude_contrast, row.pixel_A)
    except OpticsError as problem:
        raise UnreadableTable(
            f"truth of {row.file}: {problem} Correct its row in the truth table."
        ) from problem
    return Reference(row.file, row.usable, row)


def _index(references: Sequence[LocatedReference]) -> MicrographIndex:
    return MicrographIndex(
        [located.reference.file for located in references],
        [located.path for located in references],
        "truth or labels",
    )


def _missing_from(references: Sequence[LocatedReference], found: Mapping[str, int]) -> list[str]:
    """Files of the references to which nothing was assigned."""
    assigned = set(found.values())
    return [located.reference.file for index, located in enumerate(references) if index not in assigned]


def _report_unmatched(
    names: tuple[str, str], missing: Sequence[str], extra: Sequence[str], *, partial: bool
) -> tuple[str, ...]:
    """Note which files only one of two tables has, or reject them.

    `missing` are files of the second table that the first lacks, `extra` those of the first that the second lacks.
    """
    if not missing and not extra:
        return ()
    first, second = names
    parts = []
    for files, owner, other in ((missing, second, first), (extra, first, second)):
        if files:
            verb = "is" if len(files) == 1 else "are"
            parts.append(
                f"{_files(len(files))} of the {owner} {verb} not in the {other}: {list_files(files)}"
            )
    text = "; ".join(parts)
    if partial:
        return (f"Left out: {text}.",)
    raise InputError(
        f"{text}. Give the matching table, or add --partial to evaluate only what they have in common."
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _pair(reference: Reference, result: Result, resolution_A: float) -> Pair:
    if reference.truth is None:
        return Pair(reference, result, None, math.nan)
    tolerance_A = correctness.tolerance_A(reference.wavelength_A, resolution_A)
    if result.estimate is None:
        return Pair(reference, result, None, tolerance_A)
    right = correctness.is_right(result.estimate, reference.truth, reference.wavelength_A, resolution_A)
    return Pair(reference, result, right, tolerance_A)


def _grouped(names: Iterable[str]) -> dict[str, list[int]]:
    """Indices of each name."""
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(name, []).append(index)
    return groups
