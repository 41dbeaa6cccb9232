"""The ellipse of the defocus."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from thonring.ctf import canonical, defocus_along, from_vector, to_vector

DEFOCUS = st.floats(-1e4, 1e5)
ANGLE = st.floats(-1e4, 1e4)
DIRECTIONS = np.linspace(-np.pi, np.pi, 13)


@given(u=DEFOCUS, v=DEFOCUS, angle=ANGLE)
def test_canonical_is_the_same_ellipse_in_the_agreed_range(u: float, v: float, angle: float) -> None:
    same = canonical(u, v, angle)
    assert same[0] >= same[1]
    assert -90 < same[2] <= 90
    assert_allclose(defocus_along(DIRECTIONS, *same), defocus_along(DIRECTIONS, u, v, angle), atol=1e-5)
    assert canonical(*same) == pytest.approx(same, abs=1e-9)


@pytest.mark.parametrize(
    ("given_deg", "expected_deg"),
    [(-90, 90), (90, 90), (270, 90), (180, 0), (0, 0), (-89.5, -89.5), (91, -89)],
)
def test_the_ends_of_the_range_of_angles(given_deg: float, expected_deg: float) -> None:
    assert canonical(2e4, 1e4, given_deg) == (2e4, 1e4, expected_deg)


def test_u_lies_along_the_angle_and_v_across() -> None:
    angle = math.radians(25)
    assert defocus_along(angle, 2e4, 1e4, 25.0) == pytest.approx(2e4)
    assert defocus_along(angle + np.pi / 2, 2e4, 1e4, 25.0) == pytest.approx(1e4)
    assert defocus_along(angle + np.pi / 4, 2e4, 1e4, 25.0) == pytest.approx(1.5e4)


@given(u=DEFOCUS, v=DEFOCUS, angle=ANGLE)
def test_vector_and_back(u: float, v: float, angle: float) -> None:
    back = from_vector(*to_vector(u, v, angle))
    assert_allclose(defocus_along(DIRECTIONS, *back), defocus_along(DIRECTIONS, u, v, angle), atol=1e-5)
    assert_allclose(back[:2], canonical(u, v, angle)[:2], atol=1e-6)


@given(mean=DEFOCUS, x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_ellipse_and_back(mean: float, x: float, y: float) -> None:
    assert_allclose(to_vector(*from_vector(mean, x, y)), (mean, x, y), atol=1e-6)


def test_no_astigmatism_is_a_round_one() -> None:
    u, v, angle = from_vector(1e4, 0.0, 0.0)
    assert (u, v) == (1e4, 1e4)
    assert -90 < angle <= 90
