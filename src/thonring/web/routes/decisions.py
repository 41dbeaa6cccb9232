"""Manual decisions on micrographs, recorded with reviewer and time, and undo."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, FailFast, Field, StringConstraints

from thonring.run.decision_status import ManualVerdict
from thonring.run.decisions import Action
from thonring.web.run_view import RunView
from thonring.web.schemas import AddressInteger, MicrographId, MicrographNumber, RequestModel, row_of

MAX_MICROGRAPHS = 1_000_000
Reviewer = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="Name under which the decision is recorded."),
]


class VerdictRequest(RequestModel):
    """A verdict on micrographs; null: the criteria decide again."""

    micrographs: Annotated[list[MicrographNumber], FailFast()] = Field(
        min_length=1, max_length=MAX_MICROGRAPHS
    )
    verdict: ManualVerdict | None
    who: Reviewer


class UndoRequest(RequestModel):
    """Undo the last action that has not been undone, whoever took it."""

    who: Reviewer


class ActionAnswer(BaseModel):
    """An action on `micrographs` micrographs; `at` is UTC in ISO 8601, `undoes` the action that it undid."""

    id: int
    at: str
    who: str
    kind: str
    undoes: int | None
    micrographs: int


class UndoAnswer(ActionAnswer):
    """The undo action, with the action that was undone."""

    undone: ActionAnswer


def router(view: RunView) -> APIRouter:
    """Create the routes of decisions."""
    routes = APIRouter(tags=["decisions"])

    @routes.post("/decisions")
    def decide(request: VerdictRequest) -> ActionAnswer:
        """Accept or reject micrographs, or return them to the criteria: all of them, or none with an error."""
        with view.decisions() as decisions:
            return action_answer(decisions.judge(request.micrographs, request.verdict, request.who))

    @routes.post("/decisions/undo")
    def undo(request: UndoRequest) -> UndoAnswer:
        """Undo the last action: its micrographs return to their previous verdicts and estimates."""
        with view.decisions() as decisions:
            action = decisions.undo(request.who)
            undone = decisions.action(action.undoes or 0)
        return UndoAnswer(**asdict(action), undone=action_answer(undone))

    @routes.get("/decisions")
    def history(
        micrograph: MicrographId | None = None, most: Annotated[AddressInteger, Query(ge=1, le=1000)] = 100
    ) -> list[ActionAnswer]:
        """Return the last actions, on one micrograph or on all, latest first."""
        if micrograph is not None:
            row_of(view.columns(), micrograph)
        with view.decisions() as decisions:
            return [action_answer(action) for action in decisions.history(micrograph, most)]

    return routes


def action_answer(action: Action) -> ActionAnswer:
    """Write an action."""
    return ActionAnswer(**asdict(action))
