"""Sessions with CTFFIND: recorded ones, any others that it accepts, and the lines that they consist of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from hypothesis import strategies as st

from thonring.ctffind_cli.questions import (
    CTFFIND_4_1_14,
    CTFFIND_4_1_15,
    CTFFIND_5,
    Answers,
    Astigmatism,
    Expert,
    KnownCtf,
    Microscope,
    PhaseShift,
    Search,
)
from thonring.settings import KnownAstigmatism

REFERENCE = Path(__file__).parents[1] / "reference" / "ctffind"
SESSIONS: dict[str, Any] = json.loads((REFERENCE / "sessions.json").read_text())
DEFAULTS: dict[str, str] = json.loads((REFERENCE / "defaults.json").read_text())
PLAIN = [answer for _, answer in SESSIONS["plain"]["asked"]]
VERSIONS = (CTFFIND_4_1_14.version, CTFFIND_4_1_15.version, CTFFIND_5.version)
THICKNESS = ["yes", "yes", "yes", 30, 3, "no", "no"]
"""A wish for the thickness of the specimen, with the details as RELION 5 gives them."""
IMAGES = {"image.mrc": 1, "stack.mrc": 3, "spectrum.mrc": 1, "gain.mrc": 1}


def files(folder: Path) -> Path:
    """The files of the recorded sessions, by their number of images, in a folder."""
    for name, images in IMAGES.items():
        with mrcfile.new(folder / name) as mrc:
            mrc.set_data(np.zeros((images, 8, 8), np.float32))
    return folder


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 3))


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def answers(draw: Callable[..., Any], version: str = CTFFIND_4_1_14.version) -> Answers:
    """Any session that a release of CTFFIND accepts on the files above."""
    asks_tilt, asks_thickness = version != CTFFIND_4_1_14.version, version == CTFFIND_5.version
    is_stack = draw(st.booleans())
    frames = draw(optional(st.integers(1, 5))) if is_stack else None
    lowest, highest = sorted(draw(st.tuples(numbers(-9e4, 9e4), numbers(-9e4, 9e4))))
    finest, coarsest = sorted(draw(st.tuples(numbers(0, 50), numbers(0, 50))))
    shift = draw(optional(st.tuples(numbers(-3.15, 3.15), numbers(-3.15, 3.15)).map(sorted)))
    phase_shift = None if shift is None else PhaseShift(*shift, step_rad=0.0)
    is_known = draw(st.booleans())
    known_rad = draw(numbers(-4, 4)) if phase_shift else 0.0
    resample = draw(st.booleans())
    expert = Expert(
        resample=resample,
        target_pixel_A=draw(numbers(0.5, 3)) if asks_thickness and resample else 1.4,
        dark_subtracted=draw(st.booleans()) if asks_tilt and frames else True,
        weights_low_resolution=draw(st.booleans()) if asks_thickness else None,
        gain=draw(optional(st.just(Path("gain.mrc")))) if frames else None,
        distortion=draw(optional(st.tuples(numbers(-90, 90), numbers(0, 2), numbers(0, 2))))
        if frames
        else None,
        known=draw(optional(st.builds(KnownCtf, *[numbers(-9e4, 9e4)] * 3, st.just(known_rad)))),
        threads=draw(st.integers(1, 9)),
    )
    return Answers(
        image=Path("stack.mrc" if is_stack else "image.mrc"),
        diagnostic=Path(draw(st.sampled_from(["out.mrc", "a/b.ctf", "c.d.mrc"]))),
        frames_averaged=frames,
        microscope=draw(st.builds(Microscope, numbers(0, 9), numbers(0, 400), numbers(0, 5), numbers(0, 1))),
        search=Search(
            draw(st.integers(128, 4096)), (coarsest, finest), (lowest, highest), draw(numbers(1, 900))
        ),
        astigmatism=Astigmatism(
            known=draw(st.builds(KnownAstigmatism, numbers(0, 9e3), numbers(-360, 360)))
            if is_known
            else None,
            slower_search=draw(st.booleans()),
            tolerated_A=None if is_known else draw(optional(numbers(-9, 900))),
        ),
        phase_shift=phase_shift,
        expert=draw(st.just(expert) | st.just(Expert())),
        tilt=draw(st.booleans()) if asks_tilt and shift is None else False,
        thickness=draw(st.booleans()) if asks_thickness else False,
        version=version,
    )


def lines_of(session: Answers) -> list[str]:
    """What to type, written from the recorded sessions and not from the program under test."""
    yes = {True: "yes", False: "no"}
    lines: list[object] = [session.image]
    if session.image.name == "stack.mrc":
        lines += ["no"] if session.frames_averaged is None else ["yes", session.frames_averaged]
    of, where, round_off = session.microscope, session.search, session.astigmatism
    lines += [session.diagnostic, of.pixel_A, of.voltage_kV, of.cs_mm, of.amplitude_contrast, where.box_px]
    lines += [*where.resolution_range_A, *where.defocus_range_A, where.defocus_step_A]
    lines += [yes[round_off.known is not None], yes[round_off.slower_search]]
    if round_off.known is not None:
        lines += round_off.known
    else:
        lines += ["no"] if round_off.tolerated_A is None else ["yes", round_off.tolerated_A]
    shift = session.phase_shift
    lines += ["no"] if shift is None else ["yes", shift.lowest_rad, shift.highest_rad, shift.step_rad]
    if session.version != CTFFIND_4_1_14.version and shift is None:
        lines += [yes[session.tilt]]
    if session.version == CTFFIND_5.version:
        lines += THICKNESS if session.thickness else ["no"]
    return [str(line) for line in [*lines, *_expert(session)]]


def _expert(session: Answers) -> list[object]:
    expert = session.expert
    if expert == Expert():
        return ["no"]
    is_ctffind5 = session.version == CTFFIND_5.version
    lines: list[object] = ["yes", "yes" if expert.resample else "no"]
    if is_ctffind5 and expert.resample:
        lines += [expert.target_pixel_A]
    if session.frames_averaged is not None:
        if session.version != CTFFIND_4_1_14.version:
            lines += ["yes"] if expert.dark_subtracted else ["no", "gain.mrc"]
        lines += ["yes"] if expert.gain is None else ["no", expert.gain]
        lines += ["no"] if expert.distortion is None else ["yes", *expert.distortion]
    known = expert.known
    if known is None:
        lines += ["no"]
    else:
        lines += ["yes", known.defocus_1_A, known.defocus_2_A, known.angle_deg]
        lines += [known.phase_shift_rad] if session.phase_shift else []
    weights = ["yes" if expert.weights_low_resolution else "no"] if is_ctffind5 else []
    return [*lines, *weights, expert.threads]
