"""The CTF over the half plane of a spectrum."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thonring.ctf import half_plane_grid, phase_aberration, sin2_half_plane, sin2_quadrant
from thonring.optics import Optics
from thonring.records import KnownDefocus, Spectrum

OPTICS = Optics(300.0, 2.7, 0.1)
KNOWN = KnownDefocus(12000.0, 9000.0, 30.0)


def half_plane(rows: int, columns: int, step_y: float = 0.01, step_x: float = 0.01) -> Spectrum:
    power = np.zeros((rows, columns), np.float32)
    power.flags.writeable = False
    return Spectrum(power, step_y, step_x, 1.0, 1.0)


@pytest.mark.parametrize("rows", [16, 17])
def test_the_grid_is_centred_on_the_middle_row(rows: int) -> None:
    k2, direction = half_plane_grid(half_plane(rows, 9, 0.02, 0.01))
    middle = rows // 2
    assert k2[middle, 0] == 0
    assert np.count_nonzero(k2 == 0) == 1
    assert k2[middle + 3, 4] == pytest.approx(0.06**2 + 0.04**2)
    assert direction[middle + 1, 2] == pytest.approx(np.pi / 4)
    assert direction[middle - 1, 2] == pytest.approx(-np.pi / 4)
    assert direction[middle, 5] == 0


def test_each_pixel_is_sine_squared_of_its_own_phase() -> None:
    image = sin2_half_plane(half_plane(64, 33), KNOWN, OPTICS)
    row, column = 32 + 10, 15
    ky, kx = 0.1, 0.15
    along = 10500 + 1500 * math.cos(2 * (math.atan2(ky, kx) - math.radians(30)))
    expected = math.sin(float(phase_aberration(kx**2 + ky**2, along, OPTICS))) ** 2
    assert image[row, column] == pytest.approx(expected, abs=1e-9)
    assert image[32, 0] == pytest.approx(0.1**2)


def test_the_angle_runs_from_columns_to_rows() -> None:
    """An ellipse at +30° and one at -30° are mirror images in the row axis."""
    image = sin2_half_plane(half_plane(65, 33), KNOWN, OPTICS)
    mirrored = sin2_half_plane(half_plane(65, 33), KnownDefocus(12000.0, 9000.0, -30.0), OPTICS)
    assert_allclose(image, mirrored[::-1], atol=1e-9)
    assert not np.allclose(image, mirrored)


def test_a_phase_shift_of_90_degrees_turns_sine_into_cosine() -> None:
    without = Optics(300.0, 2.7, 0.0)
    shifted = sin2_half_plane(half_plane(64, 33), KnownDefocus(12000.0, 9000.0, 30.0, 90.0), without)
    assert_allclose(shifted, 1 - sin2_half_plane(half_plane(64, 33), KNOWN, without), atol=1e-9)


def test_the_quadrant_of_the_corner_is_the_opposite_one_turned_by_half() -> None:
    quadrant = sin2_quadrant(64, 1.5, KNOWN, OPTICS)
    step = 1.0 / (64 * 1.5)
    opposite = sin2_half_plane(half_plane(65, 33, step, step), KNOWN, OPTICS)[33:, 1:]
    assert_allclose(quadrant, opposite[::-1, ::-1], atol=1e-12)
