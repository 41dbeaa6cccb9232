"""The questions of CTFFIND 4.1.14 in its words and order, with its defaults and bounds, and the lines of CTFFIND 3."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from thonring.ctffind_cli.prompts import Prompter, any_text, existing_file, number, whole_number, yes_or_no
from thonring.errors import AnswerError
from thonring.settings import KnownAstigmatism


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
    """The expert options, with CTFFIND's defaults; `distortion` is an angle in degrees and two scales."""

    resample: bool = True
    gain: Path | None = None
    distortion: tuple[float, float, float] | None = None
    known: KnownCtf | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of one session; `frames_averaged` is None where the input is not a movie."""

    image: Path
    diagnostic: Path
    frames_averaged: int | None
    microscope: Microscope
    search: Search
    astigmatism: Astigmatism
    phase_shift: PhaseShift | None
    expert: Expert


SMALLEST_BOX_PX = 128
COARSEST_A = 50.0
MAX_PHASE_RAD = 3.15


def ask_all(ask: Prompter, images_in: Callable[[Path], int]) -> Answers:
    """Ask CTFFIND's questions; which ones depends on the answers and on the number of images in the file.

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
    is_movie = frames_averaged is not None
    expert = Expert()
    if ask(yes_or_no("Do you want to set expert options?")):
        expert = _expert(ask, is_movie=is_movie, has_phase_shift=phase_shift is not None)
    return Answers(
        image, Path(diagnostic), frames_averaged, microscope, search, astigmatism, phase_shift, expert
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


def _expert(ask: Prompter, *, is_movie: bool, has_phase_shift: bool) -> Expert:
    resample = ask(yes_or_no("Resample micrograph if pixel size too small?", "yes"))
    gain, distortion = _frames(ask) if is_movie else (None, None)
    known = None
    if ask(yes_or_no("Do you already know the defocus?")):
        known = KnownCtf(
            defocus_1_A=ask(number("Known defocus 1", "0.0")),
            defocus_2_A=ask(number("Known defocus 2", "0.0")),
            angle_deg=ask(number("Known astigmatism angle", "0.0")),
            phase_shift_rad=ask(number("Known phase shift (radians)", "0.0")) if has_phase_shift else 0.0,
        )
    threads = ask(whole_number("Desired number of parallel threads", "1", 1))
    return Expert(resample, gain, distortion, known, threads)


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


MICROSCOPE = ("Cs mm", "kV", "amplitude contrast", "XMAG", "DStep µm")
SEARCH = ("box", "ResMin Å", "ResMax Å", "dFMin Å", "dFMax Å", "FStep Å", "dAst Å")
MOVIE = ("movie 0 or 1", "frames to average")
PHASE_SHIFT = ("phase shift 0 or 1", "minimum rad", "maximum rad", "step rad")


def read_old_school(lines: Iterator[str], write: Callable[[str], None], *, of_ctffind4: bool) -> Answers:
    """Read two names, a line of five values and one of seven; two lines more as CTFFIND 4 extends it.

    Values are separated by commas, blanks or both.

    Raises
    ------
    AnswerError
        If a line is missing, or has not as many numbers as it should.
    """
    image = Path(_line(lines, 1, "the input image"))
    diagnostic = Path(_line(lines, 2, "the diagnostic image"))
    if not image.is_file():
        raise AnswerError(
            f"line 1 of the input: found {str(image)!r}, expected the name of an existing file."
        )
    cs_mm, voltage_kV, contrast, magnification, step_um = _values(lines, 3, MICROSCOPE)
    if magnification <= 0:
        raise AnswerError(f"line 3 of the input: found an XMAG of {magnification:g}, expected more than 0.")
    write("\n CS[mm], HT[kV], AmpCnst, XMAG, DStep[um]")
    write(f"{cs_mm:5.1f}{voltage_kV:9.1f}{contrast:8.2f}{magnification:10.1f}{step_um:9.3f}\n")
    microscope = Microscope(1e4 * step_um / magnification, voltage_kV, cs_mm, contrast)
    box_px, coarsest_A, finest_A, lowest_A, highest_A, defocus_step_A, tolerated_A = _values(lines, 4, SEARCH)
    if not box_px.is_integer():
        raise AnswerError(
            f"line 4 of the input: found a box of {box_px:g}, expected a whole number of pixels."
        )
    frames, phase_shift = _of_ctffind4(lines) if of_ctffind4 else (None, None)
    search = Search(int(box_px), (coarsest_A, finest_A), (lowest_A, highest_A), defocus_step_A)
    astigmatism = Astigmatism(tolerated_A=tolerated_A)
    return Answers(image, diagnostic, frames, microscope, search, astigmatism, phase_shift, Expert())


def _of_ctffind4(lines: Iterator[str]) -> tuple[int | None, PhaseShift | None]:
    is_movie, frames = _values(lines, 5, MOVIE)
    has_phase_shift, lowest_rad, highest_rad, step_rad = _values(lines, 6, PHASE_SHIFT)
    if is_movie and not (frames >= 1 and frames.is_integer()):
        raise AnswerError(
            f"line 5 of the input: found {frames:g} frames, expected a whole number of at least 1."
        )
    phase_shift = PhaseShift(lowest_rad, highest_rad, step_rad) if has_phase_shift else None
    return (int(frames) if is_movie else None), phase_shift


def _line(lines: Iterator[str], number: int, expected: str) -> str:
    line = next(lines, None)
    if line is None or not line.strip():
        found = "the input ended" if line is None else "found a blank line"
        raise AnswerError(f"line {number} of the input: {found}, expected {expected}.")
    return line.strip()


def _values(lines: Iterator[str], number: int, names: tuple[str, ...]) -> tuple[float, ...]:
    expected = f"{len(names)} numbers: {', '.join(names)}"
    line = _line(lines, number, expected)
    fields = [field for field in re.split(r"[,\s]+", line) if field]
    try:
        values = tuple(float(field) for field in fields)
    except ValueError:
        values = ()
    if len(values) != len(names) or not all(map(math.isfinite, values)):
        raise AnswerError(f"line {number} of the input: found {line!r}, expected {expected}.")
    return values
