"""What SQLite runs into, in words that help."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thonring.errors import OutputError

_ADVICE = {
    sqlite3.SQLITE_FULL: (
        "the disk is full. What was finished before is kept: free some space and give the same command again"
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk fails or is full. What was finished before is kept: check the disk and give the same command again"
    ),
    sqlite3.SQLITE_BUSY: "another program keeps it locked. Close that, and give the same command again",
    sqlite3.SQLITE_NOTADB: "it is no database. Move it away, or choose another folder",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Move it away to begin anew, or put back a copy of it",
    sqlite3.SQLITE_READONLY: "you may not write it. Check your permission on the folder and the file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that it exists, and your permission on the folder",
}
_PRIMARY_CODE = 0xFF


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one that names the store and says what to do.

    Raises
    ------
    OutputError
        In the place of any `sqlite3.Error`.
    """
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
        advice = _ADVICE.get(
            code, "the store of the run cannot be used as it is. Check the disk and the file"
        )
        raise OutputError(f"{path}: {problem}: {advice}.") from problem
