"""What is decided before the first micrograph is read."""

from pathlib import Path

from factories.tasks import OPTICS
from thonring.batch.jobs import RunOptions, plan, work
from thonring.records import KnownDefocus, Source
from thonring.settings import Settings

SOURCES = [Source(Path(name), OPTICS) for name in ("one/a.mrc", "two/a.mrc", "b.mrc")]
KNOWN = {"a": KnownDefocus(12000.0, 11000.0, 5.0)}


def test_jobs_keep_the_order_and_have_names_of_their_own(tmp_path: Path) -> None:
    jobs = plan(SOURCES, RunOptions(tmp_path, Settings()))
    assert [job.source for job in jobs] == SOURCES
    assert len({job.name for job in jobs}) == 3
    assert all(job.known is None and not job.notes and not job.refusal for job in jobs)


def test_a_known_defocus_finds_its_micrograph(tmp_path: Path) -> None:
    jobs = plan(SOURCES, RunOptions(tmp_path, Settings()), KNOWN)
    assert jobs[0].known == jobs[1].known == KNOWN["a"]


def test_a_micrograph_without_known_defocus_is_estimated_and_told(tmp_path: Path) -> None:
    job = plan(SOURCES, RunOptions(tmp_path, Settings()), KNOWN)[2]
    assert job.known is None
    assert not job.refusal
    assert [note.kind for note in job.notes] == ["no-known-defocus"]
    assert "b.mrc" in job.notes[0].text


def test_nothing_to_hold_fixed_is_a_failure_with_advice(tmp_path: Path) -> None:
    job = plan(SOURCES, RunOptions(tmp_path, Settings(fix_defocus=True)), KNOWN)[2]
    outcome = work(job)
    assert outcome.status == "failed"
    assert outcome.reasons[0].startswith("b.mrc: the --defocus-from file has no defocus for it")
    assert "--fix-defocus" in outcome.reasons[0]
