"""The schema of a run's database: creation, checks, and migration to the current version."""

import sqlite3
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from thonring.errors import OutputError
from thonring.run.sqlite import transaction

APPLICATION_ID = 0x54686F6E
"""Marks an SQLite file as the database of a run: "Thon"."""

Migration = Callable[[sqlite3.Connection], None]


def _first_schema(connection: sqlite3.Connection) -> None:
    _run(connection, "schema.sql")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _decisions(connection: sqlite3.Connection) -> None:
    _run(connection, "schema_2.sql")


def _run(connection: sqlite3.Connection, script: str) -> None:
    text = (files("thonring.run") / script).read_text(encoding="utf-8")
    for statement in _statements(text):
        connection.execute(statement)


MIGRATIONS: Sequence[Migration] = (_first_schema, _decisions)
"""Entry i migrates from version i to i + 1; an empty file has version 0. Entries are added, never changed."""


def check(path: Path, connection: sqlite3.Connection) -> int:
    """Return the schema version of a database.

    Raises
    ------
    OutputError
        If the file belongs to another program or is of a later version.
    """
    version = _number(connection, "user_version")
    tables = _number(connection, "schema_version")
    if (version or tables) and _number(connection, "application_id") != APPLICATION_ID:
        raise OutputError(
            f"{path}: is a database of another program, expected that of a Thonring run. "
            "Move it away, or choose another folder."
        )
    if version > len(MIGRATIONS):
        raise OutputError(
            f"{path}: has schema version {version}, but this version of Thonring supports at most {len(MIGRATIONS)}: "
            "it was written by a later version. Use that one, or choose another folder."
        )
    return version


def migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Migrate a database to the current version; each step is one transaction.

    Raises
    ------
    OutputError
        See `check`.
    """
    for version in range(check(path, connection), len(MIGRATIONS)):
        with transaction(connection):
            MIGRATIONS[version](connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _statements(script: str) -> list[str]:
    """Split a script; `executescript` would end the transaction around it."""
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
