"""MRC files: the header as mrcfile describes it, pixels mapped from the disk, not copied.

Format: Cheng et al. (2015), J. Struct. Biol. 192, 146, doi:10.1016/j.jsb.2015.04.002, and
https://www.ccpem.ac.uk/mrc_format/mrc2014.php; IMOD's stamp for bytes:
https://bio3d.colorado.edu/imod/doc/mrc_format.txt.
"""

import bz2
import gzip
import math
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mrcfile.dtypes import HEADER_DTYPE

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.read.raw import RawImage, check_one_image
from thonring.records import Note

Header = npt.NDArray[np.void]

TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
REFUSED = {
    3: "complex integers (mode 3), a Fourier transform",
    4: "complex numbers (mode 4), a Fourier transform",
    101: "packed 4-bit pixels (mode 101), raw movie frames",
}
BYTE_ORDERS = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}
IMOD_STAMP = 1146047817
UNPACKERS: dict[bytes, Callable[[Path, str], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}


def read_mrc(path: Path) -> RawImage:
    """Read an MRC file with one image, plain or packed with gzip or bzip2.

    Pixels (rows, columns) of a plain file are a read-only view of the file.

    Raises
    ------
    UnreadableFile
        If the file is no MRC file, has an unknown mode or is cut short.
    UnsuitableImage
        If it holds a stack, complex numbers or packed 4-bit pixels.
    """
    stack = read_mrc_stack(path)
    check_one_image(path, len(stack.pixels))
    return replace(stack, pixels=stack.pixels[0])


def read_mrc_stack(path: Path) -> RawImage:
    """Read all images of an MRC file, as `read_mrc` reads one: pixels (images, rows, columns).

    Raises
    ------
    UnreadableFile
        If the file is no MRC file, has an unknown mode or is cut short.
    UnsuitableImage
        If it holds complex numbers or packed 4-bit pixels.
    """
    content = _content(path)
    header = _header(path, content)
    shape, dtype = _shape(path, header), _dtype(path, header)
    offset = HEADER_DTYPE.itemsize + int(header["nsymbt"])
    expected = offset + math.prod(shape) * dtype.itemsize
    if len(content) < expected:
        images = f"{shape[0]} images of " if shape[0] > 1 else ""
        raise UnreadableFile(
            f"{path}: truncated: found {len(content)} bytes, expected {expected} for {images}"
            f"{shape[2]} x {shape[1]} pixels of {dtype.itemsize} bytes. Copy the file again."
        )
    pixels = content[offset:expected].view(dtype).reshape(shape)
    return RawImage(pixels, _pixel_A(header), _trailing(path, len(content) - expected))


def _header(path: Path, content: npt.NDArray[np.uint8]) -> Header:
    """Header in the byte order of its machine stamp, or in the other where only that gives a known mode."""
    start = content[: HEADER_DTYPE.itemsize].tobytes()
    if len(start) < HEADER_DTYPE.itemsize:
        raise UnreadableFile(
            f"{path}: truncated: found {len(start)} bytes, expected a header of {HEADER_DTYPE.itemsize} "
            "bytes and pixels. Copy the file again."
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
            f"{path}: found MRC mode {mode}, expected one of {_known_modes()}. The header may be damaged."
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


def _shape(path: Path, header: Header) -> tuple[int, int, int]:
    columns, rows, images = int(header["nx"]), int(header["ny"]), int(header["nz"])
    if min(columns, rows, images) < 1 or int(header["nsymbt"]) < 0:
        raise UnreadableFile(
            f"{path}: found a header of {columns} x {rows} x {images} pixels and {int(header['nsymbt'])} "
            "bytes of extended header, expected positive sizes. The header is damaged; write the file again."
        )
    return images, rows, columns


def _content(path: Path) -> npt.NDArray[np.uint8]:
    """All bytes of the file, mapped where it is plain."""
    with path.open("rb") as stream:
        unpack = UNPACKERS.get(stream.read(2))
    if unpack is None or _is_plain(path):
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    try:
        with unpack(path, "rb") as packed:
            return np.frombuffer(packed.read(), dtype=np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as problem:
        raise UnreadableFile(
            f"{path}: cannot be unpacked ({problem}); found {path.stat().st_size} packed bytes, expected "
            "more. Copy the file again."
        ) from problem


def _is_plain(path: Path) -> bool:
    """Whether the first bytes only look packed: an image 35615 pixels wide starts as gzip does."""
    with path.open("rb") as stream:
        return stream.read(212)[-4:] == b"MAP "


def _pixel_A(header: Header) -> float | None:
    return float(header["cella"]["x"]) / int(header["mx"]) if int(header["mx"]) > 0 else None


def _trailing(path: Path, surplus: int) -> tuple[Note, ...]:
    if surplus == 0:
        return ()
    return (Note("trailing-bytes", f"{path}: {surplus} bytes follow the image; they were left out."),)
