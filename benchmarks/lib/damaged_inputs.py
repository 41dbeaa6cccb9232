"""Small micrographs with visible rings in several formats, and ten ways in which such files are damaged.

The tenth, files that disappear while they are read, takes place during the run: see `remove_while_read`.
"""

import bz2
import gzip
import itertools
import os
import signal
import socket
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from benchmarks.lib.harness import write_mrc
from benchmarks.lib.simulated_micrographs import MicrographSpec, visible_rings
from thonring import Optics
from thonring.simulate import RingModel, Truth, white_micrograph

try:
    from fcntl import F_GETLEASE, F_SETLEASE, F_UNLCK, F_WRLCK, fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

SIZE = 512
PIXEL_A = 1.0
OPTICS = Optics(300.0, 2.7, 0.1, PIXEL_A)
RINGS_NEEDED = 3
MODE, EXTENDED = 3, 23
"""Words of the MRC header: data mode, and bytes of the extended header."""

LEFT_BYTES = 5000
POLL_S = 0.005

Pixels = npt.NDArray[np.float32]
Damage = Callable[[Path, Pixels, int], Path]
"""(path without suffix, pixels, number) → the damaged file; the number selects the variant."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input file: `damage` is its kind of damage, or empty; `spec` is the micrograph in an intact file."""

    path: Path
    damage: str = ""
    spec: MicrographSpec | None = None


def small_micrograph(seed: int) -> MicrographSpec:
    """A small micrograph with three visible rings: 0.6-1.8 µm, astigmatism to 400 Å."""
    random = np.random.default_rng(seed)
    while True:
        mean_A, half_A = random.uniform(6000, 18000), 0.5 * random.uniform(0, 400)
        angle_deg = random.uniform(-90, 90)
        rings = RingModel(random.uniform(0.5, 1.5), random.uniform(30, 80))
        truth = Truth(OPTICS, mean_A + half_A, mean_A - half_A, angle_deg, rings=rings)
        if visible_rings(truth, SIZE) >= RINGS_NEEDED:
            return MicrographSpec(seed, truth, (SIZE, SIZE))


def simulated_pixels(spec: MicrographSpec) -> Pixels:
    return np.asarray(white_micrograph(spec.truth, spec.shape, spec.seed).pixels, np.float32)


def mrc(path: Path, pixels: Pixels) -> Path:
    return write_mrc(path.with_name(f"{path.name}.mrc"), pixels, PIXEL_A)


def _compressed(path: Path, pixels: Pixels, suffix: str, compress: Callable[[bytes], bytes]) -> Path:
    plain = mrc(path, pixels)
    content = compress(plain.read_bytes())
    plain.unlink()
    return _file(path, f"mrc.{suffix}", content)


def mrc_gz(path: Path, pixels: Pixels) -> Path:
    return _compressed(path, pixels, "gz", lambda content: gzip.compress(content, 1))


def mrc_bz2(path: Path, pixels: Pixels) -> Path:
    return _compressed(path, pixels, "bz2", bz2.compress)


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
    """Cut off at a random byte, in every format."""
    found = FORMATS[number % len(FORMATS)](path, pixels)
    fraction = np.random.default_rng(number).uniform(0.01, 0.99)
    os.truncate(found, max(1, int(fraction * found.stat().st_size)))
    return found


def zeros(path: Path, pixels: Pixels, number: int) -> Path:
    """An empty file, a file of zero bytes, or a valid header with zero pixels."""
    suffix = ("mrc", "tif", "png", "mrc.gz", "jpg")[number % 5]
    match number % 3:
        case 0:
            return _file(path, suffix, b"")
        case 1:
            return _file(path, suffix, bytes(pixels.nbytes))
        case _:
            return mrc(path, np.zeros_like(pixels))


def nan_pixels(path: Path, pixels: Pixels, number: int) -> Path:
    """NaN or infinity in 2 % to 100 % of the pixels."""
    spoiled = pixels.copy()
    count = int(np.linspace(0.02, 1, 20)[number % 20] * pixels.size)
    spoiled.ravel()[:count] = np.nan if number % 2 else np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return (mrc if number % 4 else tiff)(path, spoiled)


def wrong_mode(path: Path, pixels: Pixels, number: int) -> Path:
    """An MRC mode of transforms or of movies, or one that does not exist."""
    return _with_word(path, pixels, MODE, (3, 4, 101, 5, 7, 16, 255, -1, 2**31 - 1, 1024)[number % 10])


