"""When a watch ends, what it does while the folder is away, and how it shares its time."""

import os
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from factories import tasks
from factories.metadata import IMAGE_MDOC, epu_xml
from factories.watch import START, Watching, read, written
from thonring.batch import watch as watching
from thonring.batch.executors.processes import Processes
from thonring.batch.folder_scan import FolderListing, FolderScanner
from thonring.batch.jobs import Job
from thonring.batch.watch import Until
from thonring.optics import PartialOptics
from thonring.records import Outcome


def test_it_ends_at_a_time_with_work_left(watched: Watching, raw: Path) -> None:
    def slow(job: Job) -> Outcome:
        watched.script.now_s += 100
        return read(job)

    for name in "abcde":
        written(raw / f"{name}.mrc")()
    done = watched(task=slow, until=Until(at=START + timedelta(seconds=250)))
    assert (done.run.done, done.left) == (3, 2)


def test_it_ends_when_so_many_of_the_run_are_done(watched: Watching, raw: Path) -> None:
    written(raw / "a.mrc")()
    watched()
    for name in "bcd":
        written(raw / f"{name}.mrc")()
    done = watched(until=Until(files=3))
    assert (done.run.done, done.left) == (2, 1)


def test_files_that_come_while_it_works_are_seen(watched: Watching, raw: Path) -> None:
    def slow(job: Job) -> Outcome:
        watched.script.now_s += 60
        if job.source.path.name == "a.mrc":
            written(raw / "late.mrc")()
        return read(job)

    for name in "abc":
        written(raw / f"{name}.mrc")()
    watched(task=slow)
    assert watched.reporter.names == ["a.mrc", "b.mrc", "c.mrc", "late.mrc"]
    assert [one.backlog for one in watched.reporter.states if one.backlog] == [2, 2, 1, 1], (
        "the late one joins them"
    )


def test_a_folder_that_is_away_for_a_while_is_told_once_and_costs_nothing(
    watched: Watching, raw: Path
) -> None:
    elsewhere = raw.with_name("elsewhere")
    written(raw / "a.mrc")()
    watched(
        (100, lambda: raw.rename(elsewhere)),
        (160, written(elsewhere / "b.mrc")),
        (1000, lambda: elsewhere.rename(raw)),
    )
    assert watched.reporter.names == ["a.mrc", "b.mrc"]
    assert len(watched.reporter.problems) == 2
    assert "cannot be listed (No such file" in watched.reporter.problems[0]
    assert "can be listed again" in watched.reporter.problems[1]
    assert any(one.folder_unreadable for one in watched.reporter.states)
    assert not watched.reporter.states[-1].folder_unreadable


def test_an_empty_mount_point_in_its_place_makes_nothing_new(watched: Watching, raw: Path) -> None:
    """As when the network folder is not mounted for a while."""
    elsewhere = raw.with_name("elsewhere")
    written(raw / "a.mrc")()
    watched(
        (100, lambda: (raw.rename(elsewhere), raw.mkdir())),
        (150, lambda: (raw.rmdir(), elsewhere.rename(raw))),
    )
    assert watched.reporter.names == ["a.mrc"]
    assert [one.unchanged for one in watched.reporter.resumptions] == [0, 1]
    assert watched.reporter.states[-1].arriving_per_h == 0


def test_a_file_that_vanishes_is_a_failed_row_until_it_is_back(watched: Watching, raw: Path) -> None:
    def late(job: Job) -> Outcome:
        if not watched.verdicts():
            job.source.path.unlink()
        return read(job)

    written(raw / "a.mrc")()
    watched((200, written(raw / "a.mrc")), task=late)
    assert [one.status for one in watched.reporter.outcomes] == ["failed", "accepted"]


def test_a_name_that_no_table_can_hold_is_told_and_stops_no_other(watched: Watching, raw: Path) -> None:
    written(raw / "a\n.mrc")()
    written(raw / "b.mrc")()
    watched()
    assert watched.reporter.names == ["b.mrc"]
    assert len(watched.reporter.problems) == 1


def test_metadata_state_the_voltage_and_a_file_without_waits_for_them(watched: Watching, raw: Path) -> None:
    voltages: dict[str, float] = {}

    def noted(job: Job) -> Outcome:
        voltages[job.source.path.name] = job.source.optics.voltage_kV
        return read(job)

    for name in "abc":
        written(raw / f"{name}.mrc")()
    written(raw / "a.xml", epu_xml(volts=200000))()
    done = watched(
        (100, written(raw / "b.mrc.mdoc", IMAGE_MDOC)), optics=PartialOptics(cs_mm=2.7), task=noted
    )
    assert watched.reporter.names == ["a.mrc", "b.mrc"]
    assert voltages == {"a.mrc": 200, "b.mrc": 300}
    assert done.left == 1
    assert watched.reporter.states[-1].waiting == 1
    assert len(watched.reporter.problems) == 1
    assert "--voltage" in watched.reporter.problems[0]


def test_the_tables_follow_but_not_at_every_file(
    watched: Watching, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writings: list[float] = []
    real = watching.write_run_tables
    monkeypatch.setattr(
        watching,
        "write_run_tables",
        lambda store: (writings.append(watched.script.now_s), real(store)),
    )
    busy = [(30.0 + 5 * number, written(raw / f"m{number:02}.mrc")) for number in range(20)]
    watched(*busy, until=Until(idle_s=3600))
    assert len(watched.reporter.names) == 20
    assert 3 <= len(writings) - 1 <= 6, "every half minute at most while files come, and once more at the end"
    assert all(after - before >= 30 for before, after in pairwise(writings[:-1]))
    assert writings[-2] < 220, "an idle watch has left them up to date"


def test_a_folder_that_takes_long_to_look_at_is_looked_at_less_often(
    watched: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def slow(looker: FolderScanner) -> FolderListing:
        looks.append(watched.script.now_s)
        watched.script.now_s += 12
        return look(looker)

    look = FolderScanner.scan
    monkeypatch.setattr(FolderScanner, "scan", slow)
    watched()
    assert all(after - before >= 132 for before, after in pairwise(looks))


@pytest.mark.slow
def test_rates_and_the_last_file(watched: Watching, raw: Path) -> None:
    os.utime(raw)
    for number in range(10):
        written(raw / f"old{number}.mrc")()
        os.utime(raw / f"old{number}.mrc", (START.timestamp() - 60, START.timestamp() - 60))
    coming = [(60.0 * minute, written(raw / f"new{minute:03}.mrc")) for minute in range(1, 121)]
    watched(*coming)
    first, states = watched.reporter.states[0], watched.reporter.states
    assert first.arriving_per_h is None
    assert first.last_arrival == START - timedelta(seconds=60)
    later = next(one for one in states if one.at >= START + timedelta(hours=1, minutes=59))
    assert later.arriving_per_h == pytest.approx(60, abs=2)
    assert later.done_per_h == pytest.approx(60, abs=2)
    assert states[-1].last_file == str(raw / "new120.mrc")
    assert states[-1].last_arrival is not None
    assert abs(states[-1].last_arrival - START - timedelta(hours=2)) <= timedelta(seconds=10)


@pytest.mark.slow
def test_two_workers_do_the_same(watched: Watching, raw: Path) -> None:
    for number in range(5):
        written(raw / f"m{number}.mrc")()
    watched((100, written(raw / "m5.mrc")), executor=Processes(2), task=tasks.accept)
    assert sorted(watched.reporter.names) == [f"m{number}.mrc" for number in range(6)]
    assert len(watched.verdicts()) == 6
