"""RELION STAR files: lists of micrographs with their optics, in the style of versions 2, 3.0 and 3.1.

The tables of a run and of a simulated set are written in the style of 3.1 and later.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import OpticsError, UnreadableTable
from thonring.files.atomic import write_text
from thonring.files.entry import is_there
from thonring.files.star import StarTable, loop_head, loop_rows, number, quoted, read_star, tables_with
from thonring.files.text import RowPlace, TableReport, usable_rows
from thonring.formats.table import ExportTable, KnownRow, Microscope, RunTotals, fitted_ctf, microscope
from thonring.optics import Optics, PartialOptics
from thonring.records import CtfFit, KnownDefocus, Source, Status
from thonring.run.store import MicrographRecord

NAME = "rlnMicrographName"
POWER_SPECTRUM = "rlnCtfPowerSpectrum"
GROUP = "rlnOpticsGroup"
_OPTICS_COLUMNS = ("rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast")
_STACK_IMAGE = re.compile(r"(\d{1,9})@(.+)", re.DOTALL)


def listed_sources(
    path: Path, given: PartialOptics, *, spectra: bool, report: TableReport | None = None
) -> list[Source]:
    """Micrographs, or their power spectra, that a RELION STAR file lists, each with its optics.

    All tables with names of micrographs are read. What is `given` wins over the STAR file. The pixel size of the STAR
    file is that of the micrographs and is not used for spectra, whose own headers state their sampling. Files that do
    not exist are listed all the same. With a `report`, a row whose optics cannot be used is left out.

    Raises
    ------
    UnreadableTable
        If the file is no STAR file, lists no micrographs, or no row refers to an optics group that is defined once.
    OpticsError
        If voltage or spherical aberration are missing in both, or impossible.
    """
    tables = read_star(path, report)
    listed = tables_with(tables, [NAME], path, report, used=[GROUP])
    rows = [
        (table, row, name.removesuffix(":mrc"))
        for table in listed
        for row, name in enumerate(
            table.texts(POWER_SPECTRUM if spectra and POWER_SPECTRUM in table.columns else NAME)
        )
    ]
    if not rows:
        raise UnreadableTable(
            f"{path}: table {listed[0].name!r} has no rows, expected at least one micrograph."
        )
    microscopes = _ListedOptics(path, tables, given, spectra=spectra)

    def source(index: int) -> Source:
        table, row, name = rows[index]
        return Source(_file_of(path, name), microscopes.of(table, row))

    sources = usable_rows(
        [RowPlace(path, table.place(row), name) for table, row, name in rows], source, report
    )
    if report is not None:
        for text in microscopes.problems_of_unused():
            report.note(text)
    return sources


class _ListedOptics:
    """The optics of the micrographs that a STAR file lists: of their optics groups, or in their own columns."""

    def __init__(
        self, path: Path, tables: Sequence[StarTable], given: PartialOptics, *, spectra: bool
    ) -> None:
        self._path, self._given, self._spectra = path, given, spectra
        self._definitions: dict[str, list[tuple[StarTable, int]]] = {}
        self._by_group: dict[str, Optics | UnreadableTable | OpticsError] = {}
        self._by_values: dict[tuple[float | None, ...], Optics] = {}
        for table in tables:
            if GROUP in table.columns and NAME not in table.columns:
                for row, group in enumerate(table.texts(GROUP)):
                    self._definitions.setdefault(_group_key(group), []).append((table, row))

    def of(self, table: StarTable, row: int) -> Optics:
        """Optics of a row of a table of micrographs.

        Raises
        ------
        UnreadableTable
            If its optics group is not defined, or differently more than once.
        OpticsError
            If voltage or spherical aberration are missing, or impossible.
        """
        if self._definitions and GROUP in table.columns:
            return self._of_group(_group_key(table.texts(GROUP)[row]))
        if self._definitions and not any(label in table.columns for label in _OPTICS_COLUMNS):
            if len(self._definitions) > 1 and self._given.voltage_kV is None:
                raise UnreadableTable(
                    f"{self._path}: table {table.name!r} lacks the column {GROUP}, and the file defines "
                    f"{len(self._definitions)} optics groups. Add the column."
                )
            if len(self._definitions) == 1:
                return self._of_group(next(iter(self._definitions)))
        return self._of_columns(table, row)

    def problems_of_unused(self) -> list[str]:
        """What is wrong with the optics groups that no micrograph used."""
        problems = []
        for group in self._definitions:
            if group not in self._by_group:
                try:
                    self._of_group(group)
                except (UnreadableTable, OpticsError) as problem:
                    problems.append(f"{problem} No micrograph uses the optics group {group}.")
        return problems

    def _of_group(self, group: str) -> Optics:
        if group not in self._by_group:
            try:
                self._by_group[group] = self._defined(group)
            except (UnreadableTable, OpticsError) as problem:
                self._by_group[group] = problem
        found = self._by_group[group]
        if isinstance(found, Exception):
            raise found
        return found

    def _defined(self, group: str) -> Optics:
        if group not in self._definitions:
            defined = ", ".join(self._definitions)
            raise UnreadableTable(
                f"{self._path}: micrographs refer to the optics group {group}, but the file defines only {defined}. "
                "Add the missing row."
            )
        found = [self._of_columns(table, row) for table, row in self._definitions[group]]
        if len(set(found)) > 1:
            raise UnreadableTable(
                f"{self._path}: the optics group {group} is defined {len(found)} times, with different values. Keep "
                "the right row."
            )
        return found[0]

    def _of_columns(self, table: StarTable, row: int) -> Optics:
        values = (
            *(table.number(label, row) if label in table.columns else None for label in _OPTICS_COLUMNS),
            None if self._spectra else _pixel_A(table, row),
        )
        if values not in self._by_values:
            try:
                self._by_values[values] = self._given.over(PartialOptics(*values)).complete()
            except OpticsError as problem:
                raise OpticsError(f"{self._path}: {problem}") from problem
        return self._by_values[values]


def _group_key(text: str) -> str:
    """Write a group's number as RELION means it: 1.000000 is group 1."""
    try:
        number_of_group = float(text)
    except ValueError:
        return text
    return str(int(number_of_group)) if number_of_group.is_integer() else text


