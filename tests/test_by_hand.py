"""Rings set by hand: what follows them, and that a fit from there finds the truth."""

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from factories.micrographs import NATIVE, OPTICS, STRONG, fit_of_truth, micrograph
from thonring import manual_fit as by_hand
from thonring import pipeline
from thonring.ctf import zero_frequency
from thonring.errors import FitError, SettingsError
from thonring.manual_fit import ManualCtf, Ring
from thonring.measurement import Measurement
from thonring.optics import Optics
from thonring.quality import load_profile
from thonring.records import Attempt, KnownDefocus, SectorProfiles
from thonring.settings import Settings
from thonring.simulate import Truth

TRUTHS = (
    Truth(OPTICS, 15400.0, 14600.0, 30.0, rings=STRONG),
    Truth(Optics(200.0, 1.4, 0.07, 1.2), 12000.0, 9500.0, -50.0, rings=STRONG),
    Truth(Optics(100.0, 0.01, 0.1, 1.5), 9000.0, 8800.0, 80.0, rings=STRONG),
    Truth(Optics(300.0, 0.0, 0.1, 0.8), 24000.0, 23000.0, 10.0, rings=STRONG),
    Truth(Optics(120.0, 2.0, 0.1, 1.8), 20000.0, 16500.0, -20.0, rings=STRONG),
)
SLIPS = ((1.05, 1.05, 0.0), (0.95, 0.95, 0.0), (1.05, 0.95, 15.0), (0.96, 1.04, -20.0))
RINGS = st.builds(
    Ring, st.integers(1, 5), st.floats(0.02, 0.1), st.floats(0.02, 0.1), st.floats(-360.0, 360.0)
)


def settings_for(truth: Truth) -> Settings:
    finest_A = max(3.5, 2.2 * (truth.optics.pixel_A or 1.0))
    return replace(NATIVE, resolution_range_A=(30.0, finest_A), limits=load_profile("default"))


@cache
def measured(truth: Truth) -> Measurement:
    return pipeline.measure(micrograph(truth), settings_for(truth))


def estimated(truth: Truth, hand: ManualCtf, way: by_hand.ManualMode = "fit") -> Attempt:
    settings = settings_for(truth)
    return by_hand.estimate(measured(truth), profiles_of(truth), settings, hand, way)


@cache
def profiles_of(truth: Truth) -> SectorProfiles:
    return pipeline.sectors(measured(truth), settings_for(truth))


def ring_of_truth(truth: Truth, number: int = 1) -> Ring:
    along, across = zero_frequency(number, [truth.defocus_u_A, truth.defocus_v_A], truth.optics)
    return Ring(number, float(along), float(across), truth.angle_deg)


@pytest.mark.parametrize("slip", SLIPS, ids=str)
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: f"{truth.optics.voltage_kV:.0f}kV")
def test_a_ring_within_a_twentieth_of_the_first_zero_is_fitted_to_the_truth(
    truth: Truth, slip: tuple[float, float, float]
) -> None:
    true = ring_of_truth(truth)
    ring = Ring(1, true.along_per_A * slip[0], true.across_per_A * slip[1], true.angle_deg + slip[2])
    band = settings_for(truth).resolution_range_A
    fit = estimated(truth, ManualCtf(by_hand.defocus_of_ring(ring, truth.optics), band)).fit
    assert fit is not None
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    assert abs(fit.mean_defocus_A - mean_A) < 3 * fit.defocus_sigma_A
    vectors = [
        np.array([d.defocus_u_A - d.defocus_v_A]) * np.exp(2j * math.radians(d.angle_deg))
        for d in (fit, truth)
    ]
    assert abs(complex((vectors[0] - vectors[1])[0])) < 3 * math.sqrt(2) * fit.astigmatism_sigma_A


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_any_of_the_first_five_rings_tells_the_defocus(number: int) -> None:
    truth = TRUTHS[0]
    found = by_hand.defocus_of_ring(ring_of_truth(truth, number), truth.optics)
    assert (found.defocus_u_A, found.defocus_v_A) == pytest.approx((truth.defocus_u_A, truth.defocus_v_A))
    assert found.angle_deg == pytest.approx(truth.angle_deg)


@given(ring=RINGS, shift_deg=st.floats(-90.0, 170.0), cs_mm=st.sampled_from([0.0, 0.01, 2.7]))
def test_a_ring_and_its_defocus_are_one(ring: Ring, shift_deg: float, cs_mm: float) -> None:
    optics = Optics(300.0, cs_mm, 0.1)
    defocus = by_hand.defocus_of_ring(ring, optics, shift_deg)
    assert defocus.defocus_u_A >= defocus.defocus_v_A
    again = by_hand.ring_of(ManualCtf(defocus, (30.0, 3.0)), optics, ring.number)
    assert again is not None
    assert_allclose(
        (again.along_per_A, again.across_per_A), sorted((ring.along_per_A, ring.across_per_A)), rtol=1e-6
    )
    turn = 0.0 if ring.along_per_A <= ring.across_per_A else 90.0
    assert math.cos(2 * math.radians(again.angle_deg - ring.angle_deg - turn)) == pytest.approx(1.0, abs=1e-9)


def test_a_ring_where_no_defocus_has_one_is_told() -> None:
    with pytest.raises(FitError, match=r"zero 1 at 2\.00 Å.*phase reverses"):
        by_hand.defocus_of_ring(Ring(1, 0.05, 0.5, 0.0), OPTICS)


def test_rings_are_drawn_as_far_as_the_band() -> None:
    near, far = (
        by_hand.rings_of(ManualCtf(KnownDefocus(15400.0, 14600.0, 30.0), (30.0, finest)), OPTICS)
        for finest in (8.0, 4.0)
    )
    assert 0 < len(near) < len(far)
    assert np.hypot(*near[-1]).min() <= 1 / 8.0


