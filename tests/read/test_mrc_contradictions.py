"""MRC headers that contradict the values, the file or themselves."""

import gzip
import struct
from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt
import pytest

from thonring import pipeline, read
from thonring.errors import OpticsError, UnreadableFile, UnsuitableImage
from thonring.optics import Optics
from thonring.records import Micrograph, Source
from thonring.settings import Settings

IMOD = 1146047817
NOISE = np.random.default_rng(3).normal(size=(40, 48))
COUNTS = np.clip(np.rint(118 + 22 * NOISE), 0, 255)
"""Counts of a camera in unsigned bytes, a third of them above 127."""


def write(path: Path, pixels: npt.NDArray[np.generic], value_range: tuple[float, float] | None) -> Path:
    """Write pixels with the minimum and maximum of the header; None leaves both 0."""
    mrcfile.write(path, pixels, voxel_size=1.3, overwrite=True)
    return patch(path, 76, struct.pack("<2f", *(value_range or (0.0, 0.0))))


def patch(path: Path, at: int, content: bytes) -> Path:
    whole = bytearray(path.read_bytes())
    whole[at : at + len(content)] = content
    path.write_bytes(whole)
    return path


def micrograph(path: Path, pixel_A: float | None = None) -> Micrograph:
    return read.micrograph(path, Optics(300, 2.7, pixel_A=pixel_A))


def kinds(image: Micrograph) -> list[str]:
    return [note.kind for note in image.notes]


@pytest.mark.parametrize("value_range", [(0.0, 255.0), (30.0, 210.0), None, (0.0, 1e6), (float("nan"), 1.0)])
@pytest.mark.parametrize("suffix", [".mrc", ".mrc.gz"])
def test_unsigned_bytes_in_mode_0_are_read_as_written(
    tmp_path: Path, value_range: tuple[float, float] | None, suffix: str
) -> None:
    path = write(tmp_path / "a.mrc", COUNTS.astype("u1").view("i1"), value_range)
    if suffix.endswith("gz"):
        path = tmp_path / "a.mrc.gz"
        path.write_bytes(gzip.compress((tmp_path / "a.mrc").read_bytes()))
    image = micrograph(path)
    np.testing.assert_array_equal(image.pixels, COUNTS)
    assert kinds(image) == ["integer-sign"]
    assert "read as unsigned" in image.notes[0].text
    assert "the mode says signed" in image.notes[0].text


@pytest.mark.parametrize("value_range", [(-80.0, 90.0), None])
def test_signed_bytes_stay_signed(tmp_path: Path, value_range: tuple[float, float] | None) -> None:
    signed = np.clip(np.rint(3 + 22 * NOISE), -128, 127)
    image = micrograph(write(tmp_path / "a.mrc", signed.astype("i1"), value_range))
    np.testing.assert_array_equal(image.pixels, signed)
    assert image.notes == ()


def test_a_signed_range_keeps_improbable_bytes_signed_with_a_note(tmp_path: Path) -> None:
    image = micrograph(write(tmp_path / "a.mrc", COUNTS.astype("u1").view("i1"), (-128.0, 127.0)))
    assert image.pixels.dtype == np.int8
    assert "although read as unsigned the values scatter less" in image.notes[0].text


@pytest.mark.parametrize("hot", [40000, 65535])
def test_counts_above_32767_in_mode_1(tmp_path: Path, hot: int) -> None:
    counts = np.rint(1000 + 50 * NOISE)
    counts[5, 7] = hot
    path = write(tmp_path / "a.mrc", counts.astype("u2").view("i2"), (800.0, float(hot)))
    image = micrograph(path)
    np.testing.assert_array_equal(image.pixels, counts)
    assert kinds(image) == ["integer-sign"]


def test_counts_around_32767_in_mode_1_without_a_range(tmp_path: Path) -> None:
    counts = np.rint(32700 + 300 * NOISE)
    image = micrograph(write(tmp_path / "a.mrc", counts.astype("u2").view("i2"), None))
    np.testing.assert_array_equal(image.pixels, counts)


@pytest.mark.parametrize("value_range", [(-200.0, 200.0), None])
def test_signed_counts_in_mode_6(tmp_path: Path, value_range: tuple[float, float] | None) -> None:
    counts = np.rint(50 * NOISE)
    image = micrograph(write(tmp_path / "a.mrc", counts.astype("i2").view("u2"), value_range))
    np.testing.assert_array_equal(image.pixels, counts)
    assert kinds(image) == ["integer-sign"]


@pytest.mark.parametrize(("mean", "odd"), [(1000, 65535), (60000, 0)])
@pytest.mark.parametrize("value_range", [(0.0, 65535.0), None])
def test_hot_and_dead_pixels_do_not_change_the_sign_of_counts(
    tmp_path: Path, mean: float, odd: int, value_range: tuple[float, float] | None
) -> None:
    counts = np.rint(mean + 50 * NOISE)
    counts[5, 7] = odd
    image = micrograph(write(tmp_path / "a.mrc", counts.astype("u2"), value_range))
    np.testing.assert_array_equal(image.pixels, counts)
    assert image.notes == ()


def test_big_endian_counts_above_32767(tmp_path: Path) -> None:
    counts = np.rint(40000 + 50 * NOISE)
    header = bytearray(
        np.frombuffer(
            write(tmp_path / "a.mrc", counts.astype("i2"), (39000.0, 41000.0)).read_bytes()[:1024], "<i4"
        )
        .astype(">i4")
        .tobytes()
    )
    header[208:216] = b"MAP \x11\x11\x00\x00"
    path = tmp_path / "b.mrc"
    path.write_bytes(bytes(header) + counts.astype(">u2").tobytes())
    np.testing.assert_array_equal(micrograph(path).pixels, counts)


