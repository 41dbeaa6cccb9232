"""Smaller pixels, interpolated in real space."""

import numpy as np
import pytest

from factories.micrographs import micrograph
from thonring.spectrum import finer, periodogram


@pytest.mark.parametrize("factor", [0.5, 0.8])
def test_pixels_shrink_and_the_image_stays_as_large(factor: float) -> None:
    image = micrograph(size=256)
    smaller = finer(image, factor)
    assert smaller.pixel_A == pytest.approx(factor * image.pixel_A)
    assert smaller.pixels.shape == (round(256 / factor), round(256 / factor))
    assert smaller.optics == image.optics


def test_low_frequencies_keep_their_power_and_place() -> None:
    image = micrograph(size=512)
    one, other = periodogram(image, 6.0), periodogram(finer(image, 0.5), 6.0)
    assert other.step_x_per_A == pytest.approx(one.step_x_per_A, rel=0.02)
    assert np.corrcoef(one.power.ravel(), other.power.ravel())[0, 1] > 0.99


def test_nothing_is_invented_beyond_the_old_nyquist() -> None:
    spectrum = periodogram(finer(micrograph(size=512), 0.5))
    columns = spectrum.power.shape[1]
    beyond = spectrum.power[:, int(0.8 * columns) :].mean()
    assert 0 < beyond < 0.02 * spectrum.power[:, : columns // 3].mean()


@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0, -0.5])
def test_other_factors_are_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="expected a value between 0 and 1"):
        finer(micrograph(size=256), factor)
