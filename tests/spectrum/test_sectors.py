"""Sectors and rings: every pixel counted once, in the right place, with its own k²."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thonring.ctf import half_plane_grid
from thonring.fit.splines import roughness
from thonring.records import Floats, Spectrum
from thonring.spectrum import sector_profiles
from thonring.spectrum.tiles import taper

SHAPES = [((256, 129), 1 / 256, 1 / 256), ((300, 101), 1 / 300, 1 / 200), ((180, 161), 1 / 180, 1 / 320)]


def spectrum_of(shape: tuple[int, int], step_y: float, step_x: float, values: float = 1.0) -> Spectrum:
    power = np.random.default_rng(0).exponential(size=shape).astype(np.float32)
    power.flags.writeable = False
    return Spectrum(power, step_y, step_x, 1.0, values)


def once(spectrum: Spectrum) -> np.ndarray:
    """One of each pair of pixels that are conjugates of each other, the origin left out."""
    rows, columns = spectrum.power.shape
    kept = np.ones((rows, columns), bool)
    kept[: rows // 2 + 1, 0] = False
    return kept


def with_power(spectrum: Spectrum, power: Floats) -> Spectrum:
    return Spectrum(power.astype(np.float32), spectrum.step_y_per_A, spectrum.step_x_per_A, 1.0, 1.0)


@pytest.mark.parametrize(("shape", "step_y", "step_x"), SHAPES)
@pytest.mark.parametrize("width", [0.0, 0.0123])
def test_every_pixel_is_counted_once(
    shape: tuple[int, int], step_y: float, step_x: float, width: float
) -> None:
    spectrum = spectrum_of(shape, step_y, step_x, values=3.0)
    profiles = sector_profiles(spectrum, 0.05, 0.4, width)
    radius = np.sqrt(half_plane_grid(spectrum)[0])
    number = np.rint(radius / profiles.ring_width_per_A)
    first = round(float(profiles.frequency_per_A[0] / profiles.ring_width_per_A))
    inside = once(spectrum) & (number >= first) & (number < first + profiles.frequency_per_A.size)
    assert profiles.values.sum() == pytest.approx(3.0 * inside.sum())
    total = (profiles.power * profiles.values).sum() / 3.0
    assert total == pytest.approx(spectrum.power[inside].sum(dtype=float), rel=1e-6)


@pytest.mark.parametrize(("shape", "step_y", "step_x"), SHAPES)
def test_each_bin_has_the_squared_frequency_of_its_own_pixels(
    shape: tuple[int, int], step_y: float, step_x: float
) -> None:
    spectrum = spectrum_of(shape, step_y, step_x)
    k2, _ = half_plane_grid(spectrum)
    profiles = sector_profiles(with_power(spectrum, k2), 0.03, 0.45)
    filled = profiles.values > 0
    assert filled.mean() > 0.8
    assert_allclose(profiles.power[filled], profiles.squared_frequency[filled], rtol=1e-5)


def test_a_ring_has_the_mean_squared_frequency_of_its_pixels() -> None:
    profiles = sector_profiles(spectrum_of((256, 129), 1 / 256, 1 / 256), 0.03, 0.45)
    mean = (profiles.squared_frequency * profiles.values).sum(axis=0) / profiles.values.sum(axis=0)
    assert_allclose(profiles.frequency_per_A**2, mean, rtol=1e-9)


def test_each_sector_looks_in_its_own_direction() -> None:
    spectrum = spectrum_of((512, 257), 1 / 512, 1 / 512)
    _, direction = half_plane_grid(spectrum)
    profiles = sector_profiles(with_power(spectrum, direction), 0.2, 0.45)
    width = np.pi / profiles.angle_rad.size
    mean = (profiles.power * profiles.values).sum(axis=1) / profiles.values.sum(axis=1)
    assert_allclose(mean[1:-1], profiles.angle_rad[1:-1], atol=0.2 * width)
    assert profiles.angle_rad[0] == pytest.approx(-np.pi / 2 + width / 2)
    assert np.all(np.diff(profiles.angle_rad) > 0)


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.3), (0.1, 0.2), (0.02, 0.5)])
def test_rings_lie_inside_the_range(low: float, high: float) -> None:
    frequency = sector_profiles(spectrum_of((256, 129), 1 / 256, 1 / 256), low, high).frequency_per_A
    assert frequency[0] >= low - 1e-3
    assert frequency[-1] <= high + 1e-3
    assert frequency[0] < low + 2 / 256
    assert frequency[-1] > high - 2 / 256


def test_a_range_beyond_nyquist_ends_there() -> None:
    profiles = sector_profiles(spectrum_of((256, 129), 1 / 256, 1 / 256), 0.05, 0.9)
    assert 0.49 < profiles.frequency_per_A[-1] <= 0.5


def test_rings_are_at_least_a_step_wide_and_as_wide_as_asked() -> None:
    spectrum = spectrum_of((300, 101), 1 / 300, 1 / 200)
    assert sector_profiles(spectrum, 0.05, 0.4, 1e-9).ring_width_per_A == 1 / 200
    wide = sector_profiles(spectrum, 0.05, 0.4, 0.02)
    assert wide.ring_width_per_A == 0.02
    assert_allclose(np.diff(wide.frequency_per_A), 0.02, rtol=0.1)


def test_within_keeps_the_rings_between_two_frequencies() -> None:
    profiles = sector_profiles(spectrum_of((256, 129), 1 / 256, 1 / 256), 0.03, 0.45)
    part = profiles.within(0.1, 0.2)
    kept = (profiles.frequency_per_A >= 0.1) & (profiles.frequency_per_A <= 0.2)
    assert_allclose(part.frequency_per_A, profiles.frequency_per_A[kept])
    assert_allclose(part.power, profiles.power[:, kept])
    assert part.values.shape == part.squared_frequency.shape == part.power.shape


def test_what_calls_share_cannot_be_written_to() -> None:
    profiles = sector_profiles(spectrum_of(*SHAPES[0]), 0.1, 0.4)
    for shared in (profiles.frequency_per_A, profiles.squared_frequency, taper(256, (0,)), roughness(8)):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 0.0
