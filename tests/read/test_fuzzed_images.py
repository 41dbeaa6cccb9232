"""Whatever stands in a header, a reader ends with an image or a reason, and takes no more memory than the file holds.

Of packed formats a small file may hold a large image: for those the limit is `raw_image.MAX_VALUES`, lowered here.
"""

import bz2
import gzip
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mrcfile.dtypes import HEADER_DTYPE

from factories.memory import MARGIN_BYTES, peak_bytes, read_or_refused
from thonring.read import raw_image as raw
from thonring.records import Micrograph

NOISE = np.random.default_rng(5).integers(0, 255, (48, 64)).astype(np.uint8)
LARGEST_HERE = 1 << 18
BYTES_PER_VALUE = 16
TIMES_THE_FILE = 3
TIMES_A_PACKED_BIT = 3 * 8

fuzzed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.one_of(
    st.sampled_from(
        [0, 1, 2, 3, 4, 6, 12, 101, 48, 64, 1024, 16384, 16385, 2**16, 2**24, 2**31 - 1, -1, -1024, -(2**31)]
    ),
    st.integers(-(2**31), 2**31 - 1),
)
MRC_WORDS = st.one_of(st.sampled_from([0, 1, 2, 3, 7, 10, 23, 38, 39, 52, 53]), st.integers(0, 255))


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "MAX_VALUES", LARGEST_HERE)


def mrc() -> bytes:
    header = np.zeros((), HEADER_DTYPE)
    header["nx"], header["ny"], header["nz"], header["mode"] = *NOISE.shape[::-1], 1, 2
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    return header.tobytes() + NOISE.astype("<f4").tobytes()


MRC = mrc()


def with_words(content: bytes, changes: list[tuple[int, int]], order: str = "<") -> bytes:
    changed = bytearray(content)
    for word, value in changes:
        struct.pack_into(f"{order}i", changed, 4 * word, value)
    return bytes(changed)


def check_memory(path: Path, content: bytes, limit: int) -> None:
    path.write_bytes(content)
    assert peak_bytes(read_or_refused, path) <= limit + MARGIN_BYTES
    found = read_or_refused(path)
    assert isinstance(found, Micrograph) or str(path) in str(found)


@fuzzed
@given(
    changes=st.lists(st.tuples(MRC_WORDS, words), max_size=5),
    kept=st.one_of(st.none(), st.integers(1, len(MRC))),
    order=st.sampled_from("<>"),
)
@example(changes=[(0, 16384), (1, 16384)], kept=None, order="<")
@example(changes=[(23, 2**31 - 1)], kept=None, order="<")
@example(changes=[(2, 2**31 - 1)], kept=None, order="<")
def test_mrc(tmp_path: Path, changes: list[tuple[int, int]], kept: int | None, order: str) -> None:
    content = with_words(MRC, changes, order)[:kept]
    check_memory(tmp_path / "a.mrc", content, TIMES_THE_FILE * len(content))


@fuzzed
@given(
    start=st.binary(min_size=1, max_size=1100),
    suffix=st.sampled_from([".mrc", ".tif", ".png", ".jpg", ".mrc.gz"]),
)
def test_any_bytes(tmp_path: Path, start: bytes, suffix: str) -> None:
    check_memory(tmp_path / f"a{suffix}", start, TIMES_THE_FILE * len(start))


@pytest.mark.slow
@fuzzed
@given(
    changes=st.lists(st.tuples(MRC_WORDS, words), max_size=4),
    pack=st.sampled_from([gzip.compress, bz2.compress]),
    surplus=st.sampled_from([0, 10, 1 << 22]),
)
@pytest.mark.usefixtures("small_limit")
def test_packed_mrc(
    tmp_path: Path, changes: list[tuple[int, int]], pack: Callable[[bytes], bytes], surplus: int
) -> None:
    content = pack(with_words(MRC, changes) + bytes(surplus))
    limit = 2 * 4 * LARGEST_HERE + 4 * (1 << 20)
    check_memory(tmp_path / f"a.mrc.{'gz' if pack is gzip.compress else 'bz2'}", content, limit)


def tiff(compression: str | None, byteorder: str = "<") -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(
        stream, NOISE, compression=compression, byteorder=byteorder, rowsperstrip=16, metadata=None
    )
    return stream.getvalue()


TIFFS = {name: tiff(name) for name in (None, "zlib", "lzw", "packbits")}
TAG_BYTES = 12


