"""One process a run: a lock that the kernel drops when its holder dies, in a file that names the holder."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from thonring.errors import OutputError, RunInUse


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Hold a run folder against other processes, of this and, where the file system tells them, of other machines.

    Raises
    ------
    RunInUse
        If another process holds it, with its number, its machine and since when.
    OutputError
        If the folder cannot be locked.
    """
    path = run / "run.lock"
    lock = FileLock(
        path, thread_local=False, fallback_to_soft=False, preserve_lock_file=True, on_acquired=_name_holder
    )
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = _holder(path)
        raise RunInUse(
            f"{run}: {holder} works on this run. Wait until it is done, or choose another folder with --out.",
            holder,
        ) from None
    except OSError as problem:
        raise OutputError(
            f"{path}: cannot be locked ({problem.strerror or problem}); without a lock two processes could write "
            "one run. Choose a folder on a file system that has locks."
        ) from problem
    try:
        yield
    finally:
        lock.release()


def _name_holder(descriptor: int) -> None:
    since = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{json.dumps(holder)}\n".encode())


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']}, since {holder['since']},"
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"
