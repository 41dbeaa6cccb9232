import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from thonring.records import Spectrum
from thonring.spectrum.enhance import CRITERIA, DISPLAY, _median_3x3, _raised_cosine, enhance, full_plane


def spectrum_of_image(size: int, seed: int = 0) -> tuple[Spectrum, np.ndarray]:
    """A half plane and the whole centred plane, both from numpy's FFT of one real image."""
    image = np.random.default_rng(seed).standard_normal((size, size))
    half = np.fft.fftshift(np.abs(np.fft.rfft2(image)) ** 2, axes=0)
    whole = np.fft.fftshift(np.abs(np.fft.fft2(image)) ** 2)
    return Spectrum(half.astype(np.float32), 0.01, 0.01, 1.0, 1.0), whole


def rings(size: int = 256, period_px: float = 12.0, noise: float = 0.1) -> Spectrum:
    ky = np.arange(size)[:, None] - size // 2
    radius = np.hypot(ky, np.arange(size // 2 + 1)[None, :])
    power = 2.0 + np.cos(2 * np.pi * radius / period_px)
    power *= 1 + noise * np.random.default_rng(3).standard_normal(power.shape)
    return Spectrum(power.astype(np.float32), 0.01, 0.01, 1.0, 8.0)


@pytest.mark.parametrize("size", [16, 17, 64])
def test_full_plane_is_the_fourier_transform_of_a_real_image(size: int) -> None:
    spectrum, whole = spectrum_of_image(size)
    assert_allclose(full_plane(spectrum), whole, rtol=1e-4, atol=1e-3)


def test_full_plane_refuses_what_is_not_half_a_square() -> None:
    with pytest.raises(ValueError, match=r"16 x 16 pixels: expected half of a square, 16 x 9"):
        full_plane(Spectrum(np.ones((16, 16), np.float32), 0.1, 0.1, 1.0, 1.0))


def test_median_agrees_with_scipy() -> None:
    plane = np.random.default_rng(1).standard_normal((31, 40)).astype(np.float32)
    assert_array_equal(_median_3x3(plane), ndimage.median_filter(plane, 3, mode="wrap"))


@given(scale=st.floats(1e-6, 1e6))
def test_the_intensity_scale_changes_nothing(scale: float) -> None:
    one = rings(64)
    other = Spectrum(one.power * np.float32(scale), 0.01, 0.01, 1.0, 8.0)
    assert_allclose(enhance(other), enhance(one), atol=2e-3)


def test_it_is_point_symmetric() -> None:
    enhanced = enhance(spectrum_of_image(64)[0])[1:, 1:]
    assert_allclose(enhanced, enhanced[::-1, ::-1], atol=1e-3)


@pytest.mark.parametrize(("preset", "outer"), [(DISPLAY, 0.45), (CRITERIA, 0.405)])
def test_outside_the_mask_it_is_zero(preset: object, outer: float) -> None:
    enhanced = enhance(rings(), preset)
    axis = (np.arange(256) - 128) / 256
    radius = np.hypot(axis[:, None], axis[None, :])
    assert_array_equal(enhanced[(radius < 0.0099) | (radius > outer + 1e-4)], 0)
    assert np.mean(enhanced[(radius > 0.0101) & (radius < outer - 1e-4)] != 0) > 0.999


def test_rings_inside_the_band_stand_out_and_slow_trends_vanish() -> None:
    spectrum = rings(noise=0.0)
    ky = np.arange(256)[:, None] - 128
    slope = 1 + 0.002 * np.hypot(ky, np.arange(129)[None, :])
    sloped = Spectrum((spectrum.power * slope).astype(np.float32), 0.01, 0.01, 1.0, 8.0)
    plane = full_plane(spectrum)
    inside = enhance(sloped) != 0
    correlation = np.corrcoef(plane[inside], enhance(sloped)[inside])[0, 1]
    assert correlation > 0.95


def test_the_band_has_raised_cosine_flanks() -> None:
    along_kx = _raised_cosine(200, DISPLAY)[0, [0, 2, 4, 20, 40, 42, 44, 100]]
    assert_allclose(along_kx, [0, 0.5, 1, 1, 1, 0.5, 0, 0], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e9])
def test_a_constant_spectrum_gives_zeros(value: float) -> None:
    spectrum = Spectrum(np.full((64, 33), value, np.float32), 0.01, 0.01, 1.0, 1.0)
    assert_array_equal(enhance(spectrum), 0)


def test_the_input_is_not_changed() -> None:
    spectrum = rings(64)
    spectrum.power.flags.writeable = False
    assert enhance(spectrum).dtype == np.float32


def test_it_is_quick() -> None:
    spectrum = rings(512)
    enhance(spectrum)
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        enhance(spectrum)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.12, "meant to take 0.04 s at 512 x 512; three times that for a slow machine"