def with_tags(content: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Change parts of tags: (which tag, offset of a 32-bit word in it, value); the last word leads to the next page."""
    changed = bytearray(content)
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    for tag, part, value in changes:
        struct.pack_into(
            "<i",
            changed,
            start + 2 + TAG_BYTES * (tag % (count + 1)) + part * (tag % (count + 1) < count),
            value,
        )
    return bytes(changed)


tag_changes = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 4, 8]), words), max_size=5)


@fuzzed
@given(changes=tag_changes, kept=st.one_of(st.none(), st.integers(1, 4000)))
def test_plain_tiff(tmp_path: Path, changes: list[tuple[int, int, int]], kept: int | None) -> None:
    content = with_tags(TIFFS[None], changes)[:kept]
    check_memory(tmp_path / "a.tif", content, TIMES_A_PACKED_BIT * len(content))


@fuzzed
@given(changes=tag_changes, packed=st.sampled_from(["zlib", "lzw", "packbits"]))
@pytest.mark.usefixtures("small_limit")
def test_packed_tiff(tmp_path: Path, changes: list[tuple[int, int, int]], packed: str) -> None:
    content = with_tags(TIFFS[packed], changes)
    check_memory(tmp_path / "a.tif", content, 2 * BYTES_PER_VALUE * LARGEST_HERE)


@pytest.mark.parametrize(
    ("code", "pack"), [(8, zlib.compress), (5, imagecodecs.lzw_encode), (50000, imagecodecs.zstd_encode)]
)
def test_a_strip_that_expands_to_more_than_its_image(
    tmp_path: Path, code: int, pack: Callable[[bytes], bytes]
) -> None:
    strip = pack(bytes(1 << 26))
    tags = [
        (256, 64),
        (257, 48),
        (258, 8),
        (259, code),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 48),
        (279, len(strip)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    start = 8 + len(strip)
    content = (
        struct.pack("<2sHI", b"II", 42, start) + strip + struct.pack("<H", len(tags)) + entries + bytes(4)
    )
    check_memory(tmp_path / "a.tif", content, TIMES_THE_FILE * len(content))


@pytest.mark.parametrize("compression", ["jpeg", "lzma", "jpeg2000"])
def test_other_compressions_of_tiff_are_refused(tmp_path: Path, compression: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", NOISE, compression=compression)
    assert "expected one of none, LZW, deflate" in str(read_or_refused(tmp_path / "a.tif"))


def test_pages_of_a_tiff_that_lead_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((150, 16, 16), np.uint8), photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path) as file:
        offsets = [page.offset for page in file.pages]
    content = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", content, offsets[-1])
    struct.pack_into("<I", content, offsets[-1] + 2 + TAG_BYTES * count, offsets[0])
    path.write_bytes(content)
    peak_bytes(read_or_refused, path)
    assert "stack of 150 images" in str(read_or_refused(path))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(columns: int, rows: int, bits: int, colours: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", columns, rows, bits, colours, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def test_a_picture_larger_than_any_camera_makes(tmp_path: Path) -> None:
    content = png(20000, 20000, 8, 0, bytes(20001 * 200))
    check_memory(tmp_path / "a.png", content, TIMES_THE_FILE * len(content))
    assert "20000 x 20000 pixels, expected at most 268435456 values" in str(
        read_or_refused(tmp_path / "a.png")
    )


sides = st.one_of(st.sampled_from([0, 1, 7, 512, 2**16, 2**31 - 1, 2**32 - 1]), st.integers(0, 2**32 - 1))


@fuzzed
@given(
    columns=sides,
    rows=sides,
    bits=st.sampled_from([1, 2, 4, 8, 16, 3]),
    colours=st.integers(0, 7),
    zeros=st.integers(0, 1 << 22),
)
@pytest.mark.usefixtures("small_limit")
def test_png(tmp_path: Path, columns: int, rows: int, bits: int, colours: int, zeros: int) -> None:
    content = png(columns, rows, bits, colours, bytes(zeros))
    check_memory(tmp_path / "a.png", content, 2 * BYTES_PER_VALUE * LARGEST_HERE)


JPEG = imagecodecs.jpeg_encode(NOISE)
SOF_AT = JPEG.index(b"\xff\xc0")


@fuzzed
@given(
    rows=st.integers(0, 2**16 - 1),
    columns=st.integers(0, 2**16 - 1),
    changes=st.lists(st.tuples(st.integers(0, len(JPEG) - 1), st.integers(0, 255)), max_size=4),
)
@pytest.mark.usefixtures("small_limit")
def test_jpeg(tmp_path: Path, rows: int, columns: int, changes: list[tuple[int, int]]) -> None:
    content = bytearray(JPEG)
    struct.pack_into(">HH", content, SOF_AT + 5, rows, columns)
    for at, value in changes:
        content[at] = value
    check_memory(tmp_path / "a.jpg", bytes(content), 2 * BYTES_PER_VALUE * LARGEST_HERE)
