"""A request carried out: images measured, fitted, drawn, and told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from thonring import pipeline, read, spectrum
from thonring.ctffind_cli.report import CtffindConsole
from thonring.ctffind_cli.settings import CtffindRequest
from thonring.errors import FitError, InputError, ThonringError, UnsuitableImage
from thonring.formats.ctffind import frequencies_per_A, profile_rows
from thonring.formats.ctffind_files import (
    CtffindFiles,
    CtffindResult,
    CtffindRun,
    diagnostic_image,
    write_ctffind_files,
)
from thonring.measurement import Measurement, measure, measure_frames, measured_file
from thonring.quality import CRITERIA, load_profile
from thonring.records import CtfFit, Evidence, Image, Micrograph, Outcome, Source
from thonring.settings import Settings

NEAR_THE_RANGE_DEG = 20.0
"""A phase shift so little outside of the range asked for is left there; others are turned by 180° if that helps."""

Measuring = Callable[[], Measurement]


@dataclass(frozen=True, slots=True)
class _Examined:
    """A fit with what it was made on, and what the verdict says against it."""

    fit: CtfFit
    evidence: Evidence
    reasons: tuple[str, ...]


def perform_ctffind(request: CtffindRequest, report: CtffindConsole) -> int:
    """Estimate what was asked for, write CTFFIND's files, and give the exit code.

    An image of a stack that cannot be estimated leaves a row that says so; if none can, nothing is written.

    Raises
    ------
    ThonringError
        If the input cannot be read, no image can be estimated, or a file cannot be written.
    """
    measurings = list(_measurings(request))
    report.begins(request, len(measurings))
    results: list[CtffindResult] = []
    problem: ThonringError | None = None
    for number, measuring in enumerate(measurings, start=1):
        report.works_on(number, len(measurings))
        try:
            examined = _examined(request, measuring)
            results.append(_result(request, examined))
            report.found(request, results[-1], examined.reasons)
        except ThonringError as error:
            if len(measurings) == 1:
                raise
            problem = error
            report.failed(number, error)
            results.append(_nothing(request))
    if problem is not None and all(result.fit is None for result in results):
        raise problem
    files = CtffindFiles(request.diagnostic)
    write_ctffind_files(files, _run(request), results)
    report.ends(files)
    return 0


def _measurings(request: CtffindRequest) -> Iterator[Measuring]:
    """How to measure each micrograph, once: the file's spectrum, its images one by one, or all of them as frames."""
    settings, finest_A = request.settings, request.sampling_A
    if request.spectrum_kind is not None:
        source = Source(request.image, request.optics)
        yield partial(measured_file, source, settings, request.spectrum_kind)
        return
    images = read.micrographs(request.image, request.optics)
    if request.frames_averaged is not None:
        yield partial(measure_frames, _averaged(images, request), settings, finest_A)
        return
    yield from (partial(measure, image, settings, finest_A) for image in images)


def _averaged(frames: Sequence[Micrograph], request: CtffindRequest) -> Iterator[Micrograph]:
    """Sums of so many neighbouring frames as were asked for, the last of what is left, corrected by the gain."""
    count = min(request.frames_averaged or 1, len(frames))
    gain = _gain(request, frames[0])
    for first in range(0, len(frames), count):
        group = frames[first : first + count]
        total: Image = np.sum([frame.pixels for frame in group], axis=0, dtype=np.float32)
        yield replace(group[0], pixels=total if gain is None else total * gain)


def _gain(request: CtffindRequest, frame: Micrograph) -> Image | None:
    if request.gain is None:
        return None
    gain = read.micrograph(request.gain, request.optics).pixels
    if gain.shape != frame.pixels.shape:
        raise UnsuitableImage(
            f"{request.gain}: found a gain image of {gain.shape[1]} x {gain.shape[0]} pixels, expected those of the "
            f"frames, {frame.pixels.shape[1]} x {frame.pixels.shape[0]}. Turn or bin it as the frames are."
        )
    return np.asarray(gain, dtype=np.float32)


def _examined(request: CtffindRequest, measuring: Measuring) -> _Examined:
    """Examine one micrograph; where its spectrum alone was refused, fit all the same, as CTFFIND would."""
    source = Source(request.image, request.optics)
    measured = measuring()
    outcome, evidence = _examine(source, request, request.settings, measured)
    reasons = outcome.reasons
    if outcome.fit is None and outcome.status == "rejected":
        limits = load_profile(request.settings.profile)
        of_fits = tuple(limit for limit in limits if CRITERIA[limit.criterion].stage == "fit")
        settings = replace(request.settings, limits=of_fits)
        outcome, evidence = _examine(source, request, settings, measured)
        reasons = (*reasons, *outcome.reasons)
    if outcome.status == "failed":
        raise InputError("; ".join(outcome.reasons))
    if outcome.fit is None or evidence is None:
        raise FitError(f"{request.image}: no CTF could be fitted: {'; '.join(outcome.reasons)}")
    return _Examined(outcome.fit, evidence, reasons)


def _examine(
    source: Source, request: CtffindRequest, settings: Settings, measured: Measurement
) -> tuple[Outcome, Evidence | None]:
    return pipeline.examine_measured(source, settings, lambda: measured, known=request.known)


def _result(request: CtffindRequest, examined: _Examined) -> CtffindResult:
    """The fit, with its curve and its resolution as far as the diagnostic image goes, beside its pictures."""
    fitted, evidence = examined.fit, examined.evidence
    finest_A = max(2 * request.pixel_A, min(2 * request.sampling_A, request.settings.resolution_range_A[1]))
    seen = pipeline.agreement(fitted, evidence, request.settings, finest_A)
    fitted = replace(
        fitted,
        curve=seen.curve,
        fit_resolution_A=seen.fit_resolution_A,
        phase_shift_deg=_in_range_deg(fitted.phase_shift_deg, request.settings.phase_shift_range_deg),
    )
    view = spectrum.resample(evidence.measured, request.sampling_A, request.box_px)
    enhanced = spectrum.enhance(view, spectrum.CRITERIA)
    picture = diagnostic_image(enhanced, fitted, evidence.optics, request.sampling_A)
    return CtffindResult(fitted, picture, profile_rows(view, fitted, evidence.optics))


def _in_range_deg(phase_shift_deg: float, range_deg: tuple[float, float] | None) -> float:
    """The phase shift, or the one 180° from it that makes the same rings, whichever is in the range."""
    if range_deg is None:
        return phase_shift_deg

    def outside_deg(shift_deg: float) -> float:
        return max(0.0, range_deg[0] - shift_deg, shift_deg - range_deg[1])

    if outside_deg(phase_shift_deg) <= NEAR_THE_RANGE_DEG:
        return phase_shift_deg
    return min((phase_shift_deg + turn for turn in (0.0, 180.0, -180.0)), key=outside_deg)


def _nothing(request: CtffindRequest) -> CtffindResult:
    box_px = request.box_px
    frequency = frequencies_per_A(box_px, request.sampling_A)
    profile = np.concatenate([frequency[None], np.zeros((5, frequency.size))])
    return CtffindResult(None, np.zeros((box_px, box_px), np.float32), profile)


def _run(request: CtffindRequest) -> CtffindRun:
    return CtffindRun(
        input_file=request.image,
        pixel_A=request.pixel_A,
        optics=request.optics,
        box_px=request.box_px,
        resolution_range_A=request.settings.resolution_range_A,
        defocus_range_A=request.settings.defocus_range_A,
        sampling_A=request.sampling_A,
        frames_averaged=request.frames_averaged or 1,
    )
