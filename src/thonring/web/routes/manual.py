"""Manual estimates: a ring set on the spectrum, shown with its model, fitted from there, kept or discarded."""

import base64
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, Strict, model_validator

from thonring import manual_fit
from thonring.ctf import canonical, sin2_quadrant
from thonring.errors import FitError, SettingsError
from thonring.manual_fit import ManualCtf, ManualMode
from thonring.optics import Optics
from thonring.plot import model_png, rings_to_label, spectrum_png
from thonring.records import KnownDefocus
from thonring.run.store import MicrographRecord
from thonring.spectrum import enhance, resample
from thonring.web import schemas
from thonring.web.measurement_cache import MeasuredMicrograph, micrograph_settings
from thonring.web.routes.decisions import ActionAnswer, Reviewer, action_answer
from thonring.web.routes.micrograph import PNG, finished_micrograph
from thonring.web.run_view import RunView
from thonring.web.schemas import MicrographId, Points, RequestModel, finite

SPECTRUM_PX = 512
"""Size of the spectrum's picture in pixels."""

LABEL_GAP = 0.12
"""Minimum distance between two resolution circles, in Nyquist frequencies."""

Defocus = Annotated[float, Field(ge=100, le=170_000, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Frequency = Annotated[float, Field(gt=0, le=5, allow_inf_nan=False)]
Resolution = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Sampling = Annotated[float, Field(ge=0.1, le=20, allow_inf_nan=False)]
ZeroNumber = Annotated[int, Field(ge=1, le=5)]


class DefocusJson(RequestModel):
    """A defocus in Å and degrees; U and V in any order."""

    defocus_u_A: Defocus
    defocus_v_A: Defocus
    angle_deg: Degrees


class RingJson(RequestModel):
    """A ring of CTF zeros: its radii along the direction `angle_deg` and at right angles to it."""

    zero: ZeroNumber = 1
    along_per_A: Frequency
    across_per_A: Frequency
    angle_deg: Degrees


class ManualRequest(RequestModel):
    """Manual values: a defocus, or the ring of one of its zeros; low resolution first in the range."""

    defocus: DefocusJson | None = None
    ring: RingJson | None = None
    phase_shift_deg: Degrees = 0.0
    # JSON has no tuples: only the array itself may be converted, not its numbers.
    resolution_range_A: Annotated[tuple[Resolution, Resolution], Strict(False)]

    @model_validator(mode="after")
    def _defocus_or_ring(self) -> Self:
        if (self.defocus is None) == (self.ring is None):
            raise ValueError("give either a defocus or a ring")
        return self


class ModelRequest(ManualRequest):
    """Manual values to show: the ring of which zero, at which sampling, and whether with the model's picture."""

    zero: ZeroNumber = 1
    sampling_A: Sampling
    quadrant: bool = False


class KeepRequest(ManualRequest):
    """What to keep: the fit that starts from the manual values, or the values as they are."""

    mode: Annotated[ManualMode, Field(alias="way")]
    who: Reviewer


class DiscardRequest(RequestModel):
    """Discard the manual estimate and use the automatic one again."""

    who: Reviewer


class SpectrumAnswer(BaseModel):
    """The scale of a spectrum's picture, and the resolutions to draw circles at.

    `sampling_A` is the requested one, or the finest at which the spectrum was measured.
    """

    sampling_A: float
    nyquist_per_A: float
    pixels: int
    resolutions_A: list[float]


class ModelAnswer(BaseModel):
    """The model of manual values: defocus, curves of the zeros, quadrant (PNG), and the profile with its score.

    `ring` is that of the requested zero along U and V, null where the defocus has none.
    """

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    defocus_A: float
    astigmatism_A: float
    phase_shift_deg: float
    ring: RingJson | None
    curves_x_per_A: list[Points]
    curves_y_per_A: list[Points]
    quadrant: str | None
    profile: schemas.CurveAnswer | None
    profile_message: Annotated[
        str, Field(serialization_alias="profile_told", description="Why there is no profile.")
    ]
    score: float | None
    fit_resolution_A: float | None


class EstimateAnswer(BaseModel):
    """A manual estimate with its verdict by the criteria, and how far the fit moved from the manual values."""

    attempt: schemas.AttemptAnswer
    moved_A: float
    moved_far: Annotated[bool, Field(serialization_alias="ran_away")]
    profile: schemas.CurveAnswer | None


def router(view: RunView) -> APIRouter:
    """Create the routes of the manual estimate."""
    routes = APIRouter(prefix="/micrographs/{number}/manual", tags=["manual"])
    _add_spectrum(routes, view)
    _add_estimates(routes, view)
    _add_decisions(routes, view)
    return routes


def _add_spectrum(routes: APIRouter, view: RunView) -> None:
    @routes.get("/spectrum.png", response_class=Response, responses=PNG)
    def spectrum(number: MicrographId, sampling_A: Annotated[Sampling, Query()]) -> Response:
        """Show the spectrum at a sampling, without a model."""
        measured = view.measurements.get(finished_micrograph(view, number)).measurement.spectrum
        if sampling_A < 0.999 * measured.sampling_A:
            raise SettingsError(
                f"sampling {sampling_A:g} Å/px: the spectrum was measured only to {measured.sampling_A:.4g} Å/px. "
                "Choose a coarser one."
            )
        picture = spectrum_png(enhance(resample(measured, sampling_A, SPECTRUM_PX)))
        return Response(picture, media_type="image/png")

    @routes.get("/plane")
    def plane(number: MicrographId, sampling_A: Annotated[Sampling, Query()]) -> SpectrumAnswer:
        """Return the scale of the spectrum's picture."""
        measured = view.measurements.get(finished_micrograph(view, number)).measurement
        used_A = max(sampling_A, measured.spectrum.sampling_A)
        return SpectrumAnswer(
            sampling_A=used_A,
            nyquist_per_A=0.5 / used_A,
            pixels=SPECTRUM_PX,
            resolutions_A=rings_to_label(0.5 / used_A, LABEL_GAP),
        )


def _add_estimates(routes: APIRouter, view: RunView) -> None:
    @routes.post("/model")
    def model(number: MicrographId, request: ModelRequest) -> ModelAnswer:
        """Show the model of manual values; nothing is kept."""
        record = finished_micrograph(view, number)
        measured = view.measurements.get(record)
        return _model(measured, _manual_ctf(request, record, measured), request)

    @routes.post("/fit")
    def fit(number: MicrographId, request: ManualRequest) -> EstimateAnswer:
        """Fit from the manual values, by the method of the run; nothing is kept."""
        return _estimate(view, number, request, "fit")

    @routes.post("/judge")
    def judge(number: MicrographId, request: ManualRequest) -> EstimateAnswer:
        """Judge the manual values as they are by the criteria of the run; nothing is kept."""
        return _estimate(view, number, request, "hand")


def _add_decisions(routes: APIRouter, view: RunView) -> None:
    @routes.post("/keep")
    def keep(number: MicrographId, request: KeepRequest) -> ActionAnswer:
        """Keep the fit from the manual values, or the values as they are, in place of the automatic estimate."""
        record = finished_micrograph(view, number)
        ctf = _manual_ctf(request, record, view.measurements.get(record))
        attempt = view.measurements.estimate(record, ctf, request.mode)
        with view.decisions() as decisions:
            return action_answer(decisions.estimate(number, attempt, request.who, record.provenance))

    @routes.post("/forget")
    def discard(number: MicrographId, request: DiscardRequest) -> ActionAnswer:
        """Use the automatic estimate again; the manual one stays in the database."""
        with view.decisions() as decisions:
            return action_answer(decisions.forget_estimates([number], request.who))


def _manual_ctf(request: ManualRequest, record: MicrographRecord, measured: MeasuredMicrograph) -> ManualCtf:
    """Read manual values; an amplitude contrast that the run fits is that of the kept attempt.

    Raises
    ------
    SettingsError
        If the ends of the search band are swapped.
    FitError
        If no defocus has this ring.
    """
    low_A, high_A = request.resolution_range_A
    if not low_A > high_A:
        raise SettingsError(
            f"search band {low_A:g},{high_A:g} Å: the inner circle (low resolution) must be inside the outer one."
        )
    kept = None if record.kept is None else record.attempts[record.kept].fit
    fitted = kept is not None and micrograph_settings(record).refine_amplitude_contrast
    contrast = kept.amplitude_contrast if kept is not None and fitted else None
    ctf = ManualCtf(KnownDefocus(0.0, 0.0, 0.0), request.resolution_range_A, contrast)
    defocus = _defocus(request, ctf.optics(measured.measurement.optics))
    return ManualCtf(defocus, request.resolution_range_A, contrast)


def _defocus(request: ManualRequest, optics: Optics) -> KnownDefocus:
    if request.defocus is not None:
        given = request.defocus
        axes = canonical(given.defocus_u_A, given.defocus_v_A, given.angle_deg)
        return KnownDefocus(*axes, request.phase_shift_deg)
    assert request.ring is not None
    ring = request.ring
    return manual_fit.defocus_of_ring(
        manual_fit.Ring(ring.zero, ring.along_per_A, ring.across_per_A, ring.angle_deg),
        optics,
        request.phase_shift_deg,
    )


def _model(measured: MeasuredMicrograph, ctf: ManualCtf, request: ModelRequest) -> ModelAnswer:
    optics, defocus = measured.measurement.optics, ctf.defocus
    curves = manual_fit.rings_of(ctf, optics)
    message, compared = "", None
    try:
        compared = manual_fit.evaluate_manual_ctf(
            measured.measurement, measured.profiles, measured.settings, ctf
        )
    except FitError as problem:
        message = str(problem)
    ring = manual_fit.ring_of(ctf, optics, request.zero if request.ring is None else request.ring.zero)
    return ModelAnswer(
        defocus_u_A=defocus.defocus_u_A,
        defocus_v_A=defocus.defocus_v_A,
        angle_deg=defocus.angle_deg,
        defocus_A=0.5 * (defocus.defocus_u_A + defocus.defocus_v_A),
        astigmatism_A=defocus.defocus_u_A - defocus.defocus_v_A,
        phase_shift_deg=defocus.phase_shift_deg,
        ring=None if ring is None else _ring_json(ring),
        curves_x_per_A=[schemas.points(x) for x in curves[:, 0]],
        curves_y_per_A=[schemas.points(y) for y in curves[:, 1]],
        quadrant=_quadrant(ctf, optics, request.sampling_A) if request.quadrant else None,
        profile=None if compared is None else schemas.curve_answer(compared.curve),
        profile_message=message,
        score=None if compared is None else finite(compared.score),
        fit_resolution_A=None if compared is None else finite(compared.fit_resolution_A),
    )


def _ring_json(ring: manual_fit.Ring) -> RingJson:
    # Not validated: a ring that was computed may be outside the range that may be set.
    return RingJson.model_construct(
        zero=ring.number,
        along_per_A=ring.along_per_A,
        across_per_A=ring.across_per_A,
        angle_deg=ring.angle_deg,
    )


def _quadrant(ctf: ManualCtf, optics: Optics, sampling_A: float) -> str:
    picture = model_png(sin2_quadrant(SPECTRUM_PX, sampling_A, ctf.defocus, ctf.optics(optics)))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _estimate(view: RunView, number: int, request: ManualRequest, mode: ManualMode) -> EstimateAnswer:
    record = finished_micrograph(view, number)
    measured = view.measurements.get(record)
    ctf = _manual_ctf(request, record, measured)
    attempt = view.measurements.estimate(record, ctf, mode)
    assert attempt.fit is not None
    start_A = 0.5 * (ctf.defocus.defocus_u_A + ctf.defocus.defocus_v_A)
    return EstimateAnswer(
        attempt=schemas.attempt_answer(attempt, measured.settings.limits, None, by_hand=True),
        moved_A=attempt.fit.mean_defocus_A - start_A,
        moved_far=manual_fit.moved_far(ctf.defocus, attempt.fit),
        profile=schemas.curve_answer(attempt.fit.curve),
    )
