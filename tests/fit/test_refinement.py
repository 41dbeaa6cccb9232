"""The likelihood fit against simulated truth."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from factories.micrographs import (
    NATIVE,
    OPTICS,
    STRONG,
    TRUTH,
    fit_of_truth,
    fitted,
    micrograph,
    profiles_of,
    turned,
)
from thonring import fit
from thonring.ctf import to_vector
from thonring.errors import FitError
from thonring.optics import Optics
from thonring.records import CtfFit, KnownDefocus
from thonring.settings import KnownAstigmatism, Settings
from thonring.simulate import RingModel, Truth, white_micrograph

GRID = [
    (300.0, 0.7, 18000.0, 900.0, 0.0),
    (300.0, 1.0, 9000.0, 500.0, 40.0),
    (300.0, 1.0, 15000.0, 800.0, 80.0),
    (300.0, 1.5, 27000.0, 1500.0, -20.0),
    (300.0, 2.0, 33000.0, 700.0, -75.0),
    (200.0, 1.0, 12000.0, 600.0, 60.0),
    (200.0, 1.4, 20000.0, 1000.0, -45.0),
    (100.0, 1.5, 10000.0, 600.0, 20.0),
    (100.0, 2.0, 16000.0, 800.0, -88.0),
    (300.0, 1.0, 4500.0, 300.0, -30.0),
]


def errors_in_sigma(found: CtfFit, truth: Truth) -> list[float]:
    """Mean defocus and astigmatism vector, in units of their own error bars."""
    at = to_vector(found.defocus_u_A, found.defocus_v_A, found.angle_deg)
    expected = to_vector(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    return [
        (one - other) / math.sqrt(found.covariance[i, i])
        for i, (one, other) in enumerate(zip(at, expected, strict=True))
    ]


@pytest.mark.parametrize(("voltage_kV", "pixel_A", "mean_A", "astigmatism_A", "angle_deg"), GRID)
def test_the_truth_is_found_within_its_error_bars(
    voltage_kV: float, pixel_A: float, mean_A: float, astigmatism_A: float, angle_deg: float
) -> None:
    optics = Optics(voltage_kV, 2.7, 0.1, pixel_A)
    truth = Truth(optics, mean_A + astigmatism_A / 2, mean_A - astigmatism_A / 2, angle_deg, rings=STRONG)
    found = fit_of_truth(truth, 1024)
    assert np.abs(errors_in_sigma(found, truth)).max() < 4
    assert found.mean_defocus_A == pytest.approx(mean_A, abs=50)
    assert found.defocus_sigma_A < 30
    assert turned(found.angle_deg, angle_deg) < max(3.0, 4 * found.angle_sigma_deg)
    assert found.defocus_u_A >= found.defocus_v_A
    assert -90 < found.angle_deg <= 90


@pytest.mark.slow
def test_error_bars_are_as_long_as_errors_are() -> None:
    """Root mean square of errors over their own sigma in 60 micrographs."""
    scores = []
    for seed in range(60):
        truth = replace(TRUTH, angle_deg=3.0 * seed)
        image = white_micrograph(truth, (768, 768), seed)
        scores.append(errors_in_sigma(fitted(image), truth))
    rms = np.sqrt(np.mean(np.square(scores), axis=0))
    assert 0.8 < np.sqrt(np.mean(rms**2)) < 1.25
    assert rms.min() > 0.7
    assert rms.max() < 1.35


def test_the_covariance_is_symmetric_and_positive() -> None:
    every = Settings(samplings_A=(None,), phase_shift=True, refine_amplitude_contrast=True)
    for settings in (NATIVE, every):
        covariance = fit_of_truth(settings=settings).covariance
        assert covariance.shape == (5, 5)
        assert_allclose(covariance, covariance.T, rtol=1e-6)
        free = np.diag(covariance) > 0
        assert free.sum() == (5 if settings is every else 3)
        assert np.linalg.eigvalsh(covariance[np.ix_(free, free)]).min() > 0
        assert_allclose(covariance[~free], 0)


def test_a_larger_image_has_smaller_errors() -> None:
    """Half the pixels each way, twice the error; to 4 Å, where both sample the rings well."""
    settings = replace(NATIVE, resolution_range_A=(30.0, 4.0))
    small, large = (fit_of_truth(size=size, settings=settings) for size in (640, 1280))
    assert small.defocus_sigma_A / large.defocus_sigma_A == pytest.approx(2, rel=0.25)


def test_fourier_and_matching_lead_to_the_same_fit() -> None:
    one, other = fit_of_truth(), fit_of_truth(settings=replace(NATIVE, search="fourier"))
    assert other.mean_defocus_A == pytest.approx(one.mean_defocus_A, abs=2)
    assert other.astigmatism_A == pytest.approx(one.astigmatism_A, abs=5)
    assert one.signals is None
    assert other.signals is not None


@pytest.mark.parametrize("shift_deg", [30.0, 60.0, 90.0, 120.0])
def test_a_phase_shift_is_found(shift_deg: float) -> None:
    truth = replace(TRUTH, phase_shift_deg=shift_deg)
    found = fit_of_truth(truth, settings=replace(NATIVE, phase_shift=True))
    assert found.phase_shift_deg == pytest.approx(shift_deg, abs=4 * found.phase_shift_sigma_deg)
    assert 0 < found.phase_shift_sigma_deg < 10
    assert np.abs(errors_in_sigma(found, truth)).max() < 4


def test_no_phase_shift_is_found_where_there_is_none() -> None:
    found = fit_of_truth(settings=replace(NATIVE, phase_shift=True))
    assert abs(found.phase_shift_deg) < 4 * found.phase_shift_sigma_deg
    assert fit_of_truth().phase_shift_deg == fit_of_truth().phase_shift_sigma_deg == 0


def test_a_held_phase_shift_stays() -> None:
    truth = replace(TRUTH, phase_shift_deg=60.0)
    found = fitted(micrograph(truth), NATIVE, KnownDefocus(15400.0, 14600.0, 30.0, 60.0))
    assert found.phase_shift_deg == pytest.approx(60)
    assert found.phase_shift_sigma_deg == 0
    assert found.mean_defocus_A == pytest.approx(15000, abs=50)


@pytest.mark.parametrize("true_contrast", [0.02, 0.25])
def test_a_refined_amplitude_contrast_moves_towards_the_truth(true_contrast: float) -> None:
    truth = replace(TRUTH, optics=replace(OPTICS, amplitude_contrast=true_contrast))
    image = replace(micrograph(truth), optics=OPTICS)
    found = fitted(image, replace(NATIVE, refine_amplitude_contrast=True))
    assert abs(found.amplitude_contrast - true_contrast) < 0.6 * abs(0.1 - true_contrast)
    assert found.amplitude_contrast_sigma > 0
    assert fitted(image).amplitude_contrast == pytest.approx(0.1)


def test_a_fixed_defocus_is_kept_exactly() -> None:
    known = KnownDefocus(15300.0, 14700.0, 33.0)
    found = fitted(micrograph(), replace(NATIVE, fix_defocus=True), known)
    assert (found.defocus_u_A, found.defocus_v_A) == pytest.approx((15300.0, 14700.0), abs=1e-6)
    assert found.angle_deg == pytest.approx(33.0)
    assert found.defocus_sigma_A == found.astigmatism_sigma_A == 0
    assert 0.5 * fit_of_truth().score < found.score < fit_of_truth().score


def test_a_known_defocus_is_where_the_fit_starts() -> None:
    found = fitted(micrograph(), NATIVE, KnownDefocus(15100.0, 14800.0, 10.0))
    assert found.start_A == pytest.approx(14950)
    assert found.mean_defocus_A == pytest.approx(fit_of_truth().mean_defocus_A, abs=2)
    assert math.isnan(found.runner_up_A)


def test_without_astigmatism_u_is_v() -> None:
    found = fit_of_truth(settings=replace(NATIVE, astigmatism=False))
    assert found.defocus_u_A == found.defocus_v_A == pytest.approx(15000, abs=100)
    assert found.astigmatism_sigma_A == 0


def test_the_fit_knows_how_far_the_rings_reach() -> None:
    """Rings falling with B = 400 Å² sink into the noise long before those with B = 20 Å²."""
    near = fit_of_truth(replace(TRUTH, rings=RingModel(1.0, 400.0)))
    far = fit_of_truth(replace(TRUTH, rings=RingModel(1.0, 20.0)))
    assert near.fit_resolution_A > 1.3 * far.fit_resolution_A
    assert far.fit_resolution_A < 4
    assert far.score > near.score > 0


def test_the_curve_is_that_of_the_fit() -> None:
    curve = fit_of_truth().curve
    arrays = (curve.power, curve.background, curve.ring_power, curve.sin2, curve.agreement, curve.values)
    assert {array.shape for array in arrays} == {curve.frequency_per_A.shape}
    model = curve.background + curve.ring_power * curve.sin2
    inside = curve.values > 0.5 * np.median(curve.values)
    assert_allclose((curve.power / model)[inside].mean(), 1.0, atol=0.02)
    assert np.corrcoef(curve.power[inside], model[inside])[0, 1] > 0.9
    assert np.abs(curve.agreement).max() <= 1 + 1e-9


def test_rings_that_are_too_fine_for_the_image_are_left_out_and_told() -> None:
    """At 6 µm and 4 Å the rings of a 768 Å image are finer than two of its frequencies."""
    truth = replace(TRUTH, defocus_u_A=60000.0, defocus_v_A=60000.0, rings=RingModel(2.0, 20.0))
    settings = replace(NATIVE, defocus_range_A=(40000.0, 80000.0))
    found = fitted(micrograph(truth, 768), settings)
    (note,) = [note for note in found.notes if note.kind == "aliasing"]
    assert "are not resolved by the sampling of this spectrum and were excluded from the fit" in note.text
    assert found.resolution_range_A[1] > 4
    assert found.mean_defocus_A == pytest.approx(60000, abs=max(150, 4 * found.defocus_sigma_A))
    assert not [note for note in fit_of_truth().notes if note.kind == "aliasing"]


def test_a_wider_band_makes_the_error_smaller() -> None:
    profiles = profiles_of(micrograph(replace(TRUTH, rings=RingModel(1.0, 20.0))))
    band = profiles.within(0.0, 0.25)
    candidates, _ = fit.search(band, OPTICS, Settings())
    narrow = fit.refine(band, OPTICS, Settings(), candidates)
    wide = fit.refine(band, OPTICS, Settings(), candidates, wider=profiles)
    assert wide.resolution_range_A[1] < narrow.resolution_range_A[1]
    assert wide.defocus_sigma_A < 0.8 * narrow.defocus_sigma_A
    assert wide.mean_defocus_A == pytest.approx(narrow.mean_defocus_A, abs=4 * narrow.defocus_sigma_A)
    assert wide.start_A == narrow.start_A


def test_no_candidate_and_no_band_are_told() -> None:
    profiles = profiles_of(micrograph())
    with pytest.raises(FitError, match="widen --defocus-range"):
        fit.refine(profiles, OPTICS, Settings(), ())
    with pytest.raises(FitError, match="widen --resolution-range"):
        fit.search(profiles.within(0.1, 0.105), OPTICS, Settings())


def test_the_profiles_are_not_changed() -> None:
    profiles = profiles_of(micrograph())
    arrays = (profiles.power, profiles.squared_frequency, profiles.values, profiles.angle_rad)
    for array in arrays:
        array.flags.writeable = False
    before = [array.copy() for array in arrays]
    candidates, _ = fit.search(profiles, OPTICS, Settings())
    fit.refine(profiles, OPTICS, Settings(), candidates)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_known_astigmatism_is_kept_and_the_defocus_found() -> None:
    known = KnownAstigmatism(TRUTH.defocus_u_A - TRUTH.defocus_v_A, TRUTH.angle_deg)
    found = fitted(micrograph(), replace(NATIVE, known_astigmatism=known))
    assert (found.astigmatism_A, found.angle_deg) == pytest.approx(known)
    assert found.astigmatism_sigma_A == 0
    assert abs(found.mean_defocus_A - 15000.0) < 4 * found.defocus_sigma_A


def test_a_wrong_known_astigmatism_is_kept_too() -> None:
    found = fitted(micrograph(), replace(NATIVE, known_astigmatism=KnownAstigmatism(500.0, -60.0)))
    assert (found.astigmatism_A, found.angle_deg) == pytest.approx((500.0, -60.0))


def test_a_phase_shift_that_is_not_fitted_is_held() -> None:
    truth = replace(TRUTH, phase_shift_deg=70.0)
    found = fitted(micrograph(truth), replace(NATIVE, phase_shift_deg=70.0))
    assert found.phase_shift_deg == pytest.approx(70.0)
    assert found.phase_shift_sigma_deg == 0
    assert abs(found.mean_defocus_A - 15000.0) < 4 * found.defocus_sigma_A


def test_the_range_of_a_phase_shift_is_its_prior() -> None:
    truth = replace(TRUTH, phase_shift_deg=70.0)
    settings = replace(NATIVE, phase_shift=True)
    free = fitted(micrograph(truth), settings)
    near = fitted(micrograph(truth), replace(settings, phase_shift_range_deg=(65.0, 75.0)))
    assert near.phase_shift_deg == pytest.approx(70.0, abs=4 * near.phase_shift_sigma_deg)
    assert near.phase_shift_sigma_deg < free.phase_shift_sigma_deg
