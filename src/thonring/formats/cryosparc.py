"""cryoSPARC's exposure tables; all angles in them are radians.

A `.cs` file is a table of numpy, or a stream of compressed columns (CSDAT), which only `cryosparc-tools` reads. The
fields of one exposure may lie in two files of a job, one with what the job computed and one, called passthrough, with
what was passed through it; `uid` joins them.
"""

import math
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableTable
from thonring.files.atomic import replacing
from thonring.files.csv import Cell, csv_line
from thonring.files.text import TableReport
from thonring.formats.relion import WORST_RESOLUTION_A
from thonring.formats.table import ExportTable, FittedCtf, KnownRow, RunTotals, fitted_ctf, microscope
from thonring.records import KnownDefocus, Status
from thonring.run.store import MicrographRecord

NUMPY_MAGIC = b"\x93NUMPY"
STREAM_MAGIC = b"CSDAT"
"""Preceded by one byte with the version."""

UID = "uid"
NAMES = ("micrograph_blob/path", "micrograph_blob_non_dw/path", "movie_blob/path")
DEFOCUS = ("ctf/df1_A", "ctf/df2_A", "ctf/df_angle_rad")
PHASE_SHIFT = "ctf/phase_shift_rad"
LONGEST_HEADER = 2**20
"""Tables with many fields have longer headers than numpy reads by default; this allows for thousands."""

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

Exposures = npt.NDArray[np.void]


def read_cryosparc(path: Path, _report: TableReport | None = None) -> list[KnownRow]:
    """Rows of a `.cs` file of exposures; see `load_exposures` for what is read. It has nothing else to report.

    Raises
    ------
    UnreadableTable
        If the file cannot be read, or neither it nor a passthrough file next to it has the paths or the defocus.
    """
    rows = load_exposures(path, DEFOCUS)
    found = rows.dtype.names or ()
    phases = rows[PHASE_SHIFT] if PHASE_SHIFT in found else np.zeros(len(rows))
    columns = zip(exposure_names(rows), *(rows[field] for field in DEFOCUS), phases, strict=True)
    return [
        KnownRow(name, float(u), float(v), math.degrees(angle), math.degrees(phase), place=f"row {row}")
        for row, (name, u, v, angle, phase) in enumerate(columns, start=1)
    ]


def load_exposures(path: Path, needed: Collection[str] = ()) -> Exposures:
    """Load all rows of a `.cs` file that has the paths of exposures and the fields `needed`.

    Missing fields are taken, joined by `uid`, from a passthrough file next to it that has all its
    exposures.

    Returns
    -------
    Exposures
        A structured array, (exposures,), with the fields of cryoSPARC.

    Raises
    ------
    UnreadableTable
        If the file cannot be read, or the paths or a needed field are in neither file.
    """
    rows = _load(path)
    for other in sorted(path.parent.glob("*passthrough*.cs")):
        if _missing(rows, needed) and other != path:
            rows = _joined(rows, _load(other), _missing(rows, needed))
    missing = _missing(rows, needed)
    if missing:
        raise UnreadableTable(
            f"{path}: the fields {', '.join(missing)} are missing; "
            f"found {', '.join(rows.dtype.names or ()) or 'no fields'}. "
            "cryoSPARC may store paths and CTFs separately, in a file and its 'passthrough' file: put both into one "
            "folder, or export the job's exposures as one group and use that."
        )
    return rows


def exposure_names(exposures: Exposures) -> list[str]:
    """Path of each exposure: its micrograph, or its movie if there is none."""
    field = next(name for name in NAMES if name in (exposures.dtype.names or ()))
    return [
        name.decode("utf-8", errors="surrogateescape") if isinstance(name, bytes) else str(name)
        for name in exposures[field]
    ]


def _missing(rows: Exposures, needed: Collection[str]) -> list[str]:
    found = rows.dtype.names or ()
    names = [] if any(name in found for name in NAMES) else [NAMES[0]]
    return names + [field for field in needed if field not in found]


def _joined(rows: Exposures, other: Exposures, missing: Collection[str]) -> Exposures:
    """Add the missing fields from another table; rows stay unchanged if that lacks a row or all the fields."""
    found, available = rows.dtype.names or (), other.dtype.names or ()
    names = NAMES if NAMES[0] in missing else ()
    added = [field for field in (*names, *missing) if field in available and field not in found]
    if not added or UID not in found or UID not in available or not np.isin(rows[UID], other[UID]).all():
        return rows
    order = np.argsort(other[UID])
    index = order[np.searchsorted(other[UID], rows[UID], sorter=order)]
    fields = [(name, rows.dtype[name]) for name in found]
    fields += [(name, other.dtype[name]) for name in dict.fromkeys(added)]
    joined = np.empty(len(rows), np.dtype(fields))
    for name, _ in fields:
        joined[name] = rows[name] if name in found else other[name][index]
    return joined


