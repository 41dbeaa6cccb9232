"""The questions of CTFFIND 4.1.14, 4.1.15 and 5 in their words and order, with their defaults and bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from thonring.ctffind_cli.prompts import (
    Prompter,
    any_text,
    existing_file,
    number,
    only_no,
    thread_count,
    whole_number,
    yes_or_no,
)
from thonring.settings import KnownAstigmatism

TARGET_PIXEL_A = 1.4
"""CTFFIND takes spectra of finer images no further than the Nyquist frequency of about this pixel."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Which of the questions that differ between releases are asked.

    Parameters
    ----------
    version
        The release of CTFFIND that asks so.
    tilt
        It asks for the tilt of the specimen, unless a phase shift is searched.
    tilt_with_phase_shift
        The tilt is answered, with no, where a phase shift is searched as well: CTFFIND does not ask then, but
        programs that write all answers in advance do not leave it out.
    thickness
        It asks for the thickness of the specimen.
    dark
        The expert options ask whether the frames of a movie are dark-subtracted.
    spectrum_options
        The expert options ask for the pixel size after resampling and for the weighting of low resolution.
    """

    version: str
    tilt: bool = False
    tilt_with_phase_shift: bool = False
    thickness: bool = False
    dark: bool = False
    spectrum_options: bool = False


CTFFIND_4_1_14 = Dialogue("4.1.14")
CTFFIND_4_1_15 = Dialogue("4.1.15", tilt=True, dark=True)
CTFFIND_5 = Dialogue("5", tilt=True, thickness=True, dark=True, spectrum_options=True)

_RELEASES = (
    CTFFIND_4_1_14,
    CTFFIND_4_1_15,
    replace(CTFFIND_4_1_15, dark=False),
    CTFFIND_5,
    replace(CTFFIND_5, spectrum_options=False),
)

DIALOGUES = (
    *_RELEASES,
    *(replace(release, tilt_with_phase_shift=True) for release in _RELEASES if release.tilt),
)
"""All dialogues; those of one release differ between its builds. Lines that fit several mean the same in each."""


@dataclass(frozen=True, slots=True)
class PhaseShift:
    """The search for an additional phase shift, in radians as in CTFFIND."""

    lowest_rad: float
    highest_rad: float
    step_rad: float


@dataclass(frozen=True, slots=True)
class KnownCtf:
    """A known CTF, which is not searched; the angle in degrees, the phase shift in radians."""

    defocus_1_A: float
    defocus_2_A: float
    angle_deg: float
    phase_shift_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class Microscope:
    """The constants of the microscope, and the pixel size."""

    pixel_A: float
    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float


@dataclass(frozen=True, slots=True)
class Search:
    """The search; ranges are (minimum, maximum) as CTFFIND names them, so the coarse resolution comes first."""

    box_px: int
    resolution_range_A: tuple[float, float]
    defocus_range_A: tuple[float, float]
    defocus_step_A: float


@dataclass(frozen=True, slots=True)
class Astigmatism:
    """The astigmatism: what is known of it, and the largest amount tolerated."""

    known: KnownAstigmatism | None = None
    slower_search: bool = False
    tolerated_A: float | None = None


@dataclass(frozen=True, slots=True)
class Expert:
    """The expert options, with CTFFIND's defaults; `distortion` is an angle in degrees and two scales.

    `dark_subtracted` says whether the frames are, and `weights_low_resolution` is None where it is not asked.
    """

    resample: bool = True
    target_pixel_A: float = TARGET_PIXEL_A
    dark_subtracted: bool = True
    gain: Path | None = None
    distortion: tuple[float, float, float] | None = None
    known: KnownCtf | None = None
    weights_low_resolution: bool | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of one session; `frames_averaged` is None where the input is not a movie.

    `version` is the release of CTFFIND whose questions they answer; `tilt` and `thickness` are whether these
    properties of the specimen are to be determined.
    """

    image: Path
    diagnostic: Path
    frames_averaged: int | None
    microscope: Microscope
    search: Search
    astigmatism: Astigmatism
    phase_shift: PhaseShift | None
    expert: Expert
    tilt: bool = False
    thickness: bool = False
    version: str = field(default=CTFFIND_4_1_14.version, compare=False)


