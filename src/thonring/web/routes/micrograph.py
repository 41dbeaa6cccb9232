"""One micrograph: what the run's store has of it."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel

from thonring.batch.jobs import fourier_signals
from thonring.ctf import zero_curves
from thonring.formats.ctffind_files import diagnostic_image
from thonring.manual_fit import evaluate_manual_ctf, manual_ctf_of
from thonring.measurement import samplings
from thonring.plot import rings_to_label, spectrum_png
from thonring.records import Attempt, CtfFit
from thonring.run.ctf_image import read_ctf_image
from thonring.run.decision_status import Decision
from thonring.run.names import spectrum_path
from thonring.run.store import MicrographRecord
from thonring.spectrum import enhance, resample
from thonring.web.measurement_cache import FileNow, file_now, run_settings
from thonring.web.routes.decisions import ActionAnswer, action_answer
from thonring.web.run_view import RunView
from thonring.web.schemas import (
    AttemptAnswer,
    CurveAnswer,
    Number,
    Points,
    SignalsAnswer,
    attempt_answer,
    curve_answer,
    finite,
    points,
    signals_answer,
)

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
    history: list[ActionAnswer]


def router(view: RunView) -> APIRouter:
    """Give the routes of single micrographs."""
    routes = APIRouter(prefix="/micrographs/{number}", tags=["micrograph"])

    @routes.get("")
    def details(number: Number) -> Details:
        """Tell all that the run has of a micrograph: every attempt with its criteria, and every decision."""
        one = finished(view, number)
        with view.decisions() as decisions:
            history = [action_answer(action) for action in decisions.history(number)]
        return _details(one, history)

    _images(routes, view)
    return routes


def finished(view: RunView, number: int) -> MicrographRecord:
    """Read a finished micrograph from the run.

    Raises
    ------
    HTTPException
        404 if there is none of this number.
    """
    with view.store() as store:
        one = store.micrograph(number)
    if one is None:
        raise HTTPException(404, f"micrograph {number} is not finished in this run.")
    return one


def _details(one: MicrographRecord, history: list[ActionAnswer]) -> Details:
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
        spectrum_kind=one.provenance.processing.spectrum_kind,
        file_now=file_now(one),
        samplings_A=[sampling for sampling in wanted if finite(sampling) is not None],
        defocus_range_A=settings.defocus_range_A,
        resolution_range_A=settings.resolution_range_A,
        phase_shift=settings.phase_shift,
        phase_shift_deg=settings.phase_shift_deg,
        thonring=one.provenance.processing.thonring,
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


def _overlay(one: MicrographRecord, attempt: Attempt) -> Overlay:
    nyquist_per_A = 0.5 / attempt.sampling_A
    x: Points = []
    y: Points = []
    if attempt.fit is not None and one.outcome.optics is not None:
        x, y = map(
            points, zero_curves(1, attempt.fit, manual_ctf_of(attempt.fit).optics(one.outcome.optics))[0]
        )
    return Overlay(
        nyquist_per_A=nyquist_per_A,
        resolutions_A=rings_to_label(nyquist_per_A, LEAST_GAP),
        first_zeros_x_per_A=x,
        first_zeros_y_per_A=y,
    )


AttemptNumber = Annotated[
    int | None,
    Query(ge=-(2**31), le=2**31, description="The attempt's number; left out, the one that is kept."),
]
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "A grey picture."}}


class NetworkAnswer(BaseModel):
    """The mean defocus as the packaged network says it, with its standard error and what makes it doubtful."""

    defocus_A: float | None
    sigma_A: float | None
    notes: list[str]


def _images(routes: APIRouter, view: RunView) -> None:
    _pictures(routes, view)

    @routes.get("/profile")
    def profile(number: Number, attempt: AttemptNumber = None) -> CurveAnswer:
        """Hold the CTF of an attempt against the spectrum: power, background, envelope, rings and agreement."""
        one = finished(view, number)
        fit = _fit(one, attempt)
        on = view.workbench.bench(one)
        return curve_answer(
            evaluate_manual_ctf(on.measured, on.profiles, on.settings, manual_ctf_of(fit)).curve
        )

    @routes.get("/signals")
    def signals(number: Number, attempt: AttemptNumber = None) -> SignalsAnswer:
        """Search the spectrum by Fourier transform and give what that saw."""
        one = finished(view, number)
        sampling_A = _attempt(one, attempt).sampling_A
        on = view.workbench.bench(one)
        return signals_answer(fourier_signals(on.evidence(sampling_A), on.settings))

    @routes.get("/network")
    def network(number: Number) -> NetworkAnswer:
        """Ask the packaged network what it says of the spectrum."""
        from thonring.learn.predict import Predictor

        measured = view.workbench.bench(finished(view, number)).measured
        said = Predictor.load().predict_spectrum(measured.spectrum, measured.optics)
        return NetworkAnswer(
            defocus_A=finite(said.defocus_A),
            sigma_A=finite(said.sigma_A),
            notes=[note.text for note in said.notes],
        )


def _pictures(routes: APIRouter, view: RunView) -> None:
    @routes.get("/spectrum.png", response_class=Response, responses=PNG)
    def spectrum(number: Number, attempt: AttemptNumber = None) -> Response:
        """Show the spectrum with the model in its upper left quadrant: the run's file, or of other attempts anew."""
        one = finished(view, number)
        wanted = one.kept if attempt is None else attempt
        if wanted is not None and wanted == one.automatic.chosen:
            picture, _ = read_ctf_image(spectrum_path(view.run, one.name))
            return _png(spectrum_png(picture))
        chosen = _attempt(one, wanted)
        evidence = view.workbench.bench(one).evidence(chosen.sampling_A)
        enhanced = enhance(resample(evidence.measured, chosen.sampling_A))
        if chosen.fit is None:
            return _png(spectrum_png(enhanced))
        return _png(spectrum_png(diagnostic_image(enhanced, chosen.fit, evidence.optics, chosen.sampling_A)))

    @routes.get("/thumbnail.png", response_class=Response, responses=PNG)
    def thumbnail(number: Number) -> Response:
        """Show the micrograph itself, small."""
        picture = view.workbench.bench(finished(view, number)).thumbnail
        if picture is None:
            raise HTTPException(404, f"micrograph {number} was given as a spectrum: there is no image of it.")
        return _png(picture)


def _attempt(one: MicrographRecord, number: int | None) -> Attempt:
    wanted = one.kept if number is None else number
    if wanted is None or wanted not in one.attempts:
        raise HTTPException(404, f"micrograph {one.number} has no attempt {wanted}: nothing to show of it.")
    return one.attempts[wanted]


def _fit(one: MicrographRecord, number: int | None) -> CtfFit:
    fit = _attempt(one, number).fit
    if fit is None:
        raise HTTPException(
            404, f"nothing was fitted in this attempt at micrograph {one.number}: estimate it by hand."
        )
    return fit


def _png(content: bytes) -> Response:
    return Response(content, media_type="image/png")
