"""Errors of known size, and error bars of known honesty."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.runs import make_truth
from thonring.ctf import from_vector
from thonring.evaluate.accuracy import RADIUS_95, accuracy, coverage, errors, vector_errors
from thonring.evaluate.matching import Pair, Reference
from thonring.evaluate.results import Result
from thonring.records import KnownDefocus

TRUTH = make_truth("a.mrc")


def pair(u_A: float, v_A: float, angle_deg: float = 30.0, phase_deg: float = 0.0, **result: Any) -> Pair:
    estimate = KnownDefocus(u_A, v_A, angle_deg, phase_deg)
    return Pair(Reference("a.mrc", True, TRUTH), Result("a.mrc", "accepted", estimate, **result), True, 406.0)


def off_by(errors_A: Sequence[float], sigma_A: float = math.nan) -> list[Pair]:
    return [pair(15200 + e, 14800 + e, defocus_sigma_A=sigma_A) for e in errors_A]


def test_bias_rms_median_and_worst_are_those_of_the_mean_defocus() -> None:
    found = accuracy(off_by([-30.0, 0.0, 10.0, 40.0])).defocus
    assert (found.count, found.bias, found.median, found.worst) == (4, 5.0, 20.0, 40.0)
    assert found.rms == pytest.approx(math.sqrt((900 + 100 + 1600) / 4))


def test_errors_are_also_told_in_bounds() -> None:
    found = accuracy(off_by([-30.0, 10.0]))
    assert found.defocus_in_bounds.worst == pytest.approx(30.0 / TRUTH.bound_defocus_A)
    without = replace(
        off_by([10.0])[0], reference=Reference("a.mrc", True, replace(TRUTH, bound_defocus_A=math.nan))
    )
    assert accuracy([without]).defocus_in_bounds.count == 0


def test_an_efficient_estimator_has_an_rms_of_one_bound() -> None:
    random = np.random.default_rng(3)
    drawn = random.normal(0.0, [5.0, 10.0, 10.0], (4000, 3))
    mean, x, y = 15000.0, 400 * math.cos(math.radians(60)), 400 * math.sin(math.radians(60))
    found = accuracy([pair(*from_vector(mean + a, x + b, y + c)) for a, b, c in drawn.tolist()])
    assert found.defocus_in_bounds.rms == pytest.approx(1.0, abs=0.04)
    assert found.defocus_in_bounds.median == pytest.approx(0.6745, abs=0.04)
    assert found.astigmatism_in_bounds.rms == pytest.approx(1.0, abs=0.04)
    assert found.astigmatism_in_bounds.median == pytest.approx(0.8326, abs=0.04)


def test_intervals_of_honest_error_bars_hold_the_truth_in_95_of_100() -> None:
    random = np.random.default_rng(4)
    drawn = random.normal(0.0, [7.0, 20.0, 20.0], (4000, 3))
    mean, x, y = 15000.0, 400 * math.cos(math.radians(60)), 400 * math.sin(math.radians(60))
    pairs = [
        pair(*from_vector(mean + a, x + b, y + c), defocus_sigma_A=7.0, astigmatism_sigma_A=20.0)
        for a, b, c in drawn.tolist()
    ]
    found = accuracy(pairs)
    for one in (found.defocus_coverage, found.astigmatism_coverage):
        assert one.total == 4000
        assert one.interval[0] <= 0.95 <= one.interval[1]


@pytest.mark.parametrize(("sigma_A", "low", "high"), [(3.5, 0.6, 0.75), (14.0, 0.999, 1.0)])
def test_error_bars_too_small_or_too_large_are_found_out(sigma_A: float, low: float, high: float) -> None:
    drawn = np.random.default_rng(5).normal(0.0, 7.0, 2000).tolist()
    assert low <= accuracy(off_by(drawn, sigma_A)).defocus_coverage.share <= high


def test_no_error_bar_is_not_an_error_bar_of_nothing() -> None:
    assert accuracy(off_by([1.0, 2.0])).defocus_coverage.total == 0
    assert accuracy(off_by([1.0, 2.0], 0.0)).defocus_coverage.total == 0


@given(
    u=st.floats(5000, 30000),
    astigmatism=st.floats(0, 2000),
    angle=st.floats(-90, 90),
    turns=st.integers(-2, 2),
)
def test_swapped_axes_and_half_turns_have_the_same_errors(
    u: float, astigmatism: float, angle: float, turns: int
) -> None:
    one = accuracy([pair(u, u - astigmatism, angle)])
    half_turned = accuracy([pair(u, u - astigmatism, angle + 180 * turns)])
    swapped = accuracy([pair(u - astigmatism, u, angle + 90)])
    assert half_turned.astigmatism.worst == pytest.approx(one.astigmatism.worst, abs=1e-6)
    assert half_turned.angle_deg.worst == pytest.approx(one.angle_deg.worst, abs=1e-6)
    assert swapped.astigmatism.worst == pytest.approx(one.astigmatism.worst, abs=1e-6)
    assert swapped.defocus.worst == pytest.approx(one.defocus.worst)


@pytest.mark.parametrize(
    ("angle_deg", "error_deg"), [(35.0, 5.0), (-60.0, 90.0), (120.0, 90.0), (209.0, -1.0), (-65.0, 85.0)]
)
def test_the_angle_is_that_of_an_axis(angle_deg: float, error_deg: float) -> None:
    assert pair(15200, 14800, angle_deg).angle_error_deg == pytest.approx(error_deg)


def test_no_angle_is_asked_for_where_there_is_no_axis_to_know() -> None:
    round_one = replace(TRUTH, defocus_u_A=15010.0, defocus_v_A=14990.0)
    hidden = replace(TRUTH, bound_astigmatism_A=200.0)
    for truth in (round_one, hidden):
        assert (
            accuracy([replace(pair(15200, 14800), reference=Reference("a.mrc", True, truth))]).angle_deg.count
            == 0
        )
    assert accuracy([pair(15200, 14800)]).angle_deg.count == 1


@pytest.mark.parametrize(("error_A", "locked"), [(999.0, False), (-1001.0, True), (1001.0, True)])
def test_beyond_1000_A_an_estimate_is_locked(error_A: float, locked: bool) -> None:
    assert accuracy(off_by([error_A])).locks == int(locked)


def test_beyond_10_per_cent_an_estimate_is_locked() -> None:
    low = replace(TRUTH, defocus_u_A=3000.0, defocus_v_A=3000.0)
    found = [
        replace(pair(3000 + e, 3000 + e), reference=Reference("a.mrc", True, low)).is_locked
        for e in (299, 301, -301)
    ]
    assert found == [False, True, True]


def test_phase_shifts_count_where_there_are_any() -> None:
    assert accuracy([pair(15200, 14800)]).phase_shift_deg.count == 0
    found = accuracy([pair(15200, 14800, phase_deg=4.0, phase_shift_sigma_deg=3.0)])
    assert found.phase_shift_deg.bias == pytest.approx(4.0)
    assert found.phase_shift_coverage.inside == 1


def test_nothing_gives_nan_and_no_fault() -> None:
    nothing = accuracy([])
    assert nothing.defocus.count == 0
    assert math.isnan(nothing.astigmatism.rms)
    assert math.isnan(nothing.defocus_coverage.share)


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=30))
def test_no_summary_exceeds_the_worst(values: list[float]) -> None:
    found = errors(np.array(values))
    assert found.worst == max(map(abs, values))
    assert abs(found.bias) <= found.rms * (1 + 1e-9) + 1e-9
    assert max(found.rms, found.median) <= found.worst * (1 + 1e-9) + 1e-9


def test_vectors_that_cancel_have_no_bias_but_a_size() -> None:
    found = vector_errors(np.array([[3.0, 4.0], [-3.0, -4.0], [math.nan, 1.0]]))
    assert (found.count, found.bias, found.rms, found.worst) == (2, 0.0, 5.0, 5.0)


def test_the_round_interval_is_that_of_two_degrees_of_freedom() -> None:
    from scipy.stats import chi2

    assert chi2.ppf(0.95, 2) == pytest.approx(RADIUS_95**2)
    assert coverage(np.array([1.0, 3.0, math.nan]), RADIUS_95).share == 0.5
