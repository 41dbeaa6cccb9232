import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thonring.ctf import defocus_along, zero_frequency
from thonring.quality import AttemptData
from thonring.quality.xmipp_model import xmipp_correlation_1_3, xmipp_maximum_frequency, xmipp_phase_shift
from thonring.quality.xmipp_zeros import (
    DIRECTIONS_RAD,
    first_minima,
    first_zeros,
    pearson,
    xmipp_ctf_margin,
    xmipp_first_minimum_ratio,
    xmipp_first_zero,
    xmipp_first_zero_ratio,
    xmipp_iceness,
    xmipp_non_astigmatic_validity,
    xmipp_psd_correlation_90,
)
from thonring.records import Floats, RadialCurve

Making = Callable[..., AttemptData]


def with_power(case: AttemptData, power: np.ndarray) -> AttemptData:
    spectrum = replace(case.spectrum(), power=power.astype(np.float32))
    return replace(case, spectrum=lambda: spectrum)


def curve(background: Callable[[Floats], Floats], ring_power: Callable[[Floats], Floats]) -> RadialCurve:
    k = np.linspace(1 / 40, 0.28, 256)
    ones = np.ones_like(k)
    return RadialCurve(k, ones, background(k), ring_power(k), ones, ones, ones)


class TestIceness:
    def test_flat_noise_is_one(self, make_case: Making) -> None:
        case = make_case()
        power = np.random.default_rng(0).gamma(16.0, size=case.spectrum().power.shape)
        assert xmipp_iceness(with_power(case, power)) == pytest.approx(1.0, abs=0.03)

    def test_ice_ring_in_the_positive_quadrant_only(self, make_case: Making) -> None:
        case = make_case()
        rows, columns = case.spectrum().power.shape
        radius = np.hypot(np.arange(rows)[:, None] - rows // 2, np.arange(columns)[None, :])
        outer, inner = (math.floor(512 * 1.75 / resolution) for resolution in (3.6, 4.0))
        ring = np.where((radius >= inner) & (radius < outer), 1.3, 1.0)
        assert xmipp_iceness(with_power(case, ring)) == pytest.approx(1.3, rel=1e-6)
        ring[: rows // 2] = 7.0
        assert xmipp_iceness(with_power(case, ring)) == pytest.approx(1.3, rel=1e-6)

    def test_zero_where_3_6_A_cannot_be_seen(self, make_case: Making, truth: object) -> None:
        assert xmipp_iceness(make_case(replace(truth, sampling_A=2.75))) == 0.0

    def test_minus_one_without_power(self, make_case: Making) -> None:
        case = make_case()
        assert xmipp_iceness(with_power(case, np.zeros((512, 257)))) == -1.0


class TestCorrelation90:
    def test_a_stigmatic_spectrum_without_noise_is_one(self, make_case: Making, truth: object) -> None:
        case = make_case(replace(truth, seed=None, defocus_u_A=15000.0, defocus_v_A=15000.0))
        assert xmipp_psd_correlation_90(case) == pytest.approx(1.0, abs=1e-3)

    def test_any_pattern_symmetric_under_the_turn_is_one(self, make_case: Making) -> None:
        quarter = np.random.default_rng(0).standard_normal((65, 65)).astype(np.float32)
        turned = sum(np.rot90(quarter, turns) for turns in range(4))
        plane = np.zeros((66, 66), np.float32)
        plane[1:, 1:] = turned
        case = replace(make_case(), enhance=lambda: plane)
        assert xmipp_psd_correlation_90(case) == pytest.approx(1.0, abs=1e-6)

    def test_astigmatism_lowers_it(self, make_case: Making, truth: object) -> None:
        values = [
            xmipp_psd_correlation_90(make_case(replace(truth, defocus_u_A=14900.0 + difference)))
            for difference in (0.0, 1000.0, 3000.0)
        ]
        assert values == sorted(values, reverse=True)
        assert values[2] < 0.5 * values[0]

    def test_without_contrast_it_is_unknown(self, make_case: Making) -> None:
        case = replace(make_case(), enhance=lambda: np.zeros((64, 64), np.float32))
        assert np.isnan(xmipp_psd_correlation_90(case))


class TestZeros:
    @pytest.mark.parametrize("phase_shift_deg", [0.0, 90.0, 150.0])
    def test_the_scan_finds_the_exact_zeros(self, make_case: Making, phase_shift_deg: float) -> None:
        case = make_case(
            defocus_u_A=20000.0, defocus_v_A=16000.0, angle_deg=-50.0, phase_shift_deg=phase_shift_deg
        )
        defocus_A = defocus_along(DIRECTIONS_RAD, 20000.0, 16000.0, -50.0)
        exact = zero_frequency(1, defocus_A, case.optics, math.radians(phase_shift_deg))
        assert_allclose(first_zeros(case), exact, rtol=3e-3)

    def test_the_minimum_lies_between_the_first_two_zeros(self, make_case: Making) -> None:
        case = make_case()
        defocus_A = defocus_along(DIRECTIONS_RAD, 15200.0, 14900.0, 30.0)
        assert np.all(first_minima(case) > zero_frequency(1, defocus_A, case.optics))
        assert np.all(first_minima(case) < zero_frequency(2, defocus_A, case.optics))

    def test_first_zero_and_ratio(self, make_case: Making) -> None:
        case = make_case(defocus_u_A=20000.0, defocus_v_A=16000.0)
        mean_A = np.mean(1 / zero_frequency(1, np.array([20000.0, 16000.0]), case.optics))
        assert xmipp_first_zero(case) == pytest.approx(mean_A, rel=5e-3)
        assert xmipp_first_zero_ratio(case) == pytest.approx(math.sqrt(20 / 16), rel=5e-3)

    def test_ratio_of_a_stigmatic_ctf_is_one(self, make_case: Making) -> None:
        assert xmipp_first_zero_ratio(make_case(defocus_u_A=15000.0, defocus_v_A=15000.0)) == 1.0

    def test_without_a_zero_it_is_unknown(self, make_case: Making) -> None:
        case = replace(make_case(defocus_u_A=300.0, defocus_v_A=300.0), original_pixel_A=6.0)
        assert np.isnan(xmipp_first_zero(case))
        assert np.isnan(xmipp_first_zero_ratio(case))
        assert np.isnan(xmipp_ctf_margin(case))

    def test_zeros_beyond_the_spectrum_have_no_margin(self, make_case: Making) -> None:
        assert np.isnan(xmipp_ctf_margin(make_case(defocus_u_A=500.0, defocus_v_A=500.0)))

    def test_non_astigmatic_validity_of_2146_A_is_6_5_A(self, make_case: Making) -> None:
        case = make_case(defocus_u_A=17146.0, defocus_v_A=15000.0)
        assert xmipp_non_astigmatic_validity(case) == pytest.approx(6.5, abs=0.005)


class TestMargin:
    def test_the_true_fit_has_a_margin_and_a_wrong_one_has_not(self, make_case: Making) -> None:
        assert xmipp_ctf_margin(make_case()) > 3
        assert xmipp_ctf_margin(make_case(defocus_u_A=22000.0, defocus_v_A=22000.0)) < 0

    def test_margin_and_ratio_of_a_known_plane(self, make_case: Making) -> None:
        """Along each ring the plane is a (1 + cos 2α) + radius: mean difference and spread are known."""
        case = make_case(defocus_u_A=15000.0, defocus_v_A=15000.0)
        index = np.arange(512) - 256.0
        y, x = index[:, None], index[None, :]
        with np.errstate(invalid="ignore"):
            plane = np.hypot(x, y) + 5 * np.nan_to_num((x**2 - y**2) / (x**2 + y**2))
        case = replace(case, enhance=lambda: plane.astype(np.float32))
        step = case.spectrum().step_x_per_A
        difference = (first_minima(case)[0] - first_zeros(case)[0]) / step
        spread = (5 * np.cos(2 * DIRECTIONS_RAD)).std()
        assert xmipp_ctf_margin(case) == pytest.approx(difference / spread, rel=0.01)
        assert xmipp_first_minimum_ratio(case) == pytest.approx(1.0, rel=0.01)

    def test_a_thousand_without_contrast_along_the_zero(self, make_case: Making) -> None:
        case = replace(make_case(), enhance=lambda: np.zeros((512, 512), np.float32))
        assert xmipp_ctf_margin(case) == 1000.0
        assert xmipp_first_minimum_ratio(case) == 1000.0


class TestModel:
    def test_correlation_is_high_for_the_truth_and_low_for_another_defocus(self, make_case: Making) -> None:
        assert xmipp_correlation_1_3(make_case()) > 0.8
        assert xmipp_correlation_1_3(make_case(defocus_u_A=21000.0, defocus_v_A=20700.0)) < 0.27

    def test_correlation_with_the_model_itself_is_one(self, make_case: Making, truth: object) -> None:
        case = make_case(replace(truth, seed=None))
        k = np.hypot(*np.meshgrid(*2 * [np.arange(512) - 256.0])) * case.spectrum().step_x_per_A
        direction = np.arctan2(*np.meshgrid(*2 * [np.arange(512) - 256.0], indexing="ij"))
        chi_free = replace(case.fitted, resolution_range_A=(40.0, 3.6))
        defocus_A = defocus_along(direction, 15200.0, 14900.0, 30.0)
        from thonring.ctf import phase_aberration

        ctf = np.sin(phase_aberration(k**2, defocus_A, case.optics))
        plane = (truth.ring_power(k) * ctf**2).astype(np.float32)
        case = replace(case, enhance=lambda: plane, fit=chi_free)
        assert xmipp_correlation_1_3(case) == pytest.approx(1.0, abs=1e-4)

    def test_correlation_without_pixels_is_unknown(self, make_case: Making) -> None:
        assert np.isnan(xmipp_correlation_1_3(make_case(resolution_range_A=(5.0, 4.9))))

    @pytest.mark.parametrize("b_A2", [100.0, 200.0])
    def test_maximum_frequency_of_a_gaussian_envelope(self, make_case: Making, b_A2: float) -> None:
        """E = exp(-b k² / 4), relative to its value at 30 Å, reaches a tenth at k² = 4 ln 10 / b + 1/30²."""
        case = make_case(curve=curve(np.ones_like, lambda k: np.exp(-0.5 * b_A2 * k**2)))
        expected_A = 1 / math.sqrt(4 * math.log(10) / b_A2 + 1 / 900)
        assert xmipp_maximum_frequency(case) == pytest.approx(max(expected_A, 3.6), rel=0.02)

    def test_maximum_frequency_without_rings_is_a_thousand(self, make_case: Making) -> None:
        assert xmipp_maximum_frequency(make_case(curve=curve(np.ones_like, np.zeros_like))) == 1000.0

    def test_an_unknown_curve_is_unknown(self, make_case: Making) -> None:
        case = make_case(curve=curve(np.zeros_like, lambda k: np.full_like(k, np.nan)))
        assert np.isnan(xmipp_correlation_1_3(case))

    def test_phase_shift_has_no_sign(self, make_case: Making) -> None:
        assert xmipp_phase_shift(make_case(phase_shift_deg=-30.0)) == 30.0


def test_pearson_agrees_with_numpy() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 30, 4)).astype(np.float32)
    assert pearson(x, y) == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1], abs=1e-6)
