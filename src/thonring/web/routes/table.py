"""The micrographs of a run, sorted, filtered and a page at a time."""

import math
from dataclasses import asdict
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel

from thonring.records import Status
from thonring.results import STATUSES, RunColumns
from thonring.web.querying import Rows, in_order, matching
from thonring.web.routes.asked import Asked
from thonring.web.routes.numbers import Number, known
from thonring.web.routes.state import revision_text
from thonring.web.run_view import RunView
from thonring.web.titles import Kind, columns_of


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


class PageAsked(Asked):
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
    def micrographs(asked: Annotated[PageAsked, Query()]) -> Page | Neighbours:
        """Give a page of the micrographs that fulfil a query, in its order, or the neighbours of one."""
        columns = view.columns()
        if asked.around is None:
            return _page(view, columns, asked)
        return _neighbours(columns, asked, known(columns, asked.around))

    @routes.get("/selection")
    def selection(asked: Annotated[Asked, Query()]) -> Selection:
        """Give the numbers of all micrographs that fulfil a query."""
        query, columns = asked.query(), view.columns()
        rows = in_order(columns, matching(columns, query), query)
        return Selection(revision=revision_text(columns.revision), numbers=columns.number[rows].tolist())

    return routes


def _page(view: RunView, columns: RunColumns, asked: PageAsked) -> Page:
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
        found = {number: one.outcome for number, one in store.some(numbers)}
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


def _neighbours(columns: RunColumns, asked: PageAsked, row: int) -> Neighbours:
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
