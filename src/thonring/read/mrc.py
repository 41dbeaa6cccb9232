"""MRC files: the header as mrcfile describes it; no more bytes are read than it promises and the file has.

Format: Cheng et al. (2015), J. Struct. Biol. 192, 146, doi:10.1016/j.jsb.2015.04.002, and
https://www.ccpem.ac.uk/mrc_format/mrc2014.php; IMOD's stamp for bytes:
https://bio3d.colorado.edu/imod/doc/mrc_format.txt.

The pixels are read, not mapped: a mapped file that another program cuts short kills the process that looks at it.
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
TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
REFUSED = {
    3: "complex integers (mode 3), a Fourier transform",
    4: "complex numbers (mode 4), a Fourier transform",
    101: "packed 4-bit pixels (mode 101), raw movie frames",
}
BYTE_ORDERS = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}
IMOD_STAMP = 1146047817
UNPACKERS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a header says about the bytes behind it: `shape` (images, rows, columns), from `offset` on."""

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


def read_mrc(path: Path) -> RawImage:
    """Read an MRC file with one image, plain or packed with gzip or bzip2; pixels are (rows, columns).

    Raises
    ------
    UnreadableFile
        If the file is no MRC file, has an unknown mode or is cut short.
    UnsuitableImage
        If it holds a stack, complex numbers, packed 4-bit pixels, or more pixels than `raw.MOST_VALUES`.
    OSError
        If the disk or the network share fails.
    """
    stack = _read(path, check_one_image)
    return replace(stack, pixels=stack.pixels[0])


def read_mrc_stack(path: Path) -> RawImage:
    """Read all images of an MRC file, as `read_mrc` reads one: pixels (images, rows, columns).

    Raises
    ------
    UnreadableFile
        If the file is no MRC file, has an unknown mode or is cut short.
    UnsuitableImage
        If it holds complex numbers, packed 4-bit pixels, or an image with more pixels than `raw.MOST_VALUES`; packed
        with gzip or bzip2, all its images together may have no more.
    OSError
        If the disk or the network share fails.
    """
    return _read(path, lambda _path, _images: None)


def _read(path: Path, check_images: Callable[[Path, int], None]) -> RawImage:
    with path.open("rb") as stream:
        unpack = _unpacker(stream)
        if unpack is None:
            return _read_plain(path, stream, check_images)
        return _read_packed(path, stream, unpack, check_images)


def _unpacker(stream: IO[bytes]) -> Callable[[IO[bytes]], Any] | None:
    """What unpacks the stream; an image 35615 pixels wide starts as gzip does, but is plain."""
    start = stream.read(HEADER_BYTES)
    stream.seek(0)
    return None if start[208:212] == b"MAP " else UNPACKERS.get(start[:2])


def _read_plain(path: Path, stream: IO[bytes], check_images: Callable[[Path, int], None]) -> RawImage:
    layout = _layout(path, stream.read(HEADER_BYTES))
    size = os.fstat(stream.fileno()).st_size
    if layout.images > 1 and size < layout.offset + 2 * layout.pixel_bytes // layout.images:
        raise UnreadableFile(
            f"{path}: found a header of {layout.images} images and {size} bytes, which hold fewer than two, "
            "expected one image. The header is damaged or the file cut short; copy it again."
        )
    check_images(path, layout.images)
    if size < layout.end:
        raise _truncated(path, layout, size)
    stream.seek(layout.offset)
    pixels = np.fromfile(stream, layout.dtype, math.prod(layout.shape))
    if pixels.nbytes < layout.pixel_bytes:
        raise _truncated(path, layout, layout.offset + pixels.nbytes)
    surplus = size - layout.end
    return _image(path, layout, pixels, str(surplus) if surplus else "")


def _read_packed(
    path: Path,
    stream: IO[bytes],
    unpack: Callable[[IO[bytes]], Any],
    check_images: Callable[[Path, int], None],
) -> RawImage:
    try:
        with unpack(stream) as unpacked:
            layout = _layout(path, unpacked.read(HEADER_BYTES))
            check_images(path, layout.images)
            check_size(path, layout.shape[2], layout.images * layout.shape[1])
            unpacked.seek(layout.offset)
            content = _taken(unpacked, layout.pixel_bytes)
            found = unpacked.tell()
            surplus = len(_taken(unpacked, PIECE_BYTES))
    except (OSError, EOFError, ValueError, zlib.error) as problem:
        raise UnreadableFile(
            f"{path}: cannot be unpacked ({problem}): found {path.stat().st_size} packed bytes, expected a "
            "whole file of gzip or bzip2. Copy the file again."
        ) from problem
    if len(content) < layout.pixel_bytes:
        raise _truncated(path, layout, found)
    more = f"{surplus} or more" if surplus == PIECE_BYTES else str(surplus)
    return _image(path, layout, np.frombuffer(content, layout.dtype), more if surplus else "")