def _load(path: Path) -> npt.NDArray[Any]:
    try:
        stream = path.open("rb")
    except OSError as problem:
        raise UnreadableTable(f"{path}: cannot be read ({problem.strerror}). Check the path.") from problem
    with stream:
        magic = stream.read(len(NUMPY_MAGIC))
        if magic[1:] == STREAM_MAGIC:
            return _load_stream(path)
        if magic != NUMPY_MAGIC:
            raise UnreadableTable(
                f"{path}: found {magic!r} at the start, expected a cryoSPARC table ({NUMPY_MAGIC!r})."
            )
        stream.seek(0)
        try:
            return _rows(stream)
        except Exception as problem:
            raise UnreadableTable(
                f"{path}: damaged cryoSPARC table ({problem}). Copy the file again."
            ) from problem


def _rows(stream: IO[bytes]) -> npt.NDArray[Any]:
    """Read the rows that the header states, after checking that the file has enough bytes."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"unknown numpy format {version}")
    shape, _, kind = HEADERS[version](stream, max_header_size=LONGEST_HEADER)
    stated, found = math.prod(shape) * kind.itemsize, os.fstat(stream.fileno()).st_size - stream.tell()
    if kind.names is None or kind.hasobject or len(shape) > 1:
        raise ValueError(f"found {shape} values of type {kind}, expected rows with named fields")
    if not 0 <= stated <= found:
        raise ValueError(f"its header states {stated} bytes of rows, but it has {found}")
    rows = np.frombuffer(stream.read(stated), np.uint8)
    return np.atleast_1d(rows.view(kind).reshape(shape)) if stated else np.zeros(0, kind)


def _load_stream(path: Path) -> npt.NDArray[Any]:
    """Read the compressed format, if cryosparc-tools is installed and supports the version."""
    found = f"{path}: found cryoSPARC's compressed format (CSDAT)"
    remedy = "Save it in numpy's format with cryosparc-tools, or use a RELION STAR file made from it."
    try:
        from cryosparc.dataset import Dataset
    except ImportError as problem:
        raise UnreadableTable(
            f"{found}, which needs the package cryosparc-tools, and that is not installed: "
            f"pip install 'thonring[cryosparc]'. Or: {remedy[0].lower()}{remedy[1:]}"
        ) from problem
    try:
        rows: npt.NDArray[Any] = np.asarray(Dataset.load(path).to_records(fixed=True))
    except Exception as problem:
        raise UnreadableTable(
            f"{found} that cryosparc-tools cannot read ({problem.__cause__ or problem}). {remedy}"
        ) from problem
    return rows


Field = tuple[str, Any, tuple[int, ...]]
"""Name, type and shape."""

PREFIX = "ctf/"
TYPE, GROUP = "ctf/type", "ctf/exp_group_id"
IMPORTED = b"imported"
ACCEPTED = "thonring/accepted"
"""1 or 0, where rejected exposures are kept."""

FIELDS: tuple[Field, ...] = (
    (TYPE, f"S{len(IMPORTED)}", ()),
    (GROUP, "<u4", ()),
    ("ctf/accel_kv", "<f4", ()),
    ("ctf/cs_mm", "<f4", ()),
    ("ctf/amp_contrast", "<f4", ()),
    ("ctf/df1_A", "<f4", ()),
    ("ctf/df2_A", "<f4", ()),
    ("ctf/df_angle_rad", "<f4", ()),
    ("ctf/phase_shift_rad", "<f4", ()),
    ("ctf/scale", "<f4", ()),
    ("ctf/scale_const", "<f4", ()),
    ("ctf/shift_A", "<f4", (2,)),
    ("ctf/tilt_A", "<f4", (2,)),
    ("ctf/trefoil_A", "<f4", (2,)),
    ("ctf/tetra_A", "<f4", (4,)),
    ("ctf/anisomag", "<f4", (4,)),
    ("ctf/bfactor", "<f4", ()),
)
FIT_RESOLUTION = ("ctf/ctf_fit_to_A", "ctf_stats/ctf_fit_to_A")
SCORE = "ctf/cross_corr_ctffind4"
GROUPS = (GROUP, "mscope_params/exp_group_id")


@dataclass(frozen=True, slots=True)
class ExposureCtf:
    """The values written for one exposure; a NaN score or resolution is written as 0."""

    defocus: KnownDefocus
    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float
    score: float
    fit_resolution_A: float
    accepted: bool


def with_ctf(exposures: Exposures, found: Mapping[int, ExposureCtf], *, with_rejected: bool) -> Exposures:
    """Return the exposures that have a CTF, with their `ctf/` fields replaced by it.

    Parameters
    ----------
    exposures
        (n,), as read from a `.cs` file; `uid` and every field outside `ctf/` are kept, except the fit's resolution in
        `ctf_stats/`.
    found
        CTF by index of the exposure.
    with_rejected
        Keep rejected ones, marked by the added field `thonring/accepted`; otherwise they are omitted.

    Returns
    -------
    Exposures
        A new array, in the order of the given one.
    """
    kept = [index for index in sorted(found) if found[index].accepted or with_rejected]
    rows = np.zeros(len(kept), _dtype(exposures.dtype, flagged=with_rejected))
    given = exposures.dtype.names or ()
    for name in given:
        if not name.startswith(PREFIX):
            rows[name] = exposures[name][kept]
    group = next((name for name in GROUPS if name in given), None)
    if group is not None:
        rows[GROUP] = exposures[group][kept]
    for name, values in _columns([found[index] for index in kept]).items():
        if name in (rows.dtype.names or ()):
            rows[name] = values
    return rows


def write_exposures(path: Path, exposures: Exposures) -> None:
    """Write a `.cs` file in numpy's format, which every version of cryoSPARC reads.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, exposures, allow_pickle=False)


