"""What becomes of CTFFIND's answers in Thonring's terms."""

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from factories.ctffind_sessions import SESSIONS, answers
from thonring.ctffind_cli.questions import (
    Answers,
    Astigmatism,
    Expert,
    KnownCtf,
    Microscope,
    PhaseShift,
    Search,
)
from thonring.ctffind_cli.settings import fitting_pixel_A, to_request
from thonring.errors import AnswerError, OpticsError, SettingsError, ThonringError
from thonring.records import KnownDefocus
from thonring.settings import KnownAstigmatism

PLAIN = Answers(
    image=Path("image.mrc"),
    diagnostic=Path("out.mrc"),
    frames_averaged=None,
    microscope=Microscope(0.66655, 300.0, 2.7, 0.1),
    search=Search(512, (30.0, 5.0), (5000.0, 50000.0), 100.0),
    astigmatism=Astigmatism(),
    phase_shift=None,
    expert=Expert(),
)


def test_ranges_and_microscope_are_taken_as_they_are() -> None:
    request = to_request(PLAIN)
    assert request.settings.defocus_range_A == (5000.0, 50000.0)
    assert request.settings.resolution_range_A == (30.0, 5.0)
    assert (request.optics.voltage_kV, request.optics.cs_mm, request.optics.amplitude_contrast) == (
        300,
        2.7,
        0.1,
    )
    assert request.pixel_A == 0.66655
    assert (request.known, request.spectrum_kind, request.settings.phase_shift) == (None, None, False)
    assert to_request(PLAIN, amplitude_spectrum=True).spectrum_kind == "amplitude"


def test_known_astigmatism_is_held() -> None:
    request = to_request(replace(PLAIN, astigmatism=Astigmatism(known=KnownAstigmatism(300.0, -60.0))))
    assert request.settings.known_astigmatism == KnownAstigmatism(300.0, -60.0)


def test_a_restraint_changes_nothing_and_is_told() -> None:
    request = to_request(replace(PLAIN, astigmatism=Astigmatism(tolerated_A=100.0)))
    assert request.settings == to_request(PLAIN).settings
    assert "restraint on astigmatism (100 A)" in request.remarks[0]


def test_a_known_defocus_is_held_with_its_phase_shift() -> None:
    known = KnownCtf(26900.0, 27200.0, 30.0, 0.3)
    asked = PhaseShift(0.0, 1.0, 0.5)
    request = to_request(replace(PLAIN, expert=Expert(known=known), phase_shift=asked))
    assert request.known == KnownDefocus(27200.0, 26900.0, -60.0, pytest.approx(math.degrees(0.3)))
    assert request.settings.fix_defocus
    assert not request.settings.phase_shift


def test_a_phase_shift_is_looked_for_in_its_range() -> None:
    settings = to_request(replace(PLAIN, phase_shift=PhaseShift(0.0, math.pi, 0.2))).settings
    assert settings.phase_shift
    assert settings.phase_shift_range_deg == pytest.approx((0.0, 180.0))


def test_a_phase_shift_between_equal_limits_is_held() -> None:
    settings = to_request(replace(PLAIN, phase_shift=PhaseShift(1.5, 1.5, 0.0))).settings
    assert not settings.phase_shift
    assert settings.phase_shift_deg == pytest.approx(math.degrees(1.5))


FITTING_PIXELS = [
    (0.66655, 512, 0.504735, 363),
    (0.66655, 256, 0.504735, 182),
    (1.39, 512, 0.504713, 363),
    (1.41, 512, 0.501441, 363),
    (0.66655, 400, 0.503660, 283),
    (1.0, 512, 0.504178, 363),
]


@pytest.mark.parametrize(("pixel_A", "box_px", "last_per_A", "frequencies"), FITTING_PIXELS)
def test_the_fitting_pixel_is_that_of_ctffind(
    pixel_A: float, box_px: int, last_per_A: float, frequencies: int
) -> None:
    """Last frequency and number of them in the _avrot.txt that CTFFIND 4.1.14 wrote for these pixels and boxes."""
    found_A = fitting_pixel_A(pixel_A, box_px, resample=True)
    assert (frequencies - 1) / (box_px * found_A) == pytest.approx(last_per_A, abs=2e-6)
    assert fitting_pixel_A(pixel_A, box_px, resample=False) == pixel_A


def test_what_has_no_effect_is_told_in_one_line() -> None:
    answers_ = replace(
        PLAIN,
        astigmatism=Astigmatism(slower_search=True),
        phase_shift=PhaseShift(0, 3, 0.5),
        expert=Expert(threads=4),
    )
    assert to_request(answers_).remarks[0] == (
        "Accepted without effect: defocus search step (100 A), slower search, phase shift search step (0.5 rad), "
        "number of threads (4)."
    )


def test_a_resolution_beyond_the_pixels_is_told() -> None:
    request = to_request(replace(PLAIN, search=replace(PLAIN.search, resolution_range_A=(30.0, 0.0))))
    assert request.settings.resolution_range_A == (30.0, pytest.approx(2 * 0.66655))
    assert any("the Nyquist limit at 0.66655 A per pixel is 1.3331 A" in remark for remark in request.remarks)


def test_what_thonring_cannot_do_is_refused() -> None:
    bent = replace(PLAIN, frames_averaged=1, expert=Expert(distortion=(10.0, 1.01, 1.0)))
    with pytest.raises(AnswerError, match=r"Correct Movie Mag\. Distortion"):
        to_request(bent)
    to_request(replace(bent, expert=Expert(distortion=(10.0, 1.0, 1.0))))
    with pytest.raises(AnswerError, match="amplitude spectra have no frames"):
        to_request(replace(PLAIN, frames_averaged=1), amplitude_spectrum=True)
    with pytest.raises(SettingsError, match="expected 0 to 200000 Å, underfocus positive"):
        to_request(replace(PLAIN, search=replace(PLAIN.search, defocus_range_A=(-5000.0, 5000.0))))
    with pytest.raises(OpticsError, match="voltage 0 kV"):
        to_request(replace(PLAIN, microscope=replace(PLAIN.microscope, voltage_kV=0.0)))


@pytest.mark.slow
@given(answers())
def test_any_session_becomes_a_request_or_is_refused_with_a_reason(session: Answers) -> None:
    with suppress(ThonringError):
        request = to_request(session)
        assert request.sampling_A >= session.microscope.pixel_A
        assert request.settings.fix_defocus == (request.known is not None)


@given(st.floats(0.1, 1.39), st.integers(128, 2048))
def test_the_fitting_pixel_is_hardly_above_its_least(pixel_A: float, box_px: int) -> None:
    assume(pixel_A * 1.4 < box_px)
    larger_px = fitting_pixel_A(pixel_A, box_px, resample=True) * box_px / pixel_A
    assert larger_px == pytest.approx(round(larger_px), abs=1e-6)
    assert round(larger_px) % 2 == 0
    assert abs(larger_px - 1.4 * box_px / pixel_A) <= 1.5


def test_recorded_sessions_name_every_branch() -> None:
    texts = {text for session in SESSIONS.values() for text, _ in session["asked"]}
    assert {"Known defocus 1", "Known phase shift (radians)", "Movie is gain-corrected?"} <= texts
