"""The table of formats, and TIFF, PNG and JPEG files."""

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thonring import read
from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.optics import Optics
from thonring.records import Micrograph

OPTICS = Optics(300, 2.7, pixel_A=1.5)
UNMEASURED = Optics(300, 2.7)
NOISE = np.random.default_rng(3).integers(0, 255, (40, 30)).astype(np.uint8)


def micrograph(path: Path) -> Micrograph:
    return read.micrograph(path, OPTICS)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["a.mrc", "a.tif", "a.png", "a.jpg"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"{name}: cannot be opened \(No such file"):
        micrograph(tmp_path / name)


@pytest.mark.parametrize("name", ["a.mrc", "a.mrc.gz", "a.tiff", "a.png", "a.jpeg"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="found 0 bytes"):
        micrograph(write(tmp_path / name, b""))


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.mrc").mkdir()
    with pytest.raises(UnreadableFile, match="found a folder"):
        micrograph(tmp_path / "a.mrc")


@pytest.mark.parametrize("name", ["a.dm4", "a", "mrc", "a.mrc.zip"])
def test_an_unknown_suffix_lists_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"expected one of \.mrc .*\.tif .*\.png"):
        micrograph(write(tmp_path / name, b"content"))


def test_suffixes_in_capitals(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "A.TIF", NOISE)
    np.testing.assert_array_equal(micrograph(tmp_path / "A.TIF").pixels, NOISE)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
@pytest.mark.parametrize("content", [b"x", b"hello " * 400, bytes(5000)])
def test_wrong_magic(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=rf"{name}: found {len(content)} bytes"):
        micrograph(write(tmp_path / name, content))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pixels=st.sampled_from(["u1", "i2", "u2", "i4", "f4"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9))
    ),
    compression=st.sampled_from([None, "zlib", "lzw"]),
)
def test_tiff_round_trip(tmp_path: Path, pixels: npt.NDArray[np.generic], compression: str | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression, photometric="minisblack")
    found = micrograph(tmp_path / "a.tif").pixels
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pixels=st.sampled_from(["u1", "u2"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
    )
)
def test_png_round_trip(tmp_path: Path, pixels: npt.NDArray[np.generic]) -> None:
    found = micrograph(write(tmp_path / "a.png", imagecodecs.png_encode(pixels))).pixels
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


def test_jpeg_comes_back_nearly(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)
    found = micrograph(write(tmp_path / "a.jpg", imagecodecs.jpeg_encode(smooth, level=95))).pixels
    np.testing.assert_allclose(found.astype(float), smooth, atol=3)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.98])
def test_a_truncated_tiff(tmp_path: Path, compression: str | None, keep: float) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, NOISE, compression=compression)
    whole = path.read_bytes()
    with pytest.raises(UnreadableFile, match=r"a\.tif: (truncated: )?found \d+ bytes"):
        micrograph(write(path, whole[: int(keep * len(whole))]))


@pytest.mark.parametrize(
    ("name", "encode"), [("a.png", imagecodecs.png_encode), ("a.jpg", imagecodecs.jpeg_encode)]
)
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.95])
def test_a_truncated_picture(
    tmp_path: Path, name: str, encode: Callable[[npt.NDArray[np.uint8]], bytes], keep: float
) -> None:
    whole = encode(NOISE)
    with pytest.raises(UnreadableFile, match=name):
        micrograph(write(tmp_path / name, whole[: int(keep * len(whole))]))


@pytest.mark.parametrize(("unit", "factor"), [("angstrom", 1.0), ("Angstrom", 1.0), ("A", 1.0), ("nm", 10.0)])
def test_pixel_size_of_imagej(tmp_path: Path, unit: str, factor: float) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, NOISE, imagej=True, resolution=(1 / 0.25, 1 / 0.25), metadata={"unit": unit})
    assert read.micrograph(path, UNMEASURED).pixel_A == pytest.approx(0.25 * factor)


def test_resolution_tags_about_print_are_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, NOISE, resolution=(300, 300), resolutionunit="INCH")
    with pytest.raises(Exception, match="--pixel"):
        read.micrograph(path, UNMEASURED)


@pytest.mark.parametrize("imagej", [True, False])
def test_a_tiff_stack(tmp_path: Path, imagej: bool) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([NOISE] * 4), imagej=imagej, photometric="minisblack")
    with pytest.raises(UnsuitableImage, match="stack of 4 images"):
        micrograph(path)


def test_complex_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", NOISE.astype(np.complex64))
    with pytest.raises(UnsuitableImage, match="complex64"):
        micrograph(tmp_path / "a.tif")


def test_colour_is_refused_and_grey_in_three_channels_is_grey(tmp_path: Path) -> None:
    colour = np.stack([NOISE, NOISE, NOISE[::-1]], axis=-1)
    with pytest.raises(UnsuitableImage, match="colour picture"):
        micrograph(write(tmp_path / "a.png", imagecodecs.png_encode(colour)))
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb")
    with pytest.raises(UnsuitableImage, match="colour picture"):
        micrograph(tmp_path / "a.tif")
    grey = np.stack([NOISE] * 3, axis=-1)
    np.testing.assert_array_equal(
        micrograph(write(tmp_path / "b.png", imagecodecs.png_encode(grey))).pixels, NOISE
    )


def test_alpha_must_be_constant(tmp_path: Path) -> None:
    opaque = np.stack([NOISE, np.full_like(NOISE, 255)], axis=-1)
    np.testing.assert_array_equal(
        micrograph(write(tmp_path / "a.png", imagecodecs.png_encode(opaque))).pixels, NOISE
    )
    with pytest.raises(UnsuitableImage, match="transparent"):
        micrograph(write(tmp_path / "b.png", imagecodecs.png_encode(np.stack([NOISE, NOISE], axis=-1))))
