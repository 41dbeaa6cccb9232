"""Fringes of a double exposure: their contrast is measured, and nothing else is taken for them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from thonring.ctf import half_plane_grid, sin2_half_plane
from thonring.quality import AttemptData
from thonring.quality.image_criteria import double_exposure
from thonring.records import Floats, Spectrum


def jumped(case: AttemptData, share: float, jump_A: float, angle_deg: float) -> AttemptData:
    """The case after a `share` of the dose fell on the specimen moved by `jump_A`; its noise is left alone."""
    spectrum, curve = case.spectrum(), case.fitted.curve
    k2, direction = half_plane_grid(spectrum)
    k = np.sqrt(k2)
    lost = 2 * share * (1 - share)
    fringes = 1 - lost * (1 - np.cos(2 * np.pi * jump_A * k * np.cos(direction - np.radians(angle_deg))))
    background = np.interp(k, curve.frequency_per_A, curve.background)
    scattered = spectrum.power / expected(case, spectrum)
    signal = expected(case, spectrum) - background
    power = scattered * (background + signal * fringes)
    moved = replace(spectrum, power=power.astype(np.float32))
    rings = curve.ring_power * (1 - lost)
    fit = replace(case.fitted, curve=replace(curve, ring_power=rings))
    return replace(case, spectrum=lambda: moved, fit=fit)


def expected(case: AttemptData, spectrum: Spectrum) -> Floats:
    curve = case.fitted.curve
    k = np.sqrt(half_plane_grid(spectrum)[0])
    background = np.interp(k, curve.frequency_per_A, curve.background)
    rings = np.interp(k, curve.frequency_per_A, curve.ring_power)
    return background + rings * sin2_half_plane(spectrum, case.fitted, case.fitted_optics)


@pytest.mark.parametrize("jump_A", [18.0, 40.0, 95.0])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_the_contrast_of_the_fringes_is_found(
    make_case: Callable[..., AttemptData], share: float, jump_A: float
) -> None:
    lost = 2 * share * (1 - share)
    assert double_exposure(jumped(make_case(), share, jump_A, 25.0)) == pytest.approx(
        lost / (1 - lost), rel=0.2
    )


@pytest.mark.parametrize("angle_deg", [-90.0, -30.0, 0.0, 45.0])
def test_no_direction_is_missed(make_case: Callable[..., AttemptData], angle_deg: float) -> None:
    assert double_exposure(jumped(make_case(), 0.4, 50.0, angle_deg)) > 0.5


def test_a_single_exposure_has_none(make_case: Callable[..., AttemptData]) -> None:
    assert double_exposure(make_case()) == 0


def test_astigmatic_rings_have_none(make_case: Callable[..., AttemptData], truth: Any) -> None:
    astigmatic = replace(truth, defocus_u_A=17000.0, defocus_v_A=14000.0)
    assert double_exposure(make_case(astigmatic)) == 0


def test_drift_is_not_a_jump(make_case: Callable[..., AttemptData], truth: Any) -> None:
    assert double_exposure(make_case(replace(truth, drift_A=3.0))) == 0


def test_without_rings_nothing_can_be_told(make_case: Callable[..., AttemptData]) -> None:
    case = make_case()
    curve = replace(case.fitted.curve, ring_power=np.zeros_like(case.fitted.curve.ring_power))
    assert np.isnan(double_exposure(replace(case, fit=replace(case.fitted, curve=curve))))