SMALLEST_BOX_PX = 128
COARSEST_A = 50.0
MAX_PHASE_RAD = 3.15

TILT_QUESTION = "Determine sample tilt?"
THICKNESS_QUESTION = "Determine sample thickness?"
DARK_QUESTION = "Movie is dark-subtracted?"
WEIGHT_QUESTION = "Weight down low resolution signal?"


def ask_all(ask: Prompter, images_in: Callable[[Path], int], dialogue: Dialogue = CTFFIND_4_1_14) -> Answers:
    """Ask CTFFIND's questions; which ones depends on its release, the answers, and the images in the file.

    Raises
    ------
    ThonringError
        If an answer is missing or wrong, or the images cannot be counted.
    """
    image = ask(existing_file("Input image file name", "input.mrc"))
    frames_averaged = _movie(ask) if images_in(image) > 1 else None
    diagnostic = ask(any_text("Output diagnostic image file name", "diagnostic_output.mrc"))
    microscope = Microscope(
        pixel_A=ask(number("Pixel size", "1.0", 0.0)),
        voltage_kV=ask(number("Acceleration voltage", "300.0", 0.0)),
        cs_mm=ask(number("Spherical aberration", "2.70", 0.0)),
        amplitude_contrast=ask(number("Amplitude contrast", "0.07", 0.0, 1.0)),
    )
    search = _search(ask)
    astigmatism = _astigmatism(ask)
    phase_shift = _phase_shift(ask)
    has_phase_shift = phase_shift is not None
    tilt = _tilt(ask, dialogue, has_phase_shift=has_phase_shift)
    thickness = _thickness(ask) if dialogue.thickness else False
    expert = Expert()
    if ask(yes_or_no("Do you want to set expert options?")):
        is_movie = frames_averaged is not None
        expert = _expert(ask, dialogue, is_movie=is_movie, has_phase_shift=has_phase_shift)
    return Answers(
        image,
        Path(diagnostic),
        frames_averaged,
        microscope,
        search,
        astigmatism,
        phase_shift,
        expert,
        tilt,
        thickness,
        dialogue.version,
    )


def _movie(ask: Prompter) -> int | None:
    if not ask(yes_or_no("Input is a movie (stack of frames)")):
        return None
    return ask(whole_number("Number of frames to average together", "1", 1))


def _search(ask: Prompter) -> Search:
    box_px = ask(whole_number("Size of amplitude spectrum to compute", "512", SMALLEST_BOX_PX))
    coarsest_A = ask(number("Minimum resolution", "30.0", 0.0, COARSEST_A))
    finest_A = ask(number("Maximum resolution", "5.0", 0.0, coarsest_A))
    lowest_A = ask(number("Minimum defocus", "5000.0"))
    highest_A = ask(number("Maximum defocus", "50000.0", lowest_A))
    step_A = ask(number("Defocus search step", "100.0", 1.0))
    return Search(box_px, (coarsest_A, finest_A), (lowest_A, highest_A), step_A)


def _astigmatism(ask: Prompter) -> Astigmatism:
    is_known = ask(yes_or_no("Do you know what astigmatism is present?"))
    slower_search = ask(yes_or_no("Slower, more exhaustive search?"))
    if is_known:
        amount_A = ask(number("Known astigmatism", "0.0", 0.0))
        angle_deg = ask(number("Known astigmatism angle", "0.0"))
        return Astigmatism(KnownAstigmatism(amount_A, angle_deg), slower_search)
    if not ask(yes_or_no("Use a restraint on astigmatism?")):
        return Astigmatism(None, slower_search)
    tolerated_A = ask(number("Expected (tolerated) astigmatism", "200.0"))
    return Astigmatism(None, slower_search, tolerated_A)


