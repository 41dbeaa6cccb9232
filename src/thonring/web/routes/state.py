"""What a page asks every few seconds: whether there is anything new."""

from importlib.metadata import version

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel

from thonring.results import STATUSES, Revision
from thonring.web.run_view import RunView


class State(BaseModel):
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


def router(view: RunView) -> APIRouter:
    """Give the routes of a run's state."""
    routes = APIRouter(tags=["state"])

    @routes.get("/state")
    def state(request: Request) -> State:
        """Count the micrographs of the run."""
        columns = view.columns()
        counts = np.bincount(columns.status, minlength=len(STATUSES))
        return State(
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
