"""A run at a glance, as the report shows it: counts, reasons, rates, figures, and what is worth a look."""

import threading
from importlib.metadata import version
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel

from thonring.records import Status
from thonring.run.columns import STATUSES, Revision, RunColumns
from thonring.settings import Limit
from thonring.web.contact_sheet import ContactSheet, SheetName, contact_sheets
from thonring.web.figures import Findings, findings, plotly_figures
from thonring.web.figures.plotly import readable
from thonring.web.run_view import RunView, run_settings


class RunState(BaseModel):
    """A run in a few numbers; `revision` differs from an earlier one if anything is new."""

    run: str
    thonring: str
    revision: str
    accepted: int
    rejected: int
    failed: int
    decided: int
    by_hand: int
    may_change: bool


def state_router(view: RunView) -> APIRouter:
    """Give the routes of a run's state."""
    routes = APIRouter(tags=["state"])

    @routes.get("/state")
    def state(request: Request) -> RunState:
        """Count the micrographs of the run."""
        columns = view.columns()
        counts = np.bincount(columns.status, minlength=len(STATUSES))
        return RunState(
            run=view.run.absolute().name,
            thonring=version("thonring"),
            revision=revision_text(columns.revision),
            **{status: int(count) for status, count in zip(STATUSES, counts, strict=True)},
            decided=int(columns.decided.sum()),
            by_hand=int(columns.by_hand.sum()),
            may_change=bool(request.scope.get("may_change")),
        )

    return routes


def revision_text(revision: Revision) -> str:
    """Write a revision as one word."""
    return f"{revision.micrographs}-{revision.finished_at:.6f}-{revision.action}"


class Counts(BaseModel):
    """How many micrographs came out how; `decided` and `by_hand` by a person."""

    total: int
    accepted: int
    rejected: int
    failed: int
    decided: int
    by_hand: int


class RejectedBy(BaseModel):
    """A criterion that rejected so many micrographs, `alone` of them without another."""

    criterion: str
    description: str
    micrographs: int
    alone: int


class Rates(BaseModel):
    """Micrographs finished an hour, in the last hour of work; null where that cannot be told."""

    per_hour: float | None
    finished_at: float | None


class FigureData(BaseModel):
    """Data and layout of plotly; colours are names of variables of the style sheet."""

    name: str
    title: str
    told: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]


class SheetMicrograph(BaseModel):
    """A micrograph of a contact sheet, and why it is there."""

    number: int
    file: str
    status: Status
    told: str


class Sheet(BaseModel):
    """A contact sheet."""

    name: SheetName
    title: str
    told: str
    micrographs: list[SheetMicrograph]


class Overview(BaseModel):
    """A run at a glance."""

    revision: str
    counts: Counts
    rejected_by: list[RejectedBy]
    rates: Rates
    figures: list[FigureData]
    sheets: list[Sheet]


def router(view: RunView) -> APIRouter:
    """Give the route of a run's overview."""
    routes = APIRouter(tags=["overview"])
    overviews = _Overviews(view)

    @routes.get("/overview")
    def overview() -> Overview:
        """Sum up the run as of now."""
        return overviews.latest()

    return routes


class _Overviews:
    """The overview of the latest revision, made once however many ask for it."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._made: Overview | None = None
        self._making = threading.Lock()

    def latest(self) -> Overview:
        with self._making:
            columns = self._view.columns()
            if self._made is None or self._made.revision != revision_text(columns.revision):
                with self._view.store() as store:
                    limits = run_settings(store).limits
                self._made = _overview(columns, limits)
            return self._made


def _overview(columns: RunColumns, limits: tuple[Limit, ...]) -> Overview:
    found = findings(columns, limits)
    return Overview(
        revision=revision_text(columns.revision),
        counts=_counts(columns),
        rejected_by=[
            RejectedBy(
                criterion=one.criterion, description=one.words, micrographs=one.micrographs, alone=one.alone
            )
            for one in found.reasons
        ],
        rates=_rates(found, columns),
        figures=[
            FigureData(name=one.name, title=one.title, told=one.told, data=one.data, layout=one.layout)
            for one in plotly_figures(found, columns)
        ],
        sheets=[_sheet(sheet, columns) for sheet in contact_sheets(columns, limits)],
    )


def _counts(columns: RunColumns) -> Counts:
    counts = np.bincount(columns.status, minlength=len(STATUSES)).tolist()
    return Counts(
        total=len(columns),
        **dict(zip(STATUSES, counts, strict=True)),
        decided=int(columns.decided.sum()),
        by_hand=int(columns.by_hand.sum()),
    )


def _rates(found: Findings, columns: RunColumns) -> Rates:
    latest = np.nan if found.progress is None else found.progress.latest_per_hour
    return Rates(
        per_hour=float(latest) if np.isfinite(latest) else None,
        finished_at=columns.revision.finished_at or None,
    )


def _sheet(sheet: ContactSheet, columns: RunColumns) -> Sheet:
    micrographs = [
        SheetMicrograph(
            number=int(columns.number[one.row]),
            file=readable(columns.file[one.row]),
            status=STATUSES[columns.status[one.row]],
            told=one.told,
        )
        for one in sheet.shown
    ]
    return Sheet(name=sheet.name, title=sheet.title, told=sheet.told, micrographs=micrographs)