HUGE = (
    *itertools.product((0, 1, 2), (2**31 - 1, 2**24, -1, -(2**31), 0)),
    *((EXTENDED, value) for value in (2**31 - 1, 2**28, -1, -1024, 2**20)),
)


def huge_header(path: Path, pixels: Pixels, number: int) -> Path:
    """An impossible number of columns, rows or sections, or an impossible extended header."""
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
    """Text under the name of an image: an error page, a Git LFS pointer, a table, an error message."""
    return _file(path, ("mrc", "tif", "png", "jpg", "mrc.gz")[number % 5], TEXTS[number % len(TEXTS)])


def folder(path: Path, pixels: Pixels, number: int) -> Path:
    """A folder under the name of an image; one in three has an image in it."""
    found = path.with_name(f"{path.name}.{('mrc', 'tif')[number % 2]}")
    found.mkdir()
    if number % 3 == 0:
        mrc(found / "inside", pixels)
    return found


def unreadable(path: Path, pixels: Pixels, number: int) -> Path:
    """A file without read permission; and what not even root can read: a pipe, a socket, a dangling link."""
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
    """Bind by the file name alone, from inside the folder: the path of a socket has about 100 bytes at most."""
    previous = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(previous)


def vanishing(path: Path, pixels: Pixels, number: int) -> Path:
    """Intact for now; `remove_while_read` deletes or truncates it during the run."""
    return (mrc if number % 2 else plain_tiff)(path, pixels)


def link_loop(path: Path, _: Pixels, number: int) -> Path:
    """A symbolic link to itself, or to a link that leads back to it."""
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
    "zero": zeros,
    "NaN": nan_pixels,
    "wrong mode": wrong_mode,
    "huge header": huge_header,
    "text": text,
    "folder": folder,
    "unreadable": unreadable,
    "vanishing": vanishing,
    "link in a circle": link_loop,
}


def write_inputs(folder_of_all: Path, intact: int, of_each: int) -> list[Input]:
    """Write all inputs to a folder, `intact` good ones and `of_each` of each kind of damage.

    By name, the damaged files are spread among the intact ones; those that vanish come last.
    """
    inputs = [_intact(folder_of_all, number) for number in range(intact)]
    pixels = simulated_pixels(small_micrograph(0))
    every = max(1, intact // max(1, of_each))
    for kind, damage in DAMAGES.items():
        for number in range(of_each):
            prefix = "z" if kind == "vanishing" else f"m{number * every:04}"
            name = folder_of_all / f"{prefix}_{kind.replace(' ', '_')}_{number:02}"
            inputs.append(Input(damage(name, pixels, number), kind))
    return inputs


def _intact(folder_of_all: Path, number: int) -> Input:
    spec = small_micrograph(number)
    path = FORMATS[number % len(FORMATS)](folder_of_all / f"m{number:04}", simulated_pixels(spec))
    return Input(path, spec=spec)


@contextmanager
def remove_while_read(paths: Sequence[Path], started: Path) -> Iterator[None]:
    """Delete or truncate files while another program reads them, until the block is left.

    Every other file is deleted once the file `started` exists. The rest are truncated at the moment they are opened,
    which needs leases (fcntl(2), Linux): an open waits until the holder of the lease, notified of it, releases the
    file. Where there are no leases, all are deleted.
    """
    leased = {path: handle for path in paths[1::2] if (handle := _lease(path)) is not None}
    ended = threading.Event()
    deleted = [path for path in paths if path not in leased]
    thread = threading.Thread(target=_remove, args=(deleted, leased, started, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for handle in leased.values():
            os.close(handle)


def _lease(path: Path) -> int | None:
    """Take a write lease; None where that is not possible."""
    if fcntl is None:
        return None
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl(handle, F_SETLEASE, F_WRLCK)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove(
    to_delete: Sequence[Path], leased: dict[Path, int], started: Path, ended: threading.Event
) -> None:
    waiting, intact = list(to_delete), dict(leased)
    while not ended.is_set():
        if waiting and started.exists():
            while waiting:
                waiting.pop().unlink()
        for path, handle in list(intact.items()):
            # The kernel has revoked the lease: another program is waiting in open().
            if fcntl(handle, F_GETLEASE) != F_WRLCK:
                os.ftruncate(handle, LEFT_BYTES)
                fcntl(handle, F_SETLEASE, F_UNLCK)
                del intact[path]
        time.sleep(POLL_S)