def _phase_shift(ask: Prompter) -> PhaseShift | None:
    if not ask(yes_or_no("Find additional phase shift?")):
        return None
    lowest_rad = ask(number("Minimum phase shift (rad)", "0.0", -MAX_PHASE_RAD, MAX_PHASE_RAD))
    highest_rad = ask(number("Maximum phase shift (rad)", "3.15", lowest_rad, MAX_PHASE_RAD))
    step_rad = ask(number("Phase shift search step", "0.5", 0.0, max(highest_rad - lowest_rad, 0.0)))
    return PhaseShift(lowest_rad, highest_rad, step_rad)


def _tilt(ask: Prompter, dialogue: Dialogue, *, has_phase_shift: bool) -> bool:
    """Whether the tilt is to be determined; CTFFIND does not ask where a phase shift is searched."""
    if has_phase_shift:
        if dialogue.tilt_with_phase_shift:
            ask(only_no(TILT_QUESTION))
        return False
    return dialogue.tilt and ask(yes_or_no(TILT_QUESTION))


def _thickness(ask: Prompter) -> bool:
    """Whether the thickness is to be determined; the details are read, and have no use without it."""
    if not ask(yes_or_no(THICKNESS_QUESTION)):
        return False
    ask(yes_or_no("Use brute force 1D search?", "yes"))
    ask(yes_or_no("Use 2D refinement?", "yes"))
    ask(number("Low resolution limit for nodes", "30.0", 0.0))
    ask(number("High resolution limit for nodes", "3.0", 0.0))
    ask(yes_or_no("Use rounded square for nodes?"))
    ask(yes_or_no("Downweight nodes?"))
    return True


def _expert(ask: Prompter, dialogue: Dialogue, *, is_movie: bool, has_phase_shift: bool) -> Expert:
    resample = ask(yes_or_no("Resample micrograph if pixel size too small?", "yes"))
    target_pixel_A = TARGET_PIXEL_A
    if resample and dialogue.spectrum_options:
        target_pixel_A = ask(number("Target pixel size after resampling", "1.4", 0.0))
    dark_subtracted, gain, distortion = True, None, None
    if is_movie:
        dark_subtracted = _dark_subtracted(ask) if dialogue.dark else True
        gain, distortion = _frames(ask)
    known = _known(ask, has_phase_shift=has_phase_shift)
    weights = ask(yes_or_no(WEIGHT_QUESTION, "yes")) if dialogue.spectrum_options else None
    threads = ask(thread_count("Desired number of parallel threads", "1"))
    return Expert(resample, target_pixel_A, dark_subtracted, gain, distortion, known, weights, threads)


def _known(ask: Prompter, *, has_phase_shift: bool) -> KnownCtf | None:
    if not ask(yes_or_no("Do you already know the defocus?")):
        return None
    return KnownCtf(
        defocus_1_A=ask(number("Known defocus 1", "0.0")),
        defocus_2_A=ask(number("Known defocus 2", "0.0")),
        angle_deg=ask(number("Known astigmatism angle", "0.0")),
        phase_shift_rad=ask(number("Known phase shift (radians)", "0.0")) if has_phase_shift else 0.0,
    )


def _dark_subtracted(ask: Prompter) -> bool:
    if ask(yes_or_no(DARK_QUESTION, "yes")):
        return True
    ask(existing_file("Dark image filename", "dark.dm4"))
    return False


def _frames(ask: Prompter) -> tuple[Path | None, tuple[float, float, float] | None]:
    gain = None
    if not ask(yes_or_no("Movie is gain-corrected?", "yes")):
        gain = ask(existing_file("Gain image filename", "gain.dm4"))
    if not ask(yes_or_no("Correct Movie Mag. Distortion?")):
        return gain, None
    angle_deg = ask(number("Mag. distortion angle", "0.0"))
    major = ask(number("Mag. distortion major scale", "1.0", 0.0))
    minor = ask(number("Mag. distortion minor scale", "1.0", 0.0))
    return gain, (angle_deg, major, minor)
