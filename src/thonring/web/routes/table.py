"""The micrographs of a run, sorted, filtered and paged."""

import math
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from thonring.errors import SettingsError
from thonring.records import Status
from thonring.run.columns import STATUSES, Integers, RunColumns
from thonring.web.columns import Kind, TableQuery, columns_of, in_order, matching
from thonring.web.routes.overview import revision_text
from thonring.web.run_view import RunView
from thonring.web.schemas import AddressInteger, MicrographId, finite, row_of

_MAX_BOUNDS = 50


class TableFilter(BaseModel):
    """Conditions on micrographs; `low.NAME` and `high.NAME` bound any column, such as `low.defocus_A=5000`."""

    model_config = ConfigDict(extra="allow")

    status: Annotated[list[Status], Field(max_length=3, description="Any of these; may be repeated.")] = []
    search: Annotated[str, Field(max_length=200, description="Part of the file path.")] = ""
    failing: Annotated[str | None, Field(max_length=100, description="A criterion that fails.")] = None
    decided: Annotated[bool | None, Field(description="Whether there is a manual verdict.")] = None
    by_hand: Annotated[bool | None, Field(description="Whether there is a manual estimate.")] = None
    sort: Annotated[
        str, Field(max_length=100, description="A column; prefix it with - for descending order.")
    ] = "number"

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: Any) -> Any:  # noqa: ANN401 - whatever comes before validation
        """Drop empty parameters: forms send `status=` for any."""
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value not in ("", [""])}

    def query(self) -> TableQuery:
        """Convert the parameters to a query.

        Raises
        ------
        SettingsError
            If a parameter is unknown, or a bound is not a number.
        """
        return TableQuery(
            statuses=frozenset(self.status),
            search=self.search,
            failing=self.failing,
            decided=self.decided,
            by_hand=self.by_hand,
            bounds=_bounds(self.model_extra or {}),
            sort=self.sort.removeprefix("-") or "number",
            descending=self.sort.startswith("-"),
        )


class PageRequest(TableFilter):
    """A page of the micrographs that meet the conditions, or the neighbours of one of them."""

    offset: Annotated[AddressInteger, Query(ge=0, le=2**31, description="Number of rows to skip.")] = 0
    limit: Annotated[AddressInteger, Query(ge=1, le=1000, description="Number of rows to return.")] = 100
    around: Annotated[
        MicrographId | None,
        Query(description="Return the previous and next micrograph of this one instead of a page."),
    ] = None


class ColumnAnswer(BaseModel):
    """A column that micrographs can be sorted and filtered by."""

    name: str
    title: str
    unit: str
    kind: Kind
    about: str


class RowAnswer(BaseModel):
    """A micrograph; `reasons` say why it is not accepted, `values` are by column, null where there is none."""

    number: int
    file: str
    status: Status
    decided: bool
    by_hand: bool
    reasons: list[str]
    values: dict[str, float | None]


class PageAnswer(BaseModel):
    """A page of the `matched` micrographs that meet the conditions, of `total` in the run."""

    revision: str
    total: int
    matched: int
    rows: list[RowAnswer]


class NeighboursAnswer(BaseModel):
    """The numbers before and after a micrograph in the order of the table.

    `position` is 1 for the first; null if the micrograph does not meet the conditions: its neighbours are then
    those that it would have.
    """

    revision: str
    previous: int | None
    next: int | None
    position: int | None
    matched: int


class SelectionAnswer(BaseModel):
    """The numbers of all micrographs that meet the conditions, in order."""

    revision: str
    numbers: list[int]


def router(view: RunView) -> APIRouter:
    """Create the routes of the table."""
    routes = APIRouter(tags=["table"])

    @routes.get("/columns")
    def columns() -> list[ColumnAnswer]:
        """List the columns of this run, in the order of the tables."""
        return [ColumnAnswer(**asdict(column)) for column in columns_of(view.columns())]

    @routes.get("/micrographs")
    def micrographs(request: Annotated[PageRequest, Query()]) -> PageAnswer | NeighboursAnswer:
        """Return a page of the micrographs that meet the conditions, in order, or the neighbours of one."""
        columns = view.columns()
        if request.around is None:
            return _page(view, columns, request)
        return _neighbours(columns, request, row_of(columns, request.around))

    @routes.get("/selection")
    def selection(request: Annotated[TableFilter, Query()]) -> SelectionAnswer:
        """Return the numbers of all micrographs that meet the conditions."""
        query, columns = request.query(), view.columns()
        rows = in_order(columns, matching(columns, query), query)
        numbers = columns.number[rows].tolist()
        return SelectionAnswer(revision=revision_text(columns.revision), numbers=numbers)

    return routes


def _bounds(parameters: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Read `low.COLUMN` and `high.COLUMN`."""
    if len(parameters) > _MAX_BOUNDS:
        raise SettingsError(f"{len(parameters)} bounds on columns: at most {_MAX_BOUNDS} are allowed.")
    bounds: dict[str, tuple[float, float]] = {}
    for parameter, value in parameters.items():
        side, _, name = parameter.partition(".")
        if side not in {"low", "high"} or not name:
            raise SettingsError(f"unknown query parameter {parameter!r}: expected low.COLUMN or high.COLUMN.")
        low, high = bounds.get(name, (-math.inf, math.inf))
        number = _number(parameter, value)
        bounds[name] = (number, high) if side == "low" else (low, number)
    return bounds


def _number(parameter: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise SettingsError(f"query parameter {parameter!r}: expected a number.")
    return number


def _page(view: RunView, columns: RunColumns, request: PageRequest) -> PageAnswer:
    query = request.query()
    mask = matching(columns, query)
    rows = in_order(columns, mask, query)[request.offset : request.offset + request.limit]
    return PageAnswer(
        revision=revision_text(columns.revision),
        total=len(columns),
        matched=int(mask.sum()),
        rows=_rows(view, columns, rows),
    )


def _rows(view: RunView, columns: RunColumns, rows: Integers) -> list[RowAnswer]:
    numbers = columns.number[rows].tolist()
    with view.store() as store:
        outcomes = {record.number: record.outcome for record in store.some(numbers)}
    return [
        RowAnswer(
            number=number,
            file=columns.file[row],
            status=STATUSES[columns.status[row]],
            decided=bool(columns.decided[row]),
            by_hand=bool(columns.by_hand[row]),
            reasons=list(outcomes[number].reasons),
            values=_values(columns, row),
        )
        for number, row in zip(numbers, rows.tolist(), strict=True)
        if number in outcomes
    ]


def _values(columns: RunColumns, row: int) -> dict[str, float | None]:
    recorded_at = columns.recorded_at[row] or math.nan
    values = {"recorded_at": recorded_at, **{name: column[row] for name, column in columns.values.items()}}
    return {name: finite(float(value)) for name, value in values.items()}


def _neighbours(columns: RunColumns, request: PageRequest, row: int) -> NeighboursAnswer:
    query = request.query()
    mask = matching(columns, query)
    meets_conditions, matched = bool(mask[row]), int(mask.sum())
    mask[row] = True
    rows = in_order(columns, mask, query)
    index = int(np.flatnonzero(rows == row)[0])
    numbers = columns.number[rows]
    return NeighboursAnswer(
        revision=revision_text(columns.revision),
        previous=int(numbers[index - 1]) if index > 0 else None,
        next=int(numbers[index + 1]) if index + 1 < len(numbers) else None,
        position=index + 1 if meets_conditions else None,
        matched=matched,
    )
