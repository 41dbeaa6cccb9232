"""A run at a glance, as in the report: counts, reasons, rates, figures, and contact sheets."""

import threading
from importlib.metadata import version
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from thonring.records import Status
from thonring.run.columns import STATUSES, Revision, RunColumns
from thonring.settings import Limit
from thonring.web.contact_sheet import ContactSheet, SheetName, contact_sheets
from thonring.web.figures import Findings, findings, plotly_figures
from thonring.web.figures.plotly import readable
from thonring.web.run_view import RunView, run_settings

Text = Annotated[str, Field(serialization_alias="told")]
"""A caption or description; the page's interface calls it `told`."""


class StatusCounts(BaseModel):
    """How many micrographs have each status, and how many have a manual verdict or estimate, or both (`decided`)."""

    accepted: int
    rejected: int
    failed: int
    decided: int
    by_hand: int


class RunState(StatusCounts):
    """A summary of the run; `revision` changes whenever anything is new."""

    run: str
    thonring: str
    revision: str
    may_change: bool


class TotalCounts(StatusCounts):
    """The counts with their total."""

    total: int


class ReasonCounts(BaseModel):
    """A criterion and how many micrographs it rejected, `alone` of them as the only criterion."""

    criterion: str
    description: str
    micrographs: int
    alone: int


class Rates(BaseModel):
    """Micrographs per hour in the last hour of processing, and when the last one was finished; null if unknown."""

    per_hour: float | None
    finished_at: float | None


class FigureAnswer(BaseModel):
    """Data and layout of plotly; colours are names of variables of the style sheet."""

    name: str
    title: str
    caption: Text
    data: list[dict[str, Any]]
    layout: dict[str, Any]


class SheetMicrograph(BaseModel):
    """A micrograph of a contact sheet, and why it is shown."""

    number: int
    file: str
    status: Status
    caption: Text


class SheetAnswer(BaseModel):
    """A contact sheet."""

    name: SheetName
    title: str
    description: Text
    micrographs: list[SheetMicrograph]


class Overview(BaseModel):
    """A run at a glance."""

    revision: str
    counts: TotalCounts
    rejected_by: list[ReasonCounts]
    rates: Rates
    figures: list[FigureAnswer]
    sheets: list[SheetAnswer]


def router(view: RunView) -> APIRouter:
    """Create the routes of a run's state and overview."""
    routes = APIRouter()
    overviews = _LatestOverview(view)

    @routes.get("/state", tags=["state"])
    def state(request: Request) -> RunState:
        """Count the micrographs of the run."""
        columns = view.columns()
        return RunState(
            run=view.run.absolute().name,
            thonring=version("thonring"),
            revision=revision_text(columns.revision),
            **_counts(columns),
            may_change=bool(request.scope.get("may_change")),
        )

    @routes.get("/overview", tags=["overview"])
    def overview() -> Overview:
        """Summarise the run as it is now."""
        return overviews.get()

    return routes


def revision_text(revision: Revision) -> str:
    """Write a revision as one word."""
    return f"{revision.micrographs}-{revision.finished_at:.6f}-{revision.action}"


class _LatestOverview:
    """The overview of the latest revision, computed once however many clients ask for it."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._overview: Overview | None = None
        self._lock = threading.Lock()

    def get(self) -> Overview:
        with self._lock:
            columns = self._view.columns()
            if self._overview is None or self._overview.revision != revision_text(columns.revision):
                with self._view.store() as store:
                    limits = run_settings(store).limits
                self._overview = _overview(columns, limits)
            return self._overview


def _overview(columns: RunColumns, limits: tuple[Limit, ...]) -> Overview:
    found = findings(columns, limits)
    return Overview(
        revision=revision_text(columns.revision),
        counts=TotalCounts(total=len(columns), **_counts(columns)),
        rejected_by=[
            ReasonCounts(
                criterion=reason.criterion,
                description=reason.description,
                micrographs=reason.micrographs,
                alone=reason.alone,
            )
            for reason in found.rejections.reasons
        ],
        rates=_rates(found, columns),
        figures=[
            FigureAnswer(
                name=figure.name,
                title=figure.title,
                caption=figure.caption,
                data=figure.data,
                layout=figure.layout,
            )
            for figure in plotly_figures(found, columns)
        ],
        sheets=[_sheet(sheet, columns) for sheet in contact_sheets(columns, limits)],
    )


def _counts(columns: RunColumns) -> dict[str, int]:
    counts = np.bincount(columns.status, minlength=len(STATUSES)).tolist()
    return {
        **dict(zip(STATUSES, counts, strict=True)),
        "decided": int(columns.decided.sum()),
        "by_hand": int(columns.by_hand.sum()),
    }


def _rates(found: Findings, columns: RunColumns) -> Rates:
    latest = np.nan if found.progress is None else found.progress.latest_per_hour
    return Rates(
        per_hour=float(latest) if np.isfinite(latest) else None,
        finished_at=columns.revision.finished_at or None,
    )


def _sheet(sheet: ContactSheet, columns: RunColumns) -> SheetAnswer:
    micrographs = [
        SheetMicrograph(
            number=int(columns.number[entry.row]),
            file=readable(columns.file[entry.row]),
            status=STATUSES[columns.status[entry.row]],
            caption=entry.caption,
        )
        for entry in sheet.entries
    ]
    return SheetAnswer(
        name=sheet.name, title=sheet.title, description=sheet.description, micrographs=micrographs
    )
