"""The phase aberration and what it is made of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from thonring.ctf import defocus_along, phase_aberration, phase_per_defocus
from thonring.optics import Optics

OPTICS = Optics(300.0, 2.7, 0.1)


@pytest.mark.parametrize(
    ("voltage_kV", "wavelength_A"), [(300, 0.019687), (200, 0.025079), (120, 0.033492), (100, 0.037014)]
)
def test_wavelengths_are_those_of_the_tables(voltage_kV: float, wavelength_A: float) -> None:
    assert Optics(voltage_kV, 2.7).wavelength_A == pytest.approx(wavelength_A, abs=1e-6)


def test_a_value_worked_out_by_hand() -> None:
    """300 kV, 2.7 mm, 1 µm at 4 Å: λ³ = 7.6305e-6 Å³."""
    defocus_term = math.pi * 0.0196875 * 1e4 * 0.0625
    spherical_term = 0.5 * math.pi * 2.7e7 * 7.6307e-6 * 0.00390625
    expected = defocus_term - spherical_term + 0.5 + 0.100167
    assert phase_aberration(0.0625, 1e4, OPTICS, 0.5) == pytest.approx(expected, abs=2e-3)


@given(amplitude=st.floats(0, 0.99), defocus_A=st.floats(-5e4, 5e4))
def test_the_ctf_at_the_origin_is_minus_the_amplitude_contrast(amplitude: float, defocus_A: float) -> None:
    chi = phase_aberration(0.0, defocus_A, Optics(300.0, 2.7, amplitude))
    assert -np.sin(chi) == pytest.approx(-amplitude, abs=1e-12)


@given(shift=st.floats(0, math.pi))
def test_a_phase_shift_is_added_at_every_frequency(shift: float) -> None:
    k2 = np.linspace(0, 0.16, 9)
    moved = phase_aberration(k2, 1e4, OPTICS, shift) - phase_aberration(k2, 1e4, OPTICS)
    assert_allclose(moved, shift, atol=1e-12)


@given(
    u=st.floats(0, 6e4),
    v=st.floats(0, 6e4),
    angle=st.floats(-360, 360),
    direction=st.floats(-math.pi, math.pi),
)
def test_swapped_axes_turned_by_90_degrees_are_the_same_ctf(
    u: float, v: float, angle: float, direction: float
) -> None:
    one = defocus_along(direction, u, v, angle)
    assert_allclose(defocus_along(direction, v, u, angle + 90), one, atol=1e-7)
    ctf = np.sin(phase_aberration(0.09, one, OPTICS))
    swapped = np.sin(phase_aberration(0.09, defocus_along(direction, v, u, angle + 90), OPTICS))
    assert_allclose(swapped, ctf, atol=1e-8)


def test_underfocus_is_positive() -> None:
    assert phase_aberration(0.01, 1e4, OPTICS) > phase_aberration(0.01, 0.0, OPTICS)
    assert phase_aberration(0.01, -1e4, OPTICS) < phase_aberration(0.01, 0.0, OPTICS)


def test_spherical_aberration_works_against_underfocus() -> None:
    assert phase_aberration(0.1, 1e4, OPTICS) < phase_aberration(0.1, 1e4, Optics(300.0, 0.0))


def test_the_slope_by_defocus_is_the_difference_quotient() -> None:
    k2 = np.linspace(0, 0.25, 11)
    quotient = (phase_aberration(k2, 10050.0, OPTICS) - phase_aberration(k2, 9950.0, OPTICS)) / 100
    assert_allclose(phase_per_defocus(k2, OPTICS), quotient, rtol=1e-9, atol=1e-15)


def test_frequencies_and_defoci_broadcast() -> None:
    k2, defocus = np.linspace(0, 0.1, 5)[None, :], np.array([8e3, 9e3, 1e4])[:, None]
    chi = phase_aberration(k2, defocus, OPTICS)
    assert chi.shape == (3, 5)
    assert chi[1, 2] == phase_aberration(0.05, 9e3, OPTICS)


def test_the_inputs_are_not_changed() -> None:
    k2, defocus, direction = np.linspace(0, 0.1, 5), np.full(5, 1e4), np.linspace(0, 3, 5)
    kept = [array.copy() for array in (k2, defocus, direction)]
    for array in (k2, defocus, direction):
        array.flags.writeable = False
    phase_aberration(k2, defocus, OPTICS, 0.3)
    phase_per_defocus(k2, OPTICS)
    defocus_along(direction, 1e4, 9e3, 20.0)
    for array, before in zip((k2, defocus, direction), kept, strict=True):
        assert_array_equal(array, before)
