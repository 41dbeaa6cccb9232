"""Which micrographs of a run are asked for, and in which order."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.errors import SettingsError
from thonring.records import Floats, Status
from thonring.results import STATUSES, RunColumns

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Query:
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


def matching(columns: RunColumns, query: Query) -> Bools:
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


def in_order(columns: RunColumns, mask: Bools, query: Query) -> Rows:
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
