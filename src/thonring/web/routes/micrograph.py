"""One micrograph: what the run's store has of it."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from thonring.by_hand import hand_of
from thonring.ctf import zero_curves
from thonring.measurement import samplings
from thonring.plot import rings_to_label
from thonring.records import Attempt
from thonring.results import Decision, Finished, read_finished
from thonring.web.answers import AttemptAnswer, Points, attempt_answer, finite, points
from thonring.web.routes.decisions import Taken, taken
from thonring.web.routes.numbers import Number
from thonring.web.run_view import RunView
from thonring.web.workbench import FileNow, file_now, run_settings

LEAST_GAP = 0.17


class OpticsAnswer(BaseModel):
    """Constants of the microscope as they were used."""

    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float


class Overlay(BaseModel):
    """What is drawn over the picture of an attempt's spectrum, in 1/Å from its centre, y downwards."""

    nyquist_per_A: float
    resolutions_A: list[float]
    first_zeros_x_per_A: Points
    first_zeros_y_per_A: Points


class Details(BaseModel):
    """All that the store has of a micrograph; `kept` is the number of the attempt that stands.

    `file_now` tells whether its file is still the one that was estimated; `samplings_A` are those that the run tries.
    """

    number: int
    file: str
    name: str
    status: str
    automatic_status: str
    reasons: list[str]
    decided: bool
    verdict_by_hand: str | None
    by_hand: bool
    who: str | None
    at: str | None
    optics: OpticsAnswer | None
    pixel_A: float | None
    rows: int
    columns: int
    spectrum_kind: str
    file_now: FileNow
    samplings_A: list[float]
    defocus_range_A: tuple[float, float]
    resolution_range_A: tuple[float, float]
    phase_shift: bool
    phase_shift_deg: float
    thonring: str
    cpu_seconds: float | None
    notes: list[str]
    kept: int | None
    attempts: list[AttemptAnswer]
    overlays: dict[int, Overlay]
    history: list[Taken]


def router(view: RunView) -> APIRouter:
    """Give the routes of single micrographs."""
    routes = APIRouter(prefix="/micrographs/{number}", tags=["micrograph"])

    @routes.get("")
    def details(number: Number) -> Details:
        """Tell all that the run has of a micrograph: every attempt with its criteria, and every decision."""
        one = finished(view, number)
        with view.decisions() as decisions:
            history = [taken(action) for action in decisions.history(number)]
        return _details(one, history)

    return routes


def finished(view: RunView, number: int) -> Finished:
    """Read a finished micrograph from the run.

    Raises
    ------
    HTTPException
        404 if there is none of this number.
    """
    with view.store() as store:
        one = read_finished(store, number)
    if one is None:
        raise HTTPException(404, f"micrograph {number} is not finished in this run.")
    return one


def _details(one: Finished, history: list[Taken]) -> Details:
    settings, outcome = run_settings(one), one.outcome
    optics = outcome.optics
    wanted = dict.fromkeys(samplings(settings, outcome.pixel_A))
    return Details(
        number=one.number,
        file=str(outcome.path),
        name=one.name,
        status=outcome.status,
        automatic_status=one.automatic.status,
        reasons=list(outcome.reasons),
        **_decided(one.decision),
        optics=None if optics is None else OpticsAnswer.model_validate(asdict(optics)),
        pixel_A=finite(outcome.pixel_A),
        rows=outcome.shape[0],
        columns=outcome.shape[1],
        spectrum_kind=one.origin.made.spectrum_kind,
        file_now=file_now(one),
        samplings_A=[sampling for sampling in wanted if finite(sampling) is not None],
        defocus_range_A=settings.defocus_range_A,
        resolution_range_A=settings.resolution_range_A,
        phase_shift=settings.phase_shift,
        phase_shift_deg=settings.phase_shift_deg,
        thonring=one.origin.made.thonring,
        cpu_seconds=finite(outcome.cpu_seconds),
        notes=[note.text for note in outcome.notes],
        kept=one.kept,
        attempts=[
            attempt_answer(attempt, settings.limits, number, by_hand=number < 0)
            for number, attempt in one.attempts.items()
        ],
        overlays={number: _overlay(one, attempt) for number, attempt in one.attempts.items()},
        history=history,
    )


def _decided(decision: Decision | None) -> dict[str, Any]:
    return {
        "decided": decision is not None and decision.verdict is not None,
        "verdict_by_hand": None if decision is None else decision.verdict,
        "by_hand": decision is not None and decision.estimated,
        "who": None if decision is None else decision.who,
        "at": None if decision is None else decision.at,
    }


def _overlay(one: Finished, attempt: Attempt) -> Overlay:
    nyquist_per_A = 0.5 / attempt.sampling_A
    x: Points = []
    y: Points = []
    if attempt.fit is not None and one.outcome.optics is not None:
        x, y = map(points, zero_curves(1, attempt.fit, hand_of(attempt.fit).optics(one.outcome.optics))[0])
    return Overlay(
        nyquist_per_A=nyquist_per_A,
        resolutions_A=rings_to_label(nyquist_per_A, LEAST_GAP),
        first_zeros_x_per_A=x,
        first_zeros_y_per_A=y,
    )
