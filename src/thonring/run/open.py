"""Opening a run's database: for the one process that writes it, for readers, and for manual decisions."""

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
    """Lock a run folder against other processes, of this machine and, where the file system shares locks, of others.

    Raises
    ------
    RunInUse
        If another process has it; the error states its process id, its machine and since when.
    OutputError
        If the folder cannot be locked.
    """
    path = run / "run.lock"
    lock = FileLock(
        path, thread_local=False, fallback_to_soft=False, preserve_lock_file=True, on_acquired=_write_holder
    )
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = _holder(path)
        raise RunInUse(
            f"{run}: {holder} is working on this run. Wait until it has finished, or choose another folder with --out.",
            holder,
        ) from None
    except OSError as problem:
        raise OutputError(
            f"{path}: cannot be locked ({problem.strerror or problem}); without a lock two processes could write "
            "to one run. Choose a folder on a file system that supports locks."
        ) from problem
    try:
        yield
    finally:
        lock.release()


def _write_holder(descriptor: int) -> None:
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
"""The file name of the database in a run folder."""

_LEFT_HALF_WRITTEN = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)
_PATIENCE_S = 120.0
"""How long a writer waits for a reader: as long as it takes to export a large run."""

_DECISION_PATIENCE_S = 15.0
"""How long a decision on the page waits for a writer."""


@contextmanager
def open_run(run: Path) -> Iterator[Store]:
    """Open the database of an existing run folder for this process alone, or create it.

    Files left half written by a killed process are removed. When the block ends, the database is one plain
    file again, unless another process is reading it.

    Raises
    ------
    RunInUse
        If another process is using the run.
    OutputError
        If the database is damaged, of a later version, or cannot be written.
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
    """Change the journal mode, unless another process is reading; either mode is safe then."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute(f"PRAGMA busy_timeout = {int(1e3 * _PATIENCE_S)}")


@contextmanager
def read_run(run: Path) -> Iterator[Store]:
    """Open the database of a run for reading, also while another process writes it. An old one is migrated first.

    Raises
    ------
    OutputError
        If there is none, or it is damaged or of a later version.
    """
    path = run / STORE
    if not path.is_file():
        raise OutputError(
            f"{path}: not found, expected the database of a run of `thonring estimate`. Give the run folder; runs of "
            "older versions have no database: estimate again."
        )
    with sqlite_errors(path):
        version = _version(path)
    if version == 0:
        raise OutputError(f"{path}: is still empty: the run has only just started. Try again in a moment.")
    if version < len(schema.MIGRATIONS):
        with open_run(run):
            pass
    with _connected(path, "ro") as connection:
        yield Store(path, connection)


def _version(path: Path) -> int:
    """Return the schema version; changes left half written by a killed process are first rolled back, by a writer."""
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
    """Open the manual decisions of a run for reading and adding, also while another process estimates.

    Raises
    ------
    OutputError
        If there is no database, or it is damaged, of a later version, or cannot be written.
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
