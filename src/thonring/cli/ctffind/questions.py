"""The questions of CTFFIND 4.1.14, in its words, its order, with its defaults and its bounds."""

from collections.abc import Callable
from pathlib import Path

from thonring.cli.ctffind.answers import (
    Answers,
    Astigmatism,
    Expert,
    Known,
    Microscope,
    PhaseShift,
    Search,
)
from thonring.cli.ctffind.asking import Asker, existing_file, number, whole_number, words, yes_or_no

SMALLEST_BOX_PX = 128
COARSEST_A = 50.0
MOST_PHASE_RAD = 3.15


def ask_all(ask: Asker, images_in: Callable[[Path], int]) -> Answers:
    """Ask what CTFFIND asks; how it goes on depends on the answers and on the number of images in the file.

    Raises
    ------
    ThonringError
        If an answer is missing or wrong, or the images cannot be counted.
    """
    image = ask(existing_file("Input image file name", "input.mrc"))
    frames_averaged = _movie(ask) if images_in(image) > 1 else None
    diagnostic = ask(words("Output diagnostic image file name", "diagnostic_output.mrc"))
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


def _movie(ask: Asker) -> int | None:
    if not ask(yes_or_no("Input is a movie (stack of frames)")):
        return None
    return ask(whole_number("Number of frames to average together", "1", 1))


def _search(ask: Asker) -> Search:
    box_px = ask(whole_number("Size of amplitude spectrum to compute", "512", SMALLEST_BOX_PX))
    coarsest_A = ask(number("Minimum resolution", "30.0", 0.0, COARSEST_A))
    finest_A = ask(number("Maximum resolution", "5.0", 0.0, coarsest_A))
    lowest_A = ask(number("Minimum defocus", "5000.0"))
    highest_A = ask(number("Maximum defocus", "50000.0", lowest_A))
    step_A = ask(number("Defocus search step", "100.0", 1.0))
    return Search(box_px, (coarsest_A, finest_A), (lowest_A, highest_A), step_A)


def _astigmatism(ask: Asker) -> Astigmatism:
    is_known = ask(yes_or_no("Do you know what astigmatism is present?"))
    slower_search = ask(yes_or_no("Slower, more exhaustive search?"))
    if is_known:
        amount_A = ask(number("Known astigmatism", "0.0", 0.0))
        angle_deg = ask(number("Known astigmatism angle", "0.0"))
        return Astigmatism((amount_A, angle_deg), slower_search)
    if not ask(yes_or_no("Use a restraint on astigmatism?")):
        return Astigmatism(None, slower_search)
    tolerated_A = ask(number("Expected (tolerated) astigmatism", "200.0"))
    return Astigmatism(None, slower_search, tolerated_A)


def _phase_shift(ask: Asker) -> PhaseShift | None:
    if not ask(yes_or_no("Find additional phase shift?")):
        return None
    lowest_rad = ask(number("Minimum phase shift (rad)", "0.0", -MOST_PHASE_RAD, MOST_PHASE_RAD))
    highest_rad = ask(number("Maximum phase shift (rad)", "3.15", lowest_rad, MOST_PHASE_RAD))
    step_rad = ask(number("Phase shift search step", "0.5", 0.0, max(highest_rad - lowest_rad, 0.0)))
    return PhaseShift(lowest_rad, highest_rad, step_rad)


def _expert(ask: Asker, *, is_movie: bool, has_phase_shift: bool) -> Expert:
    resample = ask(yes_or_no("Resample micrograph if pixel size too small?", "yes"))
    gain, distortion = _frames(ask) if is_movie else (None, None)
    known = None
    if ask(yes_or_no("Do you already know the defocus?")):
        known = Known(
            defocus_1_A=ask(number("Known defocus 1", "0.0")),
            defocus_2_A=ask(number("Known defocus 2", "0.0")),
            angle_deg=ask(number("Known astigmatism angle", "0.0")),
            phase_shift_rad=ask(number("Known phase shift (radians)", "0.0")) if has_phase_shift else 0.0,
        )
    threads = ask(whole_number("Desired number of parallel threads", "1", 1))
    return Expert(resample, gain, distortion, known, threads)


def _frames(ask: Asker) -> tuple[Path | None, tuple[float, float, float] | None]:
    gain = None
    if not ask(yes_or_no("Movie is gain-corrected?", "yes")):
        gain = ask(existing_file("Gain image filename", "gain.dm4"))
    if not ask(yes_or_no("Correct Movie Mag. Distortion?")):
        return gain, None
    angle_deg = ask(number("Mag. distortion angle", "0.0"))
    major = ask(number("Mag. distortion major scale", "1.0", 0.0))
    minor = ask(number("Mag. distortion minor scale", "1.0", 0.0))
    return gain, (angle_deg, major, minor)
