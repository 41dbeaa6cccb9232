"""MRC files: what mrcfile or plain bytes wrote comes back, what is broken is refused with a reason."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thonring import read
from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.optics import Optics
from thonring.records import Micrograph

OPTICS = Optics(300, 2.7)
DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


def write(path: Path, pixels: npt.NDArray[np.generic], pixel_A: float = 1.25) -> Path:
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(pixels)
        mrc.voxel_size = pixel_A
    return path


def patched(path: Path, at: int, content: bytes) -> Path:
    whole = bytearray(path.read_bytes())
    whole[at : at + len(content)] = content
    path.write_bytes(whole)
    return path


def ramp(dtype: str, shape: tuple[int, ...] = (7, 5)) -> npt.NDArray[np.generic]:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def micrograph(path: Path) -> Micrograph:
    return read.micrograph(path, OPTICS)


@pytest.mark.parametrize("mode", DTYPES)
def test_every_real_mode_comes_back_in_its_type(tmp_path: Path, mode: int) -> None:
    pixels = ramp(DTYPES[mode])
    path = write(tmp_path / "a.mrc", pixels)
    assert int.from_bytes(path.read_bytes()[12:16], "little") == mode
    image = micrograph(path)
    assert image.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixel_A == pytest.approx(1.25)
    assert image.optics is OPTICS
    assert image.notes == ()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pixels=st.sampled_from(["i1", "i2", "u2", "f2", "f4"]).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
            elements={"min_value": -100, "max_value": 100} if dtype.startswith("f") else None,
        )
    ),
    suffix=st.sampled_from([".mrc", ".mrcs", ".mrc.gz", ".mrc.bz2"]),
)
def test_round_trip(tmp_path: Path, pixels: npt.NDArray[np.generic], suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    mrcfile.write(path, pixels, overwrite=True, voxel_size=0.8)
    image = micrograph(path)
    assert image.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixel_A == pytest.approx(0.8)


def test_pixels_outlive_their_file(tmp_path: Path) -> None:
    """Mapped pixels would kill the process that looks at them."""
    path = write(tmp_path / "a.mrc", np.ones((600, 700), np.float32))
    pixels = micrograph(path).pixels
    path.write_bytes(b"")
    assert not pixels.flags.writeable
    assert pixels.sum(dtype=np.float64) == 600 * 700


def test_big_endian(tmp_path: Path) -> None:
    little = write(tmp_path / "little.mrc", ramp("i2"))
    whole = little.read_bytes()
    header = bytearray(np.frombuffer(whole[:1024], "<i4").astype(">i4").tobytes())
    header[208:216] = b"MAP \x11\x11\x00\x00"
    big = tmp_path / "big.mrc"
    big.write_bytes(bytes(header) + ramp(">i2").tobytes())
    np.testing.assert_array_equal(micrograph(big).pixels, ramp("i2"))
    assert micrograph(big).pixel_A == pytest.approx(1.25)


@pytest.mark.parametrize(("flags", "expected"), [(0, 255), (1, -1)])
def test_bytes_are_unsigned_where_imod_says_so(tmp_path: Path, flags: int, expected: int) -> None:
    path = write(tmp_path / "a.mrc", np.full((4, 4), -1, np.int8))
    patched(path, 152, np.array([1146047817, flags], "<i4").tobytes())
    assert micrograph(path).pixels[0, 0] == expected


def test_extended_header_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc"
    with mrcfile.new(path) as mrc:
        mrc.set_data(ramp("f4"))
        mrc.set_extended_header(np.frombuffer(b"x" * 333, dtype="V1"))
        mrc.header.exttyp = b"FEI1"
        mrc.voxel_size = 2.0
    np.testing.assert_array_equal(micrograph(path).pixels, ramp("f4"))


def test_a_volume_of_one_section_is_an_image(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrcs", ramp("f4", (1, 6, 5)))
    assert micrograph(path).pixels.shape == (6, 5)


def test_a_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableImage, match=r"a\.mrcs.*stack of 3 images.*one image.*motion"):
        micrograph(write(tmp_path / "a.mrcs", ramp("f4", (3, 6, 5))))


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableImage, match=r"complex.*mode 4.*expected real"):
        micrograph(write(tmp_path / "a.mrc", ramp("c8")))


@pytest.mark.parametrize(
    ("mode", "error", "said"),
    [
        (3, UnsuitableImage, "complex integers"),
        (101, UnsuitableImage, "4-bit"),
        (7, UnreadableFile, "mode 7"),
    ],
)
def test_other_modes_are_refused(tmp_path: Path, mode: int, error: type[Exception], said: str) -> None:
    path = patched(write(tmp_path / "a.mrc", ramp("i2")), 12, mode.to_bytes(4, "little"))
    with pytest.raises(error, match=said):
        micrograph(path)


@pytest.mark.parametrize("keep", [1, 500, 1023, 1024, 1030, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path / "a.mrc", ramp("f4"))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnreadableFile, match=r"a\.mrc"):
        micrograph(path)


def test_a_truncated_file_is_told_with_both_sizes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", ramp("f4", (10, 10)))
    path.write_bytes(path.read_bytes()[:1200])
    with pytest.raises(UnreadableFile, match="truncated: found 1200 bytes, expected 1424 for 10 x 10"):
        micrograph(path)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_truncated_packed_file_is_refused(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], part: float
) -> None:
    noise = np.random.default_rng(1).normal(size=(64, 64)).astype("f4")
    content = write(tmp_path / "a.mrc", noise).read_bytes()
    packed = pack(content)
    path = tmp_path / f"a.mrc{suffix}"
    path.write_bytes(packed[: int(part * len(packed))])
    with pytest.raises(UnreadableFile, match=r"a\.mrc\.(gz|bz2)"):
        micrograph(path)


@pytest.mark.parametrize("content", [b"GIF89a" + bytes(3000), b"\xff" * 4000, b"hello\n" * 400])
def test_wrong_magic_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mrc"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"a\.mrc: not an MRC file.*MAP"):
        micrograph(path)


@pytest.mark.parametrize("at", [208, 212])
def test_one_of_map_and_machine_stamp_suffices(tmp_path: Path, at: int) -> None:
    path = patched(write(tmp_path / "a.mrc", ramp("f4")), at, bytes(4))
    np.testing.assert_array_equal(micrograph(path).pixels, ramp("f4"))


@pytest.mark.parametrize(("at", "value"), [(0, 0), (4, -5), (8, 0), (92, -8)])
def test_impossible_sizes_are_refused(tmp_path: Path, at: int, value: int) -> None:
    path = patched(write(tmp_path / "a.mrc", ramp("f4")), at, value.to_bytes(4, "little", signed=True))
    with pytest.raises(UnreadableFile, match=r"a\.mrc"):
        micrograph(path)


def test_bytes_behind_the_image_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", ramp("f4"))
    path.write_bytes(path.read_bytes() + b"tail")
    image = micrograph(path)
    np.testing.assert_array_equal(image.pixels, ramp("f4"))
    assert [(note.kind, "4 bytes" in note.text) for note in image.notes] == [("trailing-bytes", True)]


def test_nan_and_infinity_are_kept_for_the_next_stage(tmp_path: Path) -> None:
    pixels = ramp("f4").astype("f4")
    with np.errstate(invalid="ignore"):
        path = write(tmp_path / "a.mrc", pixels)
    patched(path, 1024, np.array([np.nan, np.inf], "<f4").tobytes())
    found = np.asarray(micrograph(path).pixels, dtype=np.float64)
    assert np.isnan(found[0, 0])
    assert np.isinf(found[0, 1])
