"""The columns of a run: titles and units, filters and order of the table, and a binary form for the page."""

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
from thonring.run.columns import STATUSES, Bools, Integers, RunColumns
from thonring.run.quantities import page_quantities
from thonring.web.curation import has_fit, judged_criteria

Kind = Literal["text", "number", "time", "criterion"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `name` as in results.csv, `title` for display, `about` a sentence if the title needs one."""

    name: str
    title: str
    unit: str = ""
    kind: Kind = "number"
    about: str = ""


_FILE = Column("file", "File", kind="text")
_RECORDED = Column("recorded_at", "Recorded", kind="time", about="File time.")
_NUMBERS = (
    *(
        Column(quantity.name, quantity.title, quantity.unit, about=quantity.about)
        for quantity in page_quantities()
    ),
    Column("pixel_A", "Pixel", "Å"),
    Column("voltage_kV", "Voltage", "kV"),
    Column("cs_mm", "Cs", "mm"),
    Column("cpu_seconds", "CPU time", "s"),
    Column("finished_at", "Estimated", kind="time", about="Time when the estimate was finished."),
)


def columns_of(columns: RunColumns) -> tuple[Column, ...]:
    """Return the columns of a run: file and time, what was estimated, and its criteria in their order."""
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


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Conditions that must all hold, and the sort order.

    Empty `statuses` means any. `search` is part of the file path, ignoring case; `failing` is a criterion that fails.
    `decided` and `by_hand` select by whether there is a manual decision or estimate. `bounds` has the lowest and the
    highest value of columns; a missing value is outside. `sort` is a column, `status`, `number`, `decided` or
    `by_hand`.
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
    """Find the rows that meet all conditions.

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
        text = query.search.casefold()
        mask &= np.fromiter((text in file.casefold() for file in columns.file), bool, len(columns))
    return mask


def in_order(columns: RunColumns, mask: Bools, query: TableQuery) -> Integers:
    """Sort the rows of `mask`; equal ones stay in the order of the run, NaN is last.

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
    states: dict[str, npt.NDArray[Any]] = {
        "number": columns.number,
        "status": columns.status,
        "decided": columns.decided,
        "by_hand": columns.by_hand,
    }
    return states[name].astype(np.float64) if name in states else _values(columns, name)


def _values(columns: RunColumns, name: str) -> Floats:
    if name == "recorded_at":
        return np.where(columns.recorded_at > 0, columns.recorded_at, math.nan)
    if name not in columns.values:
        raise SettingsError(
            f"{name!r} is not a numeric column of this run: expected one of those listed by GET /api/columns."
        )
    return columns.values[name]


def _failing(columns: RunColumns, name: str) -> Bools:
    if name not in columns.failing:
        known = ", ".join(columns.criteria) or "none yet"
        raise SettingsError(f"{name!r} is not a criterion of this run: expected one of {known}.")
    return columns.failing[name]


_PLOTTED_WITH_CRITERIA = ("defocus_A", "recorded_at")
"""Columns of the scatter plots that are not criteria."""

_FITTED, _JUDGED = 4, 8
"""Bits of a micrograph's flags above the two of its status."""


def packed_values(columns: RunColumns, judged: set[int], revision: str) -> bytes:
    """Pack the values of all criteria, the numbers and the flags of a run's micrographs; see GET curate/values.

    In float64, not float32: a value at a limit must pass or fail on the page as in the grading.
    """
    names = [*judged_criteria(columns), *_PLOTTED_WITH_CRITERIA]
    recorded_at = np.where(columns.recorded_at > 0, columns.recorded_at, np.nan)
    values = {**columns.values, "recorded_at": recorded_at}
    header = json.dumps({"revision": revision, "count": len(columns), "columns": names}).encode()
    header += b" " * (-(4 + len(header)) % 8)
    has_verdict = np.isin(columns.number, list(judged))
    flags = columns.status.astype(np.uint8) + _FITTED * has_fit(columns) + _JUDGED * has_verdict
    arrays = [*(values[name].astype("<f8") for name in names), columns.number.astype("<f8")]
    parts = [struct.pack("<I", len(header)), header, *(array.tobytes() for array in arrays)]
    return b"".join([*parts, flags.astype(np.uint8).tobytes()])
