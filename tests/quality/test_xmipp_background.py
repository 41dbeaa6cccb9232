"""Xmipp's Gaussian of the background, on spectra whose Gaussian is known and on the example micrograph."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thonring import read, spectrum
from thonring.optics import Optics
from thonring.quality import AttemptData
from thonring.quality.xmipp_model import xmipp_background_sigma
from thonring.records import Evidence, Floats, SectorProfiles
from thonring.simulate import Truth, white_micrograph

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "apoferritin_crop.tif"
LIMIT_A2 = 1000.0

Making = Callable[..., AttemptData]
Curve = Callable[[Floats], Floats]


def with_profile(case: AttemptData, curve: Curve) -> AttemptData:
    """The case, its measured profile replaced by a curve without noise."""
    k = np.linspace(1 / 30, 0.5 / 1.5, 1500)
    power = np.stack([curve(k)] * 2)
    profiles = SectorProfiles(
        np.array([0.0, 1.5]), k, np.stack([k**2] * 2), power, np.ones_like(power), k[1] - k[0], 1.5
    )
    return replace(case, evidence=replace(case.evidence, profiles=profiles))


def evidence_of_pixels(case: AttemptData, micrograph: object, sampling_A: float) -> AttemptData:
    measured = spectrum.periodogram(micrograph, 1.5)
    profiles = spectrum.sector_profiles(measured, 1 / 30, np.inf)
    return replace(case, evidence=Evidence(case.optics, measured, profiles, sampling_A))


def hump(sigma_A2: float, root: float = 0.0) -> Curve:
    """Baseline, a Gaussian at 25 Å, and a root part."""
    return lambda k: 1.0 + np.exp(-sigma_A2 * (k - 0.04) ** 2) + root * np.exp(-9.0 * np.sqrt(k))


def rings(defocus_A: float) -> Curve:
    return lambda k: (
        1.0 + 3.0 * np.exp(-9.0 * np.sqrt(k)) + np.exp(-20 * k**2) * np.sin(0.0619 * defocus_A * k**2) ** 2
    )


@pytest.mark.parametrize("sigma_A2", [3000.0, 10000.0, 30000.0])
def test_a_gaussian_is_found_within_a_factor_of_two(make_case: Making, sigma_A2: float) -> None:
    """Not closer: the root part is fitted first and takes some of the Gaussian."""
    case = with_profile(make_case(), hump(sigma_A2, root=5.0))
    assert 0.5 * sigma_A2 < xmipp_background_sigma(case) < 2 * sigma_A2


def test_a_broad_hump_is_rejected(make_case: Making) -> None:
    assert xmipp_background_sigma(with_profile(make_case(), hump(150.0))) < LIMIT_A2


def test_the_narrower_the_larger(make_case: Making) -> None:
    widths = (200.0, 1000.0, 5000.0, 20000.0)
    values = [xmipp_background_sigma(with_profile(make_case(), hump(width, root=2.0))) for width in widths]
    assert values == sorted(values)


def test_the_narrowest_is_capped(make_case: Making) -> None:
    assert xmipp_background_sigma(with_profile(make_case(), hump(5e5, root=1.0))) == 95e3


@pytest.mark.parametrize("defocus_A", [6000.0, 10000.0, 15000.0, 20000.0])
def test_thon_rings_are_narrow(make_case: Making, defocus_A: float) -> None:
    assert xmipp_background_sigma(with_profile(make_case(), rings(defocus_A))) > LIMIT_A2


def test_it_does_not_depend_on_the_scale(make_case: Making) -> None:
    one = xmipp_background_sigma(with_profile(make_case(), rings(15000.0)))
    sixteen = xmipp_background_sigma(with_profile(make_case(), lambda k: 16 * rings(15000.0)(k)))
    assert sixteen == pytest.approx(one, rel=1e-9)


def test_rings_below_the_noise_of_a_flat_spectrum_are_no_gaussian(make_case: Making) -> None:
    assert np.isnan(xmipp_background_sigma(with_profile(make_case(), np.ones_like)))


def test_without_the_baseline_it_is_unknown(make_case: Making) -> None:
    """Nothing measured beyond w = 0.4, or nothing at all."""
    case = with_profile(make_case(), rings(15000.0))
    for highest_per_A in (0.39 / 1.75, 0.0):
        profiles = case.evidence.profiles.within(0.0, highest_per_A)
        blind = replace(case, evidence=replace(case.evidence, profiles=profiles))
        assert np.isnan(xmipp_background_sigma(blind))


@pytest.mark.parametrize("sampling_A", [1.75, 2.75])
def test_the_example_micrograph_passes(make_case: Making, sampling_A: float) -> None:
    micrograph = read.micrograph(EXAMPLE, Optics(voltage_kV=300.0, cs_mm=2.7))
    assert xmipp_background_sigma(evidence_of_pixels(make_case(), micrograph, sampling_A)) > LIMIT_A2


@pytest.mark.parametrize("defocus_A", [12000.0, 18000.0, 21000.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_simulated_micrographs_pass(make_case: Making, defocus_A: float, seed: int) -> None:
    truth = Truth(Optics(300.0, 2.7, 0.1, 1.5), defocus_A + 150, defocus_A - 150, 30.0)
    micrograph = white_micrograph(truth, (1024, 1024), seed)
    assert xmipp_background_sigma(evidence_of_pixels(make_case(), micrograph, 1.75)) > LIMIT_A2
