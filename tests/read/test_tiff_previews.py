"""TIFF files that hold an image and previews of it."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from thonring import read
from thonring.errors import UnsuitableImage
from thonring.optics import Optics
from thonring.records import Micrograph

IMAGE = np.random.default_rng(4).integers(0, 4000, (64, 96)).astype(np.uint16)
PREVIEW = np.ascontiguousarray(IMAGE[::2, ::2] >> 4).astype(np.uint8)
COLOURED = np.stack([PREVIEW[::4, ::4]] * 3, axis=-1)


def micrograph(path: Path) -> Micrograph:
    return read.micrograph(path, Optics(300, 2.7, pixel_A=1.2))


def write(path: Path, *pages: tuple[np.ndarray, int], bigtiff: bool = False) -> Path:
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as tiff:
        for pixels, subfile_type in pages:
            photometric = "rgb" if pixels.ndim == 3 else "minisblack"
            tiff.write(pixels, subfiletype=subfile_type, photometric=photometric, metadata=None)
    return path


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize(
    "pages",
    [
        [(IMAGE, 0), (PREVIEW, 1)],
        [(PREVIEW, 1), (IMAGE, 0)],
        [(IMAGE, 0), (PREVIEW, 1), (COLOURED, 1)],
        [(IMAGE, 0), (np.ones_like(IMAGE), 1)],
        [(IMAGE, 0), (PREVIEW, 0)],
        [(COLOURED, 0), (IMAGE, 0)],
        [(PREVIEW, 0), (IMAGE, 0), (COLOURED, 0)],
    ],
    ids=["marked", "first", "two", "of its size", "unmarked", "unmarked first", "both sides"],
)
def test_the_image_is_used_and_the_previews_are_noted(
    tmp_path: Path, pages: list[tuple[np.ndarray, int]], bigtiff: bool
) -> None:
    image = micrograph(write(tmp_path / "a.tif", *pages, bigtiff=bigtiff))
    np.testing.assert_array_equal(image.pixels, IMAGE)
    (note,) = image.notes
    assert note.kind == "tiff-previews"
    assert f"{len(pages) - 1} of {len(pages)} pages" in note.text


@pytest.mark.parametrize("preview", [PREVIEW, None])
def test_a_movie_is_a_stack_with_or_without_a_preview(tmp_path: Path, preview: np.ndarray | None) -> None:
    pages = [(IMAGE, 0)] * 3 + ([(preview, 1)] if preview is not None else [])
    path = write(tmp_path / "a.tif", *pages)
    with pytest.raises(UnsuitableImage, match="stack of 3 images"):
        micrograph(path)
    images = read.micrographs(path, Optics(300, 2.7, pixel_A=1.2))
    assert len(images) == 3
    np.testing.assert_array_equal(images[2].pixels, IMAGE)
    assert len(images[0].notes) == (preview is not None)


def test_images_of_similar_size_are_no_previews(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableImage, match="stack of 2 images"):
        micrograph(write(tmp_path / "a.tif", (IMAGE, 0), (IMAGE[:40, :60], 0)))


def test_a_file_whose_only_page_is_marked_is_its_image(tmp_path: Path) -> None:
    image = micrograph(write(tmp_path / "a.tif", (IMAGE, 1)))
    np.testing.assert_array_equal(image.pixels, IMAGE)
    assert image.notes == ()