def test_what_is_kept_as_it_is_stays_to_the_digit_and_is_judged() -> None:
    hand = ManualCtf(KnownDefocus(15500.0, 14500.0, 25.0), settings_for(TRUTHS[0]).resolution_range_A)
    attempt = estimated(TRUTHS[0], hand, "hand")
    fit = attempt.fit
    assert fit is not None
    assert (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg) == pytest.approx((15500.0, 14500.0, 25.0))
    assert not fit.covariance.any()
    assert {"score", "fit_resolution", "astigmatism"} <= {one.name for one in attempt.verdict.criteria}
    assert fit.score > 0.05


def test_an_amplitude_contrast_of_the_hand_is_kept_with_it() -> None:
    hand = ManualCtf(KnownDefocus(15400.0, 14600.0, 30.0), (30.0, 3.5), amplitude_contrast=0.2)
    fit = estimated(TRUTHS[0], hand, "hand").fit
    assert fit is not None
    assert fit.amplitude_contrast == pytest.approx(0.2)


def test_what_the_eye_follows_is_what_the_fit_gives() -> None:
    truth = TRUTHS[0]
    settings = settings_for(truth)
    fit = fit_of_truth(truth, settings=settings)
    profiles = pipeline.sectors(measured(truth), settings)
    held = by_hand.evaluate_manual_ctf(measured(truth), profiles, settings, by_hand.manual_ctf_of(fit))
    assert held.score == pytest.approx(fit.score, rel=0.05)
    assert held.fit_resolution_A == pytest.approx(fit.fit_resolution_A, rel=0.05)
    assert_allclose(held.curve.frequency_per_A, fit.curve.frequency_per_A)
    assert_allclose(held.curve.sin2, fit.curve.sin2, atol=1e-9)
    assert_allclose(held.curve.background, fit.curve.background, rtol=0.1)


def test_a_wrong_hand_explains_less() -> None:
    truth = TRUTHS[0]
    settings = settings_for(truth)
    profiles = pipeline.sectors(measured(truth), settings)
    right, wrong = (
        by_hand.evaluate_manual_ctf(
            measured(truth), profiles, settings, ManualCtf(KnownDefocus(u, v, 30.0), (30.0, 3.5))
        )
        for u, v in ((15400.0, 14600.0), (13400.0, 12600.0))
    )
    assert right.score > 2 * wrong.score
    assert right.fit_resolution_A < wrong.fit_resolution_A


def test_a_fit_that_ran_away_is_known() -> None:
    fit = fit_of_truth(TRUTHS[0], settings=settings_for(TRUTHS[0]))
    assert not by_hand.moved_far(KnownDefocus(16000.0, 15500.0, 0.0), fit)
    assert by_hand.moved_far(KnownDefocus(18500.0, 18000.0, 0.0), fit)
    assert by_hand.moved_far(KnownDefocus(12500.0, 12000.0, 0.0), fit)


def test_a_spectrum_refused_without_a_fit_is_fitted_for_a_hand() -> None:
    truth = TRUTHS[0]
    limits = tuple(
        replace(limit, at_most=-1.0) if limit.criterion == "film_share" else limit
        for limit in load_profile("default")
    )
    settings = replace(settings_for(truth), limits=limits)
    profiles = pipeline.sectors(measured(truth), settings)
    assert next(pipeline.attempts_on(measured(truth), profiles, settings)).fit is None
    hand = ManualCtf(KnownDefocus(15400.0, 14600.0, 30.0), settings.resolution_range_A)
    attempt = by_hand.estimate(measured(truth), profiles, settings, hand, "fit")
    assert attempt.fit is not None
    assert [one.name for one in attempt.verdict.criteria if not one.passed] == ["film_share"]


@pytest.mark.parametrize(
    ("defocus", "band", "error", "told"),
    [
        (KnownDefocus(15400.0, 14600.0, 30.0), (3.5, 30.0), SettingsError, "low resolution first"),
        (KnownDefocus(math.nan, 14600.0, 30.0), (30.0, 3.5), SettingsError, "not a number"),
        (KnownDefocus(15400.0, 14600.0, 30.0), (30.0, 25.0), FitError, "frequencies"),
    ],
)
@pytest.mark.parametrize("way", ["fit", "hand"])
def test_what_cannot_be_is_told(
    defocus: KnownDefocus,
    band: tuple[float, float],
    error: type[Exception],
    told: str,
    way: by_hand.ManualMode,
) -> None:
    with pytest.raises(error, match=told):
        estimated(TRUTHS[0], ManualCtf(defocus, band), way)


@pytest.mark.parametrize(
    "changes",
    [
        {"search": "fourier"},
        {"start": "network-only"},
        {"fix_defocus": True},
        {"phase_shift": True},
        {"astigmatism": False},
    ],
    ids=str,
)
def test_whatever_the_run_searched_with_a_hand_finds_the_rings(changes: dict[str, Any]) -> None:
    truth = Truth(OPTICS, 15000.0, 15000.0, 0.0, rings=STRONG)
    settings = replace(settings_for(truth), **changes)
    image = pipeline.measure(micrograph(truth), settings)
    hand = ManualCtf(KnownDefocus(15600.0, 15600.0, 0.0), settings.resolution_range_A)
    fit = by_hand.estimate(image, pipeline.sectors(image, settings), settings, hand, "fit").fit
    assert fit is not None
    assert abs(fit.mean_defocus_A - 15000) < 4 * fit.defocus_sigma_A
    kept = by_hand.estimate(image, pipeline.sectors(image, settings), settings, hand, "hand").fit
    assert kept is not None
    assert kept.mean_defocus_A == pytest.approx(15600.0)
    assert kept.phase_shift_deg == 0
