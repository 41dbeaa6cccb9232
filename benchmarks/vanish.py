"""Files that go while a program reads them: cut short as it opens them, or deleted before their turn.

The first needs leases (fcntl(2), Linux): opening waits until the holder of the lease, told of it, lets go. Elsewhere
all are deleted.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

try:
    from fcntl import F_GETLEASE, F_SETLEASE, F_UNLCK, F_WRLCK, fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

LEFT_BYTES = 5000
POLL_S = 0.005


@contextmanager
def vanishing(paths: Sequence[Path], started: Path) -> Iterator[None]:
    """While inside, delete every other path once the file `started` is there; cut the rest as they are opened."""
    leased = {path: handle for path in paths[1::2] if (handle := _lease(path)) is not None}
    ended = threading.Event()
    deleted = [path for path in paths if path not in leased]
    thread = threading.Thread(target=_watch, args=(deleted, leased, started, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for handle in leased.values():
            os.close(handle)


def _lease(path: Path) -> int | None:
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


def _watch(deleted: Sequence[Path], leased: dict[Path, int], started: Path, ended: threading.Event) -> None:
    waiting, held = list(deleted), dict(leased)
    while not ended.is_set():
        if waiting and started.exists():
            while waiting:
                waiting.pop().unlink()
        for path, handle in list(held.items()):
            if fcntl(handle, F_GETLEASE) != F_WRLCK:
                os.ftruncate(handle, LEFT_BYTES)
                fcntl(handle, F_SETLEASE, F_UNLCK)
                del held[path]
        time.sleep(POLL_S)
