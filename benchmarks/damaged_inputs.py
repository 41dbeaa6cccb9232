"""Small micrographs with visible rings in several formats, and ten ways to damage such files."""

import bz2
import gzip
import itertools
import os
import socket
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from draws import Draw, visible_rings
from images import write_mrc
from thonring import Optics
from thonring.simulate import RingModel, Truth, white_micrograph

SIZE = 512
PIXEL_A = 1.0
OPTICS = Optics(300.0, 2.7, 0.1, PIXEL_A)
RINGS_NEEDED = 3
MRC_HEADER = 1024
MODE, EXTENDED = 3, 23

Pixels = npt.NDArray[np.float32]
Damage = Callable[[Path, Pixels, int], Path]
"""(path without suffix, pixels, number) → the damaged file."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input: `kind` is a way of damage, or empty; `draw` is what an undamaged one was made from."""

    path: Path
    kind: str = ""
    draw: Draw | None = None


def small(seed: int) -> Draw:
    """A micrograph with three visible rings: 0.6-1.8 µm, astigmatism to 400 Å."""
    random = np.random.default_rng(seed)
    while True:
        mean_A, half_A = random.uniform(6000, 18000), 0.5 * random.uniform(0, 400)
        angle_deg = random.uniform(-90, 90)
        rings = RingModel(random.uniform(0.5, 1.5), random.uniform(30, 80))
        truth = Truth(OPTICS, mean_A + half_A, mean_A - half_A, angle_deg, rings=rings)
        if visible_rings(truth, SIZE) >= RINGS_NEEDED:
            return Draw(seed, truth, (SIZE, SIZE))


def pixels_of(draw: Draw) -> Pixels:
    return np.asarray(white_micrograph(draw.truth, draw.shape, draw.seed).pixels, np.float32)


def mrc(path: Path, pixels: Pixels) -> Path:
    return write_mrc(path.with_name(f"{path.name}.mrc"), pixels, PIXEL_A)


def _packed(path: Path, pixels: Pixels, suffix: str, pack: Callable[[bytes], bytes]) -> Path:
    plain = mrc(path, pixels)
    content = pack(plain.read_bytes())
    plain.unlink()
    return _file(path, f"mrc.{suffix}", content)


def mrc_gz(path: Path, pixels: Pixels) -> Path:
    return _packed(path, pixels, "gz", lambda content: gzip.compress(content, 1))


def mrc_bz2(path: Path, pixels: Pixels) -> Path:
    return _packed(path, pixels, "bz2", bz2.compress)


def tiff(path: Path, pixels: Pixels) -> Path:
    found = path.with_name(f"{path.name}.tif")
    tifffile.imwrite(found, pixels, compression="zlib")
    return found


def plain_tiff(path: Path, pixels: Pixels) -> Path:
    found = path.with_name(f"{path.name}.tif")
    tifffile.imwrite(found, pixels)
    return found


def png(path: Path, pixels: Pixels) -> Path:
    grey = np.clip(np.rint(4000 * pixels / pixels.std() + 32768), 0, 65535).astype(np.uint16)
    return _file(path, "png", imagecodecs.png_encode(grey))


FORMATS = (mrc, mrc, mrc, mrc, tiff, mrc, plain_tiff, mrc_gz, png, mrc_bz2)


def _file(path: Path, suffix: str, content: bytes) -> Path:
    found = path.with_name(f"{path.name}.{suffix}")
    found.write_bytes(content)
    return found


def truncated(path: Path, pixels: Pixels, number: int) -> Path:
    """Cut anywhere, in every format."""
    found = FORMATS[number % len(FORMATS)](path, pixels)
    share = np.random.default_rng(number).uniform(0.01, 0.99)
    os.truncate(found, max(1, int(share * found.stat().st_size)))
    return found


def zero(path: Path, pixels: Pixels, number: int) -> Path:
    """No bytes, zero bytes only, or a header and zero pixels."""
    suffix = ("mrc", "tif", "png", "mrc.gz", "jpg")[number % 5]
    match number % 3:
        case 0:
            return _file(path, suffix, b"")
        case 1:
            return _file(path, suffix, bytes(pixels.nbytes))
        case _:
            return mrc(path, np.zeros_like(pixels))


def not_numbers(path: Path, pixels: Pixels, number: int) -> Path:
    """From 2 % to all of the pixels are NaN or infinite."""
    spoiled = pixels.copy()
    count = int(np.linspace(0.02, 1, 20)[number % 20] * pixels.size)
    spoiled.ravel()[:count] = np.nan if number % 2 else np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return (mrc if number % 4 else tiff)(path, spoiled)


