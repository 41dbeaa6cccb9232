"""What of a run still holds, and what is to be done."""

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from factories import tasks
from factories.tasks import OPTICS
from thonring.batch import resume as resume_module
from thonring.batch.estimation import estimate_all
from thonring.batch.executors.base import Inline
from thonring.batch.jobs import Job, RunOptions, plan
from thonring.batch.resume import ResumePlan, plan_resume, resume_some
from thonring.optics import Optics
from thonring.records import KnownDefocus, Outcome, Source
from thonring.run.store import Store
from thonring.settings import Limit, Settings

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Four files with a content of their own."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.mrc").write_text(name)
    return folder


def hashing(job: Job) -> Outcome:
    """Accept, and hash the content as `work` does."""
    outcome = tasks.accept(job)
    hashed = resume_module.content_hash(job.source.path) if job.options.hashed else ""
    return replace(outcome, content_hash=hashed)


class Command:
    """A command on all files of a folder."""

    def __init__(self, store: Store, raw: Path) -> None:
        self.store, self.raw = store, raw
        self.options = RunOptions(store.run, Settings())
        self.optics: Optics = OPTICS
        self.known: dict[str, KnownDefocus] | None = None

    def resumed(self, *, redo: bool = False) -> ResumePlan:
        sources = [Source(path, self.optics) for path in sorted(self.raw.iterdir())]
        names = self.store.register([source.path for source in sources])
        return plan_resume(
            self.store, plan(sources, self.options, self.known, names), self.options, redo=redo
        )

    def run(self) -> None:
        estimate_all(self.store, self.resumed().pending, Inline(), lambda _: None, hashing)


@pytest.fixture
def command(store: Store, raw: Path) -> Command:
    """The four files are done already."""
    command = Command(store, raw)
    command.run()
    return command


def due(resumed: ResumePlan) -> list[str]:
    return [one.job.name for one in resumed.pending]


def test_in_a_new_run_everything_is_new(store: Store, raw: Path) -> None:
    found = Command(store, raw).resumed()
    assert due(found) == list(NAMES)
    assert found == ResumePlan(found.pending, new=4)


def test_what_is_unchanged_is_not_done_again(command: Command) -> None:
    assert command.resumed() == ResumePlan((), unchanged=4)


def test_new_files_are_done(command: Command) -> None:
    (command.raw / "ab.mrc").write_text("new")
    found = command.resumed()
    assert (due(found), found.new, found.unchanged) == (["ab"], 1, 4)


def test_changed_files_are_done_again(command: Command) -> None:
    (command.raw / "b.mrc").write_text("longer")
    os.utime(command.raw / "c.mrc", ns=(1, 1))
    found = command.resumed()
    assert (due(found), found.changed, found.unchanged) == (["b", "c"], (("file", 2),), 2)
    command.run()
    assert command.resumed().unchanged == 4


@pytest.mark.parametrize(
    ("optics", "cause"),
    [(replace(OPTICS, voltage_kV=200.0), "optics"), (replace(OPTICS, pixel_A=1.1), "optics")],
)
def test_other_optics_are_a_change(command: Command, optics: Optics, cause: str) -> None:
    command.optics = optics
    assert command.resumed().changed == ((cause, 4),)


def test_another_known_defocus_is_a_change_for_its_own_micrograph(command: Command) -> None:
    command.known = {"b": KnownDefocus(12000.0, 11000.0, 5.0)}
    found = command.resumed()
    assert (due(found), found.changed) == (["b"], (("known defocus", 1),))


LIMIT = Limit("ice", 0.0, 1.0, "", "ice", "a paper")
INFLUENCE = {
    "search": Settings(search="fourier"),
    "limits": Settings(limits=(replace(LIMIT, at_most=2.0),)),
    "defocus_range_A": Settings(defocus_range_A=(3000.0, 9000.0)),
}


@pytest.mark.parametrize("name", INFLUENCE)
def test_settings_that_influence_the_result_are_a_change_and_named(command: Command, name: str) -> None:
    command.options = replace(command.options, settings=INFLUENCE[name])
    found = command.resumed()
    assert (found.changed, found.settings) == ((("settings", 4),), (name,))


def test_spectra_are_other_inputs_than_images(command: Command) -> None:
    command.options = replace(command.options, spectrum_kind="power")
    found = command.resumed()
    assert (found.changed, found.settings) == ((("settings", 4),), ("spectrum",))


def test_another_wording_of_a_reason_gives_no_other_verdict(store: Store, raw: Path) -> None:
    limit = Limit("score", 0.03, math.inf, "", "rings correlate by {value} only", "")
    command = Command(store, raw)
    command.options = RunOptions(store.run, Settings(limits=(limit,)))
    command.run()
    command.options = RunOptions(
        store.run, Settings(limits=(replace(limit, reason="low correlation: {value}"),))
    )
    assert command.resumed().unchanged == 4
    command.options = RunOptions(store.run, Settings(limits=(replace(limit, at_least=0.04),)))
    assert command.resumed().changed == (("settings", 4),)


