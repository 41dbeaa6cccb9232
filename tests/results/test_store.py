"""What goes into the store of a run comes out of it, whatever happens between."""

import sqlite3
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.outcomes import (
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_provenance, open_unsynced, write_tables
from factories.strategies import exact, outcomes
from thonring.errors import OutputError
from thonring.formats.run_tables import write_run_tables
from thonring.formats.table import run_totals
from thonring.records import Outcome
from thonring.run.open import STORE, open_run, read_run
from thonring.run.provenance import FileState
from thonring.run.rows import NO_CURVE
from thonring.run.store import MicrographRecord, Store


def filled(run: Path, *made: Outcome) -> None:
    with open_unsynced(run) as store:
        store.register([outcome.path for outcome in made])
        for outcome in made:
            store.add(outcome, make_provenance())


def contents(run: Path) -> list[MicrographRecord]:
    with read_run(run) as store:
        return list(store)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(made=outcomes())
def test_any_outcome_comes_back_exactly(tmp_path: Path, made: Outcome) -> None:
    (tmp_path / STORE).unlink(missing_ok=True)
    filled(tmp_path, made)
    (found,) = contents(tmp_path)
    assert exact(found.outcome) == exact(made)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(made=st.lists(outcomes(), max_size=5, unique_by=lambda outcome: outcome.path))
def test_many_come_back_in_their_order_each_with_its_own_attempts(
    tmp_path: Path, made: list[Outcome]
) -> None:
    (tmp_path / STORE).unlink(missing_ok=True)
    with open_unsynced(tmp_path) as store:
        store.register([outcome.path for outcome in made])
        for outcome in reversed(made):
            store.add(outcome, make_provenance())
    assert [exact(one.outcome) for one in contents(tmp_path)] == [exact(outcome) for outcome in made]


def test_tables_from_the_store_are_those_of_the_outcomes(tmp_path: Path) -> None:
    made = [
        make_failed("x/a.mrc"),
        make_accepted("m/b.mrc", make_fit(angle_deg=-0.0, phase_shift_deg=90.0)),
        make_without_fit("m/c.mrc"),
        make_rejected("z y/b.mrc", attempts=(make_attempt(make_fit()), make_attempt(None)), chosen=0),
        make_accepted(Path("n\udce4.mrc"), pixel_A=1.1),
    ]
    run = tmp_path / "run"
    run.mkdir()
    write_tables(run, made)
    expected = {path.name: path.read_bytes() for path in run.iterdir()}
    filled(run, *made)
    for name in expected:
        (run / name).unlink()
    with read_run(run) as store:
        write_run_tables(store)
    assert {name: (run / name).read_bytes() for name in expected} == expected


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(made=st.lists(outcomes(), max_size=6, unique_by=lambda outcome: outcome.path))
def test_few_micrographs_give_the_overview_of_all(tmp_path: Path, made: list[Outcome]) -> None:
    (tmp_path / STORE).unlink(missing_ok=True)
    filled(tmp_path, *made)
    with read_run(tmp_path) as store:
        assert run_totals(tmp_path, store.representatives()) == run_totals(tmp_path, store)


def test_of_many_alike_one_is_looked_at(tmp_path: Path) -> None:
    filled(
        tmp_path,
        *(make_accepted(f"{index}.mrc") for index in range(5)),
        make_failed("x.mrc"),
        make_rejected("y.mrc"),
    )
    with read_run(tmp_path) as store:
        assert [one.name for one in store.representatives()] == ["0", "x", "y"]


def test_a_later_outcome_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    filled(
        tmp_path,
        make_rejected("a.mrc", attempts=(make_attempt(None), make_attempt(make_fit())), chosen=1),
        make_accepted("b.mrc"),
    )
    with open_run(tmp_path) as store:
        store.add(make_failed("a.mrc"), make_provenance())
    assert [(one.outcome.path.name, one.outcome.status) for one in contents(tmp_path)] == [
        ("a.mrc", "failed"),
        ("b.mrc", "accepted"),
    ]
    assert contents(tmp_path)[0].outcome.attempts == ()


def test_names_and_places_in_the_tables_stay_for_good(tmp_path: Path) -> None:
    with open_run(tmp_path) as store:
        first = store.register([Path("x/m.mrc"), Path("c.mrc")])
        store.add(make_accepted("c.mrc"), make_provenance())
    with open_run(tmp_path) as store:
        more = store.register([Path("y/m.mrc"), Path("c.mrc")])
        store.add(make_accepted("y/m.mrc"), make_provenance())
        store.add(make_accepted("x/m.mrc"), make_provenance())
    assert (first[Path("x/m.mrc")], more[Path("y/m.mrc")], more[Path("c.mrc")]) == ("m", "y_m", "c")
    assert [(one.outcome.path.as_posix(), one.name) for one in contents(tmp_path)] == [
        ("x/m.mrc", "m"),
        ("c.mrc", "c"),
        ("y/m.mrc", "y_m"),
    ]


def test_a_file_named_from_another_folder_is_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(tmp_path, make_accepted("raw/a.mrc"))
    with open_run(tmp_path) as store:
        assert store.register([tmp_path / "raw/a.mrc"]) == {tmp_path / "raw/a.mrc": "a"}
    assert [one.outcome.path for one in contents(tmp_path)] == [tmp_path / "raw/a.mrc"]


def test_a_run_that_moved_with_its_micrographs_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "old")
    filled(tmp_path, make_accepted("raw/a.mrc"))
    monkeypatch.chdir(tmp_path / "new")
    with open_run(tmp_path) as store:
        store.register([Path("raw/a.mrc")])
        store.register([tmp_path / "new/raw/a.mrc"])
    assert [one.outcome.path for one in contents(tmp_path)] == [tmp_path / "new/raw/a.mrc"]


