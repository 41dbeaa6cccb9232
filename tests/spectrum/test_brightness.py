"""Local brightness: block means relative to the whole, whatever the type, size and scale of the image."""

from pathlib import Path

import numpy as np
import pytest

from thonring.optics import Optics
from thonring.records import Floats, Micrograph
from thonring.spectrum import local_brightness

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)


def micrograph(pixels: np.ndarray) -> Micrograph:
    return Micrograph(Path("m.mrc"), pixels, 1.0, OPTICS)


def stepped(rows: int, columns: int) -> Floats:
    pixels = np.full((rows, columns), 100.0)
    pixels[:, columns // 2 :] = 50.0
    return pixels


def test_blocks_hold_the_means_relative_to_the_whole() -> None:
    found = local_brightness(micrograph(stepped(320, 640)))
    assert found.shape == (32, 32)
    assert found[:, :16] == pytest.approx(4 / 3)
    assert found[:, 16:] == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float32])
def test_the_type_does_not_matter(kind: type) -> None:
    pixels = stepped(256, 256)
    expected = local_brightness(micrograph(pixels))
    np.testing.assert_allclose(local_brightness(micrograph(pixels.astype(kind))), expected, rtol=1e-6)


def test_the_scale_does_not_matter() -> None:
    pixels = np.random.default_rng(1).uniform(10, 20, (300, 257))
    one, other = (local_brightness(micrograph(scale * pixels)) for scale in (1.0, 16.0))
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_an_image_around_zero_has_no_brightness() -> None:
    pixels = np.random.default_rng(1).normal(-1, 5, (256, 256)).astype(np.float32)
    np.testing.assert_array_equal(local_brightness(micrograph(pixels)), 1.0)
