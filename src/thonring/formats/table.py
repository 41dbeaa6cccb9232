"""Shared by all tables of micrographs: rows of known defocus as read, and the tables of a run as written.

A table of a run is a header that depends on the totals of the run, then text for each micrograph, written as the
micrographs come.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from thonring.errors import UnreadableTable
from thonring.files.atomic import replacing_text
from thonring.files.star import StarTable, number
from thonring.optics import Optics
from thonring.records import Attempt, CtfFit, Outcome, Verdict
from thonring.run.names import spectra_folder, spectrum_file
from thonring.run.store import MicrographRecord


@dataclass(frozen=True, slots=True)
class KnownRow:
    """Defocus of the micrograph `name` as a file has it, not yet canonical; the phase shift already in degrees.

    `place` says where the row stands in its file, `problem` what keeps it from being read; its numbers are NaN then.
    """

    name: str
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0
    place: str = ""
    problem: str = ""

    @classmethod
    def unreadable(cls, name: str, place: str, problem: str) -> "KnownRow":
        """A row of a micrograph whose numbers cannot be read."""
        return cls(
            name, math.nan, math.nan, math.nan, place=place, problem=problem.removeprefix(f"{place}: ")
        )

    @classmethod
    def of_star(
        cls, table: StarTable, names: Sequence[str], defocus_labels: Sequence[str], phase_label: str
    ) -> "list[KnownRow]":
        """Rows of a table with U, V and angle; the phase shift, in degrees, is 0 where there is no such column.

        Raises
        ------
        UnreadableTable
            If the table lacks a column.
        """
        labels = [*defocus_labels, *([phase_label] if phase_label in table.columns else [])]
        for label in labels:
            table.texts(label)
        return [cls._of_star_row(table, name, labels, row) for row, name in enumerate(names)]

    @classmethod
    def _of_star_row(cls, table: StarTable, name: str, labels: Sequence[str], row: int) -> "KnownRow":
        try:
            u_A, v_A, angle_deg, *phase_deg = (table.number(label, row) for label in labels)
        except UnreadableTable as problem:
            return cls.unreadable(name, table.place(row), str(problem).removeprefix(f"{table.path}: "))
        return cls(name, u_A, v_A, angle_deg, sum(phase_deg), place=table.place(row))


Microscope = tuple[str, str, str, str]


def microscope(optics: Optics, pixel_A: float) -> Microscope:
    """Voltage, Cs, amplitude contrast and pixel, rounded as written, so that equal groups are one; -0 becomes 0."""
    return (
        number(optics.voltage_kV),
        number(optics.cs_mm + 0.0),
        number(optics.amplitude_contrast + 0.0),
        number(pixel_A),
    )


@dataclass(frozen=True, slots=True)
class FittedCtf:
    """The fit in effect, with its optics and its verdict."""

    optics: Optics
    fit: CtfFit
    verdict: Verdict


def fitted_ctf(outcome: Outcome) -> FittedCtf | None:
    """Return the CTF for exchange formats; None for failed micrographs and those without a finite fit."""
    attempt = outcome.attempt
    if (
        outcome.status == "failed"
        or outcome.optics is None
        or not 0 < outcome.pixel_A < math.inf
        or attempt is None
        or attempt.fit is None
        or not _is_finite(attempt.fit)
    ):
        return None
    return FittedCtf(outcome.optics, attempt.fit, attempt.verdict)


def _is_finite(fit: CtfFit) -> bool:
    return all(map(math.isfinite, (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)))


@dataclass(frozen=True, slots=True)
class RunTotals:
    """Totals of the run that the header of a table depends on.

    Parameters
    ----------
    run
        The run folder.
    criteria, attempt_criteria
        Criteria of the attempts in effect, and of all attempts, in order of first appearance.
    fitted_criteria
        Criteria of the micrographs with a CTF to list.
    groups
        RELION's optics groups, numbered in the order of their first micrograph.
    phase_shifted
        Statuses of the micrographs that were fitted with a phase shift.
    spectra
        The folder of the spectra, as written in tables.
    """

    run: Path
    criteria: tuple[str, ...]
    attempt_criteria: tuple[str, ...]
    fitted_criteria: frozenset[str]
    groups: Mapping[Microscope, int]
    phase_shifted: frozenset[str]
    spectra: str

    def spectrum(self, name: str) -> str:
        """Path of the spectrum of the micrograph whose artefacts are named `name`."""
        return f"{self.spectra}/{spectrum_file(name)}"


def run_totals(run: Path, micrographs: Iterable[MicrographRecord]) -> RunTotals:
    """Collect the totals in one pass over the micrographs of a run."""
    collected = _Collector()
    for record in micrographs:
        collected.add(record.outcome)
    return RunTotals(
        run=run,
        criteria=tuple(collected.criteria),
        attempt_criteria=tuple(collected.attempt_criteria),
        fitted_criteria=frozenset(collected.fitted_criteria),
        groups=collected.groups,
        phase_shifted=frozenset(collected.phase_shifted),
        spectra=spectra_folder(run).as_posix(),
    )


@dataclass(slots=True)
class _Collector:
    """Collects the totals; dictionaries serve as ordered sets."""

    criteria: dict[str, None] = field(default_factory=dict)
    attempt_criteria: dict[str, None] = field(default_factory=dict)
    fitted_criteria: dict[str, None] = field(default_factory=dict)
    groups: dict[Microscope, int] = field(default_factory=dict)
    phase_shifted: set[str] = field(default_factory=set)
    _microscopes: set[tuple[Optics, float]] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        self._add_optics(outcome)
        for attempt in outcome.attempts:
            self.attempt_criteria.update(_criterion_names(attempt))
        self.criteria.update(_criterion_names(outcome.attempt))
        fitted = fitted_ctf(outcome)
        if fitted is not None:
            self.fitted_criteria.update(_criterion_names(outcome.attempt))
            if fitted.fit.phase_shift_deg:
                self.phase_shifted.add(outcome.status)

    def _add_optics(self, outcome: Outcome) -> None:
        if outcome.optics is None or not 0 < outcome.pixel_A < math.inf:
            return
        if (outcome.optics, outcome.pixel_A) not in self._microscopes:
            self._microscopes.add((outcome.optics, outcome.pixel_A))
            self.groups.setdefault(microscope(outcome.optics, outcome.pixel_A), len(self.groups) + 1)


def _criterion_names(attempt: Attempt | None) -> dict[str, None]:
    return {} if attempt is None else dict.fromkeys(criterion.name for criterion in attempt.verdict.criteria)


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One file of a run. `row` returns "" for a micrograph that is not in it; `between` separates the others."""

    file: str
    head: Callable[[RunTotals], str]
    row: Callable[[RunTotals, MicrographRecord], str]
    between: str = ""
    tail: str = ""


def write_table_files(
    folder: Path, tables: Sequence[ExportTable], totals: RunTotals, micrographs: Iterable[MicrographRecord]
) -> list[Path]:
    """Replace the files of tables in a folder together, and return their paths.

    The micrographs, whose `totals` are known, are read in one pass, one in memory at a time.

    Raises
    ------
    OutputError
        If a file cannot be written; the files after it are then left unchanged.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(replacing_text(folder / table.file)) for table in reversed(tables)]
        writers = [_Writer(table, file, totals) for table, file in zip(reversed(tables), files, strict=True)]
        for record in micrographs:
            for writer in writers:
                writer.write(record)
        for writer in writers:
            writer.end()
    return [folder / table.file for table in tables]


class _Writer:
    """A table whose file is being written."""

    def __init__(self, table: ExportTable, file: TextIO, totals: RunTotals) -> None:
        self._table, self._file, self._totals = table, file, totals
        self._between = ""
        file.write(table.head(totals))

    def write(self, record: MicrographRecord) -> None:
        row = self._table.row(self._totals, record)
        if row:
            self._file.write(self._between + row)
            self._between = self._table.between

    def end(self) -> None:
        self._file.write(self._table.tail)
