"""A watch does every file once, whatever happens to the folder, and ends when it should."""

import os
import signal
from pathlib import Path

import pytest

from factories.metadata import IMAGE_MDOC
from factories.watch import GIVEN, Watching, read, rows, written
from thonring.batch.estimation import estimate_all
from thonring.batch.executors.base import Inline
from thonring.batch.jobs import Job, RunOptions, plan
from thonring.batch.resume import plan_resume
from thonring.batch.watch import Until
from thonring.read import sources
from thonring.records import Outcome
from thonring.run.store import Store
from thonring.settings import Settings


def test_files_are_done_as_they_come_each_once(watched: Watching, raw: Path, run: Path) -> None:
    written(raw / "a.mrc")()
    done = watched(
        (100, written(raw / "b.mrc", "poor")),
        (200, written(raw / "c.mrc", "bad")),
        (400, written(raw / "d.mrc")),
    )
    assert watched.reporter.names == ["a.mrc", "b.mrc", "c.mrc", "d.mrc"]
    assert watched.verdicts() == dict(
        zip(watched.reporter.names, ("accepted", "rejected", "failed", "accepted"), strict=True)
    )
    assert (done.run.done, done.run.failed, done.run.stopped_by, done.left) == (4, 1, None, 0)
    assert rows(run) == watched.reporter.names
    assert 700 <= watched.script.now_s <= 720


def test_a_file_is_not_read_while_it_grows(watched: Watching, raw: Path) -> None:
    growing = [(100.0 + 7 * step, written(raw / "a.mrc", "x" * step)) for step in range(1, 20)]
    watched(*growing, (235, written(raw / "a.mrc", "good")))
    assert watched.reporter.names == ["a.mrc"]
    assert watched.verdicts() == {"a.mrc": "accepted"}


def test_a_file_that_changes_later_is_done_again(watched: Watching, raw: Path, run: Path) -> None:
    watched(
        (50, written(raw / "a.mrc", "poor")),
        (60, written(raw / "b.mrc", "bad")),
        (150, written(raw / "a.mrc", "good")),
        (160, written(raw / "b.mrc", "good!")),
    )
    assert sorted(watched.reporter.names) == ["a.mrc", "a.mrc", "b.mrc", "b.mrc"]
    assert watched.verdicts() == {"a.mrc": "accepted", "b.mrc": "rejected"}
    assert [(one.accepted, one.rejected, one.failed) for one in watched.reporter.states][-1] == (1, 1, 0)
    assert rows(run) == ["a.mrc", "b.mrc"]


def test_a_failed_file_is_tried_again_by_the_next_command_and_not_before(
    watched: Watching, raw: Path
) -> None:
    written(raw / "a.mrc", "bad")()
    written(raw / "b.mrc")()
    watched()
    assert watched.reporter.names == ["a.mrc", "b.mrc"]
    watched()
    assert watched.reporter.names == ["a.mrc", "b.mrc", "a.mrc"]


def test_metadata_that_come_later_give_a_failed_file_another_try_and_no_other(
    watched: Watching, raw: Path
) -> None:
    written(raw / "a.mrc", "bad")()
    written(raw / "b.mrc")()
    watched((100, written(raw / "a.mdoc", IMAGE_MDOC)), (100, written(raw / "b.mdoc", IMAGE_MDOC)))
    assert watched.reporter.names == ["a.mrc", "b.mrc", "a.mrc"]


def test_what_estimate_has_done_is_not_done_again_nor_the_other_way_round(
    watched: Watching, raw: Path, run: Path, store: Store
) -> None:
    def due() -> list[str]:
        found = sources([str(raw)], GIVEN, metadata=True)
        jobs = plan(found, options, None, store.register([one.path for one in found]))
        resumed = plan_resume(store, jobs, options)
        estimate_all(store, resumed.pending, Inline(), lambda _: None, read)
        return [one.job.source.path.name for one in resumed.pending]

    options = RunOptions(run, Settings())
    written(raw / "a.mrc")()
    assert due() == ["a.mrc"]
    watched((50, written(raw / "b.mrc")))
    assert watched.reporter.names == ["b.mrc"]
    assert [one.unchanged for one in watched.reporter.resumptions] == [1, 0]
    assert due() == []


def test_other_settings_do_all_again(watched: Watching, raw: Path, run: Path) -> None:
    written(raw / "a.mrc")()
    watched()
    watched(run_options=RunOptions(run, Settings(search="fourier")))
    assert watched.reporter.names == ["a.mrc", "a.mrc"]
    assert watched.reporter.resumptions[-1].settings == ("search",)


@pytest.mark.parametrize(("stop", "number"), [(KeyboardInterrupt, signal.SIGINT), ("term", signal.SIGTERM)])
def test_a_signal_while_it_waits_leaves_a_whole_run(
    watched: Watching, raw: Path, run: Path, stop: object, number: signal.Signals
) -> None:
    def end() -> None:
        if stop == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt

    written(raw / "a.mrc")()
    done = watched((50, written(raw / "b.mrc")), (55, end), until=Until())
    assert done.run.stopped_by == number
    assert (done.run.done, done.left) == (1, 1)
    assert rows(run) == ["a.mrc"]
    watched()
    assert rows(run) == ["a.mrc", "b.mrc"]
    assert watched.reporter.names == ["a.mrc", "b.mrc"]


def test_ctrl_c_at_work_gives_up_the_one_in_hand(watched: Watching, raw: Path, run: Path) -> None:
    def interrupted(job: Job) -> Outcome:
        if job.source.path.name == "b.mrc":
            raise KeyboardInterrupt
        return read(job)

    for name in "abc":
        written(raw / f"{name}.mrc")()
    done = watched(task=interrupted)
    assert (done.run.done, done.left, done.run.stopped_by) == (1, 2, signal.SIGINT)
    assert rows(run) == ["a.mrc"]
