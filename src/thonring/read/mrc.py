"""MRC files, plain or compressed. Never more bytes are read than the header states and the file has.

A header of 1024 bytes is followed by `nsymbt` bytes of extended header and the pixels, x fastest, then y, then z. The
MRC2014 standard counts the header's 4-byte words from 1; those used here are

======  ==========  ==================================================================
words   field       meaning
======  ==========  ==================================================================
1-3     nx ny nz    columns, rows and images
4       mode        type of the pixels (`TYPES`)
8-9     mx my       sampling intervals along x and y: `cella.x / mx` is the pixel size along x
11-12   cella.x y   lengths of the cell along x and y in Å
17-18   mapc mapr   axes of the columns and rows: 1 and 2, x and y
20-21   dmin dmax   smallest and largest value
24      nsymbt      bytes of extended header
39-40   extra2      IMOD's stamp and flags: bit 0, bytes are signed; bit 4, each has two 4-bit pixels
53      map         `MAP `, by which the file is recognised; old programs do not write it
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
from thonring.read.mrc_integers import SIGNED, UNSIGNED, resolve_sign
from thonring.read.raw_image import MAX_VALUES, RawImage, check_one_image, check_size
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

IMOD_SIGNED_BYTES, IMOD_PACKED_PIXELS = 1, 16
"""Flags in word 40."""

PACKED_SIZES = {frozenset(size) for size in ((3838, 7420), (3710, 7676), (5760, 8184), (4092, 11520))}
"""Columns and rows of bytes in frames of K2 and K3 at super-resolution with two pixels per byte."""

SQUARE_TOLERANCE = 0.01
"""Pixel sizes in x and y that differ by more are not of square pixels."""

DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Layout:
    """The pixels as the header describes them: `shape` (images, rows, columns), starting at byte `offset`.

    `value_range` is the smallest and the largest value stated, `imod_sign` what IMOD says of bytes. Without
    `has_signature`, only a file of exactly `end` bytes is an MRC file.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    pixel_A: float | None
    value_range: tuple[float, float]
    imod_sign: str | None
    has_signature: bool
    notes: tuple[Note, ...]

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
    size = os.fstat(stream.fileno()).st_size
    layout = _layout(path, stream.read(HEADER_BYTES), size)
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
            start = content.read(HEADER_BYTES)
            layout = _layout(path, start)
            if not stack and layout.has_signature:
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
    if not layout.has_signature and (len(pixel_bytes) < layout.pixel_bytes or surplus):
        raise _not_mrc(path, start)
    if not stack:
        check_one_image(path, layout.images)
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
    pixels, notes = resolve_sign(path, pixels, layout.value_range, layout.imod_sign)
    pixels.flags.writeable = False
    if surplus:
        notes += (Note("trailing-bytes", f"{path}: {surplus} bytes after the image were ignored."),)
    return RawImage(pixels.reshape(layout.shape), layout.pixel_A, (*layout.notes, *notes))


def _truncated(path: Path, layout: _Layout, found: int) -> UnreadableFile:
    images, rows, columns = layout.shape
    of_images = f"{images} images of " if images > 1 else ""
    return UnreadableFile(
        f"{path}: truncated: found {found} bytes, expected {layout.end} for {of_images}{columns} x {rows} pixels of "
        f"{layout.dtype.itemsize} bytes after a header of {layout.offset} bytes. The file was cut short (copy it "
        "again, or wait until it is written), or its header is damaged."
    )


def _layout(path: Path, start: bytes, size: int | None = None) -> _Layout:
    """The layout in the first bytes of a file of `size` bytes (None: unknown, since it is compressed)."""
    header, has_signature = _header(path, start, size)
    columns, rows, images = int(header["nx"]), int(header["ny"]), int(header["nz"])
    extended = int(header["nsymbt"])
    if min(columns, rows, images) < 1 or extended < 0:
        raise UnreadableFile(
            f"{path}: the header states {columns} x {rows} x {images} pixels and {extended} bytes of extended "
            "header, expected positive sizes. The header is damaged; write the file again."
        )
    dtype = _dtype(path, header)
    check_size(path, columns, rows)
    pixel_A, notes = _pixel_A(path, header)
    return _Layout(
        (images, rows, columns),
        dtype,
        HEADER_BYTES + extended,
        pixel_A,
        value_range=(float(header["dmin"]), float(header["dmax"])),
        imod_sign=_imod_sign(header),
        has_signature=has_signature,
        notes=(*_signature_notes(path, has_signature), *_axis_notes(path, header), *notes),
    )


def _header(path: Path, start: bytes, size: int | None) -> tuple[Header, bool]:
    """Header in the byte order of its machine stamp, or in the other if only that gives a known mode.

    Also whether it has a map word or a machine stamp: without both, it has to describe the file exactly.
    """
    if len(start) < HEADER_BYTES:
        raise UnreadableFile(
            f"{path}: truncated: found {len(start)} bytes, expected a header of {HEADER_BYTES} bytes and "
            "pixels. Copy the file again."
        )
    stamp_order = BYTE_ORDERS.get(start[STAMP_WORD])
    orders = ("<", ">") if stamp_order != ">" else (">", "<")
    headers = [np.frombuffer(start, HEADER_DTYPE.newbyteorder(order)).reshape(()) for order in orders]
    # Either word is enough: not every program writes both.
    if start[MAP_WORD][:3] == b"MAP" or stamp_order is not None:
        known = (
            header for header in headers if int(header["mode"]) in TYPES.keys() | UNSUITABLE_MODES.keys()
        )
        return next(known, headers[0]), True
    matching = (header for header in headers if _describes_file(header, size))
    header = next(matching, None)
    if header is None:
        raise _not_mrc(path, start)
    return header, False


