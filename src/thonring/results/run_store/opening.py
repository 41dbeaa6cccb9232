"""A run's store, opened for the one process that writes it, or for any that reads."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from thonring.errors import OutputError
from thonring.results.atomic import sweep
from thonring.results.names import ARTEFACT_FOLDERS
from thonring.results.run_store import schema
from thonring.results.run_store.decisions import Decisions
from thonring.results.run_store.journal import Journal, journal_for
from thonring.results.run_store.lock import held
from thonring.results.run_store.store import Store
from thonring.results.run_store.told import told

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
    with held(run):
        for folder in (run, *(run / name for name in ARTEFACT_FOLDERS)):
            sweep(folder)
        with _connected(path, "rwc") as connection:
            with told(path):
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
    with told(path):
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
    with _connected(path, "rw", _DECISION_PATIENCE_S) as connection, told(path):
        connection.execute("PRAGMA synchronous = FULL")
        yield Decisions(path, connection)


@contextmanager
def _connected(path: Path, mode: str, patience_s: float = _PATIENCE_S) -> Iterator[sqlite3.Connection]:
    with told(path):
        address = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, timeout=patience_s, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