def _taken(stream: IO[bytes], count: int) -> bytearray:
    """The next `count` bytes or what there is of them, in pieces: memory is taken for what has come."""
    taken = bytearray()
    while len(taken) < count:
        piece = stream.read(min(PIECE_BYTES, count - len(taken)))
        if not piece:
            break
        taken += piece
    return taken


def _image(path: Path, layout: _Layout, pixels: npt.NDArray[Any], surplus: str) -> RawImage:
    pixels.flags.writeable = False
    text = f"{path}: {surplus} bytes follow the image; they were left out."
    notes = (Note("trailing-bytes", text),) if surplus else ()
    return RawImage(pixels.reshape(layout.shape), layout.pixel_A, notes)


def _truncated(path: Path, layout: _Layout, found: int) -> UnreadableFile:
    images, rows, columns = layout.shape
    of_images = f"{images} images of " if images > 1 else ""
    return UnreadableFile(
        f"{path}: truncated: found {found} bytes, expected {layout.end} for {of_images}{columns} x {rows} pixels of "
        f"{layout.dtype.itemsize} bytes behind a header of {layout.offset}. The file was cut short (copy it "
        "again, or wait until it is written), or its header is damaged."
    )


def _layout(path: Path, start: bytes) -> _Layout:
    header = _header(path, start)
    columns, rows, images = int(header["nx"]), int(header["ny"]), int(header["nz"])
    extended = int(header["nsymbt"])
    if min(columns, rows, images) < 1 or extended < 0:
        raise UnreadableFile(
            f"{path}: found a header of {columns} x {rows} x {images} pixels and {extended} bytes of extended "
            "header, expected positive sizes. The header is damaged; write the file again."
        )
    dtype = _dtype(path, header)
    check_size(path, columns, rows)
    return _Layout((images, rows, columns), dtype, HEADER_BYTES + extended, _pixel_A(header))


def _header(path: Path, start: bytes) -> Header:
    """Header in the byte order of its machine stamp, or in the other where only that gives a known mode."""
    if len(start) < HEADER_BYTES:
        raise UnreadableFile(
            f"{path}: truncated: found {len(start)} bytes, expected a header of {HEADER_BYTES} bytes and "
            "pixels. Copy the file again."
        )
    stated = BYTE_ORDERS.get(start[212:214])
    if start[208:211] != b"MAP" and stated is None:
        raise UnreadableFile(
            f"{path}: not an MRC file: found {start[208:212]!r} at byte 208, expected b'MAP '. Check what "
            "wrote the file, or give it the suffix of its true format."
        )
    orders = ("<", ">") if stated != ">" else (">", "<")
    headers = [np.frombuffer(start, HEADER_DTYPE.newbyteorder(order)).reshape(()) for order in orders]
    known = (header for header in headers if int(header["mode"]) in TYPES.keys() | REFUSED.keys())
    return next(known, headers[0])


def _dtype(path: Path, header: Header) -> np.dtype[Any]:
    mode = int(header["mode"])
    if mode in REFUSED:
        raise UnsuitableImage(
            f"{path}: found {REFUSED[mode]}, expected real pixels (modes {_known_modes()}). Give the image "
            "itself."
        )
    if mode not in TYPES:
        raise UnreadableFile(
            f"{path}: found MRC mode {mode}, expected one of {_known_modes()}. The header is damaged, or of a "
            "program with modes of its own; write the file again as mode 2 (float32)."
        )
    if mode == 0 and _bytes_are_unsigned(header):
        return np.dtype("u1")
    return np.dtype(TYPES[mode]).newbyteorder(header["mode"].dtype.byteorder)


def _known_modes() -> str:
    return ", ".join(str(mode) for mode in TYPES)


def _bytes_are_unsigned(header: Header) -> bool:
    """Whether IMOD wrote the bytes unsigned: its stamp is there and bit 0 of its flags is not set."""
    words = np.frombuffer(header["extra2"].tobytes()[40:48], dtype=header["mode"].dtype)
    return int(words[0]) == IMOD_STAMP and not int(words[1]) & 1


def _pixel_A(header: Header) -> float | None:
    return float(header["cella"]["x"]) / int(header["mx"]) if int(header["mx"]) > 0 else None
