"""MRC files, plain or compressed. Never more bytes are read than the header states and the file has.

A header of 1024 bytes is followed by `nsymbt` bytes of extended header and the pixels, x fastest, then y, then z. The
MRC2014 standard counts the header's 4-byte words from 1; those used here are

======  ==========  ==================================================================
words   field       meaning
======  ==========  ==================================================================
1-3     nx ny nz    columns, rows and images
4       mode        type of the pixels (`TYPES`)
8       mx          sampling intervals along x: `cella.x / mx` is the pixel size
11      cella.x     length of the cell along x in Å
24      nsymbt      bytes of extended header
39-40   extra2      IMOD's stamp and flags, of which bit 0 says that bytes are signed
53      map         `MAP `, by which the file is recognised
54      machst      machine stamp: the byte order
======  ==========  ==================================================================

Sources: https://www.ccpem.ac.uk/mrc_format/mrc2014.php; Cheng et al. (2015), J. Struct. Biol. 192, 146,
doi:10.1016/j.jsb.2015.04.002; IMOD's words: https://bio3d.colorado.edu/imod/doc/mrc_format.txt.

The pixels are read, not mapped: a mapped file that another program truncates kills the process that uses it.
"""

import bz2
import gzip
import math
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from mrcfile.dtypes import HEADER_DTYPE

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.read.raw_image import RawImage, check_one_image, check_size
from thonring.records import Note

Header = npt.NDArray[np.void]

HEADER_BYTES = HEADER_DTYPE.itemsize
MAP_WORD, STAMP_WORD = slice(208, 212), slice(212, 214)
"""Bytes of word 53, and the first two of word 54, which give the byte order."""

TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
"""Mode → type of a real pixel."""

UNSUITABLE_MODES = {
    3: "complex integers (mode 3), a Fourier transform",
    4: "complex numbers (mode 4), a Fourier transform",
    101: "packed 4-bit pixels (mode 101), raw movie frames",
}
BYTE_ORDERS = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}
"""Machine stamp → byte order; both 0x4444 and 0x4441 are in use for little-endian files."""

IMOD_STAMP = 1146047817
"""Word 39 of a file by IMOD or SerialEM: "IMOD" in ASCII, as a number."""

DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layout of the pixels according to the header: `shape` (images, rows, columns), starting at byte `offset`."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    pixel_A: float | None

    @property
    def images(self) -> int:
        return self.shape[0]

    @property
    def pixel_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def end(self) -> int:
        return self.offset + self.pixel_bytes


def read_mrc(path: Path, *, stack: bool = False) -> RawImage:
    """Read an MRC file, plain or compressed with gzip or bzip2.

    Pixels are (rows, columns) of the one image, or (images, rows, columns) with `stack`, read-only.

    Raises
    ------
    UnreadableFile
        If the file is not an MRC file, has an unknown mode or is truncated.
    UnsuitableImage
        If it holds complex numbers, packed 4-bit pixels, or an image with more than `raw_image.MAX_VALUES` pixels
        (compressed: all images together), or, unless `stack`, several images.
    OSError
        If the disk or the network share fails.
    """
    with path.open("rb") as stream:
        decompress = _decompressor(stream)
        if decompress is None:
            images = _read_plain(path, stream, stack=stack)
        else:
            images = _read_compressed(path, stream, decompress, stack=stack)
    return images if stack else replace(images, pixels=images.pixels[0])


def _decompressor(stream: IO[bytes]) -> Callable[[IO[bytes]], Any] | None:
    """The decompressor of the stream; None if it is not compressed.

    A plain image 35615 pixels wide starts with the bytes of gzip (nx = 0x8b1f), but has its map word.
    """
    start = stream.read(HEADER_BYTES)
    stream.seek(0)
    return None if start[MAP_WORD] == b"MAP " else DECOMPRESSORS.get(start[:2])


def _read_plain(path: Path, stream: IO[bytes], *, stack: bool) -> RawImage:
    layout = _layout(path, stream.read(HEADER_BYTES))
    size = os.fstat(stream.fileno()).st_size
    if layout.images > 1 and size < layout.offset + 2 * layout.pixel_bytes // layout.images:
        raise UnreadableFile(
            f"{path}: the header states {layout.images} images, but {size} bytes hold fewer than two; expected one "
            "image. The header is damaged or the file truncated; copy it again."
        )
    if not stack:
        check_one_image(path, layout.images)
    if size < layout.end:
        raise _truncated(path, layout, size)
    stream.seek(layout.offset)
    pixels = np.fromfile(stream, layout.dtype, math.prod(layout.shape))
    # The file may have been truncated since its size was read.
    if pixels.nbytes < layout.pixel_bytes:
        raise _truncated(path, layout, layout.offset + pixels.nbytes)
    surplus = size - layout.end
    return _image(path, layout, pixels, str(surplus) if surplus else "")


