"""SQLite: errors with advice, transactions, and the journal mode that a file system supports."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from thonring.errors import OutputError

_ADVICE = {
    sqlite3.SQLITE_FULL: (
        "the disk is full. Everything finished so far is kept: free some space and run the same command again"
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk is failing or full. Everything finished so far is kept: check the disk and run the same command again"
    ),
    sqlite3.SQLITE_BUSY: "another program keeps it locked. Close that program, and run the same command again",
    sqlite3.SQLITE_NOTADB: "it is not a database. Move it away, or choose another folder",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Move it away to start again, or restore a copy of it",
    sqlite3.SQLITE_READONLY: (
        "you have no permission to write to it. Check your permissions for the folder and the file"
    ),
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that it exists, and your permissions for the folder",
}
_PRIMARY_CODE = 0xFF


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Convert errors of SQLite into one that names the database and gives advice.

    Raises
    ------
    OutputError
        For any `sqlite3.Error`.
    """
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
        advice = _ADVICE.get(code, "the run's database cannot be used as it is. Check the disk and the file")
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
    """Roll back an open transaction, if the connection still can."""
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
    """Choose WAL on local file systems; elsewhere, or if that is unknown, a rollback journal."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "DELETE"
    return "WAL" if file_system(folder.resolve(), mounts) in _LOCAL else "DELETE"


def file_system(folder: Path, mounts: str) -> str:
    """Return the file-system type of an absolute folder, from a table like fstab(5); "" if no mount contains it."""
    deepest, found = -1, ""
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        mounted = Path(_unescaped(point))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= deepest:
            deepest, found = len(mounted.parts), kind
    return found


def _unescaped(point: str) -> str:
    """Replace the octal escapes of blanks and backslashes in such a table."""
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(escaped, plain)
    return point
