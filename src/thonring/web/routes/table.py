"""The micrographs of a run, sorted, filtered and a page at a time."""

import math
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from thonring.errors import SettingsError
from thonring.records import Status
from thonring.run.columns import STATUSES, RunColumns
from thonring.web.columns import Kind, Rows, TableQuery, columns_of, in_order, matching
from thonring.web.routes.overview import revision_text
from thonring.web.run_view import RunView
from thonring.web.schemas import Number, known

_MOST_BOUNDS = 50


class TableFilter(BaseModel):
    """Conditions on micrographs; `low.NAME` and `high.NAME` bound the values of any column, as `low.defocus_A=5000`."""

    model_config = ConfigDict(extra="allow")

    status: Annotated[list[Status], Field(max_length=3, description="Any of these; may be repeated.")] = []
    search: Annotated[str, Field(max_length=200, description="A part of the file's path.")] = ""
    failing: Annotated[str | None, Field(max_length=100, description="A criterion that does not hold.")] = (
        None
    )
    decided: Annotated[bool | None, Field(description="Whether a person decided.")] = None
    by_hand: Annotated[bool | None, Field(description="Whether the estimate is a person's.")] = None
    sort: Annotated[str, Field(max_length=100, description="A column; with - before it, largest first.")] = (
        "number"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:  # noqa: ANN401 - what comes before validation
        """Leave out what has no value: forms send `status=` for any."""
        return (
            {name: value for name, value in given.items() if value not in ("", [""])}
            if isinstance(given, dict)
            else given
        )

    def query(self) -> TableQuery:
        """Give what is asked for.

        Raises
        ------
        SettingsError
            If a word is unknown, or a bound is no number.
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


def _bounds(words: dict[str, Any]) -> dict[str, tuple[float, float]]:
    if len(words) > _MOST_BOUNDS:
        raise SettingsError(f"{len(words)} bounds on columns: expected at most {_MOST_BOUNDS}.")
    bounds: dict[str, tuple[float, float]] = {}
    for word, value in words.items():
        side, _, name = word.partition(".")
        if side not in {"low", "high"} or not name:
            raise SettingsError(f"{word!r} is no word of a query: expected low.COLUMN or high.COLUMN.")
        low, high = bounds.get(name, (-math.inf, math.inf))
        number = _number(word, value)
        bounds[name] = (number, high) if side == "low" else (low, number)
    return bounds


def _number(word: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise SettingsError(f"{word}={value!s:.40}: expected a number.")
    return number


class ColumnOut(BaseModel):
    """A column that micrographs can be sorted and filtered by."""

    name: str
    title: str
    unit: str
    kind: Kind
    about: str


class Row(BaseModel):
    """A micrograph; `reasons` why it is not accepted, `values` by the names of the columns, null: none."""

    number: int
    file: str
    status: Status
    decided: bool
    by_hand: bool
    reasons: list[str]
    values: dict[str, float | None]


class Page(BaseModel):
    """Some of the micrographs that were asked for: of `total` in the run `matched`."""

    revision: str
    total: int
    matched: int
    rows: list[Row]


class PageRequest(TableFilter):
    """A page of a query."""

    offset: Annotated[int, Query(ge=0, le=2**31, description="Rows before the page.")] = 0
    limit: Annotated[int, Query(ge=1, le=1000, description="Rows of the page.")] = 100
    around: Annotated[
        Number | None, Query(description="Instead of a page: what comes before and after this micrograph.")
    ] = None


class Neighbours(BaseModel):
    """The numbers before and after a micrograph in the order of a query.

    `position` is 1 for the first; null where the micrograph does not fulfil the query: its neighbours are then those
    that it would have.
    """

    revision: str
    previous: int | None
    next: int | None
    position: int | None
    matched: int


class Selection(BaseModel):
    """The numbers of all micrographs that fulfil a query, in its order."""

    revision: str
    numbers: list[int]


def router(view: RunView) -> APIRouter:
    """Give the routes of the table."""
    routes = APIRouter(tags=["table"])

    @routes.get("/columns")
    def columns() -> list[ColumnOut]:
        """Name the columns of this run, in the order of the tables."""
        return [ColumnOut(**asdict(column)) for column in columns_of(view.columns())]

    @routes.get("/micrographs")
    def micrographs(asked: Annotated[PageRequest, Query()]) -> Page | Neighbours:
        """Give a page of the micrographs that fulfil a query, in its order, or the neighbours of one."""
        columns = view.columns()
        if asked.around is None:
            return _page(view, columns, asked)
        return _neighbours(columns, asked, known(columns, asked.around))

    @routes.get("/selection")
    def selection(asked: Annotated[TableFilter, Query()]) -> Selection:
        """Give the numbers of all micrographs that fulfil a query."""
        query, columns = asked.query(), view.columns()
        rows = in_order(columns, matching(columns, query), query)
        return Selection(revision=revision_text(columns.revision), numbers=columns.number[rows].tolist())

    return routes


def _page(view: RunView, columns: RunColumns, asked: PageRequest) -> Page:
    query = asked.query()
    mask = matching(columns, query)
    rows = in_order(columns, mask, query)[asked.offset : asked.offset + asked.limit]
    return Page(
        revision=revision_text(columns.revision),
        total=len(columns),
        matched=int(mask.sum()),
        rows=_rows(view, columns, rows),
    )


def _rows(view: RunView, columns: RunColumns, rows: Rows) -> list[Row]:
    numbers = columns.number[rows].tolist()
    with view.store() as store:
        found = {one.number: one.outcome for one in store.some(numbers)}
    return [
        Row(
            number=number,
            file=columns.file[row],
            status=STATUSES[columns.status[row]],
            decided=bool(columns.decided[row]),
            by_hand=bool(columns.by_hand[row]),
            reasons=list(found[number].reasons),
            values=_values(columns, row),
        )
        for number, row in zip(numbers, rows.tolist(), strict=True)
        if number in found
    ]


def _values(columns: RunColumns, row: int) -> dict[str, float | None]:
    values = {"recorded_at": columns.recorded_at[row] or math.nan}
    values |= {name: column[row] for name, column in columns.values.items()}
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}


def _neighbours(columns: RunColumns, asked: PageRequest, row: int) -> Neighbours:
    query = asked.query()
    mask = matching(columns, query)
    fulfils, matched = bool(mask[row]), int(mask.sum())
    mask[row] = True
    rows = in_order(columns, mask, query)
    place = int(np.flatnonzero(rows == row)[0])
    numbers = columns.number[rows]
    return Neighbours(
        revision=revision_text(columns.revision),
        previous=int(numbers[place - 1]) if place > 0 else None,
        next=int(numbers[place + 1]) if place + 1 < len(numbers) else None,
        position=place + 1 if fulfils else None,
        matched=matched,
    )
