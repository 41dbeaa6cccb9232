"""All images of a file: MRC and TIFF stacks, and formats that hold one image."""

from pathlib import Path

import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from thonring import read
from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.optics import Optics

OPTICS = Optics(300, 2.7, pixel_A=1.5)
STACK = np.random.default_rng(4).integers(0, 255, (5, 12, 9)).astype(np.uint8)


def mrc(path: Path, pixels: np.ndarray, pixel_A: float = 1.5) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(pixels)
        file.set_image_stack()
        file.voxel_size = pixel_A
    return path


@given(st.integers(1, 6), st.sampled_from(["i2", "f4", "u2"]))
def test_an_mrc_stack_comes_back(tmp_path_factory: pytest.TempPathFactory, images: int, dtype: str) -> None:
    pixels = np.arange(images * 20).reshape(images, 4, 5).astype(dtype)
    path = mrc(tmp_path_factory.mktemp("stack") / "a.mrcs", pixels)
    found = read.micrographs(path, OPTICS)
    assert read.image_count(path) == len(found) == images
    for image, expected in zip(found, pixels, strict=True):
        np.testing.assert_array_equal(image.pixels, expected)
        assert (image.path, image.pixel_A) == (path, 1.5)


@pytest.mark.parametrize("imagej", [False, True])
@pytest.mark.parametrize("images", [1, 5])
def test_a_tiff_stack_comes_back(tmp_path: Path, imagej: bool, images: int) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[:images], imagej=imagej, photometric="minisblack")
    found = read.micrographs(path, OPTICS)
    np.testing.assert_array_equal([image.pixels for image in found], STACK[:images])
    assert read.image_count(path) == images


def test_a_picture_is_one_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(STACK[0]))
    (only,) = read.micrographs(tmp_path / "a.png", OPTICS)
    np.testing.assert_array_equal(only.pixels, STACK[0])


def test_pages_of_several_sizes_are_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(STACK[0])
        tiff.write(STACK[0, :5])
    with pytest.raises(UnsuitableImage, match="grey-scale images of one size"):
        read.micrographs(tmp_path / "a.tif", OPTICS)


def test_a_stack_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrcs", STACK.astype("f4"))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(UnreadableFile, match="expected 3184 for 5 images of 9 x 12 pixels of 4 bytes"):
        read.micrographs(path, OPTICS)
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        read.image_count(tmp_path / "none.mrc")


def test_a_difference_in_pixel_size_is_told_once(tmp_path: Path) -> None:
    first, *others = read.micrographs(mrc(tmp_path / "a.mrcs", STACK.astype("f4"), 2.0), OPTICS)
    assert [note.kind for note in first.notes] == ["pixel-size"]
    assert all(other.notes == () for other in others)
