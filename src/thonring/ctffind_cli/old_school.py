"""The lines of CTFFIND 3, as `--old-school-input` takes them."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from thonring.ctffind_cli.questions import Answers, Astigmatism, Expert, Microscope, PhaseShift, Search
from thonring.errors import AnswerError

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
        If a line is missing, has not as many numbers as it should, or follows the last one.
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
    _refuse_more(lines, 6 if of_ctffind4 else 4)
    search = Search(int(box_px), (coarsest_A, finest_A), (lowest_A, highest_A), defocus_step_A)
    astigmatism = Astigmatism(tolerated_A=tolerated_A)
    return Answers(image, diagnostic, frames, microscope, search, astigmatism, phase_shift, Expert())


def _of_ctffind4(lines: Iterator[str]) -> tuple[int | None, PhaseShift | None]:
    is_movie, frames = _values(lines, 5, MOVIE)
    wanted, lowest_rad, highest_rad, step_rad = _values(lines, 6, PHASE_SHIFT)
    if is_movie and not (frames >= 1 and frames.is_integer()):
        raise AnswerError(
            f"line 5 of the input: found {frames:g} frames, expected a whole number of at least 1."
        )
    phase_shift = PhaseShift(lowest_rad, highest_rad, step_rad) if wanted else None
    return (int(frames) if is_movie else None), phase_shift


def _refuse_more(lines: Iterator[str], last: int) -> None:
    """Refuse lines after the last one; blank ones and the mark of an indented here-document are none."""
    more = [line.strip() for line in lines if line.strip().upper() not in {"", "EOF"}]
    if more:
        hint = "" if last > 4 else " Lines for movies and phase shifts need --old-school-input-ctffind4."
        raise AnswerError(
            f"line {last} of the input is the last one, but {len(more)} more follow: {' | '.join(more)}.{hint}"
        )


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
