"""The periodogram: its scale, its statistics, and what must not matter to it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from factories.micrographs import OPTICS, micrograph, profiles_of
from thonring.ctf import ring_period_per_A
from thonring.errors import UnsuitableImage
from thonring.records import Micrograph, Spectrum
from thonring.spectrum import periodogram, ring_width_per_A, sector_profiles

SHAPES = [(512, 512), (511, 509), (521, 523), (384, 640), (640, 351)]


def image_of(pixels: npt.NDArray[np.generic], pixel_A: float = 1.0) -> Micrograph:
    return Micrograph(Path("image.mrc"), pixels, pixel_A, OPTICS)


def white(shape: tuple[int, int], seed: int) -> Micrograph:
    return image_of(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def rings_of(spectrum: Spectrum) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean power of rings four steps wide, and the independent values said to be behind them."""
    step = max(spectrum.step_x_per_A, spectrum.step_y_per_A)
    profiles = sector_profiles(spectrum, 0.03, 0.48, 4 * step)
    values = profiles.values.sum(axis=0)
    return (profiles.power * profiles.values).sum(axis=0) / values, values


@pytest.mark.slow
@pytest.mark.parametrize("window_A", [math.inf, 200.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_white_noise_has_power_one_and_scatters_as_said(shape: tuple[int, int], window_A: float) -> None:
    """The relative variance of a mean of n independent exponential values is 1/n."""
    measured = [rings_of(periodogram(white(shape, seed), window_A=window_A)) for seed in range(16)]
    power = np.array([mean for mean, _ in measured])
    values = measured[0][1]
    assert np.average(power.mean(axis=0), weights=values) == pytest.approx(1.0, abs=0.02)
    relative = power / power.mean(axis=1, keepdims=True)
    scatter = ((relative - 1) ** 2 * values).mean()
    assert scatter == pytest.approx(1.0, abs=4 * math.sqrt(2 / power.size) + 0.03)


@pytest.mark.parametrize("window_A", [math.inf, 200.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_wave_appears_at_its_frequency(shape: tuple[int, int], window_A: float) -> None:
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    wave = np.cos(2 * np.pi * (0.11 * y + 0.23 * x)).astype(np.float32)
    spectrum = periodogram(image_of(wave, 2.0), window_A=2 * window_A)
    row, column = np.unravel_index(np.argmax(spectrum.power), spectrum.power.shape)
    rows = spectrum.power.shape[0]
    ky, kx = (row - rows // 2) * spectrum.step_y_per_A, column * spectrum.step_x_per_A
    assert ky == pytest.approx(0.055, abs=0.51 * spectrum.step_y_per_A)
    assert kx == pytest.approx(0.115, abs=0.51 * spectrum.step_x_per_A)


@pytest.mark.parametrize("window_A", [math.inf, 200.0])
def test_the_axes_end_at_the_nyquist_frequency(window_A: float) -> None:
    spectrum = periodogram(replace(white((512, 512), 0), pixel_A=1.7), window_A=window_A)
    assert spectrum.sampling_A == pytest.approx(1.7)
    rows, columns = spectrum.power.shape
    assert (columns - 1) * spectrum.step_x_per_A == pytest.approx(spectrum.nyquist_per_A)
    assert rows // 2 * spectrum.step_y_per_A == pytest.approx(spectrum.nyquist_per_A)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("finest_A", [1.3, 2.0, 3.1])
def test_a_limited_band_is_the_middle_of_the_whole(shape: tuple[int, int], finest_A: float) -> None:
    whole, part = periodogram(white(shape, 1)), periodogram(white(shape, 1), finest_A)
    assert 0.98 * finest_A < part.sampling_A <= finest_A
    assert (part.step_y_per_A, part.step_x_per_A) == (whole.step_y_per_A, whole.step_x_per_A)
    assert part.values_per_pixel == whole.values_per_pixel
    rows, columns = part.power.shape
    first = whole.power.shape[0] // 2 - rows // 2
    assert_allclose(part.power, whole.power[first : first + rows, :columns], rtol=1e-3, atol=1e-6)


def test_a_band_finer_than_the_pixel_is_the_whole() -> None:
    one, other = periodogram(white((256, 256), 1), 0.2), periodogram(white((256, 256), 1))
    assert_allclose(one.power, other.power)
    assert one.sampling_A == other.sampling_A


@pytest.mark.parametrize(
    ("factor", "offset"), [(16.0, 0.0), (1 / 16, 0.0), (1.0, 1000.0), (-1.0, 0.0), (3e6, -9e6)]
)
def test_scale_offset_and_contrast_change_nothing(factor: float, offset: float) -> None:
    image = white((300, 300), 2)
    changed = periodogram(image_of(image.pixels * np.float32(factor) + np.float32(offset)))
    one, other = rings_of(periodogram(image))[0], rings_of(changed)[0]
    assert_allclose(other, one, rtol=1e-3)


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i2", "<u2", "i4", "f2", ">f4", "f8", ">f8"])
def test_the_type_of_the_pixels_does_not_matter(dtype: str) -> None:
    pixels = np.clip(np.rint(20 * white((256, 256), 3).pixels) + 64, 0, 127)
    expected = periodogram(image_of(pixels.astype(np.float32)))
    assert_allclose(periodogram(image_of(pixels.astype(dtype))).power, expected.power, rtol=1e-4, atol=1e-6)


def test_a_plane_is_taken_away() -> None:
    y, x = np.mgrid[:400, :300].astype(np.float32)
    image = white((400, 300), 4)
    sloped = periodogram(image_of(image.pixels + 0.05 * x - 0.03 * y))
    one, other = rings_of(periodogram(image))[0], rings_of(sloped)[0]
    assert_allclose(other / other.mean(), one / one.mean(), rtol=0.03)


def test_hot_pixels_hardly_matter() -> None:
    image = white((400, 400), 5)
    hot = image.pixels.copy()
    hot.ravel()[np.random.default_rng(0).choice(hot.size, 50, replace=False)] = 1e7
    assert_allclose(rings_of(periodogram(image_of(hot)))[0], rings_of(periodogram(image))[0], rtol=0.1)


@pytest.mark.parametrize("window_A", [math.inf, 200.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_constant_image_is_refused(window_A: float, dtype: type[np.generic]) -> None:
    with pytest.raises(UnsuitableImage, match=r"image.mrc: the image is constant"):
        periodogram(image_of(np.full((512, 512), 7, dtype)), window_A=window_A)


def test_constant_tiles_are_left_out_and_not_counted() -> None:
    image = white((800, 400), 6)
    half = image.pixels.copy()
    half[400:] = 3.0
    whole, part = periodogram(image, window_A=380.0), periodogram(image_of(half), window_A=380.0)
    assert part.values_per_pixel < 0.75 * whole.values_per_pixel
    assert rings_of(part)[0].mean() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("shape", [(127, 512), (512, 127), (1, 1), (0, 512), (0, 0)])
def test_too_small_an_image_is_refused(shape: tuple[int, int]) -> None:
    message = rf"image.mrc: image of {shape[1]} x {shape[0]} pixels is smaller than the window.*128"
    with pytest.raises(UnsuitableImage, match=message):
        periodogram(image_of(np.zeros(shape, np.float32)))


def test_the_smallest_image_is_not() -> None:
    assert periodogram(white((128, 128), 7)).power.shape == (128, 65)


def test_the_image_is_not_changed() -> None:
    image = micrograph()
    before = image.pixels.copy()
    periodogram(image)
    np.testing.assert_array_equal(image.pixels, before)


@pytest.mark.parametrize("defocus_A", [1e4, 4e4])
def test_rings_of_the_highest_defocus_are_sampled(defocus_A: float) -> None:
    width = ring_width_per_A(defocus_A, OPTICS, 0.3)
    assert ring_period_per_A(0.3, defocus_A, replace(OPTICS, cs_mm=0.0)) >= 1.99 * width


def test_rings_are_seen_where_they_should_be() -> None:
    """Mean power near the maxima of a simulated CTF is about twice that at its zeros."""
    profiles = profiles_of(micrograph(size=1024))
    power = profiles.power.mean(axis=0)
    assert power.max() / np.median(power) > 1.2
