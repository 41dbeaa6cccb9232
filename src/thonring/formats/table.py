"""Tables of a run: a head that knows all micrographs, then a piece of text for each, written as they come."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from thonring.files.atomic import replacing_text
from thonring.files.star import loop_head, loop_rows, number
from thonring.optics import Optics
from thonring.records import Attempt, CtfFit, Outcome, Verdict
from thonring.run.decision_status import Decision
from thonring.run.names import spectra_folder, spectrum_file
from thonring.run.store import Named

_LABELS = (
    "_rlnOpticsGroupName",
    "_rlnOpticsGroup",
    "_rlnVoltage",
    "_rlnSphericalAberration",
    "_rlnAmplitudeContrast",
    "_rlnMicrographPixelSize",
    "_rlnMicrographOriginalPixelSize",
)

Microscope = tuple[str, str, str, str]


def microscope(optics: Optics, pixel_A: float) -> Microscope:
    """Voltage, Cs, amplitude contrast and pixel as written, so that groups differ where a reader sees it; -0 is 0."""
    return (
        number(optics.voltage_kV),
        number(optics.cs_mm + 0.0),
        number(optics.amplitude_contrast + 0.0),
        number(pixel_A),
    )


def optics_block(groups: Mapping[Microscope, int]) -> str:
    """Write the block `data_optics` of microscopes with their groups' numbers."""
    rows = [(f"opticsGroup{group}", str(group), *found, found[-1]) for found, group in groups.items()]
    return relion_block("data_optics", _LABELS, rows)


def relion_block(name: str, labels: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write one block of RELION 3.1 and later, a loop with numbered labels."""
    return f"{relion_head(name, labels)}{loop_rows(rows)}{RELION_TAIL}"


def relion_head(name: str, labels: Sequence[str]) -> str:
    """Write what stands before the rows of a block; RELION_TAIL ends it."""
    numbered = [f"{label} #{column}" for column, label in enumerate(labels, start=1)]
    return f"\n# version 30001\n\n{name}\n\n{loop_head(numbered)}"


RELION_TAIL = "\n"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The fit that was kept with what belongs to it."""

    optics: Optics
    fit: CtfFit
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """An outcome with the name of its artefacts; `fitted` is set where it has a CTF that exchange formats can list."""

    outcome: Outcome
    name: str
    fitted: Fitted | None
    decision: Decision | None


def listed(one: Named) -> Listed:
    """See whether a micrograph is accepted or rejected and its kept attempt has a fit with finite defoci."""
    outcome, attempt = one.outcome, one.outcome.attempt
    fitted = None
    if (
        outcome.status != "failed"
        and outcome.optics is not None
        and 0 < outcome.pixel_A < math.inf
        and attempt is not None
        and attempt.fit is not None
        and _is_finite(attempt.fit)
    ):
        fitted = Fitted(outcome.optics, attempt.fit, attempt.verdict)
    return Listed(outcome, one.name, fitted, one.decision)


def _is_finite(fit: CtfFit) -> bool:
    return all(map(math.isfinite, (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)))


@dataclass(frozen=True, slots=True)
class RunTotals:
    """A run as a whole; `spectra` is the folder of its spectra as tables write it.

    `criteria` are those of the attempts that were kept, `attempt_criteria` those of all, in the order in which
    they are first met; `fitted_criteria` those of the micrographs that have a fit. `groups` are RELION's optics
    groups, numbered as they come. `phase_shifted` holds the statuses of micrographs fitted with a phase shift.
    """

    run: Path
    criteria: tuple[str, ...]
    attempt_criteria: tuple[str, ...]
    fitted_criteria: frozenset[str]
    groups: Mapping[Microscope, int]
    phase_shifted: frozenset[str]
    spectra: str

    def spectrum(self, name: str) -> str:
        """Path of the spectrum of the micrograph whose artefacts are called `name`."""
        return f"{self.spectra}/{spectrum_file(name)}"


def run_totals(run: Path, micrographs: Iterable[Named]) -> RunTotals:
    """See all micrographs of a run once."""
    seen = _Seen()
    for one in micrographs:
        seen.see(one)
    return RunTotals(
        run=run,
        criteria=tuple(seen.criteria),
        attempt_criteria=tuple(seen.attempt_criteria),
        fitted_criteria=frozenset(seen.fitted_criteria),
        groups=seen.groups,
        phase_shifted=frozenset(seen.phase_shifted),
        spectra=spectra_folder(run).as_posix(),
    )


@dataclass(slots=True)
class _Seen:
    """Dictionaries keep the order in which things came."""

    criteria: dict[str, None] = field(default_factory=dict)
    attempt_criteria: dict[str, None] = field(default_factory=dict)
    fitted_criteria: dict[str, None] = field(default_factory=dict)
    groups: dict[Microscope, int] = field(default_factory=dict)
    phase_shifted: set[str] = field(default_factory=set)
    microscopes: dict[tuple[Optics, float], None] = field(default_factory=dict)

    def see(self, one: Named) -> None:
        outcome = one.outcome
        self._see_optics(outcome)
        for attempt in outcome.attempts:
            self.attempt_criteria.update(_names(attempt))
        self.criteria.update(_names(outcome.attempt))
        fitted = listed(one).fitted
        if fitted is not None:
            self.fitted_criteria.update(_names(outcome.attempt))
            if fitted.fit.phase_shift_deg:
                self.phase_shifted.add(outcome.status)

    def _see_optics(self, outcome: Outcome) -> None:
        if outcome.optics is None or not 0 < outcome.pixel_A < math.inf:
            return
        if (outcome.optics, outcome.pixel_A) not in self.microscopes:
            self.microscopes[outcome.optics, outcome.pixel_A] = None
            self.groups.setdefault(microscope(outcome.optics, outcome.pixel_A), len(self.groups) + 1)


def _names(attempt: Attempt | None) -> dict[str, None]:
    return {} if attempt is None else dict.fromkeys(one.name for one in attempt.verdict.criteria)


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One file of a run. `row` gives "" for a micrograph that is not in the table; `between` parts the others."""

    file: str
    head: Callable[[RunTotals], str]
    row: Callable[[RunTotals, Listed], str]
    between: str = ""
    tail: str = ""


def write_table_files(
    folder: Path, tables: Sequence[ExportTable], seen: RunTotals, micrographs: Iterable[Named]
) -> list[Path]:
    """Replace the tables' files in a folder together, and give their paths.

    The micrographs, whose overview is `seen`, are gone through once, and no more than one of them is held.

    Raises
    ------
    OutputError
        If a file cannot be written; those named after it are then left as they were.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(replacing_text(folder / table.file)) for table in reversed(tables)]
        writers = [_Writer(table, file, seen) for table, file in zip(reversed(tables), files, strict=True)]
        for one in micrographs:
            row = listed(one)
            for writer in writers:
                writer.write(row)
        for writer in writers:
            writer.end()
    return [folder / table.file for table in tables]


class _Writer:
    """A table on its way into its file."""

    def __init__(self, table: ExportTable, file: TextIO, seen: RunTotals) -> None:
        self._table, self._file, self._seen = table, file, seen
        self._between = ""
        file.write(table.head(seen))

    def write(self, one: Listed) -> None:
        row = self._table.row(self._seen, one)
        if row:
            self._file.write(self._between + row)
            self._between = self._table.between

    def end(self) -> None:
        self._file.write(self._table.tail)
