"""What the columns of a run are called where people read them, and in which units they are."""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from thonring.errors import SettingsError
from thonring.quality import CRITERIA
from thonring.records import Floats, Status
from thonring.run.columns import STATUSES, RunColumns
from thonring.run.quantities import page_quantities
from thonring.web.curation import has_fit, judged_criteria

Kind = Literal["text", "number", "time", "criterion"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `name` as in results.csv, `title` for people, `about` a sentence where the title does not say all."""

    name: str
    title: str
    unit: str = ""
    kind: Kind = "number"
    about: str = ""


_FILE = Column("file", "File", kind="text")
_RECORDED = Column("recorded_at", "Recorded", kind="time", about="Time of the file.")
_NUMBERS = (
    *(Column(one.name, one.title, one.unit, about=one.about) for one in page_quantities()),
    Column("pixel_A", "Pixel", "Å"),
    Column("voltage_kV", "Voltage", "kV"),
    Column("cs_mm", "Cs", "mm"),
    Column("cpu_seconds", "CPU time", "s"),
    Column("finished_at", "Estimated", kind="time", about="When the estimate was finished."),
)


def columns_of(columns: RunColumns) -> tuple[Column, ...]:
    """Give the columns of a run: file and time, what was estimated, and its criteria in their order."""
    numbers = (column for column in _NUMBERS if column.name not in columns.criteria)
    return (_FILE, _RECORDED, *numbers, *_criteria(columns))


def _criteria(columns: RunColumns) -> Iterator[Column]:
    for name in columns.criteria:
        title = name.replace("xmipp_", "Xmipp ").replace("_", " ")
        criterion = CRITERIA.get(name)
        about = f"{criterion.description[:1].upper()}{criterion.description[1:]}." if criterion else ""
        yield Column(
            name, title[:1].upper() + title[1:], criterion.unit if criterion else "", "criterion", about
        )


Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Conditions that must all hold, and what to sort by.

    `statuses` empty: any. `search` is a part of the file's path, in any case of letters. `failing` names a criterion
    that does not hold. `bounds` has the lowest and the highest value of columns; what has no value is outside.
    `sort` names a column, `status`, `number`, `decided` or `by_hand`.
    """

    statuses: frozenset[Status] = frozenset()
    search: str = ""
    failing: str | None = None
    decided: bool | None = None
    by_hand: bool | None = None
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sort: str = "number"
    descending: bool = False


def matching(columns: RunColumns, query: TableQuery) -> Bools:
    """Tell for each row whether it is asked for.

    Raises
    ------
    SettingsError
        If a column or criterion is not one of this run.
    """
    mask = np.ones(len(columns), dtype=bool)
    if query.statuses:
        mask &= np.isin(columns.status, [STATUSES.index(status) for status in query.statuses])
    if query.decided is not None:
        mask &= columns.decided == query.decided
    if query.by_hand is not None:
        mask &= columns.by_hand == query.by_hand
    if query.failing is not None:
        mask &= _failing(columns, query.failing)
    for name, (low, high) in query.bounds.items():
        values = _values(columns, name)
        mask &= (values >= low) & (values <= high)
    if query.search:
        wanted = query.search.casefold()
        mask &= np.fromiter((wanted in file.casefold() for file in columns.file), bool, len(columns))
    return mask


def in_order(columns: RunColumns, mask: Bools, query: TableQuery) -> Rows:
    """Give the rows of `mask` in the order asked for; equal ones stay in the order of the run, NaN comes last.

    Raises
    ------
    SettingsError
        If the column to sort by is not one of this run.
    """
    rows = np.flatnonzero(mask)
    if query.sort == "file":
        ordered = sorted(rows.tolist(), key=columns.file.__getitem__, reverse=query.descending)
        return np.array(ordered, dtype=np.int64)
    values = _sortable(columns, query.sort)[rows]
    return rows[np.argsort(-values if query.descending else values, kind="stable")]


def _sortable(columns: RunColumns, name: str) -> Floats:
    kept: dict[str, npt.NDArray[Any]] = {
        "number": columns.number,
        "status": columns.status,
        "decided": columns.decided,
        "by_hand": columns.by_hand,
    }
    return kept[name].astype(np.float64) if name in kept else _values(columns, name)


def _values(columns: RunColumns, name: str) -> Floats:
    if name == "recorded_at":
        return np.where(columns.recorded_at > 0, columns.recorded_at, math.nan)
    if name not in columns.values:
        raise SettingsError(
            f"{name!r} is no column of this run with numbers: expected one of those that GET /api/columns gives."
        )
    return columns.values[name]


def _failing(columns: RunColumns, name: str) -> Bools:
    if name not in columns.failing:
        known = ", ".join(columns.criteria) or "none yet"
        raise SettingsError(f"{name!r} is no criterion of this run: expected one of {known}.")
    return columns.failing[name]


_BESIDE = ("defocus_A", "recorded_at")
"""What is plotted against criteria, and no criterion itself."""

_FITTED, _JUDGED = 4, 8
"""Bits of a micrograph's flags above the two of its status."""


def packed_values(columns: RunColumns, judged: set[int], revision: str) -> bytes:
    """Pack the values of all criteria, the numbers, and the flags of a run's micrographs; see GET curate/values.

    Float64, not 32: a value on the edge of a limit must fall on the same side in the page as in the grading.
    """
    names = [*judged_criteria(columns), *_BESIDE]
    recorded_at = np.where(columns.recorded_at > 0, columns.recorded_at, np.nan)
    values = {**columns.values, "recorded_at": recorded_at}
    head = json.dumps({"revision": revision, "count": len(columns), "columns": names}).encode()
    head += b" " * (-(4 + len(head)) % 8)
    by_people = np.isin(columns.number, list(judged))
    flags = columns.status.astype(np.uint8) + _FITTED * has_fit(columns) + _JUDGED * by_people
    arrays = [*(values[name].astype("<f8") for name in names), columns.number.astype("<f8")]
    parts = [struct.pack("<I", len(head)), head, *(array.tobytes() for array in arrays)]
    return b"".join([*parts, flags.astype(np.uint8).tobytes()])
