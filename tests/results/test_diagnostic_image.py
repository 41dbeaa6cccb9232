"""The quadrant picture."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.outcomes import OPTICS, make_fit
from thonring.ctf import sin2_half_plane
from thonring.formats.ctffind_files import diagnostic_image
from thonring.records import CtfFit, Floats, Image, Spectrum

SAMPLING_A = 1.4


def full_plane(made: CtfFit, size: int) -> Floats:
    """sin²χ over the full plane, from the half plane of the project's physics and its symmetry."""
    step = 1.0 / (size * SAMPLING_A)
    empty = np.zeros((size, size // 2 + 1), dtype=np.float32)
    spectrum = Spectrum(empty, step, step, SAMPLING_A, 1.0)
    half = sin2_half_plane(spectrum, made, replace(OPTICS, amplitude_contrast=made.amplitude_contrast))
    rows, columns = np.indices((size, size))
    ky, kx = rows - size // 2, columns - size // 2
    flip = np.where(kx < 0, -1, 1)
    return half[(flip * ky + size // 2) % size, np.abs(kx)]


def fitted_range(made: CtfFit, size: int) -> np.ndarray:
    k = (np.arange(size) - size // 2) / (size * SAMPLING_A)
    radius = np.hypot(k[:, None], k[None, :])
    return (radius >= 1 / made.resolution_range_A[0]) & (radius <= 1 / made.resolution_range_A[1])


def quadrant(picture: Image | np.ndarray) -> np.ndarray:
    return picture[: picture.shape[0] // 2, : picture.shape[1] // 2]


@settings(max_examples=20, deadline=None)
@given(
    angle_deg=st.floats(-90, 90),
    astigmatism_A=st.floats(0, 5000),
    phase_shift_deg=st.floats(0, 170),
    amplitude_contrast=st.floats(0, 0.3),
    size=st.sampled_from([64, 65, 128]),
)
def test_the_quadrant_holds_the_model_where_it_was_fitted(
    angle_deg: float, astigmatism_A: float, phase_shift_deg: float, amplitude_contrast: float, size: int
) -> None:
    made = make_fit(
        defocus_v_A=15200.25 - astigmatism_A,
        angle_deg=angle_deg,
        phase_shift_deg=phase_shift_deg,
        amplitude_contrast=amplitude_contrast,
    )
    picture = quadrant(diagnostic_image(np.zeros((size, size), np.float32), made, OPTICS, SAMPLING_A))
    expected, inside = quadrant(full_plane(made, size))[1:, 1:], quadrant(fitted_range(made, size))[1:, 1:]
    np.testing.assert_allclose(picture[1:, 1:][inside], expected[inside], atol=1e-5)
    assert (picture[1:, 1:][~inside] == 0.5).all()


def test_rings_run_on_from_the_model_into_the_measured_spectrum() -> None:
    made = make_fit(defocus_v_A=12000.0, angle_deg=30.0)
    measured = (40.0 + 7.0 * full_plane(made, 256)).astype(np.float32)
    picture = diagnostic_image(measured, made, OPTICS, SAMPLING_A)
    inside = fitted_range(made, 256)
    np.testing.assert_allclose(picture[inside], full_plane(made, 256)[inside], atol=0.02)


def test_the_wrong_angle_breaks_the_rings_at_the_edge_of_the_quadrant() -> None:
    made = make_fit(defocus_v_A=12000.0, angle_deg=30.0)
    measured = full_plane(replace(made, angle_deg=-30.0), 256).astype(np.float32)
    picture = diagnostic_image(measured, made, OPTICS, SAMPLING_A)
    inside = fitted_range(made, 256)
    assert np.abs(picture[inside] - full_plane(made, 256)[inside]).max() > 0.5


def test_three_quadrants_are_measured() -> None:
    measured = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    picture = diagnostic_image(measured, make_fit(), OPTICS, SAMPLING_A)
    outside = np.ones((64, 64), dtype=bool)
    outside[:32, :32] = False
    inner = outside & (picture > -0.5) & (picture < 1.5)
    assert inner.sum() > 0.9 * outside.sum()
    assert np.corrcoef(picture[inner], measured[inner])[0, 1] == pytest.approx(1.0)


@given(factor=st.floats(0.01, 100.0), offset=st.floats(-100.0, 100.0))
@settings(max_examples=20, deadline=None)
def test_scale_and_offset_of_the_spectrum_do_not_matter(factor: float, offset: float) -> None:
    measured = np.random.default_rng(2).normal(size=(64, 64))
    one = diagnostic_image(measured.astype(np.float32), make_fit(), OPTICS, SAMPLING_A)
    scaled = (factor * (measured + offset)).astype(np.float32)
    np.testing.assert_allclose(diagnostic_image(scaled, make_fit(), OPTICS, SAMPLING_A), one, atol=1e-3)


def test_the_spectrum_is_left_as_it_was() -> None:
    measured = np.random.default_rng(3).normal(size=(64, 64)).astype(np.float32)
    measured.flags.writeable = False
    picture = diagnostic_image(measured, make_fit(), OPTICS, SAMPLING_A)
    assert picture.dtype == np.float32
    assert not np.shares_memory(picture, measured)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_grey(value: float) -> None:
    measured = np.random.default_rng(4).normal(size=(64, 64)).astype(np.float32)
    measured[40, 40] = value
    picture = diagnostic_image(measured, make_fit(), OPTICS, SAMPLING_A)
    assert np.isfinite(picture).all()
    assert picture[40, 40] == 0.5


@pytest.mark.parametrize("value", [0.0, 3.0, math.nan])
def test_an_empty_spectrum_is_grey(value: float) -> None:
    picture = diagnostic_image(np.full((64, 64), value, np.float32), make_fit(), OPTICS, SAMPLING_A)
    assert (picture[32:] == 0.5).all()