def test_the_name_of_a_profile_and_the_source_of_a_limit_influence_nothing(store: Store, raw: Path) -> None:
    command = Command(store, raw)
    command.options = RunOptions(store.run, Settings(profile="one.toml", limits=(LIMIT,)))
    command.run()
    command.options = RunOptions(
        store.run, Settings(profile="two.toml", limits=(replace(LIMIT, source="me"),))
    )
    assert command.resumed() == ResumePlan((), unchanged=4)


def test_pictures_that_were_not_drawn_are_a_change_and_fewer_are_none(command: Command) -> None:
    command.options = replace(command.options, artefacts=frozenset({"plots", "ctffind_text"}))
    assert command.resumed().changed == (("pictures or text files", 4),)
    command.run()
    command.options = replace(command.options, artefacts=frozenset({"ctffind_text"}))
    assert command.resumed() == ResumePlan((), unchanged=4)


def test_failed_ones_are_tried_again(store: Store, raw: Path) -> None:
    (raw / "bad.mrc").write_text("bad")
    command = Command(store, raw)
    estimate_all(store, command.resumed().pending, Inline(), lambda _: None, tasks.raise_error)
    found = command.resumed()
    assert (due(found), found.failed, found.unchanged) == (["bad"], 1, 4)


def test_redo_forces_all(command: Command) -> None:
    (command.raw / "e.mrc").write_text("new")
    found = command.resumed(redo=True)
    assert (len(found.pending), found.forced, found.new, found.unchanged) == (5, 4, 1, 0)


def test_a_file_that_is_gone_keeps_its_result(command: Command) -> None:
    sources = [Source(path, OPTICS) for path in sorted(command.raw.iterdir())]
    (command.raw / "b.mrc").unlink()
    names = command.store.register([source.path for source in sources])
    found = plan_resume(command.store, plan(sources, command.options, None, names), command.options)
    assert found == ResumePlan((), unchanged=4, missing_files=1)


def test_others_of_the_run_are_counted_and_stay(command: Command) -> None:
    for name in ("a", "b"):
        (command.raw / f"{name}.mrc").unlink()
    assert (command.resumed().others, command.resumed().other_settings) == (2, 0)
    command.options = replace(command.options, settings=Settings(search="fourier"))
    assert command.resumed().other_settings == 2
    command.run()
    assert [one.name for one in command.store] == list(NAMES)


def test_unchanged_ones_of_another_version_are_told(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume_module, "version", lambda _: "9.0")
    found = command.resumed()
    assert found.unchanged == 4
    assert found.versions == ("0.1.0",)


def test_with_hashes_the_content_tells(store: Store, raw: Path) -> None:
    command = Command(store, raw)
    command.options = replace(command.options, hashed=True)
    command.run()
    os.utime(raw / "a.mrc", ns=(1, 1))
    before = (raw / "b.mrc").stat()
    (raw / "b.mrc").write_text("B")
    os.utime(raw / "b.mrc", ns=(before.st_atime_ns, before.st_mtime_ns))
    found = command.resumed()
    assert (due(found), found.changed, found.unchanged) == (["b"], (("file", 1),), 3)
    command.options = replace(command.options, hashed=False)
    assert due(command.resumed()) == [], "the touched file's new time is known now"


def test_hashes_are_kept_from_the_first_time_they_are_asked_for(command: Command) -> None:
    command.options = replace(command.options, hashed=True)
    assert command.resumed().unchanged == 4
    for path in command.raw.iterdir():
        os.utime(path, ns=(1, 1))
    assert command.resumed().unchanged == 4


def test_some_of_a_run_are_told_as_all_of_them_are(store: Store, raw: Path) -> None:
    command = Command(store, raw)
    estimate_all(store, command.resumed().pending, Inline(), lambda _: None, tasks.accept)
    os.utime(raw / "b.mrc", ns=(1, 1))
    (raw / "e.mrc").write_text("e")
    names = store.register([raw / "a.mrc", raw / "b.mrc", raw / "e.mrc"])
    jobs = plan([Source(path, OPTICS) for path in names], command.options, None, names)
    some = resume_some(store, jobs, command.options)
    assert [one.job.source.path.name for one in some.pending] == ["b.mrc", "e.mrc"]
    assert (some.unchanged, some.changed, some.new, some.others) == (1, (("file", 1),), 1, 0)
    everything = plan_resume(store, jobs, command.options)
    assert everything == replace(some, others=2)
    assert store.statuses() == {str(raw / f"{name}.mrc"): "accepted" for name in NAMES}
