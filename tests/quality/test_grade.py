import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.quality import CRITERIA, AttemptData, grade, known_profiles, load_profile, needs
from thonring.settings import Limit

Making = Callable[..., AttemptData]


def limit(criterion: str, at_least: float = -math.inf, at_most: float = math.inf) -> Limit:
    return Limit(criterion, at_least, at_most, "Å", "is {value} {unit}, limit {limit} {unit}", "test")


def test_a_criterion_that_holds_passes_without_words(make_case: Making) -> None:
    (result,) = grade(make_case(), [limit("fit_resolution", at_most=4.0)], "fit")
    assert (result.name, result.value, result.passed, result.reason) == ("fit_resolution", 4.0, True, "")


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ((-math.inf, 3.5), "is 4 Å, limit 3.5 Å"),
        ((6.0, 9.0), "is 4 Å, limit 6 Å"),
        ((1.0, 2.0), "is 4 Å, limit 2 Å"),
    ],
)
def test_a_failed_criterion_names_value_and_the_violated_bound(
    make_case: Making, bounds: tuple[float, float], reason: str
) -> None:
    (result,) = grade(make_case(), [limit("fit_resolution", *bounds)], "fit")
    assert not result.passed
    assert result.reason == reason


@given(value=st.floats(-10, 10), low=st.floats(-10, 10), high=st.floats(-10, 10))
def test_a_value_passes_if_and_only_if_it_lies_between(value: float, low: float, high: float) -> None:
    fit = SimpleNamespace(score=value)
    (result,) = grade(SimpleNamespace(fitted=fit), [limit("score", low, high)], "fit")
    assert result.passed == (low <= value <= high)


def test_large_values_are_written_in_full(make_case: Making) -> None:
    (result,) = grade(make_case(defocus_u_A=28234.0), [limit("astigmatism", at_most=3000.0)], "fit")
    assert result.reason == "is 13334 Å, limit 3000 Å"


def test_unknown_values_pass_or_fail_as_the_criterion_says(make_case: Making) -> None:
    case = make_case(fit_resolution_A=np.nan)
    results = grade(case, [limit("fit_resolution", at_most=9.0), limit("runner_up_gap", at_least=3.0)], "fit")
    assert [result.passed for result in results] == [False, True]
    assert all(math.isnan(result.value) and "could not be computed" in result.reason for result in results)


def test_only_the_stage_asked_is_computed(make_case: Making) -> None:
    limits = load_profile("default")
    without_fit = replace(make_case(), fit=None)
    first = {result.name for result in grade(without_fit, limits, "spectrum")}
    second = {result.name for result in grade(make_case(), limits, "fit")}
    assert first == {"crystalline_spots", "ice_ring", "film_share"}
    assert first | second == needs(limits)
    assert not first & second


def test_the_enhanced_spectrum_is_computed_once_and_only_if_needed(make_case: Making) -> None:
    calls = []

    def enhance() -> np.ndarray:
        calls.append(1)
        return np.random.default_rng(0).standard_normal((512, 512)).astype(np.float32)

    case = replace(make_case(), enhance=enhance, fit=None)
    limits = load_profile("xmipp-after")
    grade(case, limits, "spectrum")
    assert not calls
    fitted = replace(case, fit=make_case().fit)
    grade(fitted, limits, "fit")
    grade(replace(fitted, original_pixel_A=1.1), limits, "fit")
    assert len(calls) == 1


@pytest.mark.parametrize("profile", known_profiles())
def test_a_good_spectrum_is_accepted_by_every_profile(make_case: Making, profile: str) -> None:
    case = make_case()
    limits = load_profile(profile)
    results = [*grade(case, limits, "spectrum"), *grade(case, limits, "fit")]
    assert [result.reason for result in results if not result.passed] == []


@pytest.mark.parametrize("profile", known_profiles())
def test_every_failure_has_a_sentence_with_its_value(make_case: Making, profile: str) -> None:
    impossible = [replace(one, at_least=1e9, at_most=1e10) for one in load_profile(profile)]
    case = make_case()
    results = [*grade(case, impossible, "spectrum"), *grade(case, impossible, "fit")]
    assert {result.name for result in results} == needs(impossible)
    assert all(len(result.reason) > 10 and "{" not in result.reason for result in results)


def test_the_intensity_scale_changes_no_criterion(make_case: Making, truth: object) -> None:
    one, other = make_case(truth), make_case(replace(truth, scale=16.0))
    for name, criterion in CRITERIA.items():
        expected = pytest.approx(criterion.compute(one), rel=2e-3, abs=2e-4, nan_ok=True)
        assert criterion.compute(other) == expected, name


def test_criteria_change_nothing_they_are_given(make_case: Making) -> None:
    case = make_case()
    plane = case.enhance()
    curve = case.fitted.curve
    for array in (case.spectrum().power, plane, curve.power, curve.background, curve.ring_power):
        array.flags.writeable = False
    for criterion in CRITERIA.values():
        assert isinstance(criterion.compute(case), float)
