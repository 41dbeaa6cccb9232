"""Pixels that are no numbers."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from factories.micrographs import micrograph
from thonring.errors import UnsuitableImage
from thonring.records import Micrograph
from thonring.spectrum import repaired


def with_bad(count: int, value: float) -> Micrograph:
    pixels = micrograph(size=256).pixels.copy()
    pixels.ravel()[np.random.default_rng(0).choice(pixels.size, count, replace=False)] = value
    return replace(micrograph(size=256), pixels=pixels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_few_become_the_median_and_are_told(value: float) -> None:
    image = with_bad(20, value)
    fixed = repaired(image)
    bad = ~np.isfinite(image.pixels)
    assert_array_equal(fixed.pixels[~bad], image.pixels[~bad])
    assert_array_equal(fixed.pixels[bad], np.median(image.pixels[~bad]))
    (note,) = fixed.notes
    assert note.kind == "bad-pixels"
    assert image.path.name in note.text
    assert "20 NaN or infinite pixels" in note.text


def test_infinities_of_both_signs_do_not_hide_each_other() -> None:
    image = with_bad(2, np.inf)
    image.pixels[np.where(np.isinf(image.pixels))[0][0]] *= -1
    assert np.isfinite(repaired(image).pixels).all()


@pytest.mark.parametrize("share", [0.011, 0.5, 1.0])
def test_many_are_refused(share: float) -> None:
    image = with_bad(round(share * 256**2), np.nan)
    with pytest.raises(
        UnsuitableImage, match=r"simulated_1.mrc: \d+ of 65536 pixels are NaN or infinite.*1 %"
    ):
        repaired(image)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64, ">f4"])
def test_good_images_come_back_as_they_are(dtype: str) -> None:
    image = replace(micrograph(size=256), pixels=(40 * micrograph(size=256).pixels + 128).astype(dtype))
    assert repaired(image) is image


def test_large_numbers_are_not_bad() -> None:
    image = replace(micrograph(size=256), pixels=np.full((256, 256), 3e38, np.float32))
    assert repaired(image) is image


def test_earlier_notes_are_kept_and_the_image_is_not_changed() -> None:
    image = with_bad(3, np.nan)
    first = repaired(image).notes
    image.pixels.flags.writeable = False
    assert repaired(replace(image, notes=first)).notes == first * 2
    assert np.isnan(image.pixels).sum() == 3
