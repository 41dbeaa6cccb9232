"""Whether an estimate is right: the 90° rule and its symmetries."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.ctf import defocus_along, phase_aberration
from thonring.evaluate import (
    agreement_resolution_A,
    is_right,
    largest_error_A,
    largest_phase_error_deg,
    tolerance_A,
)
from thonring.optics import Optics
from thonring.records import KnownDefocus

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
WAVELENGTH_A = OPTICS.wavelength_A
TRUTH = KnownDefocus(15500.0, 14500.0, 30.0, 60.0)
MEAN = st.floats(3000, 50000)
ASTIGMATISM = st.floats(0, 3000)
ANGLE = st.floats(-90, 90)


@st.composite
def defoci(draw: st.DrawFn, phase_deg: st.SearchStrategy[float] | None = None) -> KnownDefocus:
    mean_A, half_A = draw(MEAN), 0.5 * draw(ASTIGMATISM)
    phase = 0.0 if phase_deg is None else draw(phase_deg)
    return KnownDefocus(mean_A + half_A, mean_A - half_A, draw(ANGLE), phase)


def test_tolerance_is_that_of_the_quarter_turn() -> None:
    assert tolerance_A(WAVELENGTH_A) == pytest.approx(406.3, abs=0.1)
    assert tolerance_A(WAVELENGTH_A, 2.0) == pytest.approx(tolerance_A(WAVELENGTH_A) / 4)


@given(estimate=defoci(), truth=defoci())
def test_largest_error_is_the_largest_over_all_directions(
    estimate: KnownDefocus, truth: KnownDefocus
) -> None:
    directions = np.linspace(0, math.pi, 2000)
    one, other = (
        defocus_along(directions, d.defocus_u_A, d.defocus_v_A, d.angle_deg) for d in (estimate, truth)
    )
    assert largest_error_A(estimate, truth) == pytest.approx(np.abs(one - other).max(), rel=1e-5, abs=1e-6)


@given(estimate=defoci(st.floats(0, 179)), truth=defoci(st.floats(0, 179)))
def test_largest_phase_error_is_the_largest_of_the_whole_band(
    estimate: KnownDefocus, truth: KnownDefocus
) -> None:
    squared, directions = np.linspace(0, 1 / 16, 60)[:, None], np.linspace(0, math.pi, 400)[None, :]
    chi = [
        phase_aberration(
            squared,
            defocus_along(directions, d.defocus_u_A, d.defocus_v_A, d.angle_deg),
            OPTICS,
            math.radians(d.phase_shift_deg),
        )
        for d in (estimate, truth)
    ]
    largest = math.degrees(np.abs(chi[0] - chi[1]).max())
    assert largest_phase_error_deg(estimate, truth, WAVELENGTH_A) == pytest.approx(
        largest, rel=1e-4, abs=1e-6
    )


@given(estimate=defoci(), truth=defoci(), turns=st.integers(-3, 3))
def test_swapped_axes_and_whole_turns_are_the_same_defocus(
    estimate: KnownDefocus, truth: KnownDefocus, turns: int
) -> None:
    angle_deg = estimate.angle_deg + 90 + 180 * turns
    swapped = KnownDefocus(estimate.defocus_v_A, estimate.defocus_u_A, angle_deg)
    assert largest_error_A(swapped, truth) == pytest.approx(largest_error_A(estimate, truth), abs=1e-6)
    assert largest_error_A(truth, estimate) == pytest.approx(largest_error_A(estimate, truth), abs=1e-6)


@given(truth=defoci(), share=st.floats(-0.99, 0.99), resolution_A=st.floats(2, 8))
def test_below_the_tolerance_is_right_and_above_is_wrong(
    truth: KnownDefocus, share: float, resolution_A: float
) -> None:
    limit_A = tolerance_A(WAVELENGTH_A, resolution_A)

    def moved(by_A: float) -> KnownDefocus:
        return replace(truth, defocus_u_A=truth.defocus_u_A + by_A, defocus_v_A=truth.defocus_v_A + by_A)

    assert is_right(moved(share * limit_A), truth, WAVELENGTH_A, resolution_A)
    assert not is_right(moved(1.01 * limit_A), truth, WAVELENGTH_A, resolution_A)
    assert not is_right(moved(-1.01 * limit_A), truth, WAVELENGTH_A, resolution_A)


def test_a_phase_shift_may_not_hide_behind_the_defocus() -> None:
    per_A = 180 * WAVELENGTH_A / 16
    shifted = replace(TRUTH, phase_shift_deg=TRUTH.phase_shift_deg + 100)
    hidden = replace(
        shifted,
        defocus_u_A=shifted.defocus_u_A - 100 / per_A,
        defocus_v_A=shifted.defocus_v_A - 100 / per_A,
    )
    assert largest_phase_error_deg(hidden, TRUTH, WAVELENGTH_A) == pytest.approx(100)
    assert not is_right(hidden, TRUTH, WAVELENGTH_A)


def test_phase_shifts_meet_after_a_whole_turn_only() -> None:
    assert is_right(replace(TRUTH, phase_shift_deg=60 - 360), TRUTH, WAVELENGTH_A)
    assert not is_right(replace(TRUTH, phase_shift_deg=60 + 180), TRUTH, WAVELENGTH_A)
    assert largest_phase_error_deg(replace(TRUTH, phase_shift_deg=240), TRUTH, 0.02) == pytest.approx(180)


def test_no_estimate_and_no_number_are_wrong() -> None:
    assert not is_right(None, TRUTH, WAVELENGTH_A)
    assert not is_right(replace(TRUTH, defocus_u_A=math.nan), TRUTH, WAVELENGTH_A)


def test_two_ctfs_agree_as_far_as_xmipp_says() -> None:
    """The value that the tests of Xmipp's own `errorMaxFreqCTFs` expect of 6000 and 7500 Å at 300 kV, 90°."""
    found_A = agreement_resolution_A(KnownDefocus(6000, 6000, 45), KnownDefocus(7500, 7500, 45), WAVELENGTH_A)
    assert found_A == pytest.approx(7.6852355, abs=1e-5)


