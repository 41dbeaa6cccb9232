"""A store knows its version: older ones are brought up to date, later ones and other files are refused."""

import sqlite3
from pathlib import Path

import pytest

from factories.outcomes import make_accepted, make_failed
from factories.stores import make_provenance
from thonring.errors import OutputError
from thonring.run import schema
from thonring.run.open import STORE, decide_in, open_run, read_run

NOW = len(schema.MIGRATIONS)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two micrographs, of the present version."""
    with open_run(tmp_path) as store:
        store.register([Path("a.mrc"), Path("b.mrc")])
        store.add(make_accepted("a.mrc"), make_provenance())
        store.add(make_failed("b.mrc"), make_provenance())
    return tmp_path


def version(run: Path) -> int:
    with sqlite3.connect(run / STORE) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def paths(run: Path) -> list[str]:
    with read_run(run) as store:
        return [one.outcome.path.name for one in store]


def add_session(connection: sqlite3.Connection) -> None:
    """A change such as a later version may bring."""
    connection.execute("ALTER TABLE micrograph ADD COLUMN session TEXT NOT NULL DEFAULT 'unknown'")


def test_a_new_store_is_of_the_present_version(run: Path) -> None:
    assert version(run) == len(schema.MIGRATIONS)


@pytest.mark.parametrize("opened", [open_run, read_run])
def test_an_older_store_is_brought_up_to_date_and_keeps_its_outcomes(
    run: Path, opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_session))
    with opened(run) as store:  # type: ignore[operator]
        assert [one.outcome.status for one in store] == ["accepted", "failed"]
    assert version(run) == NOW + 1
    with sqlite3.connect(run / STORE) as connection:
        assert connection.execute("SELECT DISTINCT session FROM micrograph").fetchall() == [("unknown",)]


def test_a_store_from_before_decisions_is_read(run: Path) -> None:
    with sqlite3.connect(run / STORE) as connection:
        for statement in ("VIEW decided", "TABLE decision", "TABLE action", "INDEX micrograph_finished"):
            connection.execute(f"DROP {statement}")
        connection.execute("ALTER TABLE micrograph DROP COLUMN finished_at")
        connection.execute("PRAGMA user_version = 1")
    assert paths(run) == ["a.mrc", "b.mrc"]
    with decide_in(run) as decisions:
        decisions.judge([1], "rejected", "Ana")
    with read_run(run) as store:
        assert [one.outcome.status for one in store] == ["rejected", "failed"]


def test_a_step_that_fails_changes_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: sqlite3.Connection) -> None:
        add_session(connection)
        connection.execute("DELETE FROM attempt")
        connection.execute("no SQL")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, half))
    with pytest.raises(OutputError, match=r"run\.db"), open_run(run):
        pass
    monkeypatch.undo()
    assert version(run) == NOW
    assert paths(run) == ["a.mrc", "b.mrc"]
    with read_run(run) as store:
        assert next(iter(store)).outcome.fit is not None


def test_each_step_starts_where_the_last_one_ended(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE micrograph RENAME COLUMN session TO day")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_session, rename))
    with open_run(run):
        pass
    assert version(run) == NOW + 2


@pytest.mark.parametrize("opened", [open_run, read_run])
def test_a_store_of_a_later_version_is_refused_and_left_alone(run: Path, opened: object) -> None:
    with sqlite3.connect(run / STORE) as connection:
        connection.execute("PRAGMA user_version = 7")
    before = (run / STORE).read_bytes()
    with pytest.raises(
        OutputError, match=rf"layout 7, this program knows layouts up to {NOW}: a later version"
    ):
        opened(run).__enter__()  # type: ignore[operator]
    assert (run / STORE).read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / STORE) as connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(OutputError, match="database of another program"), open_run(tmp_path):
        pass
    with sqlite3.connect(tmp_path / STORE) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("mine",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(b"results of my experiment\n" * 100)
    for opened in (open_run, read_run):
        with pytest.raises(OutputError, match=r"no database\. Move it away"), opened(tmp_path):
            pass


def test_a_damaged_store_is_told(run: Path) -> None:
    content = bytearray((run / STORE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (run / STORE).write_bytes(content)
    with pytest.raises(OutputError, match=r"run\.db: .*damaged"):
        paths(run)


def test_a_store_that_is_being_made_is_told(tmp_path: Path) -> None:
    (tmp_path / STORE).touch()
    with pytest.raises(OutputError, match="has only just begun"):
        paths(tmp_path)


def test_a_missing_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"run\.db: not found, expected the store of a run"):
        paths(tmp_path)