def _read_compressed(
    path: Path, stream: IO[bytes], decompress: Callable[[IO[bytes]], Any], *, stack: bool
) -> RawImage:
    try:
        with decompress(stream) as content:
            layout = _layout(path, content.read(HEADER_BYTES))
            if not stack:
                check_one_image(path, layout.images)
            # A small file can decompress to any number of pixels, so the size limit applies to all images together.
            check_size(path, layout.shape[2], layout.images * layout.shape[1])
            content.seek(layout.offset)
            pixel_bytes = _read_up_to(content, layout.pixel_bytes)
            found = content.tell()
            surplus = len(_read_up_to(content, CHUNK_BYTES))
    except (OSError, EOFError, ValueError, zlib.error) as problem:
        raise UnreadableFile(
            f"{path}: cannot be decompressed ({problem}): found {path.stat().st_size} compressed bytes, expected a "
            "complete gzip or bzip2 file. Copy the file again."
        ) from problem
    if len(pixel_bytes) < layout.pixel_bytes:
        raise _truncated(path, layout, found)
    more = f"{surplus} or more" if surplus == CHUNK_BYTES else str(surplus)
    return _image(path, layout, np.frombuffer(pixel_bytes, layout.dtype), more if surplus else "")


def _read_up_to(stream: IO[bytes], count: int) -> bytearray:
    """The next `count` bytes, or as many as there are, in chunks: memory grows with the data received."""
    content = bytearray()
    while len(content) < count:
        chunk = stream.read(min(CHUNK_BYTES, count - len(content)))
        if not chunk:
            break
        content += chunk
    return content


def _image(path: Path, layout: _Layout, pixels: npt.NDArray[Any], surplus: str) -> RawImage:
    pixels.flags.writeable = False
    text = f"{path}: {surplus} bytes after the image were ignored."
    notes = (Note("trailing-bytes", text),) if surplus else ()
    return RawImage(pixels.reshape(layout.shape), layout.pixel_A, notes)


def _truncated(path: Path, layout: _Layout, found: int) -> UnreadableFile:
    images, rows, columns = layout.shape
    of_images = f"{images} images of " if images > 1 else ""
    return UnreadableFile(
        f"{path}: truncated: found {found} bytes, expected {layout.end} for {of_images}{columns} x {rows} pixels of "
        f"{layout.dtype.itemsize} bytes after a header of {layout.offset} bytes. The file was cut short (copy it "
        "again, or wait until it is written), or its header is damaged."
    )


def _layout(path: Path, start: bytes) -> _Layout:
    header = _header(path, start)
    columns, rows, images = int(header["nx"]), int(header["ny"]), int(header["nz"])
    extended = int(header["nsymbt"])
    if min(columns, rows, images) < 1 or extended < 0:
        raise UnreadableFile(
            f"{path}: the header states {columns} x {rows} x {images} pixels and {extended} bytes of extended "
            "header, expected positive sizes. The header is damaged; write the file again."
        )
    dtype = _dtype(path, header)
    check_size(path, columns, rows)
    return _Layout((images, rows, columns), dtype, HEADER_BYTES + extended, _pixel_A(header))


def _header(path: Path, start: bytes) -> Header:
    """Header in the byte order of its machine stamp, or in the other if only that gives a known mode."""
    if len(start) < HEADER_BYTES:
        raise UnreadableFile(
            f"{path}: truncated: found {len(start)} bytes, expected a header of {HEADER_BYTES} bytes and "
            "pixels. Copy the file again."
        )
    stamp_order = BYTE_ORDERS.get(start[STAMP_WORD])
    # Either word is enough: not every program writes both.
    if start[MAP_WORD][:3] != b"MAP" and stamp_order is None:
        raise UnreadableFile(
            f"{path}: not an MRC file: found {start[MAP_WORD]!r} at byte 208, expected b'MAP '. Check which "
            "program wrote the file, or give it the suffix of its actual format."
        )
    orders = ("<", ">") if stamp_order != ">" else (">", "<")
    headers = [np.frombuffer(start, HEADER_DTYPE.newbyteorder(order)).reshape(()) for order in orders]
    known = (header for header in headers if int(header["mode"]) in TYPES.keys() | UNSUITABLE_MODES.keys())
    return next(known, headers[0])


def _dtype(path: Path, header: Header) -> np.dtype[Any]:
    mode = int(header["mode"])
    if mode in UNSUITABLE_MODES:
        raise UnsuitableImage(
            f"{path}: found {UNSUITABLE_MODES[mode]}, expected real pixels (modes {_known_modes()}). Use the "
            "image itself."
        )
    if mode not in TYPES:
        raise UnreadableFile(
            f"{path}: found MRC mode {mode}, expected one of {_known_modes()}. The header is damaged, or the "
            "program that wrote it uses its own modes; write the file again as mode 2 (float32)."
        )
    if mode == 0 and _bytes_are_unsigned(header):
        return np.dtype("u1")
    return np.dtype(TYPES[mode]).newbyteorder(header["mode"].dtype.byteorder)


def _known_modes() -> str:
    return ", ".join(str(mode) for mode in TYPES)


def _bytes_are_unsigned(header: Header) -> bool:
    """Whether the bytes of mode 0 are unsigned, as old versions of IMOD wrote them: bit 0 of its flags is not set."""
    # Words 39 and 40; extra2 starts at word 29.
    words = np.frombuffer(header["extra2"].tobytes()[40:48], dtype=header["mode"].dtype)
    return int(words[0]) == IMOD_STAMP and not int(words[1]) & 1


def _pixel_A(header: Header) -> float | None:
    """Pixel size, words 11 and 8; None without sampling intervals."""
    return float(header["cella"]["x"]) / int(header["mx"]) if int(header["mx"]) > 0 else None
