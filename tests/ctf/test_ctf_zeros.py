"""Where the CTF vanishes, held against the CTF itself."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from thonring.ctf import (
    defocus_of_zero,
    frequency_of_phase,
    phase_aberration,
    ring_period_per_A,
    zero_curves,
    zero_frequency,
)
from thonring.optics import Optics
from thonring.records import KnownDefocus

MICROSCOPES = st.builds(
    Optics,
    st.sampled_from([100.0, 200.0, 300.0]),
    st.sampled_from([0.0, 0.01, 1.4, 2.7]),
    st.floats(0.0, 0.5),
)
SHIFTS = st.floats(0.0, math.pi)


@given(optics=MICROSCOPES, defocus_A=st.floats(3000, 6e4), shift=SHIFTS, number=st.integers(1, 5))
def test_the_ctf_is_zero_at_its_zeros(optics: Optics, defocus_A: float, shift: float, number: int) -> None:
    k = zero_frequency(number, defocus_A, optics, shift)
    if np.isfinite(k):
        assert np.sin(phase_aberration(k**2, defocus_A, optics, shift)) == pytest.approx(0.0, abs=1e-7)
    else:
        assert optics.cs_mm > 0


@given(optics=MICROSCOPES, defocus_A=st.floats(8000, 6e4), shift=SHIFTS)
def test_the_first_zero_is_the_first(optics: Optics, defocus_A: float, shift: float) -> None:
    first = float(zero_frequency(1, defocus_A, optics, shift))
    second = float(zero_frequency(2, defocus_A, optics, shift))
    assert 0 <= first < second
    within = np.linspace(0.001, 0.999, 50) * first
    signs = np.sign(np.sin(phase_aberration(within**2, defocus_A, optics, shift)))
    assert abs(signs.sum()) == 50
    between = first + np.linspace(0.001, 0.999, 50) * (second - first)
    assert_array_equal(np.sign(np.sin(phase_aberration(between**2, defocus_A, optics, shift))), -signs)


def test_without_spherical_aberration_zeros_are_square_roots() -> None:
    optics = Optics(300.0, 0.0, 0.0)
    numbers = np.array([zero_frequency(n, 2e4, optics) for n in range(1, 6)])
    assert_allclose(numbers, np.sqrt(np.arange(1, 6) / (optics.wavelength_A * 2e4)), rtol=1e-12)


def test_where_the_phase_turns_back_there_are_no_more_zeros() -> None:
    """χ of 500 Å at 2.7 mm never rises by more than πΔf²/(2 Cs λ) = 0.74 rad."""
    assert np.isnan(zero_frequency(1, 500.0, Optics(300.0, 2.7, 0.1)))


@given(optics=MICROSCOPES, defocus_A=st.floats(8000, 6e4), k=st.floats(0.01, 0.12), shift=SHIFTS)
def test_the_frequency_of_a_phase_is_where_it_is_reached(
    optics: Optics, defocus_A: float, k: float, shift: float
) -> None:
    chi = phase_aberration(k**2, defocus_A, optics, shift)
    assert frequency_of_phase(chi, defocus_A, optics, shift) == pytest.approx(k, rel=1e-6)


def test_phases_and_defoci_broadcast_and_stay_as_they_are() -> None:
    phase, defocus = np.array([math.pi, 2 * math.pi]), np.array([1e4, 1.2e4])
    for array in (phase, defocus):
        array.flags.writeable = False
    both = frequency_of_phase(phase[:, None], defocus[None, :], Optics(300.0, 2.7))
    assert both.shape == (2, 2)
    assert both[1, 0] == zero_frequency(2, 1e4, Optics(300.0, 2.7))


@given(optics=MICROSCOPES, defocus_A=st.floats(8000, 6e4), k=st.floats(0.02, 0.2))
def test_the_ring_period_is_pi_over_the_slope_of_the_phase(
    optics: Optics, defocus_A: float, k: float
) -> None:
    step = 1e-5
    ahead, behind = (phase_aberration((k + d) ** 2, defocus_A, optics) for d in (step, -step))
    expected = math.pi / max(abs(float(ahead - behind)) / (2 * step), 1e-3)
    assert ring_period_per_A(k, defocus_A, optics) == pytest.approx(expected, rel=1e-3)


def test_the_ring_period_is_infinite_where_the_phase_stands_still() -> None:
    assert np.isinf(ring_period_per_A(0.0, 1e4, Optics(300.0, 2.7)))


@given(
    optics=MICROSCOPES,
    defocus_A=st.floats(2000, 6e4),
    shift=st.floats(-math.pi, 2 * math.pi),
    number=st.integers(1, 5),
)
def test_the_defocus_of_a_zero_is_the_one_that_has_it(
    optics: Optics, defocus_A: float, shift: float, number: int
) -> None:
    k = float(zero_frequency(number, defocus_A, optics, shift))
    slope = defocus_A - 1e7 * optics.cs_mm * (optics.wavelength_A * k) ** 2
    if math.isfinite(k) and k > 1e-4 and slope > 1e-3 * defocus_A:
        assert defocus_of_zero(number, k, optics, shift) == pytest.approx(defocus_A, rel=1e-6)


@given(
    optics=MICROSCOPES,
    k=st.floats(0.002, 0.6),
    shift=st.floats(-math.pi, 2 * math.pi).filter(lambda rad: rad == 0 or abs(rad) > 1e-9),
    number=st.integers(1, 5),
)
def test_a_defocus_of_a_zero_has_its_zero_there_or_there_is_none(
    optics: Optics, k: float, shift: float, number: int
) -> None:
    defocus_A = float(defocus_of_zero(number, k, optics, shift))
    if math.isfinite(defocus_A):
        assert defocus_A >= 0
        assert zero_frequency(number, defocus_A, optics, shift) == pytest.approx(k, rel=1e-5)
    else:
        tried = zero_frequency(number, np.linspace(0, 2e5, 2001), optics, shift)
        assert optics.cs_mm > 0
        assert not np.any(tried > 1.001 * k)


def test_no_defocus_has_a_zero_at_no_frequency_nor_beyond_where_the_phase_turns_back() -> None:
    optics = Optics(300.0, 2.7, 0.1)
    turning = (2 * (math.pi - math.asin(0.1)) / (math.pi * 2.7e7 * optics.wavelength_A**3)) ** 0.25
    found = defocus_of_zero(1, [0.0, 0.999 * turning, 1.001 * turning, math.nan], optics)
    assert_array_equal(np.isfinite(found), [False, True, False, False])
    assert np.isfinite(defocus_of_zero(1, 1.001 * turning, replace(optics, cs_mm=0.0)))


@given(optics=MICROSCOPES, overfocus_A=st.floats(-6e4, 0.0), number=st.integers(1, 5))
def test_overfocus_has_no_such_zeros(optics: Optics, overfocus_A: float, number: int) -> None:
    assert np.isnan(zero_frequency(number, overfocus_A, optics))


def test_the_curve_of_zeros_is_closest_where_the_defocus_is_highest() -> None:
    optics = Optics(300.0, 2.7, 0.1)
    curve, second = zero_curves(2, KnownDefocus(12000.0, 10000.0, 30.0), optics, directions=361)
    radius = np.hypot(*curve)
    assert np.all(np.hypot(*second) > radius)
    assert radius[30] == pytest.approx(float(zero_frequency(1, 12000.0, optics)))
    assert radius[120] == pytest.approx(float(zero_frequency(1, 10000.0, optics)))
    assert {int(radius.argmin()), int(radius.argmax())} <= {30, 210, 120, 300}
    assert_allclose(curve[:, 0], curve[:, -1], atol=1e-12)