def _dtype(given: np.dtype[Any], *, flagged: bool) -> np.dtype[Any]:
    """The given fields, wide enough for our types, then missing CTF fields, then the flag."""
    names = given.names or ()
    fields: list[Field] = [(name, given[name].base, given[name].shape) for name in names if name != TYPE]
    if TYPE in names:
        width = max(len(IMPORTED), given[TYPE].itemsize)
        fields.insert(names.index(TYPE), (TYPE, f"S{width}", ()))
    fields += [field for field in FIELDS if field[0] not in names]
    if flagged and ACCEPTED not in names:
        fields.append((ACCEPTED, "<u4", ()))
    return np.dtype(fields)


def _columns(found: list[ExposureCtf]) -> dict[str, npt.ArrayLike]:
    """Field → values, one per exposure."""
    columns: dict[str, npt.ArrayLike] = {
        TYPE: IMPORTED,
        "ctf/accel_kv": [ctf.voltage_kV for ctf in found],
        "ctf/cs_mm": [ctf.cs_mm for ctf in found],
        "ctf/amp_contrast": [ctf.amplitude_contrast for ctf in found],
        "ctf/df1_A": [ctf.defocus.defocus_u_A for ctf in found],
        "ctf/df2_A": [ctf.defocus.defocus_v_A for ctf in found],
        "ctf/df_angle_rad": [math.radians(ctf.defocus.angle_deg) for ctf in found],
        "ctf/phase_shift_rad": [math.radians(ctf.defocus.phase_shift_deg) for ctf in found],
        "ctf/scale": 1.0,
        SCORE: _known(ctf.score for ctf in found),
        ACCEPTED: [int(ctf.accepted) for ctf in found],
    }
    resolutions = _known(ctf.fit_resolution_A for ctf in found)
    return columns | dict.fromkeys(FIT_RESOLUTION, resolutions)


def _known(values: Iterable[float]) -> list[float]:
    return [value if math.isfinite(value) else 0.0 for value in values]


_COLUMNS = (
    "micrograph_blob/path",
    "micrograph_blob/psize_A",
    "ctf/exp_group_id",
    "ctf/accel_kv",
    "ctf/cs_mm",
    "ctf/amp_contrast",
    "ctf/df1_A",
    "ctf/df2_A",
    "ctf/df_angle_rad",
    "ctf/phase_shift_rad",
    "ctf/cross_corr_ctffind4",
    "ctf/ctf_fit_to_A",
)


def _table(file: str, status: Status) -> ExportTable:
    def row(totals: RunTotals, record: MicrographRecord) -> str:
        if record.outcome.status != status or (fitted := fitted_ctf(record.outcome)) is None:
            return ""
        group = totals.groups[microscope(fitted.optics, record.outcome.pixel_A)]
        return csv_line((str(record.path), record.outcome.pixel_A, group, *_values(fitted)))

    return ExportTable(file, lambda _: csv_line(_COLUMNS), row)


def _values(fitted: FittedCtf) -> tuple[Cell, ...]:
    fit, optics = fitted.fit, fitted.optics
    return (
        optics.voltage_kV,
        optics.cs_mm,
        fit.amplitude_contrast,
        fit.defocus_u_A,
        fit.defocus_v_A,
        math.radians(fit.angle_deg),
        math.radians(_finite(fit.phase_shift_deg, 0.0)),
        _finite(fit.score, 0.0),
        _finite(fit.fit_resolution_A, WORST_RESOLUTION_A),
    )


def _finite(value: float, missing: float) -> float:
    return value if math.isfinite(value) else missing


ACCEPTED_EXPOSURES = _table("exposures_ctf.csv", "accepted")
REJECTED_EXPOSURES = _table("rejected_exposures_ctf.csv", "rejected")
