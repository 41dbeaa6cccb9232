"""The finished micrographs of a run as columns, for plotting, sorting and filtering hundreds of thousands of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from thonring.files.json import number_of
from thonring.records import Floats, Status
from thonring.run import rows as queries
from thonring.run.quantities import page_quantities
from thonring.run.rows import text_of
from thonring.run.store import Store

Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

STATUSES: tuple[Status, ...] = get_args(Status)

_MICROGRAPH = ("pixel_A", "voltage_kV", "cs_mm", "cpu_seconds", "finished_at")
_FIT = tuple(quantity.name for quantity in page_quantities() if quantity.stored)
"""Columns of the table `attempt`; `sampling_A` is the attempt's own, which exists even without a fit."""

_DERIVED = tuple(
    (quantity.name, quantity.derive) for quantity in page_quantities() if quantity.derive is not None
)
_QUERY = f"""
SELECT input, path, name, COALESCE(decided.status, micrograph.status), COALESCE(mtime_ns, 0) / 1e9,
  verdict IS NOT NULL OR estimate IS NOT NULL, estimate IS NOT NULL, criteria, criterion_values, remarks, covariance,
  {", ".join(f"micrograph.{name}" for name in _MICROGRAPH)}, {", ".join(f"attempt.{name}" for name in _FIT)}
FROM micrograph JOIN input ON input.id = input LEFT JOIN decided ON decided.micrograph = input
LEFT JOIN attempt ON attempt.micrograph = input AND number = COALESCE(estimate, chosen)
{{}} ORDER BY input
"""  # noqa: S608 - all names are constants
_NEW = """
WHERE input IN
  (SELECT input FROM micrograph WHERE finished_at >= ? UNION SELECT micrograph FROM decision WHERE action > ?)
"""
"""Micrographs estimated before schema version 2 have no time; later ones do."""

_HEAD = 11
_AT_ONCE = 20_000
"""Rows held in memory as text at a time."""

