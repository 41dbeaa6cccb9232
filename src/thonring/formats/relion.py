"""RELION STAR files: lists of micrographs with their optics, in the style of versions 2, 3.0 and 3.1.

The tables of a run and of a simulated set are written in the style of 3.1 and later.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import OpticsError, UnreadableTable
from thonring.files.atomic import write_text
from thonring.files.entry import is_there
from thonring.files.star import StarTable, loop_head, loop_rows, number, quoted, read_star, table_with
from thonring.formats.table import ExportTable, KnownRow, Microscope, RunTotals, fitted_ctf, microscope
from thonring.optics import Optics, PartialOptics
from thonring.records import CtfFit, KnownDefocus, Source, Status
from thonring.run.store import MicrographRecord

NAME = "rlnMicrographName"
POWER_SPECTRUM = "rlnCtfPowerSpectrum"
GROUP = "rlnOpticsGroup"


def listed_sources(path: Path, given: PartialOptics, *, spectra: bool) -> list[Source]:
    """Micrographs, or their power spectra, that a RELION STAR file lists, each with its optics.

    Values in `given` override the STAR file. The pixel size of the STAR file is that of the micrographs and is
    not used for spectra, whose own headers state their sampling. Files that do not exist are listed as
    well.

    Raises
    ------
    UnreadableTable
        If the file is not a STAR file, lists no micrographs, or refers to an undefined optics group.
    OpticsError
        If voltage or spherical aberration are missing in both, or impossible.
    """
    tables = read_star(path)
    table = table_with(tables, [NAME], path)
    column = POWER_SPECTRUM if spectra and POWER_SPECTRUM in table.columns else NAME
    names = [name.removesuffix(":mrc") for name in table.texts(column)]
    if not names:
        raise UnreadableTable(f"{path}: table {table.name!r} has no rows, expected at least one micrograph.")
    optics_of = _optics(path, tables, table, given, spectra=spectra)
    return [Source(_located(path, name), optics_of(row)) for row, name in enumerate(names)]


def _optics(
    path: Path, tables: Sequence[StarTable], table: StarTable, given: PartialOptics, *, spectra: bool
) -> Callable[[int], Optics]:
    """Return a function from a row of the table of micrographs to its optics: by optics group, or its own columns."""
    groups = next((other for other in tables if other is not table and GROUP in other.columns), None)
    if groups is None or GROUP not in table.columns:
        by_row = _optics_of_rows(path, table, given, spectra=spectra)
        return lambda row: by_row[row]
    by_group = dict(
        zip(groups.texts(GROUP), _optics_of_rows(path, groups, given, spectra=spectra), strict=True)
    )
    group_of_row = table.texts(GROUP)
    unknown = sorted(set(group_of_row) - set(by_group))
    if unknown:
        raise UnreadableTable(
            f"{path}: micrographs refer to the optics groups {', '.join(unknown)}, but table {groups.name!r} "
            f"defines only {', '.join(by_group)}. Add the missing rows."
        )
    return lambda row: by_group[group_of_row[row]]


def _optics_of_rows(path: Path, table: StarTable, given: PartialOptics, *, spectra: bool) -> list[Optics]:
    """Optics of each row of a table; equal optics share one object."""
    columns = [
        _optional(table, "rlnVoltage"),
        _optional(table, "rlnSphericalAberration"),
        _optional(table, "rlnAmplitudeContrast"),
        [None] * len(table) if spectra else _pixels_A(table),
    ]
    by_values: dict[tuple[float | None, ...], Optics] = {}
    for values in zip(*columns, strict=True):
        if values not in by_values:
            by_values[values] = _complete(path, given.over(PartialOptics(*values)))
    return [by_values[values] for values in zip(*columns, strict=True)]


def _complete(path: Path, partial: PartialOptics) -> Optics:
    try:
        return partial.complete()
    except OpticsError as problem:
        raise OpticsError(f"{path}: {problem}") from problem


def _optional(table: StarTable, label: str) -> Sequence[float | None]:
    return table.numbers(label) if label in table.columns else [None] * len(table)


def _pixels_A(table: StarTable) -> Sequence[float | None]:
    """Pixel size of each row: stated, or the detector's pixel (µm) over the magnification."""
    if "rlnMicrographPixelSize" in table.columns:
        return table.numbers("rlnMicrographPixelSize")
    if "rlnDetectorPixelSize" not in table.columns or "rlnMagnification" not in table.columns:
        return [None] * len(table)
    pairs = zip(table.numbers("rlnDetectorPixelSize"), table.numbers("rlnMagnification"), strict=True)
    return [
        1e4 * detector_um / magnification if magnification > 0 else None
        for detector_um, magnification in pairs
    ]


def _located(star: Path, name: str) -> Path:
    """Find the file: from the working directory, the STAR file's folder, or a folder above it (the project's root).

    A name that is not found is kept unchanged.
    """
    folders = (Path(), *star.absolute().parents)
    return next((folder / name for folder in folders if is_there(folder / name)), Path(name))


DEFOCUS_LABELS = ("rlnMicrographName", "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
PHASE_SHIFT = "rlnPhaseShift"


def read_relion(path: Path) -> list[KnownRow]:
    """Rows of the micrographs' table, in the style of versions 2, 3.0 or 3.1.

    Raises
    ------
    UnreadableTable
        If no table has name, U, V and angle.
    """
    table = table_with(read_star(path), DEFOCUS_LABELS, path)
    name, *defocus = DEFOCUS_LABELS
    columns = [table.numbers(label) for label in defocus]
    phases = table.numbers(PHASE_SHIFT) if PHASE_SHIFT in table.columns else [0.0] * len(table)
    return [KnownRow(*row) for row in zip(table.texts(name), *columns, phases, strict=True)]


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
