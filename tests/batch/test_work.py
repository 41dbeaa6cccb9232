"""One micrograph's artefacts are there, and what cannot be written costs no estimate."""

from dataclasses import replace
from pathlib import Path

import mrcfile
import pytest

from factories.outcomes import make_failed
from factories.tasks import jobs_of, make_evidence, outcome_of
from thonring import pipeline
from thonring.batch.jobs import work
from thonring.formats.run_tables import prepare_run
from thonring.records import Attempt, Evidence, Outcome, Verdict


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder in which every micrograph is accepted."""

    def examine(source: object, *_: object, **__: object) -> tuple[Outcome, Evidence | None]:
        return outcome_of(source.path), make_evidence()  # type: ignore[attr-defined]

    monkeypatch.setattr(pipeline, "examine", examine)
    prepare_run(tmp_path / "run")
    return tmp_path / "run"


def written(run: Path) -> set[str]:
    return {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}


def test_the_spectrum_is_written_at_its_sampling(run: Path) -> None:
    (job,) = jobs_of(run, "a")
    work(job)
    assert written(run) == {"spectra/a.ctf"}
    with mrcfile.open(run / "spectra" / "a.ctf") as mrc:
        assert mrc.data.shape == (512, 512)
        assert mrc.voxel_size.x == pytest.approx(1.75)


@pytest.mark.slow
def test_what_was_asked_for_is_written_beside_it(run: Path) -> None:
    (job,) = jobs_of(run, "a", artefacts=("plots", "ctffind_text"))
    work(job)
    assert written(run) == {
        "spectra/a.ctf",
        "plots/a_spectrum.png",
        "plots/a_profile.png",
        "ctffind/a.txt",
        "ctffind/a_avrot.txt",
    }


def test_the_outcome_comes_back_without_its_curves_and_unchanged_else(run: Path) -> None:
    (job,) = jobs_of(run, "a")
    fit = work(job).fit
    expected = outcome_of(job.source.path).fit
    assert fit is not None
    assert expected is not None
    assert fit.curve.power.size == 0
    assert (fit.mean_defocus_A, fit.defocus_sigma_A) == (expected.mean_defocus_A, expected.defocus_sigma_A)


def test_a_spectrum_refused_before_any_fit_is_drawn_too(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = replace(
        outcome_of(Path("raw/a.mrc"), "Ice."), attempts=(Attempt(1.75, Verdict("d", ()), None),)
    )
    monkeypatch.setattr(pipeline, "examine", lambda *_, **__: (refused, make_evidence()))
    (job,) = jobs_of(run, "a", artefacts=("plots", "signals", "ctffind_text"))
    outcome = work(job)
    assert outcome.notes == ()
    assert written(run) == {"spectra/a.ctf", "plots/a_spectrum.png"}


def test_a_failed_micrograph_leaves_no_artefacts(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = make_failed("raw/a.mrc")
    monkeypatch.setattr(pipeline, "examine", lambda *_, **__: (broken, None))
    (job,) = jobs_of(run, "a", artefacts=("plots", "signals", "ctffind_text"))
    assert work(job) == broken
    assert written(run) == set()


def test_a_picture_that_cannot_be_written_is_a_note(run: Path) -> None:
    (run / "plots").write_text("in the way")
    (job,) = jobs_of(run, "a", artefacts=["plots"])
    outcome = work(job)
    assert outcome.status == "accepted"
    assert [note.kind for note in outcome.notes] == ["artefact-missing"]
    assert "raw/a.mrc" in outcome.notes[0].text


def test_signals_are_drawn_whichever_way_the_defocus_was_searched(run: Path) -> None:
    (job,) = jobs_of(run, "a", artefacts=["signals"])
    outcome = work(job)
    assert outcome.notes == ()
    assert written(run) == {"spectra/a.ctf", "plots/a_signals.png"}