def test_entries_tell_what_outcomes_came_from(tmp_path: Path) -> None:
    filled(tmp_path, make_accepted("a.mrc", content_hash="ab"), make_failed("b.mrc"))
    with open_run(tmp_path) as store:
        found = dict(store.entries())
        assert [entry.status for entry in found.values()] == ["accepted", "failed"]
        came_from = found["a.mrc"].provenance
        assert came_from == replace(
            make_provenance(), file=replace(make_provenance().file, content_hash="ab")
        )
        store.note_files([(Path("a.mrc"), FileState(5, 6, "cd"))])
        assert dict(store.entries())["a.mrc"].provenance.file == FileState(5, 6, "cd")


def test_a_transaction_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, make_accepted("a.mrc"))

    def stumble(_: object) -> None:
        raise KeyboardInterrupt

    with open_run(tmp_path) as store:
        monkeypatch.setattr("thonring.run.store.attempt_row", stumble)
        with pytest.raises(KeyboardInterrupt):
            store.add(make_rejected("a.mrc"), make_provenance(size=7))
        monkeypatch.undo()
        (found,) = store
        assert exact(found.outcome) == exact(make_accepted("a.mrc", make_fit(curve=NO_CURVE)))
        assert dict(store.entries())["a.mrc"].provenance == make_provenance()


def test_a_full_disk_is_told_and_what_was_finished_stays(tmp_path: Path) -> None:
    filled(tmp_path, make_accepted("a.mrc"))
    with open_run(tmp_path) as store:
        store.register([Path("b.mrc")])
        pages = limit_pages(store)
        with pytest.raises(
            OutputError, match=r"run\.db: .*full.*free some space and run the same command again"
        ):
            store.add(make_rejected("b.mrc", reasons=("x" * 100_000,)), make_provenance())
        assert [one.outcome.path.name for one in store] == ["a.mrc"]
        store._connection.execute(f"PRAGMA max_page_count = {10 * pages}")
        store.add(make_rejected("b.mrc", reasons=("x" * 100_000,)), make_provenance())
    assert [one.outcome.path.name for one in contents(tmp_path)] == ["a.mrc", "b.mrc"]


def limit_pages(store: Store) -> int:
    """Let the store grow no more, as on a full disk."""
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    return int(pages)


def test_a_store_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with open_run(tmp_path) as store:
        store.register([Path("a.mrc"), Path("b.mrc")])
        store.add(make_accepted("a.mrc"), make_provenance())
        with read_run(tmp_path) as reader:
            seen = iter(reader)
            assert next(seen).outcome.path.name == "a.mrc"
            store.add(make_accepted("b.mrc"), make_provenance())
            assert list(seen) == []
            assert len(reader) == 2


def test_a_closed_store_is_one_file_that_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    filled(tmp_path, make_accepted("a.mrc"))
    assert {path.name for path in tmp_path.iterdir()} == {STORE, "run.lock"}
    (mode,) = sqlite3.connect(tmp_path / STORE).execute("PRAGMA journal_mode").fetchone()
    assert mode == "delete"


def test_a_store_can_be_closed_and_opened_while_another_process_reads_it(tmp_path: Path) -> None:
    filled(tmp_path, make_accepted("a.mrc"))
    with ExitStack() as reading:
        with open_run(tmp_path) as store:
            reader = reading.enter_context(read_run(tmp_path))
            reading.enter_context(reader.snapshot())
            assert len(reader) == 1
            store.register([Path("b.mrc")])
            store.add(make_accepted("b.mrc"), make_provenance())
        assert len(reader) == 1
        with open_run(tmp_path) as store:
            assert len(store) == 2
    assert [one.name for one in contents(tmp_path)] == ["a", "b"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / "spectra").mkdir()
    left = (tmp_path / f".{'0' * 32}.tmp", tmp_path / "spectra" / f".{'f' * 32}.tmp")
    mine = tmp_path / ".mine.tmp"
    for path in (*left, mine):
        path.touch()
    filled(tmp_path, make_accepted("a.mrc"))
    assert mine.exists()
    assert not any(path.exists() for path in left)