_REVISION = """
SELECT (SELECT COUNT(*) FROM micrograph), (SELECT MAX(finished_at) FROM micrograph), (SELECT MAX(id) FROM action)
"""


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of a run: later ones have more micrographs, a later time (seconds since 1970), or a later action."""

    micrographs: int = 0
    finished_at: float = 0.0
    action: int = 0


@dataclass(frozen=True, slots=True)
class RunColumns:
    """Row i of every column is one micrograph; rows are in the order of the tables.

    Parameters
    ----------
    number
        Numbers of the micrographs in the database.
    status
        Index into STATUSES; a decision takes precedence.
    recorded_at
        Time of the file in seconds since 1970, 0 if there was none.
    decided, by_hand
        Whether there is a manual decision, and whether the estimate is manual.
    values
        The numeric columns of results.csv for the kept attempt, criteria included; NaN where there is no value.
    failing
        For each criterion whether it failed.
    """

    revision: Revision
    number: Integers
    file: tuple[str, ...]
    name: tuple[str, ...]
    status: npt.NDArray[np.int8]
    recorded_at: Floats
    decided: Bools
    by_hand: Bools
    values: Mapping[str, Floats]
    failing: Mapping[str, Bools]

    def __len__(self) -> int:
        return len(self.number)

    @property
    def criteria(self) -> tuple[str, ...]:
        """Names of the criteria."""
        return tuple(self.failing)


def revision_of(store: Store) -> Revision:
    """Return the current state; much faster than reading the columns.

    Raises
    ------
    OutputError
        If the database cannot be read.
    """
    with store.snapshot() as connection:
        micrographs, finished_at, action = connection.execute(_REVISION).fetchone()
    return Revision(micrographs, finished_at or 0.0, action or 0)


def read_columns(store: Store, known: RunColumns | None = None) -> RunColumns:
    """Read the columns of a run; with the `known` ones of an earlier state, only what is new since then.

    Raises
    ------
    OutputError
        If the database cannot be read.
    """
    with store.snapshot() as connection:
        revision = revision_of(store)
        since = Revision() if known is None else known.revision
        if known is not None and revision == since:
            return known
        names = {key: tuple(json.loads(text)) for key, text in connection.execute(queries.CRITERIA)}
        if known is None:
            rows = connection.execute(_QUERY.format(""))
        else:
            rows = connection.execute(_QUERY.format(_NEW), (since.finished_at, since.action))
        columns = known or _columns([], names, revision)
        while chunk := rows.fetchmany(_AT_ONCE):
            columns = _merged(columns, _columns(chunk, names, revision))
        if known is not None and len(columns) != revision.micrographs:
            return read_columns(store)
    return replace(columns, revision=revision)


def _columns(rows: Sequence[Any], names: Mapping[int, tuple[str, ...]], revision: Revision) -> RunColumns:
    transposed = list(zip(*rows, strict=True)) or [()] * (_HEAD + len(_MICROGRAPH) + len(_FIT))
    number, path, name, status, recorded_at, decided, by_hand, criteria, measured, remarks, covariance = (
        transposed[:_HEAD]
    )
    values = {
        column: np.array(cells, dtype=np.float64)
        for column, cells in zip((*_MICROGRAPH, *_FIT), transposed[_HEAD:], strict=True)
    }
    values |= _derived(values, covariance)
    judged, failing = _criteria(criteria, measured, remarks, names)
    code = {known: index for index, known in enumerate(STATUSES)}
    return RunColumns(
        revision=revision,
        number=np.array(number, dtype=np.int64),
        file=tuple(map(text_of, path)),
        name=tuple(map(text_of, name)),
        status=np.array([code[text] for text in status], dtype=np.int8),
        recorded_at=np.array(recorded_at, dtype=np.float64),
        decided=np.array(decided, dtype=bool),
        by_hand=np.array(by_hand, dtype=bool),
        values={**values, **judged},
        failing=failing,
    )


def _derived(values: Mapping[str, Floats], covariance: Sequence[str | None]) -> dict[str, Floats]:
    """Compute the derived numbers of all fits at once."""
    variances = np.array([_variances(text) for text in covariance], dtype=np.float64).reshape(-1, 5)
    return {name: derive(values, variances) for name, derive in _DERIVED}


def _variances(text: str | None) -> list[float]:
    if text is None:
        return [np.nan] * 5
    return [number_of(row[index]) for index, row in enumerate(json.loads(text))]


def _criteria(
    lists: Sequence[int | None],
    measured: Sequence[str | None],
    remarks: Sequence[str | None],
    names: Mapping[int, tuple[str, ...]],
) -> tuple[dict[str, Floats], dict[str, Bools]]:
    """Values of each criterion, and whether it failed; attempts may have been judged by different sets of criteria."""
    used = dict.fromkeys(name for key in dict.fromkeys(lists) if key is not None for name in names[key])
    values = {name: np.full(len(lists), np.nan) for name in used}
    failing = {name: np.zeros(len(lists), dtype=bool) for name in used}
    for key in filter(None, dict.fromkeys(lists)):
        rows = np.flatnonzero([entry == key for entry in lists])
        table = [json.loads(text or "[]") for text in compress(measured, (entry == key for entry in lists))]
        for name, column in zip(names[key], zip(*table, strict=True), strict=True):
            values[name][rows] = [number_of(value) for value in column]
    for row, (judged_by, text) in enumerate(zip(lists, remarks, strict=True)):
        if judged_by is None or text is None or text == "[]":
            continue
        for index, passed, _ in json.loads(text):
            failing[names[judged_by][index]][row] = not passed
    return values, failing


def _merged(old: RunColumns, new: RunColumns) -> RunColumns:
    """Replace rows by those of `new` with the same number, and add the others, in the order of the numbers."""
    unchanged = ~np.isin(old.number, new.number)
    order = np.argsort(np.concatenate([old.number[unchanged], new.number]), kind="stable")

    def joined(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([before[unchanged], after])[order]

    def texts(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
        both = (*compress(before, unchanged), *after)
        return tuple(both[index] for index in order)

    values = [
        (name, old.values.get(name, _full(old, np.nan)), new.values.get(name, _full(new, np.nan)))
        for name in {**old.values, **new.values}
    ]
    failing = [
        (name, old.failing.get(name, _full(old, 0) > 0), new.failing.get(name, _full(new, 0) > 0))
        for name in {**old.failing, **new.failing}
    ]
    return RunColumns(
        revision=new.revision,
        number=joined(old.number, new.number),
        file=texts(old.file, new.file),
        name=texts(old.name, new.name),
        status=joined(old.status, new.status),
        recorded_at=joined(old.recorded_at, new.recorded_at),
        decided=joined(old.decided, new.decided),
        by_hand=joined(old.by_hand, new.by_hand),
        values={name: joined(before, after) for name, before, after in values},
        failing={name: joined(before, after) for name, before, after in failing},
    )


def _full(columns: RunColumns, value: float) -> Floats:
    return np.full(len(columns), value)
