import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from thonring.ctf import phase_aberration, ring_period_per_A, zero_frequency
from thonring.errors import FitError
from thonring.quality import AttemptData
from thonring.quality.fit_criteria import (
    aliasing,
    astigmatism,
    defocus_sigma,
    drift,
    fit_resolution,
    relative_astigmatism,
    relative_defocus_sigma,
    ring_significance,
    rings_visible,
    runner_up_gap,
    score,
)

Making = Callable[..., AttemptData]


def test_numbers_of_the_fit(make_case: Making) -> None:
    case = make_case(log_likelihood_gain=144.0, fit_resolution_A=4.5, score=0.21, runner_up_gap=7.0)
    assert ring_significance(case) == 12.0
    assert fit_resolution(case) == 4.5
    assert score(case) == 0.21
    assert runner_up_gap(case) == 7.0
    assert defocus_sigma(case) == 10.0
    assert relative_defocus_sigma(case) == pytest.approx(10.0 / 15050.0)
    assert astigmatism(case) == pytest.approx(300.0)
    assert relative_astigmatism(case) == pytest.approx(300.0 / 15050.0)


def test_a_fit_worse_than_no_rings_has_no_significance(make_case: Making) -> None:
    assert ring_significance(make_case(log_likelihood_gain=-5.0)) == 0.0


def test_rings_visible_counts_the_zeros(make_case: Making) -> None:
    case = make_case()
    for number in (1, 2, 7):
        zero = float(zero_frequency(number, case.fitted.mean_defocus_A, case.optics))
        assert rings_visible(make_case(fit_resolution_A=1 / (zero * 1.001))) == number
        assert rings_visible(make_case(fit_resolution_A=1 / (zero * 0.999))) == number - 1


@pytest.mark.parametrize("resolution_A", [math.nan, math.inf, 0.0])
@pytest.mark.parametrize("criterion", [rings_visible, aliasing])
def test_without_a_fit_resolution_it_is_unknown(
    make_case: Making, criterion: Callable[[AttemptData], float], resolution_A: float
) -> None:
    assert np.isnan(criterion(make_case(fit_resolution_A=resolution_A)))


@pytest.mark.parametrize("resolution_A", [math.nan, math.inf, 50.0])
def test_drift_outside_the_band_is_unknown(make_case: Making, resolution_A: float) -> None:
    assert np.isnan(drift(make_case(fit_resolution_A=resolution_A)))


def test_at_focus_everything_is_relatively_uncertain(make_case: Making) -> None:
    case = make_case(defocus_u_A=0.0, defocus_v_A=-1.0)
    at_focus = replace(case, fit=replace(case.fitted, defocus_v_A=0.0))
    assert relative_defocus_sigma(at_focus) == relative_astigmatism(at_focus) == math.inf


def test_aliasing_is_one_where_the_rings_are_two_and_a_half_steps_apart(make_case: Making) -> None:
    case = make_case(defocus_u_A=60000.0, defocus_v_A=60000.0)
    limit_A = aliasing(case) * case.fitted.fit_resolution_A
    period = float(ring_period_per_A(1 / limit_A, 60000.0, case.optics))
    assert period == pytest.approx(2.5 * case.evidence.profiles.ring_width_per_A, rel=2e-3)
    assert aliasing(replace(case, fit=replace(case.fitted, fit_resolution_A=limit_A))) == pytest.approx(1.0)


def test_no_aliasing_at_low_defocus(make_case: Making) -> None:
    assert aliasing(make_case(fit_resolution_A=3.5)) == pytest.approx(1.0)
    assert aliasing(make_case(fit_resolution_A=5.0)) == pytest.approx(0.7)


@pytest.mark.parametrize("ring", [1.0, 0.3])
def test_without_drift_all_directions_are_alike(make_case: Making, truth: object, ring: float) -> None:
    assert drift(make_case(replace(truth, ring=ring, defocus_u_A=17000.0))) > 0.75


def test_drift_is_the_loss_of_the_worst_direction(make_case: Making, truth: object) -> None:
    values = [drift(make_case(replace(truth, drift_A=length))) for length in (0.0, 3.0, 6.0, 20.0)]
    assert values == sorted(values, reverse=True)
    k = np.linspace(0.5 * (1 / 30 + 1 / 4), 1 / 4, 100)
    loss = np.exp(-0.5 * (6.0 * k) ** 2)
    expected = np.average(loss, weights=k * np.exp(-15 * k**2))
    assert values[2] == pytest.approx(expected, abs=0.12)
    assert values[3] < 0.2


def test_drift_of_rings_too_faint_is_unknown(make_case: Making, truth: object) -> None:
    assert np.isnan(drift(make_case(replace(truth, ring=0.0))))


def test_a_criterion_of_the_fit_needs_a_fit(make_case: Making) -> None:
    with pytest.raises(FitError, match="fit first"):
        score(replace(make_case(), fit=None))


def test_fitted_optics_has_the_fitted_amplitude_contrast(make_case: Making) -> None:
    optics = make_case(amplitude_contrast=0.07).fitted_optics
    assert phase_aberration(0.0, 1e4, optics) == pytest.approx(math.asin(0.07))
