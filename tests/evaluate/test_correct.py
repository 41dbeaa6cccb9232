"""Whether an estimate is right: the 90° rule and its symmetries."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.ctf import defocus_along, phase_aberration
from thonring.evaluate import is_right, largest_error_A, largest_phase_error_deg, tolerance_A
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
