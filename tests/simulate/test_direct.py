"""Spectra drawn without an image, against those of images."""

import itertools
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from factories.micrographs import NATIVE
from factories.scenes import SCENE
from thonring import pipeline, spectrum
from thonring.records import CtfFit, Spectrum
from thonring.simulate import drawn_spectrum, micrograph
from thonring.simulate.scene import Exposure, Particles, Scene
from thonring.simulate.spectrum import mean_power, variance

RINGED = replace(SCENE, defocus_u_A=12500.0, defocus_v_A=11500.0, angle_deg=30.0)
SMALL = replace(RINGED, shape=(400, 400))
LONG = replace(RINGED, shape=(400, 1400))


@cache
def periodograms(scene: Scene, count: int) -> tuple[Spectrum, ...]:
    return tuple(spectrum.periodogram(micrograph(replace(scene, seed=seed))) for seed in range(count))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scene", "count", "sampling_A"),
    [
        (RINGED, 5, 1.0),
        (RINGED, 5, 1.4),
        (RINGED, 5, 2.75),
        (SMALL, 10, 1.0),
        (SMALL, 10, 2.0),
        (LONG, 6, 1.0),
    ],
    ids=["2 x 2 frequencies a pixel", "1.4 x 1.4", "0.7 x 0.7", "0.8 x 0.8", "0.4 x 0.4", "0.8 x 2.7"],
)
def test_drawn_spectra_scatter_as_those_of_images(scene: Scene, count: int, sampling_A: float) -> None:
    """Around the same mean, by as much, and with the same likeness of neighbours."""
    images = [spectrum.resample(one, sampling_A) for one in periodograms(scene, count)]
    drawn = [drawn_spectrum(scene, sampling_A, np.random.default_rng(seed)) for seed in range(count)]
    assert drawn[0].power.shape == images[0].power.shape
    assert drawn[0].power.dtype == images[0].power.dtype
    assert (drawn[0].step_x_per_A, drawn[0].step_y_per_A) == (images[0].step_x_per_A, images[0].step_y_per_A)
    assert drawn[0].sampling_A == images[0].sampling_A
    assert drawn[0].values_per_pixel == pytest.approx(images[0].values_per_pixel, rel=0.1)
    seen, ours = _statistics(images, scene), _statistics(drawn, scene)
    assert ours[0] == pytest.approx(1, abs=0.02)
    assert seen[0] == pytest.approx(ours[0], abs=0.06)
    assert ours[1] == pytest.approx(seen[1], rel=0.06)
    assert ours[2:] == pytest.approx(seen[2:], abs=0.03)


