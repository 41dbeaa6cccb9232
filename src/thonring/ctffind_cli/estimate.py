"""One call of `thonring-ctffind`: images measured and fitted, CTFFIND's files written, its lines printed.

The lines are those that other programs look for in CTFFIND's output.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

import numpy as np

from thonring import pipeline, read, spectrum
from thonring.ctffind_cli.settings import CtffindRequest
from thonring.errors import FitError, InputError, ThonringError, UnsuitableImage
from thonring.formats import ctffind_files
from thonring.formats.ctffind import frequencies_per_A, profile_rows
from thonring.measurement import Measurement, measure, measure_frames, measured_file
from thonring.quality import CRITERIA, load_profile
from thonring.records import CtfFit, Evidence, Image, Micrograph, Outcome, Source
from thonring.settings import Settings

RANGE_MARGIN_DEG = 20.0
"""A phase shift this little outside the range is kept; others are turned by 180° if that brings them closer."""

Measure = Callable[[], Measurement]


class CtffindConsole:
    """Prints how a call goes; `old_school` adds the lines by which readers of CTFFIND 3 find the values."""

    def __init__(
        self, write: Callable[[str], None], warn: Callable[[str], None], *, old_school: bool = False
    ) -> None:
        self._write = write
        self._warn = warn
        self._old_school = old_school

    def print_welcome(self, mode: str, ctffind_version: str) -> None:
        """Print which program runs, and which release of CTFFIND it emulates."""
        self._write("\n\n        **   Welcome to Ctffind   **\n")
        self._write(f"            Version : {ctffind_version}, emulated by Thonring {version('thonring')}")
        self._write(f"               Mode : {mode}\n")

    def print_start(self, request: CtffindRequest, micrographs: int) -> None:
        """Print the remarks on the input, and what will be estimated."""
        self._write("")
        for remark in request.remarks:
            self._write(remark)
        self._write(f"File name: {request.image.name}")
        self._write(f"Number of micrographs: {micrographs}")

    def print_progress(self, number: int, micrographs: int) -> None:
        """Print which micrograph is next."""
        self._write(f"Working on micrograph {number} of {micrographs}")

    def print_result(
        self, request: CtffindRequest, result: ctffind_files.CtffindResult, reasons: tuple[str, ...]
    ) -> None:
        """Print the values of one micrograph, and the verdict."""
        fit = result.fit
        if fit is None:
            return
        if self._old_school:
            self._write("\n      DFMID1      DFMID2      ANGAST          CC\n")
            axes = f"{fit.defocus_u_A:12.2f}{fit.defocus_v_A:12.2f}{fit.angle_deg:12.2f}"
            self._write(f"{axes}{fit.score:12.5f}   Final Values")
        self._write("\n")
        self._write(
            f"Estimated defocus values        : {fit.defocus_u_A:.2f} , {fit.defocus_v_A:.2f} Angstroms"
        )
        self._write(f"Estimated azimuth of astigmatism: {fit.angle_deg:.2f} degrees")
        if request.reports_phase_shift:
            self._write(_phase_shift_line(fit))
        self._write(f"Score                           : {fit.score:.5f}")
        self._write(f"Pixel size for fitting          : {request.sampling_A:.3f} Angstroms")
        self._write(f"Thon rings with good fit up to  : {fit.fit_resolution_A:.1f} Angstroms")
        self._write(f"Standard error of the defocus   : {fit.defocus_sigma_A:.1f} Angstroms")
        verdict = "accepted" if not reasons else f"rejected: {' '.join(reasons)}"
        self._write(f"Thonring's verdict              : {verdict}")
        for note in fit.notes:
            self._write(f"Note                            : {note.text}")

    def print_failure(self, number: int, problem: ThonringError) -> None:
        """Print that a micrograph has no result, and why."""
        self._warn(f"thonring-ctffind: micrograph {number}: {problem}")

    def print_files(self, files: ctffind_files.CtffindFiles) -> None:
        """Print the names of the files; RELION finds its values by the first of these lines."""
        self._write("\n")
        self._write(f"Summary of results                          : {files.text}")
        self._write(f"Diagnostic images                           : {files.diagnostic}")
        self._write(f"Detailed results, including 1D fit profiles : {files.profiles}")
        self._write("\n")


def _phase_shift_line(fit: CtfFit) -> str:
    shift_rad = math.radians(fit.phase_shift_deg)
    return (
        f"Additional phase shift          : {fit.phase_shift_deg:.3f} degrees ({shift_rad:.3f} radians) "
        f"({shift_rad / math.pi:.3f} PI)"
    )


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A fit, the data that it was fitted to, and the reasons of the verdict against it."""

    fit: CtfFit
    evidence: Evidence
    reasons: tuple[str, ...]


