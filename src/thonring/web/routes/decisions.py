"""What people decide of micrographs, kept with who and when, and taken back."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints

from thonring.run.decision_status import ManualVerdict
from thonring.run.decisions import Action
from thonring.web.run_view import RunView
from thonring.web.schemas import Number, known

MOST_MICROGRAPHS = 1_000_000
Who = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="Whose name the decision bears."),
]


class Judgement(BaseModel):
    """A verdict on micrographs; null: the criteria decide again."""

    model_config = ConfigDict(extra="forbid")

    micrographs: Annotated[list[Number], FailFast()] = Field(min_length=1, max_length=MOST_MICROGRAPHS)
    verdict: ManualVerdict | None
    who: Who


class Undo(BaseModel):
    """Take back the last action that is not taken back, whoever took it."""

    model_config = ConfigDict(extra="forbid")

    who: Who


class Taken(BaseModel):
    """An action; `at` is UTC in ISO 8601, `undoes` the action that it took back, `micrographs` how many it is of."""

    id: int
    at: str
    who: str
    kind: str
    undoes: int | None
    micrographs: int


class Undone(Taken):
    """An undoing, with what was undone."""

    undone: Taken


def router(view: RunView) -> APIRouter:
    """Give the routes of decisions."""
    routes = APIRouter(tags=["decisions"])

    @routes.post("/decisions")
    def decide(judgement: Judgement) -> Taken:
        """Accept or reject micrographs, or let the criteria decide again; all of them, or none with an error."""
        with view.decisions() as decisions:
            return taken(decisions.judge(judgement.micrographs, judgement.verdict, judgement.who))

    @routes.post("/decisions/undo")
    def undo(asked: Undo) -> Undone:
        """Take back the last action: what held of its micrographs before holds again."""
        with view.decisions() as decisions:
            action = decisions.undo(asked.who)
            undone = decisions.action(action.undoes or 0)
        return Undone(**asdict(action), undone=taken(undone))

    @routes.get("/decisions")
    def history(
        micrograph: Number | None = None, most: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[Taken]:
        """Give the last actions, of one micrograph or of all, the latest first."""
        if micrograph is not None:
            known(view.columns(), micrograph)
        with view.decisions() as decisions:
            return [taken(action) for action in decisions.history(micrograph, most)]

    return routes


def taken(action: Action) -> Taken:
    """Write an action as JSON has it."""
    return Taken(**asdict(action))