def _statistics(spectra: list[Spectrum], scene: Scene) -> list[Any]:
    """Mean over the model by rings, variance, and correlation with the next row and column."""
    size, step = spectra[0].power.shape[0], spectra[0].step_x_per_A
    expected = mean_power(scene, step, size) / variance(scene)
    relative = np.stack([one.power for one in spectra]) / expected - 1
    ky, kx = np.arange(size) - size // 2, np.arange(size // 2 + 1)
    k = np.hypot(ky[:, None], kx[None, :]) * step
    nyquist_per_A = 0.5 / spectra[0].sampling_A
    used = (k > 0.03) & (k < 0.95 * nyquist_per_A) & (kx[None, :] > 3)
    edges = [0.03, 0.1, 0.15, 0.95 * nyquist_per_A]
    rings = [1 + relative[:, used & (k > low) & (k < high)].mean() for low, high in itertools.pairwise(edges)]
    spread = relative[:, used].var()
    inside = (slice(None), slice(size // 8, -size // 8), slice(8, size // 4))
    across = (relative[:, :, 1:] * relative[:, :, :-1])[inside].mean() / (relative[inside] ** 2).mean()
    down = (relative[:, 1:] * relative[:, :-1])[inside].mean() / (relative[inside] ** 2).mean()
    return [np.array(rings), spread, across, down]


def test_large_pixels_vary_as_averages_of_gamma_values() -> None:
    """8 by 8 frequencies a pixel, as of a 4096² image: 1/64, a little less for shared borders."""
    scene = replace(SCENE, shape=(4096, 4096))
    one = drawn_spectrum(scene, 1.0, np.random.default_rng(0))
    relative = one.power * variance(scene) / mean_power(scene, one.step_x_per_A)
    assert relative.mean() == pytest.approx(1, abs=0.002)
    assert relative.var() == pytest.approx((7.5 / 8) ** 2 / 64, rel=0.02)
    assert one.values_per_pixel == pytest.approx(64)


def test_the_same_random_state_gives_the_same_spectrum() -> None:
    one, other, third = (drawn_spectrum(SCENE, 1.5, np.random.default_rng(seed)).power for seed in (3, 3, 4))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_the_variance_is_that_of_the_pixels() -> None:
    scene = replace(SCENE, particles=Particles(0.0))
    pixels = micrograph(scene).pixels.astype(np.float64)
    assert variance(scene) == pytest.approx(pixels.var() / pixels.mean() ** 2, rel=0.02)


def test_rings_finer_than_a_pixel_are_lost_as_in_an_image() -> None:
    """6 µm at 0.5 Å/px and 512 px alias beyond some frequency: the drawn spectrum must not show them there."""
    scene = replace(SCENE, defocus_u_A=60000.0, defocus_v_A=60000.0, exposure=Exposure(4000.0, 0.0, 0.0, 0.0))
    fine, coarse = (mean_power(scene, 1 / size, size) for size in (2048, 512))
    averaged = fine[2:-2, 2:-3].reshape(511, 4, 255, 4).mean(axis=(1, 3))
    seen = coarse[1:, 1:-1]
    used = np.hypot(*np.meshgrid(np.arange(1, 256), np.arange(-255, 256))) < 200
    assert np.median(np.abs(seen / averaged - 1)[used]) < 0.03
    assert np.percentile(np.abs(seen / averaged - 1)[used], 99) < 0.2


@pytest.mark.parametrize("sampling_A", [0.5, 0.99])
def test_nothing_is_known_beyond_the_pixel(sampling_A: float) -> None:
    with pytest.raises(ValueError, match="an image of 1 Å/px cannot be sampled at"):
        drawn_spectrum(SCENE, sampling_A, np.random.default_rng(0))


def test_drift_of_the_direct_spectrum_kills_rings_along_its_direction() -> None:
    still, moving = (
        mean_power(replace(SCENE, exposure=exposure), 1 / 512)
        for exposure in (Exposure(4000.0), Exposure(4000.0, drift_A=10.0, drift_angle_deg=0.0))
    )
    assert moving[256, 40:60].std() < 0.1 * still[256, 40:60].std()
    assert np.allclose(moving[300:320, 0], still[300:320, 0])


def test_both_lead_to_the_same_fit() -> None:
    """Each within its own error bars of the truth."""
    scene = replace(RINGED, shape=(1536, 1536), exposure=Exposure(dose_e_per_A2=60.0))
    image = spectrum.resample(spectrum.periodogram(micrograph(scene)), 1.2)
    drawn = drawn_spectrum(scene, 1.2, np.random.default_rng(7))
    fits = [_fit(image, scene), _fit(drawn, scene)]
    for fit in fits:
        assert abs(fit.mean_defocus_A - scene.mean_defocus_A) < 4 * fit.defocus_sigma_A
        assert abs(fit.astigmatism_A - 1000) < 4 * fit.astigmatism_sigma_A
    assert fits[0].defocus_sigma_A == pytest.approx(fits[1].defocus_sigma_A, rel=0.2)
    assert fits[0].log_likelihood_gain == pytest.approx(fits[1].log_likelihood_gain, rel=0.3)


def _fit(measured: Spectrum, scene: Scene) -> CtfFit:
    measurement = pipeline.Measurement(measured, scene.pixel_A, scene.optics, scene.shape, ())
    attempts = list(pipeline.attempts_on(measurement, pipeline.sectors(measurement, NATIVE), NATIVE))
    assert attempts[-1].fit is not None
    return attempts[-1].fit