def estimate_ctffind(request: CtffindRequest, console: CtffindConsole) -> None:
    """Estimate the CTF of each image, print the results and write CTFFIND's files.

    An image of a stack that cannot be estimated leaves a row that says so; if none can, nothing is written.

    Raises
    ------
    ThonringError
        If the input cannot be read, no image can be estimated, or a file cannot be written.
    """
    measures = list(_measures(request))
    console.print_start(request, len(measures))
    results: list[ctffind_files.CtffindResult] = []
    problem: ThonringError | None = None
    for number, measure_one in enumerate(measures, start=1):
        console.print_progress(number, len(measures))
        try:
            estimate = _estimate(request, measure_one)
            results.append(_result(request, estimate))
            console.print_result(request, results[-1], estimate.reasons)
        except ThonringError as error:
            if len(measures) == 1:
                raise
            problem = error
            console.print_failure(number, error)
            results.append(_no_result(request))
    if problem is not None and all(result.fit is None for result in results):
        raise problem
    files = ctffind_files.CtffindFiles(request.diagnostic)
    ctffind_files.write_ctffind_files(files, _run(request), results)
    console.print_files(files)


def _measures(request: CtffindRequest) -> Iterator[Measure]:
    """A function for each micrograph that measures it: a spectrum, one image of a stack, or all frames of a movie."""
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
    """Sums of `frames_averaged` consecutive frames, the last of those that remain, multiplied by the gain."""
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
            f"{request.gain}: the gain image has {gain.shape[1]} x {gain.shape[0]} pixels, expected those of the "
            f"frames, {frame.pixels.shape[1]} x {frame.pixels.shape[0]}. Rotate or bin it to match the frames."
        )
    return np.asarray(gain, dtype=np.float32)


def _estimate(request: CtffindRequest, measure_one: Measure) -> _Estimate:
    """Estimate one micrograph; where it was rejected on its spectrum alone, fit all the same, as CTFFIND does."""
    source = Source(request.image, request.optics)
    measured = measure_one()
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
    return _Estimate(outcome.fit, evidence, reasons)


def _examine(
    source: Source, request: CtffindRequest, settings: Settings, measured: Measurement
) -> tuple[Outcome, Evidence | None]:
    return pipeline.examine_measured(source, settings, lambda: measured, known=request.known)


def _result(request: CtffindRequest, estimate: _Estimate) -> ctffind_files.CtffindResult:
    """The fit and its images; its curve and its resolution end where the diagnostic image does."""
    fitted, evidence = estimate.fit, estimate.evidence
    finest_A = max(2 * request.pixel_A, min(2 * request.sampling_A, request.settings.resolution_range_A[1]))
    agreement = pipeline.agreement(fitted, evidence, request.settings, finest_A)
    fitted = replace(
        fitted,
        curve=agreement.curve,
        fit_resolution_A=agreement.fit_resolution_A,
        phase_shift_deg=_in_range_deg(fitted.phase_shift_deg, request.settings.phase_shift_range_deg),
    )
    view = spectrum.resample(evidence.measured, request.sampling_A, request.box_px)
    enhanced = spectrum.enhance(view, spectrum.CRITERIA)
    picture = ctffind_files.diagnostic_image(enhanced, fitted, evidence.optics, request.sampling_A)
    return ctffind_files.CtffindResult(fitted, picture, profile_rows(view, fitted, evidence.optics))


def _in_range_deg(phase_shift_deg: float, range_deg: tuple[float, float] | None) -> float:
    """The phase shift, or the one 180° away, which gives the same rings, whichever is in the range."""
    if range_deg is None:
        return phase_shift_deg

    def outside_deg(shift_deg: float) -> float:
        return max(0.0, range_deg[0] - shift_deg, shift_deg - range_deg[1])

    if outside_deg(phase_shift_deg) <= RANGE_MARGIN_DEG:
        return phase_shift_deg
    return min((phase_shift_deg + turn for turn in (0.0, 180.0, -180.0)), key=outside_deg)


def _no_result(request: CtffindRequest) -> ctffind_files.CtffindResult:
    """What CTFFIND's files hold for an image that could not be estimated: the frequencies, and zeros."""
    box_px = request.box_px
    frequency = frequencies_per_A(box_px, request.sampling_A)
    profile = np.concatenate([frequency[None], np.zeros((5, frequency.size))])
    return ctffind_files.CtffindResult(None, np.zeros((box_px, box_px), np.float32), profile)


def _run(request: CtffindRequest) -> ctffind_files.CtffindRun:
    return ctffind_files.CtffindRun(
        input_file=request.image,
        pixel_A=request.pixel_A,
        optics=request.optics,
        box_px=request.box_px,
        resolution_range_A=request.settings.resolution_range_A,
        defocus_range_A=request.settings.defocus_range_A,
        sampling_A=request.sampling_A,
        frames_averaged=request.frames_averaged or 1,
        ctffind_version=request.ctffind_version,
    )