def wrong_mode(path: Path, pixels: Pixels, number: int) -> Path:
    """Modes of transforms, of movies, and of nobody."""
    return _with_word(path, pixels, MODE, (3, 4, 101, 5, 7, 16, 255, -1, 2**31 - 1, 1024)[number % 10])


HUGE = (
    *itertools.product((0, 1, 2), (2**31 - 1, 2**24, -1, -(2**31), 0)),
    *((EXTENDED, value) for value in (2**31 - 1, 2**28, -1, -1024, 2**20)),
)


def huge_header(path: Path, pixels: Pixels, number: int) -> Path:
    """Columns, rows, sections or extended header of a size that cannot be."""
    return _with_word(path, pixels, *HUGE[number % len(HUGE)])


def _with_word(path: Path, pixels: Pixels, word: int, value: int) -> Path:
    found = mrc(path, pixels)
    content = bytearray(found.read_bytes())
    struct.pack_into("<i", content, 4 * word, value)
    found.write_bytes(content)
    return found


TEXTS = (
    b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 67109888\n",
    "file,defocus µm\n".encode() + 200 * b"a.mrc,1.5\n",
    b"ERROR: no space left on device\n",
)


def text(path: Path, _: Pixels, number: int) -> Path:
    """What servers, programs and people leave under an image's name."""
    return _file(path, ("mrc", "tif", "png", "jpg", "mrc.gz")[number % 5], TEXTS[number % len(TEXTS)])


def folder(path: Path, pixels: Pixels, number: int) -> Path:
    """A folder with an image's name, at times with an image in it."""
    found = path.with_name(f"{path.name}.{('mrc', 'tif')[number % 2]}")
    found.mkdir()
    if number % 3 == 0:
        mrc(found / "inside", pixels)
    return found


def unreadable(path: Path, pixels: Pixels, number: int) -> Path:
    """Closed to all; and what the superuser cannot read either: a pipe, a socket, a link that leads nowhere."""
    found = path.with_name(f"{path.name}.mrc")
    match number % 4:
        case 0:
            os.mkfifo(found)
        case 1:
            found.symlink_to("moved_away.mrc")
        case 2:
            _socket(found)
        case _ if os.geteuid() == 0:
            found.symlink_to("/dev/zero")
        case _:
            mrc(path, pixels).chmod(0)
    return found


def _socket(path: Path) -> None:
    """Bind by a short name from the folder: a socket's path may have a hundred bytes."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def vanishing(path: Path, pixels: Pixels, number: int) -> Path:
    """Whole as yet; see `vanish.py` for its end."""
    return (mrc if number % 2 else plain_tiff)(path, pixels)


def circle(path: Path, _: Pixels, number: int) -> Path:
    """A link to itself, or to a link that leads back."""
    found = path.with_name(f"{path.name}.mrc")
    if number % 2:
        found.symlink_to(found.name)
    else:
        between = path.with_name(f".{path.name}.link")
        between.symlink_to(found.name)
        found.symlink_to(between.name)
    return found


DAMAGES: dict[str, Damage] = {
    "truncated": truncated,
    "zero": zero,
    "NaN": not_numbers,
    "wrong mode": wrong_mode,
    "huge header": huge_header,
    "text": text,
    "folder": folder,
    "unreadable": unreadable,
    "vanishing": vanishing,
    "link in a circle": circle,
}


def make(folder_of_all: Path, whole: int, of_each: int) -> list[Input]:
    """Write all inputs into a folder: damaged ones between the others, the vanishing ones last in its order."""
    inputs = [_whole(folder_of_all, number) for number in range(whole)]
    spoiled = pixels_of(small(0))
    every = max(1, whole // max(1, of_each))
    for kind, damage in DAMAGES.items():
        for number in range(of_each):
            place = "z" if kind == "vanishing" else f"m{number * every:04}"
            name = folder_of_all / f"{place}_{kind.replace(' ', '_')}_{number:02}"
            inputs.append(Input(damage(name, spoiled, number), kind))
    return inputs


def _whole(folder_of_all: Path, number: int) -> Input:
    draw = small(number)
    path = FORMATS[number % len(FORMATS)](folder_of_all / f"m{number:04}", pixels_of(draw))
    return Input(path, draw=draw)
