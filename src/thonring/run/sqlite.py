"""What SQLite runs into, in words that help."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

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
def sqlite_errors(path: Path) -> Iterator[None]:
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


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of the block or, if it raises, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """End what was begun, if the connection still can."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


Journal = Literal["WAL", "DELETE"]

_LOCAL = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2"),
        *("tmpfs", "ramfs", "overlay", "aufs", "vfat", "exfat"),
    }
)
_MOUNTS = Path("/proc/self/mounts")


def journal_for(folder: Path) -> Journal:
    """WAL on a file system known to be a local disk's; elsewhere, and where that is unknown, a rollback journal."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "DELETE"
    return "WAL" if file_system(folder.resolve(), mounts) in _LOCAL else "DELETE"


def file_system(folder: Path, mounts: str) -> str:
    """Type of the file system of an absolute folder, by a table in the form of fstab(5); "" if none holds it."""
    deepest, found = -1, ""
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        mounted = Path(_unescaped(point))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= deepest:
            deepest, found = len(mounted.parts), kind
    return found


def _unescaped(point: str) -> str:
    """Blanks and backslashes stand there as octal numbers."""
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(escaped, plain)
    return point
