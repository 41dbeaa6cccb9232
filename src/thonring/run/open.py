"""A run's store, opened for the one process that writes it, or for any that reads."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from thonring.errors import OutputError, RunInUse
from thonring.files.atomic import sweep
from thonring.run import schema
from thonring.run.decisions import Decisions
from thonring.run.names import ARTEFACT_FOLDERS
from thonring.run.sqlite import Journal, journal_for, sqlite_errors
from thonring.run.store import Store


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
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


STORE = "run.db"
_LEFT_HALF_WRITTEN = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)
_PATIENCE_S = 120.0
"""How long to wait for another process that reads: as long as it takes to export a large run."""

_DECISION_PATIENCE_S = 15.0
"""How long a person waits for a decision to be kept."""


@contextmanager
def open_run(run: Path) -> Iterator[Store]:
    """Give the store of a run folder that exists, new if there is none, for this process alone.

    What a process that was killed left half written is removed. When the block ends, the store is one plain
    file again, unless another process reads it at that moment.

    Raises
    ------
    RunInUse
        If another process works on the run.
    OutputError
        If the store is damaged, of a later version, or cannot be written.
    """
    path = run / STORE
    with run_lock(run):
        for folder in (run, *(run / name for name in ARTEFACT_FOLDERS)):
            sweep(folder)
        with _connected(path, "rwc") as connection:
            with sqlite_errors(path):
                schema.check(path, connection)
                _keep_journal(connection, journal_for(run))
                connection.execute("PRAGMA synchronous = FULL")
                schema.migrate(path, connection)
            try:
                yield Store(path, connection)
            finally:
                _keep_journal(connection, "DELETE")


def _keep_journal(connection: sqlite3.Connection, journal: Journal) -> None:
    """Change the kind of journal, unless another process reads at this moment: either kind is safe then."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute(f"PRAGMA busy_timeout = {int(1e3 * _PATIENCE_S)}")


@contextmanager
def read_run(run: Path) -> Iterator[Store]:
    """Give the store of a run for reading, also while another process writes it.

    Raises
    ------
    OutputError
        If there is none, or it is damaged or of a later version.
    """
    path = run / STORE
    if not path.is_file():
        raise OutputError(
            f"{path}: not found, expected the store of a run of `thonring estimate`. Give the run's folder; one "
            "that an older version made has none: estimate it again."
        )
    with sqlite_errors(path):
        version = _version(path)
    if version == 0:
        raise OutputError(f"{path}: is empty yet: the run has only just begun. Try again in a moment.")
    if version < len(schema.MIGRATIONS):
        with open_run(run):
            pass
    with _connected(path, "ro") as connection:
        yield Store(path, connection)


def _version(path: Path) -> int:
    """Version of a store. What a process that was killed left half written is taken back first: readers may not."""
    try:
        with _connected(path, "ro") as connection:
            return schema.check(path, connection)
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode not in _LEFT_HALF_WRITTEN:
            raise
    with _connected(path, "rw") as connection:
        return schema.check(path, connection)


@contextmanager
def decide_in(run: Path) -> Iterator[Decisions]:
    """Give what people decided of a run, to be added to, also while another process estimates.

    Raises
    ------
    OutputError
        If there is no store, or it is damaged, of a later version, or cannot be written.
    """
    with read_run(run):
        pass
    path = run / STORE
    with _connected(path, "rw", _DECISION_PATIENCE_S) as connection, sqlite_errors(path):
        connection.execute("PRAGMA synchronous = FULL")
        yield Decisions(path, connection)


@contextmanager
def _connected(path: Path, mode: str, patience_s: float = _PATIENCE_S) -> Iterator[sqlite3.Connection]:
    with sqlite_errors(path):
        address = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, timeout=patience_s, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
