"""The estimate by hand: rings set on the spectrum, followed at once, fitted from there, kept or forgotten."""

import base64
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from thonring.ctf import canonical, sin2_quadrant
from thonring.errors import FitError, SettingsError
from thonring.manual_fit import (
    ManualCtf,
    ManualMode,
    Ring,
    defocus_of_ring,
    evaluate_manual_ctf,
    moved_far,
    ring_of,
    rings_of,
)
from thonring.optics import Optics
from thonring.plot import model_png, rings_to_label, spectrum_png
from thonring.records import Attempt, KnownDefocus
from thonring.run.store import MicrographRecord
from thonring.spectrum import enhance, resample
from thonring.web.measurement_cache import MeasuredMicrograph, run_settings
from thonring.web.routes.decisions import ActionAnswer, Reviewer, action_answer
from thonring.web.routes.micrograph import PNG, finished
from thonring.web.run_view import RunView
from thonring.web.schemas import (
    AttemptAnswer,
    CurveAnswer,
    Number,
    Points,
    attempt_answer,
    curve_answer,
    finite,
    points,
)

Defocus = Annotated[float, Field(ge=100, le=170_000, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Frequency = Annotated[float, Field(gt=0, le=5, allow_inf_nan=False)]
Resolution = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Sampling = Annotated[float, Field(ge=0.1, le=20, allow_inf_nan=False)]


class Axes(BaseModel):
    """A defocus, Å and degrees; U and V in any order."""

    model_config = ConfigDict(extra="forbid")

    defocus_u_A: Defocus
    defocus_v_A: Defocus
    angle_deg: Degrees


class RingRequest(BaseModel):
    """A ring of zeros: where it crosses the directions `angle_deg` and at right angles to it."""

    model_config = ConfigDict(extra="forbid")

    zero: Annotated[int, Field(ge=1, le=5)] = 1
    along_per_A: Frequency
    across_per_A: Frequency
    angle_deg: Degrees


class ManualRequest(BaseModel):
    """What the hand set: a defocus, or the ring of one of its zeros; low resolution first in the range."""

    model_config = ConfigDict(extra="forbid")

    defocus: Axes | None = None
    ring: RingRequest | None = None
    phase_shift_deg: Degrees = 0.0
    resolution_range_A: tuple[Resolution, Resolution]

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.defocus is None) == (self.ring is None):
            raise ValueError("give either a defocus or a ring")
        return self


class Moved(ManualRequest):
    """What the hand set, with which zero's ring it holds and at which sampling the spectrum is shown.

    `quadrant` asks for the model's picture.
    """

    zero: Annotated[int, Field(ge=1, le=5)] = 1
    sampling_A: Sampling
    quadrant: bool = False


class Model(BaseModel):
    """What follows the hand: the defocus, the rings of its zeros, the model's quadrant (PNG), the profile against it.

    `ring` is that of the asked zero along U and V, null where the defocus has none. `profile_told` says why there
    is no profile.
    """

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    defocus_A: float
    astigmatism_A: float
    phase_shift_deg: float
    ring: RingRequest | None
    curves_x_per_A: list[Points]
    curves_y_per_A: list[Points]
    quadrant: str | None
    profile: CurveAnswer | None
    profile_told: str
    score: float | None
    fit_resolution_A: float | None


class Estimated(BaseModel):
    """An estimate by hand with its verdict by the criteria, and how far it is from where the hand was."""

    attempt: AttemptAnswer
    moved_A: float
    ran_away: bool
    profile: CurveAnswer | None


class Keeping(ManualRequest):
    """What is to be kept: the fit from there, or the hand's values as they are."""

    way: ManualMode
    who: Reviewer


class Forgetting(BaseModel):
    """Let the automatic estimate stand again."""

    model_config = ConfigDict(extra="forbid")

    who: Reviewer


class Plane(BaseModel):
    """How a spectrum's picture lies: its Nyquist frequency, and the resolutions to draw circles at.

    `sampling_A` is the one asked for, or the finest to which the spectrum was measured.
    """

    sampling_A: float
    nyquist_per_A: float
    pixels: int
    resolutions_A: list[float]


PLANE = 512
"""Pixels of the spectrum's picture each way."""

LEAST_GAP = 0.12


def router(view: RunView) -> APIRouter:
    """Give the routes of the estimate by hand."""
    routes = APIRouter(prefix="/micrographs/{number}/manual", tags=["manual"])

    _shown(routes, view)
    _followed(routes, view)
    _kept(routes, view)
    return routes


def _shown(routes: APIRouter, view: RunView) -> None:
    @routes.get("/spectrum.png", response_class=Response, responses=PNG)
    def spectrum(number: Number, sampling_A: Annotated[Sampling, Query()]) -> Response:
        """Show the spectrum at a sampling, without a model."""
        measured = view.workbench.bench(finished(view, number)).measured
        if sampling_A < 0.999 * measured.spectrum.sampling_A:
            raise SettingsError(
                f"sampling {sampling_A:g} Å/px: the spectrum was measured to {measured.spectrum.sampling_A:.4g} Å/px. "
                "Choose a coarser one."
            )
        picture = spectrum_png(enhance(resample(measured.spectrum, sampling_A, PLANE)))
        return Response(picture, media_type="image/png")

    @routes.get("/plane")
    def plane(number: Number, sampling_A: Annotated[Sampling, Query()]) -> Plane:
        """Tell how the picture of the spectrum lies."""
        measured = view.workbench.bench(finished(view, number)).measured
        used_A = max(sampling_A, measured.spectrum.sampling_A)
        return Plane(
            sampling_A=used_A,
            nyquist_per_A=0.5 / used_A,
            pixels=PLANE,
            resolutions_A=rings_to_label(0.5 / used_A, LEAST_GAP),
        )


def _followed(routes: APIRouter, view: RunView) -> None:
    @routes.post("/model")
    def model(number: Number, moved: Moved) -> Model:
        """Follow the hand: nothing is kept."""
        one = finished(view, number)
        bench = view.workbench.bench(one)
        return _model(bench, _hand(moved, one, bench.measured.optics), moved)

    @routes.post("/fit")
    def fit(number: Number, asked: ManualRequest) -> Estimated:
        """Fit from where the hand is, by the method of the run; nothing is kept."""
        one = finished(view, number)
        bench = view.workbench.bench(one)
        hand = _hand(asked, one, bench.measured.optics)
        return _estimated(bench, hand, view.workbench.estimate(one, hand, "fit"))

    @routes.post("/judge")
    def judge(number: Number, asked: ManualRequest) -> Estimated:
        """Judge the hand's values as they are by the criteria of the run; nothing is kept."""
        one = finished(view, number)
        bench = view.workbench.bench(one)
        hand = _hand(asked, one, bench.measured.optics)
        return _estimated(bench, hand, view.workbench.estimate(one, hand, "hand"))


def _kept(routes: APIRouter, view: RunView) -> None:
    @routes.post("/keep")
    def keep(number: Number, keeping: Keeping) -> ActionAnswer:
        """Keep the fit from there, or the hand's values as they are, in the place of the automatic estimate."""
        one = finished(view, number)
        hand = _hand(keeping, one, view.workbench.bench(one).measured.optics)
        attempt = view.workbench.estimate(one, hand, keeping.way)
        with view.decisions() as decisions:
            return action_answer(decisions.estimate(number, attempt, keeping.who, one.provenance))

    @routes.post("/forget")
    def forget(number: Number, forgetting: Forgetting) -> ActionAnswer:
        """Let the automatic estimate stand again; what was kept stays in the store."""
        with view.decisions() as decisions:
            return action_answer(decisions.forget_estimates([number], forgetting.who))


def _hand(asked: ManualRequest, one: MicrographRecord, optics: Optics) -> ManualCtf:
    low_A, high_A = asked.resolution_range_A
    if not low_A > high_A:
        raise SettingsError(
            f"search band {low_A:g},{high_A:g} Å: the inner circle (low resolution) must lie inside of the outer one."
        )
    kept = None if one.kept is None else one.attempts[one.kept].fit
    contrast = (
        kept.amplitude_contrast if kept is not None and run_settings(one).refine_amplitude_contrast else None
    )
    used = ManualCtf(KnownDefocus(0.0, 0.0, 0.0), asked.resolution_range_A, contrast).optics(optics)
    return ManualCtf(_defocus(asked, used), asked.resolution_range_A, contrast)


def _defocus(asked: ManualRequest, optics: Optics) -> KnownDefocus:
    if asked.defocus is not None:
        given = asked.defocus
        axes = canonical(given.defocus_u_A, given.defocus_v_A, given.angle_deg)
        return KnownDefocus(*axes, asked.phase_shift_deg)
    assert asked.ring is not None
    ring = asked.ring
    return defocus_of_ring(
        Ring(ring.zero, ring.along_per_A, ring.across_per_A, ring.angle_deg), optics, asked.phase_shift_deg
    )


def _model(bench: MeasuredMicrograph, hand: ManualCtf, moved: Moved) -> Model:
    optics = bench.measured.optics
    curves = rings_of(hand, optics)
    told, against = "", None
    try:
        against = evaluate_manual_ctf(bench.measured, bench.profiles, bench.settings, hand)
    except FitError as problem:
        told = str(problem)
    ring = ring_of(hand, optics, moved.zero if moved.ring is None else moved.ring.zero)
    defocus = hand.defocus
    return Model(
        defocus_u_A=defocus.defocus_u_A,
        defocus_v_A=defocus.defocus_v_A,
        angle_deg=defocus.angle_deg,
        defocus_A=0.5 * (defocus.defocus_u_A + defocus.defocus_v_A),
        astigmatism_A=defocus.defocus_u_A - defocus.defocus_v_A,
        phase_shift_deg=defocus.phase_shift_deg,
        ring=None
        if ring is None
        else RingRequest.model_construct(
            zero=ring.number,
            along_per_A=ring.along_per_A,
            across_per_A=ring.across_per_A,
            angle_deg=ring.angle_deg,
        ),
        curves_x_per_A=[points(x) for x in curves[:, 0]],
        curves_y_per_A=[points(y) for y in curves[:, 1]],
        quadrant=_quadrant(hand, optics, moved.sampling_A) if moved.quadrant else None,
        profile=None if against is None else curve_answer(against.curve),
        profile_told=told,
        score=None if against is None else finite(against.score),
        fit_resolution_A=None if against is None else finite(against.fit_resolution_A),
    )


def _quadrant(hand: ManualCtf, optics: Optics, sampling_A: float) -> str:
    picture = model_png(sin2_quadrant(PLANE, sampling_A, hand.defocus, hand.optics(optics)))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _estimated(bench: MeasuredMicrograph, hand: ManualCtf, attempt: Attempt) -> Estimated:
    assert attempt.fit is not None
    start_A = 0.5 * (hand.defocus.defocus_u_A + hand.defocus.defocus_v_A)
    return Estimated(
        attempt=attempt_answer(attempt, bench.settings.limits, None, by_hand=True),
        moved_A=attempt.fit.mean_defocus_A - start_A,
        ran_away=moved_far(hand.defocus, attempt.fit),
        profile=curve_answer(attempt.fit.curve),
    )
