"""CTFFIND's answers in Thonring's terms, with remarks on those that have no effect here."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from thonring.ctf import canonical
from thonring.ctffind_cli import questions
from thonring.ctffind_cli.questions import Answers
from thonring.errors import AnswerError
from thonring.optics import Optics
from thonring.records import KnownDefocus
from thonring.settings import Settings, SpectrumKind

FIXED_RANGE_RAD = 1e-3
"""A phase shift between limits closer than this is not fitted."""


@dataclass(frozen=True, slots=True)
class CtffindRequest:
    """One call: what to read, how to estimate, what to write, and `remarks` for the user.

    `sampling_A` is the pixel whose Nyquist frequency ends the diagnostic image of `box_px`; with
    `reports_phase_shift` the phase shift is among the printed results; `ctffind_version` is the release whose
    files are written.
    """

    image: Path
    diagnostic: Path
    optics: Optics
    settings: Settings
    known: KnownDefocus | None
    spectrum_kind: SpectrumKind | None
    frames_averaged: int | None
    gain: Path | None
    box_px: int
    sampling_A: float
    reports_phase_shift: bool
    ctffind_version: str
    remarks: tuple[str, ...]

    @property
    def pixel_A(self) -> float:
        """Pixel size of the input."""
        assert self.optics.pixel_A is not None
        return self.optics.pixel_A


def to_request(answers: Answers, *, amplitude_spectrum: bool = False) -> CtffindRequest:
    """Translate a session.

    Raises
    ------
    ThonringError
        If Thonring cannot do what an answer demands, or a value is impossible.
    """
    _refuse_unsupported(answers)
    if amplitude_spectrum and answers.frames_averaged is not None:
        raise AnswerError(
            "'Input is a movie (stack of frames)': found yes, but amplitude spectra have no frames."
        )
    microscope, search = answers.microscope, answers.search
    optics = Optics(
        microscope.voltage_kV, microscope.cs_mm, microscope.amplitude_contrast, microscope.pixel_A
    )
    settings = Settings(
        defocus_range_A=search.defocus_range_A,
        resolution_range_A=(
            search.resolution_range_A[0],
            max(search.resolution_range_A[1], 2 * microscope.pixel_A),
        ),
    )
    settings = _with_phase_shift(_with_astigmatism(settings, answers), answers)
    known = _known(answers)
    return CtffindRequest(
        image=answers.image,
        diagnostic=answers.diagnostic,
        optics=optics,
        settings=replace(settings, fix_defocus=known is not None),
        known=known,
        spectrum_kind="amplitude" if amplitude_spectrum else None,
        frames_averaged=answers.frames_averaged,
        gain=answers.expert.gain,
        box_px=search.box_px,
        sampling_A=fitting_pixel_A(
            microscope.pixel_A,
            search.box_px,
            resample=answers.expert.resample,
            target_A=answers.expert.target_pixel_A,
        ),
        reports_phase_shift=answers.phase_shift is not None,
        ctffind_version=answers.version,
        remarks=_remarks(answers),
    )


def _refuse_unsupported(answers: Answers) -> None:
    """Refuse what Thonring cannot do and would change the result: the caller would not know that it was left out."""
    asked_by = f"in the dialogue of CTFFIND {answers.version}, which the answers fit"
    if answers.tilt:
        raise AnswerError(
            f"'{questions.TILT_QUESTION}': found yes ({asked_by}); Thonring does not determine the tilt, and a "
            "fit that ignores it is less accurate. Answer no for a fit of the whole image."
        )
    if answers.thickness:
        raise AnswerError(
            f"'{questions.THICKNESS_QUESTION}': found yes ({asked_by}); Thonring does not determine the thickness, "
            "and a fit that ignores it has another defocus. Answer no for a fit without it."
        )
    if not answers.expert.dark_subtracted:
        raise AnswerError(
            f"'{questions.DARK_QUESTION}': found no; Thonring does not subtract a dark image. Answer yes, and "
            "subtract it from the frames beforehand."
        )
    distortion = answers.expert.distortion
    if distortion is not None and distortion[1:] != (1.0, 1.0):
        raise AnswerError(
            "'Correct Movie Mag. Distortion?': found scales other than 1; Thonring does not correct magnification "
            "distortion. Answer no, and correct the frames beforehand."
        )


def fitting_pixel_A(
    pixel_A: float, box_px: int, *, resample: bool, target_A: float = questions.TARGET_PIXEL_A
) -> float:
    """The pixel of CTFFIND's diagnostic image: that of the input, or `target_A` and a little if that is finer.

    CTFFIND crops the spectrum of a larger box, an even number of pixels, to `box_px`.
    """
    if not resample or pixel_A >= target_A:
        return pixel_A
    larger_px = round(box_px * target_A / pixel_A)
    return pixel_A * (larger_px + larger_px % 2) / box_px


def _with_astigmatism(settings: Settings, answers: Answers) -> Settings:
    if answers.expert.known is not None:
        return settings
    return replace(settings, known_astigmatism=answers.astigmatism.known)


def _with_phase_shift(settings: Settings, answers: Answers) -> Settings:
    shift = answers.phase_shift
    if shift is None or answers.expert.known is not None:
        return settings
    low_deg, high_deg = math.degrees(shift.lowest_rad), math.degrees(shift.highest_rad)
    if shift.highest_rad - shift.lowest_rad < FIXED_RANGE_RAD:
        return replace(settings, phase_shift_deg=0.5 * (low_deg + high_deg))
    return replace(settings, phase_shift=True, phase_shift_range_deg=(low_deg, high_deg))


def _known(answers: Answers) -> KnownDefocus | None:
    known = answers.expert.known
    if known is None:
        return None
    axes = canonical(known.defocus_1_A, known.defocus_2_A, known.angle_deg)
    return KnownDefocus(*axes, math.degrees(known.phase_shift_rad))


def _remarks(answers: Answers) -> tuple[str, ...]:
    """One line about answers without effect, and others about what might be misunderstood."""
    unused = [f"defocus search step ({answers.search.defocus_step_A:g} A)"]
    if answers.astigmatism.slower_search:
        unused.append("slower search")
    if answers.astigmatism.tolerated_A is not None:
        unused.append(f"restraint on astigmatism ({answers.astigmatism.tolerated_A:g} A)")
    if answers.phase_shift is not None:
        unused.append(f"phase shift search step ({answers.phase_shift.step_rad:g} rad)")
    if answers.expert.weights_low_resolution is not None:
        wanted = "yes" if answers.expert.weights_low_resolution else "no"
        unused.append(f"weighting down of low resolution ({wanted})")
    if answers.expert.threads > 1:
        unused.append(f"number of threads ({answers.expert.threads})")
    box = f"The box of {answers.search.box_px} pixels sets the size of the diagnostic image only"
    lines = [
        f"Accepted without effect: {', '.join(unused)}.",
        f"{box}; the fit uses the whole image.",
    ]
    finest_A, pixel_A = answers.search.resolution_range_A[1], answers.microscope.pixel_A
    if finest_A < 2 * pixel_A:
        lines.append(
            f"Maximum resolution {finest_A:g} A: the Nyquist limit at {pixel_A:g} A per pixel is {2 * pixel_A:g} A."
        )
    return tuple(lines)
