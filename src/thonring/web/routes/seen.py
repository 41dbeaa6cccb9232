"""One micrograph to be looked at: pictures, curves and signals, made again from its file."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel

from thonring.batch.signals import fourier_signals
from thonring.by_hand import hand_of, held
from thonring.plot import spectrum_png
from thonring.records import Attempt, CtfFit
from thonring.results import Finished, diagnostic_image, read_ctf_image, spectrum_path
from thonring.spectrum import enhance, resample
from thonring.web.answers import CurveAnswer, SignalsAnswer, curve_answer, finite, signals_answer
from thonring.web.routes.micrograph import finished
from thonring.web.routes.numbers import Number
from thonring.web.run_view import RunView

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


def router(view: RunView) -> APIRouter:
    """Give the routes of pictures and curves."""
    routes = APIRouter(prefix="/micrographs/{number}", tags=["micrograph"])
    _pictures(routes, view)

    @routes.get("/profile")
    def profile(number: Number, attempt: AttemptNumber = None) -> CurveAnswer:
        """Hold the CTF of an attempt against the spectrum: power, background, envelope, rings and agreement."""
        one = finished(view, number)
        fit = _fit(one, attempt)
        on = view.workbench.bench(one)
        return curve_answer(held(on.measured, on.profiles, on.settings, hand_of(fit)).curve)

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
        said = Predictor.load().opinion(measured.spectrum, measured.optics)
        return NetworkAnswer(
            defocus_A=finite(said.defocus_A),
            sigma_A=finite(said.sigma_A),
            notes=[note.text for note in said.notes],
        )

    return routes


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


def _attempt(one: Finished, number: int | None) -> Attempt:
    wanted = one.kept if number is None else number
    if wanted is None or wanted not in one.attempts:
        raise HTTPException(404, f"micrograph {one.number} has no attempt {wanted}: nothing to show of it.")
    return one.attempts[wanted]


def _fit(one: Finished, number: int | None) -> CtfFit:
    fit = _attempt(one, number).fit
    if fit is None:
        raise HTTPException(
            404, f"nothing was fitted in this attempt at micrograph {one.number}: estimate it by hand."
        )
    return fit


def _png(content: bytes) -> Response:
    return Response(content, media_type="image/png")
