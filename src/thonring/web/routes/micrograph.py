"""One micrograph: its stored data, its pictures, and the curves computed from its file."""

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
from thonring.web import schemas
from thonring.web.measurement_cache import FileStatus, file_status, micrograph_settings
from thonring.web.routes.decisions import ActionAnswer, action_answer
from thonring.web.run_view import RunView
from thonring.web.schemas import MicrographId, Points, finite

LABEL_GAP = 0.17
"""Minimum distance between two resolution circles, in Nyquist frequencies."""

AttemptNumber = Annotated[
    schemas.AddressInteger | None,
    Query(ge=-(2**31), le=2**31, description="The attempt's number; by default the one that is kept."),
]
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "A grey picture."}}


class OpticsAnswer(BaseModel):
    """Optics of the microscope as used for the estimate."""

    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float


class OverlayAnswer(BaseModel):
    """Overlays on the picture of an attempt's spectrum, in 1/Å from its centre, y downwards."""

    nyquist_per_A: float
    resolutions_A: list[float]
    first_zeros_x_per_A: Points
    first_zeros_y_per_A: Points


class DetailsAnswer(BaseModel):
    """All stored data of a micrograph; `kept` is the number of the attempt in use.

    `by_hand` says whether that is a manual estimate, `verdict_by_hand` is a manual verdict, `file_now` whether its
    file is still the one that was estimated; `samplings_A` are those that the run tries.
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
    file_now: FileStatus
    samplings_A: list[float]
    defocus_range_A: tuple[float, float]
    resolution_range_A: tuple[float, float]
    phase_shift: bool
    phase_shift_deg: float
    thonring: str
    cpu_seconds: float | None
    notes: list[str]
    kept: int | None
    attempts: list[schemas.AttemptAnswer]
    overlays: dict[int, OverlayAnswer]
    history: list[ActionAnswer]


class NetworkAnswer(BaseModel):
    """The mean defocus predicted by the packaged network, its standard error, and remarks on its reliability."""

    defocus_A: float | None
    sigma_A: float | None
    notes: list[str]


def router(view: RunView) -> APIRouter:
    """Create the routes of single micrographs."""
    routes = APIRouter(prefix="/micrographs/{number}", tags=["micrograph"])

    @routes.get("")
    def details(number: MicrographId) -> DetailsAnswer:
        """Return all stored data of a micrograph: every attempt with its criteria, and every decision."""
        record = finished_micrograph(view, number)
        with view.decisions() as decisions:
            history = [action_answer(action) for action in decisions.history(number)]
        return _details(record, history)

    _add_pictures(routes, view)
    _add_curves(routes, view)
    return routes


def _add_pictures(routes: APIRouter, view: RunView) -> None:
    @routes.get("/spectrum.png", response_class=Response, responses=PNG)
    def spectrum(number: MicrographId, attempt: AttemptNumber = None) -> Response:
        """Show the spectrum with the model in its upper left quadrant; computed again if it is not stored."""
        record = finished_micrograph(view, number)
        index = record.kept if attempt is None else attempt
        if index is not None and index == record.automatic.chosen:
            picture, _ = read_ctf_image(spectrum_path(view.run, record.name))
            return _png(spectrum_png(picture))
        chosen = _attempt(record, index)
        evidence = view.measurements.get(record).evidence(chosen.sampling_A)
        enhanced = enhance(resample(evidence.measured, chosen.sampling_A))
        if chosen.fit is None:
            return _png(spectrum_png(enhanced))
        return _png(spectrum_png(diagnostic_image(enhanced, chosen.fit, evidence.optics, chosen.sampling_A)))

    @routes.get("/thumbnail.png", response_class=Response, responses=PNG)
    def thumbnail(number: MicrographId) -> Response:
        """Show the micrograph itself, small."""
        picture = view.measurements.get(finished_micrograph(view, number)).thumbnail
        if picture is None:
            raise HTTPException(404, f"micrograph {number} is a given spectrum: there is no image of it.")
        return _png(picture)


def _add_curves(routes: APIRouter, view: RunView) -> None:
    @routes.get("/profile")
    def profile(number: MicrographId, attempt: AttemptNumber = None) -> schemas.CurveAnswer:
        """Compare the CTF of an attempt with the spectrum: power, background, envelope, rings and agreement."""
        record = finished_micrograph(view, number)
        ctf = manual_ctf_of(_fit(record, attempt))
        measured = view.measurements.get(record)
        compared = evaluate_manual_ctf(measured.measurement, measured.profiles, measured.settings, ctf)
        return schemas.curve_answer(compared.curve)

    @routes.get("/signals")
    def signals(number: MicrographId, attempt: AttemptNumber = None) -> schemas.SignalsAnswer:
        """Search the spectrum by Fourier transform, and return the curves of that search."""
        record = finished_micrograph(view, number)
        sampling_A = _attempt(record, attempt).sampling_A
        measured = view.measurements.get(record)
        return schemas.signals_answer(fourier_signals(measured.evidence(sampling_A), measured.settings))

    @routes.get("/network")
    def network(number: MicrographId) -> NetworkAnswer:
        """Predict the defocus from the spectrum with the packaged network."""
        from thonring.learn.predict import Predictor

        measured = view.measurements.get(finished_micrograph(view, number)).measurement
        predicted = Predictor.load().predict_spectrum(measured.spectrum, measured.optics)
        return NetworkAnswer(
            defocus_A=finite(predicted.defocus_A),
            sigma_A=finite(predicted.sigma_A),
            notes=[note.text for note in predicted.notes],
        )


def finished_micrograph(view: RunView, number: int) -> MicrographRecord:
    """Read a finished micrograph from the run.

    Raises
    ------
    HTTPException
        404 if there is none with this number.
    """
    with view.store() as store:
        record = store.micrograph(number)
    if record is None:
        raise HTTPException(404, f"micrograph {number} is not finished in this run.")
    return record


def _details(record: MicrographRecord, history: list[ActionAnswer]) -> DetailsAnswer:
    settings, outcome = micrograph_settings(record), record.outcome
    optics = outcome.optics
    # Several settings may mean the same sampling, and without a pixel size there is none.
    tried_A = dict.fromkeys(samplings(settings, outcome.pixel_A))
    return DetailsAnswer(
        number=record.number,
        file=str(outcome.path),
        name=record.name,
        status=outcome.status,
        automatic_status=record.automatic.status,
        reasons=list(outcome.reasons),
        **_decision(record.decision),
        optics=None if optics is None else OpticsAnswer.model_validate(asdict(optics)),
        pixel_A=finite(outcome.pixel_A),
        rows=outcome.shape[0],
        columns=outcome.shape[1],
        spectrum_kind=record.provenance.processing.spectrum_kind,
        file_now=file_status(record),
        samplings_A=[sampling_A for sampling_A in tried_A if finite(sampling_A) is not None],
        defocus_range_A=settings.defocus_range_A,
        resolution_range_A=settings.resolution_range_A,
        phase_shift=settings.phase_shift,
        phase_shift_deg=settings.phase_shift_deg,
        thonring=record.provenance.processing.thonring,
        cpu_seconds=finite(outcome.cpu_seconds),
        notes=[note.text for note in outcome.notes],
        kept=record.kept,
        attempts=[
            schemas.attempt_answer(attempt, settings.limits, number, by_hand=number < 0)
            for number, attempt in record.attempts.items()
        ],
        overlays={number: _overlay(record, attempt) for number, attempt in record.attempts.items()},
        history=history,
    )


def _decision(decision: Decision | None) -> dict[str, Any]:
    return {
        "decided": decision is not None and decision.verdict is not None,
        "verdict_by_hand": None if decision is None else decision.verdict,
        "by_hand": decision is not None and decision.estimated,
        "who": None if decision is None else decision.who,
        "at": None if decision is None else decision.at,
    }


def _overlay(record: MicrographRecord, attempt: Attempt) -> OverlayAnswer:
    nyquist_per_A = 0.5 / attempt.sampling_A
    x: Points = []
    y: Points = []
    if attempt.fit is not None and record.outcome.optics is not None:
        optics = manual_ctf_of(attempt.fit).optics(record.outcome.optics)
        x, y = map(schemas.points, zero_curves(1, attempt.fit, optics)[0])
    return OverlayAnswer(
        nyquist_per_A=nyquist_per_A,
        resolutions_A=rings_to_label(nyquist_per_A, LABEL_GAP),
        first_zeros_x_per_A=x,
        first_zeros_y_per_A=y,
    )


def _attempt(record: MicrographRecord, number: int | None) -> Attempt:
    index = record.kept if number is None else number
    if index is None or index not in record.attempts:
        raise HTTPException(404, f"micrograph {record.number} has no attempt {index}.")
    return record.attempts[index]


def _fit(record: MicrographRecord, number: int | None) -> CtfFit:
    fit = _attempt(record, number).fit
    if fit is None:
        raise HTTPException(
            404, f"this attempt at micrograph {record.number} has no fit: make a manual estimate."
        )
    return fit


def _png(content: bytes) -> Response:
    return Response(content, media_type="image/png")