def test_imods_flag_alone_is_no_contradiction_and_two_contradictions_overrule_it(tmp_path: Path) -> None:
    for flags, value_range, expected, noted in (
        (0, None, COUNTS, False),
        (1, (0.0, 255.0), COUNTS, True),
        (1, None, COUNTS.astype("u1").view("i1"), True),
    ):
        path = write(tmp_path / "a.mrc", COUNTS.astype("u1").view("i1"), value_range)
        image = micrograph(patch(path, 152, struct.pack("<2i", IMOD, flags)))
        np.testing.assert_array_equal(image.pixels, expected)
        assert bool(image.notes) == noted


def test_two_pixels_in_a_byte_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", COUNTS.astype("u1").view("i1"), (0.0, 255.0))
    for flags in (16, 17, 24):
        with pytest.raises(UnsuitableImage, match="packed 4-bit pixels in mode 0"):
            micrograph(patch(path, 152, struct.pack("<2i", IMOD, flags)))
    patch(path, 152, bytes(8))
    with pytest.raises(UnsuitableImage, match="3838 x 7420 bytes, half a super-resolution frame"):
        micrograph(patch(path, 0, struct.pack("<2i", 3838, 7420)))


def test_pixels_that_are_not_square_need_a_given_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", NOISE.astype("f4"), None)
    for at, length_A in ((44, 40 * 2.6), (44, 40 * 1.32), (40, 48 * 1.0)):
        write(path, NOISE.astype("f4"), None)
        patch(path, at, struct.pack("<f", length_A))
        with pytest.raises(OpticsError, match=r"not square; ignored\. Give it .* --pixel"):
            micrograph(path)
        image = micrograph(path, 1.3)
        assert image.pixel_A == 1.3
        assert "not square" in image.notes[0].text


@pytest.mark.parametrize("length_A", [0.0, 40 * 1.304])
def test_an_unset_length_or_rounding_is_no_contradiction(tmp_path: Path, length_A: float) -> None:
    path = write(tmp_path / "a.mrc", NOISE.astype("f4"), None)
    image = micrograph(patch(path, 44, struct.pack("<f", length_A)))
    assert image.pixel_A == pytest.approx(1.3)
    assert image.notes == ()


def test_a_cell_of_another_size_than_the_image_is_a_note(tmp_path: Path) -> None:
    """The words of a 96 x 80 image, of which this is half."""
    path = patch(write(tmp_path / "a.mrc", NOISE.astype("f4"), None), 28, struct.pack("<2i", 96, 80))
    image = micrograph(path)
    assert image.pixel_A == pytest.approx(0.65)
    assert "0.65 Å per pixel for 96 x 80 pixels (MX, MY), but the image has 48 x 40" in image.notes[0].text


@pytest.mark.parametrize(
    ("axes", "noted"), [((2, 1), True), ((3, 2), True), ((0, 0), False), ((1, 2), False)]
)
def test_other_axes_than_x_and_y_are_a_note(tmp_path: Path, axes: tuple[int, int], noted: bool) -> None:
    image = micrograph(
        patch(write(tmp_path / "a.mrc", NOISE.astype("f4"), None), 64, struct.pack("<2i", *axes))
    )
    np.testing.assert_array_equal(image.pixels, NOISE.astype("f4"))
    assert [f"axes {axes[0]}, {axes[1]}" in note.text for note in image.notes] == [True] * noted


@pytest.mark.parametrize("dtype", ["i1", "i2", "f4", "u2", "f2"])
@pytest.mark.parametrize("word", [bytes(8), struct.pack("<2f", 1.5, -3.0)])
@pytest.mark.parametrize("packed", [False, True])
def test_without_map_and_stamp_a_header_that_describes_the_file_exactly_is_one(
    tmp_path: Path, dtype: str, word: bytes, packed: bool
) -> None:
    path = patch(write(tmp_path / "a.mrc", (20 * np.abs(NOISE)).astype(dtype), None), 208, word)
    if packed:
        path = tmp_path / "b.mrc.gz"
        path.write_bytes(gzip.compress((tmp_path / "a.mrc").read_bytes()))
    image = micrograph(path)
    np.testing.assert_array_equal(image.pixels, (20 * np.abs(NOISE)).astype(dtype))
    assert kinds(image) == ["mrc-header"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("change", [-1, 1])
def test_without_map_and_stamp_one_byte_more_or_less_is_not_mrc(
    tmp_path: Path, change: int, packed: bool
) -> None:
    content = patch(write(tmp_path / "a.mrc", NOISE.astype("f4"), None), 208, bytes(8)).read_bytes()
    content = content[:-1] if change < 0 else content + b"\0"
    path = tmp_path / ("b.mrc.gz" if packed else "b.mrc")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(UnreadableFile, match="not an MRC file"):
        micrograph(path)


def test_a_stack_without_map_and_stamp_is_a_stack(tmp_path: Path) -> None:
    path = patch(write(tmp_path / "a.mrc", np.stack([NOISE.astype("f4")] * 3), None), 208, bytes(8))
    with pytest.raises(UnsuitableImage, match="stack of 3 images"):
        micrograph(path)
    content = path.read_bytes()
    packed = tmp_path / "a.mrc.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(UnsuitableImage, match="stack of 3 images"):
        micrograph(packed)


def test_an_oddity_is_in_the_row_when_it_fails_for_another_reason(tmp_path: Path) -> None:
    path = patch(write(tmp_path / "a.mrc", np.ones((600, 600), "f4"), None), 64, struct.pack("<2i", 2, 1))
    outcome, _ = pipeline.examine(Source(path, Optics(300, 2.7), False), Settings())
    assert outcome.status == "failed"
    assert "axes 2, 1" in " ".join([*outcome.reasons, *(note.text for note in outcome.notes)])
