"""The simulator and its bound."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from factories.micrographs import OPTICS, TRUTH, micrograph
from thonring.ctf import half_plane_grid
from thonring.optics import Optics
from thonring.simulate import RingModel, Truth, cramer_rao, noise_micrograph, white_micrograph
from thonring.simulate.white_noise import spectrum_of
from thonring.spectrum import periodogram, sector_profiles


def test_the_same_seed_gives_the_same_image() -> None:
    one, other, third = (white_micrograph(TRUTH, (200, 300), seed) for seed in (4, 4, 5))
    assert_array_equal(one.pixels, other.pixels)
    assert not np.allclose(one.pixels, third.pixels)
    assert one.pixels.shape == (200, 300)
    assert one.pixels.dtype == np.float32
    assert (one.pixel_A, one.optics) == (1.0, OPTICS)


@pytest.mark.parametrize("angle_deg", [0.0, 50.0, -70.0])
def test_the_power_is_that_of_the_model(angle_deg: float) -> None:
    """In small pieces of rings, over several images, to the accuracy of their number; Parseval fixes the scale."""
    truth = replace(TRUTH, defocus_u_A=9000.0, defocus_v_A=7000.0, angle_deg=angle_deg)
    spectra = [periodogram(white_micrograph(truth, (512, 512), seed)) for seed in range(12)]
    mean = replace(spectra[0], power=np.mean([s.power for s in spectra], axis=0), values_per_pixel=12.0)
    k2, direction = half_plane_grid(mean)
    noise, rings, chi = spectrum_of(truth, k2, direction)
    expected = replace(mean, power=(noise + rings * np.sin(chi) ** 2).astype(np.float32))
    seen, model = (sector_profiles(s, 0.05, 0.25, 0.004) for s in (mean, expected))
    filled = seen.values > 60
    ratio = seen.power[filled] / model.power[filled]
    assert_allclose(ratio / ratio.mean(), 1.0, atol=6 / math.sqrt(seen.values[filled].min()))
    assert np.corrcoef(seen.power[filled], model.power[filled])[0, 1] > 0.9


def test_the_variance_is_the_mean_power() -> None:
    truth = replace(TRUTH, rings=RingModel(0.0, 0.0, 1.0))
    assert white_micrograph(truth, (512, 512), 0).pixels.var() == pytest.approx(1.0, abs=0.02)
    assert noise_micrograph(OPTICS, (512, 512), 0, 1.0).pixels.var() == pytest.approx(1.0, abs=0.02)


def test_noise_has_no_rings() -> None:
    profiles = sector_profiles(periodogram(noise_micrograph(OPTICS, (768, 768), 0, 1.0)), 0.05, 0.4, 0.004)
    assert_allclose(profiles.power.mean(axis=0), 1.0, atol=0.15)
    with_rings = sector_profiles(periodogram(micrograph()), 0.05, 0.2, 0.004)
    assert np.ptp(with_rings.power.mean(axis=0)) > 0.4


def test_the_borders_do_not_match() -> None:
    """A periodic image would be kinder than a real one."""
    pixels = white_micrograph(replace(TRUTH, rings=RingModel(1000.0, 1000.0)), (400, 400), 0).pixels
    inside = np.corrcoef(pixels[200], pixels[201])[0, 1]
    assert inside > 0.5
    assert abs(np.corrcoef(pixels[0], pixels[-1])[0, 1]) < 0.5 * inside


def test_a_simulation_needs_a_pixel_size() -> None:
    with pytest.raises(ValueError, match="needs optics with a pixel size"):
        white_micrograph(Truth(Optics(300.0, 2.7), 1e4, 1e4, 0.0), (128, 128), 0)


def test_the_bound_falls_with_the_length_of_the_image() -> None:
    one, other = (cramer_rao(TRUTH, (size, size), (30.0, 3.0)) for size in (512, 2048))
    assert one.defocus_A / other.defocus_A == pytest.approx(4)
    assert one.astigmatism_A / other.astigmatism_A == pytest.approx(4)


def test_the_bound_falls_with_more_rings_and_more_contrast() -> None:
    bound = cramer_rao(TRUTH, (512, 512), (30.0, 4.0))
    assert cramer_rao(TRUTH, (512, 512), (30.0, 3.0)).defocus_A < bound.defocus_A
    weak = replace(TRUTH, rings=RingModel(0.2, 60.0))
    assert cramer_rao(weak, (512, 512), (30.0, 4.0)).defocus_A > 2 * bound.defocus_A


def test_the_astigmatism_is_known_less_well_than_the_mean() -> None:
    """Half of cos 2α has the variance 1/8: its sigma is √8 that of the mean; the truth's angle does not matter."""
    truth = replace(TRUTH, defocus_u_A=15000.0, defocus_v_A=15000.0)
    bound = cramer_rao(truth, (512, 512), (30.0, 3.0))
    assert bound.astigmatism_A == pytest.approx(math.sqrt(8) * bound.defocus_A, rel=0.01)
    turned = cramer_rao(replace(TRUTH, angle_deg=-50.0), (512, 512), (30.0, 3.0))
    assert turned.defocus_A == pytest.approx(cramer_rao(TRUTH, (512, 512), (30.0, 3.0)).defocus_A, rel=1e-3)