def _pixel_A(table: StarTable, row: int) -> float | None:
    """Pixel size of a row: stated, or the detector's pixel (µm) over the magnification."""
    if "rlnMicrographPixelSize" in table.columns:
        return table.number("rlnMicrographPixelSize", row)
    if "rlnDetectorPixelSize" not in table.columns or "rlnMagnification" not in table.columns:
        return None
    detector_um, magnification = (
        table.number("rlnDetectorPixelSize", row),
        table.number("rlnMagnification", row),
    )
    return 1e4 * detector_um / magnification if magnification > 0 else None


def _file_of(star: Path, name: str) -> Path:
    """Find the file that a name means, which may be that of an image of a stack (`1@NAME`).

    Raises
    ------
    UnreadableTable
        If it is another image of a stack than the first.
    """
    located = _located(star, name)
    image = _STACK_IMAGE.fullmatch(name)
    if image is None or is_there(located):
        return located
    if int(image[1]) != 1:
        raise UnreadableTable(
            f"{star}: {name} is image {int(image[1])} of a stack, expected a file for each micrograph. Split the "
            "stack."
        )
    return _located(star, image[2])


def _located(star: Path, name: str) -> Path:
    """Find the file: from the working directory, the STAR file's folder, or a folder above it (the project's root).

    A name that is found nowhere is kept as it stands; one that is not UTF-8 is also looked for as Latin-1.
    """
    folders = (Path(), *star.absolute().parents)
    names = [name] if name.isascii() else [name, os.fsencode(name).decode("latin-1")]
    paths = (folder / one for one in names for folder in folders)
    return next((path for path in paths if is_there(path)), Path(name))