def _describes_file(header: Header, size: int | None) -> bool:
    """Whether mode and sizes are those of an image, and give the size of the file where that is known."""
    mode, extended = int(header["mode"]), int(header["nsymbt"])
    columns, rows, images = (int(header[name]) for name in ("nx", "ny", "nz"))
    if mode not in TYPES or min(columns, rows, images) < 1 or extended < 0:
        return False
    if size is None:
        return columns * rows * images <= MAX_VALUES
    described = HEADER_BYTES + extended + columns * rows * images * np.dtype(TYPES[mode]).itemsize
    return bool(size == described)


def _not_mrc(path: Path, start: bytes) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: not an MRC file: found {start[MAP_WORD]!r} at byte 208, expected b'MAP ', and its first words are "
        "not a size and a mode that fit the file. Check which program wrote the file, or give it the suffix of its "
        "actual format."
    )


def _signature_notes(path: Path, has_signature: bool) -> tuple[Note, ...]:
    if has_signature:
        return ()
    text = (
        f"{path}: the header has neither 'MAP ' nor a machine stamp; read as MRC, since its size and mode describe the "
        "file exactly."
    )
    return (Note("mrc-header", text),)


def _axis_notes(path: Path, header: Header) -> tuple[Note, ...]:
    """A note if columns and rows are not x and y; 0 means unset."""
    axes = int(header["mapc"]), int(header["mapr"])
    if axes in {(1, 2), (0, 0)}:
        return ()
    text = (
        f"{path}: the header states axes {axes[0]}, {axes[1]} for columns and rows (MAPC, MAPR), expected 1, 2; the "
        "image is used as stored, and angles are relative to its stored columns."
    )
    return (Note("mrc-header", text),)


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
    if mode == 0 and (_imod_flags(header) or 0) & IMOD_PACKED_PIXELS:
        raise _packed(path, "IMOD's flag 16 in the header")
    if mode == 0 and {int(header["nx"]), int(header["ny"])} in PACKED_SIZES:
        raise _packed(path, f"{int(header['nx'])} x {int(header['ny'])} bytes, half a super-resolution frame")
    return np.dtype(TYPES[mode]).newbyteorder(header["mode"].dtype.byteorder)


def _packed(path: Path, evidence: str) -> UnsuitableImage:
    return UnsuitableImage(
        f"{path}: found packed 4-bit pixels in mode 0 ({evidence}), raw movie frames, expected one pixel per byte. "
        "Use the image itself."
    )


def _known_modes() -> str:
    return ", ".join(str(mode) for mode in TYPES)


def _imod_flags(header: Header) -> int | None:
    """IMOD's flags, word 40; None without its stamp in word 39."""
    # extra2 starts at word 29.
    words = np.frombuffer(header["extra2"].tobytes()[40:48], dtype=header["mode"].dtype)
    return int(words[1]) if int(words[0]) == IMOD_STAMP else None


def _imod_sign(header: Header) -> str | None:
    """What IMOD says of bytes; those of its old versions are unsigned and have no flag."""
    flags = _imod_flags(header)
    if flags is None or int(header["mode"]) != 0:
        return None
    return SIGNED if flags & IMOD_SIGNED_BYTES else UNSIGNED


def _pixel_A(path: Path, header: Header) -> tuple[float | None, tuple[Note, ...]]:
    """Pixel size, cell length over sampling intervals; None without intervals or if pixels are not square."""
    intervals = {axis: int(header[f"m{axis}"]) for axis in "xy"}
    if intervals["x"] <= 0:
        return None, ()
    x_A = float(header["cella"]["x"]) / intervals["x"]
    y_A = float(header["cella"]["y"]) / intervals["y"] if intervals["y"] > 0 else math.nan
    # A length of 0 along either axis is one that the program did not set.
    if 0 < x_A < math.inf and 0 < y_A < math.inf and abs(x_A / y_A - 1) > SQUARE_TOLERANCE:
        text = f"{path}: the header states pixels of {x_A:.4g} x {y_A:.4g} Å, which are not square; ignored."
        return None, (Note("pixel-size", text),)
    return x_A, _interval_notes(path, header, x_A)


def _interval_notes(path: Path, header: Header, pixel_A: float) -> tuple[Note, ...]:
    """A note if the cell is not sampled as often as the image, as after binning that left the cell's words alone.

    A single interval is a cell of one pixel. With the axes exchanged, so are the intervals.
    """
    intervals = int(header["mx"]), int(header["my"])
    columns, rows = int(header["nx"]), int(header["ny"])
    if pixel_A == 0 or intervals[0] == 1 or intervals in {(columns, rows), (rows, columns), (columns, 0)}:
        return ()
    text = (
        f"{path}: the header states {pixel_A:.4g} Å per pixel for {intervals[0]} x {intervals[1]} pixels (MX, MY), but "
        f"the image has {columns} x {rows}; if it was binned since, give its pixel size."
    )
    return (Note("pixel-size", text),)
