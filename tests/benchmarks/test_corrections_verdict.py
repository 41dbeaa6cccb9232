"""The verdict on a row agrees with that of the pipeline on the same micrograph."""

import math
from dataclasses import replace

import pytest
from correction_rows import numbered, row

from benchmarks.corrections.cache import MicrographRow
from benchmarks.corrections.configurations import CONFIGURATIONS, SEARCHES, Configuration
from benchmarks.corrections.scenes import NumberedScene, recipe_scenes, simulate
from benchmarks.corrections.trial import first_guess_A, measure_micrograph
from benchmarks.corrections.verdict import JudgedMicrograph, judge
from thonring.measurement import Measurement, measure
from thonring.pipeline import attempts_on, sectors
from thonring.quality import load_profile
from thonring.records import Attempt, KnownDefocus, SectorProfiles
from thonring.settings import Limit, Settings

pytestmark = pytest.mark.slow

SIZE = 1024
INDICES = (0, 1, 2, 3)
PRODUCT = [one for one in CONFIGURATIONS if not SEARCHES[one.search].one_start]
PROTOCOL = [one for one in CONFIGURATIONS if SEARCHES[one.search].one_start]
Measured = tuple[MicrographRow, Measurement, SectorProfiles]


@pytest.fixture(scope="module")
def measured() -> list[Measured]:
    scene_of = recipe_scenes("corrections", 3, SIZE)
    scenes = [NumberedScene(n, index, "labelled", scene_of(index)) for n, index in enumerate(INDICES)]
    measurements = [measure(simulate(one), Settings()) for one in scenes]
    return [
        (measure_micrograph(one), measurement, sectors(measurement, Settings()))
        for one, measurement in zip(scenes, measurements, strict=True)
    ]


def _pipeline(
    configuration: Configuration, limits: tuple[Limit, ...], subject: Measured
) -> tuple[list[Attempt], Attempt]:
    """The attempts, and the one that the pipeline keeps: accepted, else fitted, else likeliest, else first."""
    _, measurement, profiles = subject
    settings = replace(
        SEARCHES[configuration.search].settings,
        samplings_A=configuration.samplings_A,
        profile=configuration.profile,
        limits=limits,
    )
    attempts = list(attempts_on(measurement, profiles, settings))
    gains = [one.fit.log_likelihood_gain if one.fit else 0.0 for one in attempts]
    order = [(one.verdict.accepted, one.fit is not None, g) for one, g in zip(attempts, gains, strict=True)]
    return attempts, attempts[order.index(max(order))]


def _check_same(ours: JudgedMicrograph, attempts: list[Attempt], kept: Attempt) -> None:
    assert ours.samplings_A == pytest.approx([one.sampling_A for one in attempts])
    assert ours.accepted == kept.verdict.accepted
    assert ours.failed == tuple(one.name for one in kept.verdict.criteria if not one.passed)
    for result in kept.verdict.criteria:
        if result.name != "fit":
            assert ours.values[result.name] == pytest.approx(result.value, nan_ok=True)
    if kept.fit is not None:
        assert ours.fit is not None
        assert ours.fit.defocus_u_A == pytest.approx(kept.fit.defocus_u_A)


def _with_impossible_limit(limits: tuple[Limit, ...], criterion: str) -> tuple[Limit, ...]:
    """Limits, one of which no value passes."""
    return tuple(
        replace(limit, at_least=-math.inf, at_most=-1e30) if limit.criterion == criterion else limit
        for limit in limits
    )


@pytest.mark.parametrize("configuration", PRODUCT, ids=lambda one: one.name)
def test_rows_are_judged_as_the_pipeline_would(
    configuration: Configuration, measured: list[Measured]
) -> None:
    limits = load_profile(configuration.profile)
    for subject in measured:
        _check_same(judge(subject[0], configuration, limits), *_pipeline(configuration, limits, subject))


@pytest.mark.parametrize("criterion", ["ice_ring", "fit_resolution", "drift"])
def test_other_limits_need_no_other_measurement(criterion: str, measured: list[Measured]) -> None:
    (configuration,) = (one for one in PRODUCT if one.name == "default")
    limits = _with_impossible_limit(load_profile("default"), criterion)
    for subject in measured[:3]:
        ours = judge(subject[0], configuration, limits)
        assert not ours.accepted or math.isnan(ours.values[criterion])
        _check_same(ours, *_pipeline(configuration, limits, subject))


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_rows_hold_all_that_a_configuration_judges(
    configuration: Configuration, measured: list[Measured]
) -> None:
    limits = load_profile(configuration.profile)
    for row_, _, _ in measured:
        attempt = row_.attempt_at(configuration.search, 1.75)
        if attempt.fit is not None:
            assert {limit.criterion for limit in limits} <= set(attempt.values)
        assert judge(row_, configuration, limits).row is row_


def test_one_start_is_the_highest_peak(measured: list[Measured]) -> None:
    row_, measurement, profiles = measured[0]
    for configuration in PROTOCOL:
        search = SEARCHES[configuration.search]
        guess_A = first_guess_A(search, 1.75, measurement, profiles)
        settings = replace(search.settings, samplings_A=(1.75,), profile=configuration.profile)
        (attempt,) = attempts_on(measurement, profiles, settings, KnownDefocus(guess_A, guess_A, 0.0))
        there = row_.attempt_at(configuration.search, 1.75).fit
        assert there is not None
        assert there.start_A == pytest.approx(guess_A, rel=1e-3)
        if attempt.fit is not None:
            assert there.defocus_u_A == pytest.approx(attempt.fit.defocus_u_A)


@pytest.mark.parametrize("error_A", [0.0, 900.0])
def test_a_good_micrograph_refused_by_its_spectrum_is_a_false_negative(error_A: float) -> None:
    (configuration,) = (one for one in CONFIGURATIONS if one.name == "default")
    limits = (Limit("ice_ring", -math.inf, 0.5, "", "", ""), Limit("score", 0.0, math.inf, "", "", ""))
    ours = judge(row(numbered(0), error_A=error_A), configuration, limits)
    assert (ours.accepted, ours.positive, ours.fit) == (False, True, None)
    assert len(ours.samplings_A) == 1


def test_a_good_micrograph_that_cannot_be_fitted_is_a_false_negative() -> None:
    (configuration,) = (one for one in CONFIGURATIONS if one.name == "default")
    there = row(numbered(0))
    unfitted = replace(there, attempts=tuple(replace(one, fit=None) for one in there.attempts))
    ours = judge(unfitted, configuration, ())
    assert (ours.accepted, ours.positive, ours.failed) == (False, True, ("fit",))


def test_a_wrong_estimate_is_no_positive() -> None:
    (configuration,) = (one for one in CONFIGURATIONS if one.name == "default")
    ours = judge(row(numbered(0), error_A=500.0), configuration, ())
    assert ours.accepted
    assert not ours.positive
    assert ours.defect == "wrong estimate"


def test_a_criterion_that_was_not_measured_is_refused() -> None:
    (configuration,) = (one for one in CONFIGURATIONS if one.name == "default")
    there = row(numbered(0))
    without = replace(there, attempts=tuple(replace(one, values={}) for one in there.attempts))
    with pytest.raises(KeyError, match="measure again"):
        judge(without, configuration, load_profile("default"))