def test_astigmatic_ctfs_agree_as_far_as_xmipp_says() -> None:
    """The value that Xmipp's tests of `errorMaxFreqCTFs2D` expect; it is sampled on a grid of pixels there."""
    one, other = KnownDefocus(10000, 5400, 45), KnownDefocus(5000, 5000, 45)
    assert agreement_resolution_A(one, other, WAVELENGTH_A) == pytest.approx(13.921659, rel=0.01)


@given(
    estimate=defoci(st.floats(0, 90)),
    truth=defoci(st.floats(10, 60)),
)
def test_at_the_resolution_of_agreement_the_phases_are_a_right_angle_apart(
    estimate: KnownDefocus, truth: KnownDefocus
) -> None:
    found_A = agreement_resolution_A(estimate, truth, WAVELENGTH_A)
    if found_A < 0.1:
        assert largest_phase_error_deg(estimate, truth, WAVELENGTH_A, 0.1) < 90
        return
    assert largest_phase_error_deg(estimate, truth, WAVELENGTH_A, found_A) == pytest.approx(90, rel=1e-6)
    assert is_right(estimate, truth, WAVELENGTH_A, 1.001 * found_A)
    assert not is_right(estimate, truth, WAVELENGTH_A, 0.999 * found_A)


@given(estimate=defoci(st.floats(0, 80)), truth=defoci(st.floats(0, 80)))
def test_agreement_is_that_of_the_phases_in_every_direction(
    estimate: KnownDefocus, truth: KnownDefocus
) -> None:
    """Against the phases themselves, with Cs and amplitude contrast, on a dense polar grid."""
    k2 = np.linspace(0, 0.3, 3000)[None, :] ** 2
    direction = np.linspace(0, math.pi, 180)[:, None]
    chi = [
        phase_aberration(
            k2,
            defocus_along(direction, one.defocus_u_A, one.defocus_v_A, one.angle_deg),
            OPTICS,
            math.radians(one.phase_shift_deg),
        )
        for one in (estimate, truth)
    ]
    apart = np.abs(chi[0] - chi[1]).max(axis=0) >= 0.5 * math.pi
    found_A = agreement_resolution_A(estimate, truth, WAVELENGTH_A)
    if apart.any():
        assert found_A == pytest.approx(1 / math.sqrt(k2[0, np.argmax(apart)]), rel=0.03)
    else:
        assert found_A < 1 / 0.299


def test_agreement_of_equals_opposites_and_the_unknown() -> None:
    assert agreement_resolution_A(TRUTH, TRUTH, WAVELENGTH_A) == 0
    assert agreement_resolution_A(replace(TRUTH, phase_shift_deg=155.0), TRUTH, WAVELENGTH_A) == math.inf
    assert math.isnan(agreement_resolution_A(replace(TRUTH, defocus_u_A=math.nan), TRUTH, WAVELENGTH_A))
    small = replace(TRUTH, phase_shift_deg=100.0)
    assert agreement_resolution_A(small, TRUTH, WAVELENGTH_A) == 0