DEFOCUS_LABELS = ("rlnMicrographName", "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
PHASE_SHIFT = "rlnPhaseShift"


def read_relion(path: Path, report: TableReport | None = None) -> list[KnownRow]:
    """Rows of all tables of micrographs, in the style of versions 2, 3.0 or 3.1.

    Raises
    ------
    UnreadableTable
        If no table has name, U, V and angle.
    """
    tables = tables_with(read_star(path, report), DEFOCUS_LABELS, path, report, used=[GROUP])
    name, *defocus = DEFOCUS_LABELS
    return [
        row for table in tables for row in KnownRow.of_star(table, table.texts(name), defocus, PHASE_SHIFT)
    ]


_OPTICS_LABELS = (
    "_rlnOpticsGroupName",
    "_rlnOpticsGroup",
    "_rlnVoltage",
    "_rlnSphericalAberration",
    "_rlnAmplitudeContrast",
    "_rlnMicrographPixelSize",
    "_rlnMicrographOriginalPixelSize",
)
_TAIL = "\n"
"""The end of a block."""


def _optics_block(groups: Mapping[Microscope, int]) -> str:
    """Write the block `data_optics` of microscopes with their groups' numbers."""
    rows = [(f"opticsGroup{group}", str(group), *found, found[-1]) for found, group in groups.items()]
    return _block("data_optics", _OPTICS_LABELS, rows)


def _block(name: str, labels: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write one block of RELION 3.1 and later, a loop with numbered labels."""
    return f"{_block_head(name, labels)}{loop_rows(rows)}{_TAIL}"


def _block_head(name: str, labels: Sequence[str]) -> str:
    """Write the header of a block."""
    numbered = [f"{label} #{column}" for column, label in enumerate(labels, start=1)]
    return f"\n# version 30001\n\n{name}\n\n{loop_head(numbered)}"


WORST_RESOLUTION_A = 25.0
_MICROGRAPH_LABELS = (
    "_rlnMicrographName",
    "_rlnOpticsGroup",
    "_rlnCtfImage",
    "_rlnDefocusU",
    "_rlnDefocusV",
    "_rlnCtfAstigmatism",
    "_rlnDefocusAngle",
    "_rlnCtfFigureOfMerit",
    "_rlnCtfMaxResolution",
)
_PHASE_SHIFT_LABEL = "_rlnPhaseShift"


def _table(file: str, status: Status) -> ExportTable:
    def head(totals: RunTotals) -> str:
        labels = (*_MICROGRAPH_LABELS, *((_PHASE_SHIFT_LABEL,) if status in totals.phase_shifted else ()))
        return _optics_block(totals.groups) + _block_head("data_micrographs", labels)

    def row(totals: RunTotals, record: MicrographRecord) -> str:
        if record.outcome.status != status or (fitted := fitted_ctf(record.outcome)) is None:
            return ""
        group = totals.groups[microscope(fitted.optics, record.outcome.pixel_A)]
        names = (quoted(str(record.path)), str(group), quoted(f"{totals.spectrum(record.name)}:mrc"))
        fit = fitted.fit
        phase = (number(fit.phase_shift_deg),) if status in totals.phase_shifted else ()
        return loop_rows([(*names, *_values(fit), *phase)])

    return ExportTable(file, head, row, tail=_TAIL)


def _values(fit: CtfFit) -> tuple[str, ...]:
    return (
        number(fit.defocus_u_A),
        number(fit.defocus_v_A),
        number(fit.astigmatism_A),
        number(fit.angle_deg),
        number(fit.score),
        number(min(fit.fit_resolution_A, WORST_RESOLUTION_A), missing=WORST_RESOLUTION_A),
    )


ACCEPTED = _table("micrographs_ctf.star", "accepted")
REJECTED = _table("rejected_ctf.star", "rejected")


_LIST_LABELS = ("_rlnMicrographName", "_rlnOpticsGroup")
_TRUTH_LABELS = (*_LIST_LABELS, "_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle", "_rlnPhaseShift")


@dataclass(frozen=True, slots=True)
class SimulatedCtf:
    """A simulated micrograph: the name of its file, its optics with their pixel, and its true defocus."""

    file: str
    optics: Optics
    pixel_A: float
    truth: KnownDefocus


def write_simulated_star(folder: Path, micrographs: Sequence[SimulatedCtf]) -> None:
    """Write micrographs.star and truth.star of a simulated set, the latter with the true CTFs.

    Both have the same optics groups, numbered in the order of their first micrograph. Micrographs are named without a
    folder: programs look next to the STAR file or are started there, and a set can be moved.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    microscopes = [microscope(micrograph.optics, micrograph.pixel_A) for micrograph in micrographs]
    groups = {found: group for group, found in enumerate(dict.fromkeys(microscopes), start=1)}
    named = [
        (quoted(micrograph.file), str(groups[found]))
        for micrograph, found in zip(micrographs, microscopes, strict=True)
    ]
    true = [(*row, *_defocus(micrograph.truth)) for row, micrograph in zip(named, micrographs, strict=True)]
    for name, labels, rows in (
        ("micrographs.star", _LIST_LABELS, named),
        ("truth.star", _TRUTH_LABELS, true),
    ):
        write_text(folder / name, _optics_block(groups) + _block("data_micrographs", labels, rows))


def _defocus(truth: KnownDefocus) -> tuple[str, str, str, str]:
    return (
        number(truth.defocus_u_A),
        number(truth.defocus_v_A),
        number(truth.angle_deg),
        number(truth.phase_shift_deg),
    )
