"""How much memory a reader takes, and that it comes to an end."""

import signal
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from thonring import read
from thonring.errors import ThonringError
from thonring.formats import cryosparc, relion, xmipp  # noqa: F401
from thonring.optics import Optics
from thonring.read import mrc, raster, tiff  # noqa: F401 - imported before memory is counted
from thonring.records import Micrograph

OPTICS = Optics(300, 2.7, pixel_A=1.5)
LONGEST_S = 60
MARGIN_BYTES = 1 << 20
"""What the readers' own objects take, whatever the file."""


def read_or_refused(path: Path) -> Micrograph | ThonringError:
    """Read an image; what is refused comes back as the error."""
    try:
        return read.micrograph(path, OPTICS)
    except ThonringError as problem:
        return problem


def peak_bytes(reader: Callable[[Path], object], path: Path) -> int:
    """Most memory at once, in bytes, that Python and numpy took for reading the file."""
    with _must_end():
        tracemalloc.start()
        try:
            reader(path)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@contextmanager
def _must_end() -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"still reading after {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
