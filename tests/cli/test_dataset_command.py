"""What a user of `thonring dataset` gives and gets."""

from pathlib import Path

import numpy as np
import pytest

from factories.commands import Command
from factories.outcomes import make_accepted, make_fit, make_rejected
from factories.stores import store_outcomes
from thonring.learn.dataset.dataset import open_dataset
from thonring.optics import Optics
from thonring.records import Outcome
from thonring.run.open import decide_in
from thonring.simulate import noise_micrograph
from thonring.simulate.output import write_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.5)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with micrographs of three folders, one of them rejected."""
    outcomes = []
    for number in range(4):
        path = tmp_path / f"grid{number % 3}" / f"mic{number}.mrc"
        path.parent.mkdir(exist_ok=True)
        write_micrograph(path, noise_micrograph(OPTICS, (192, 192), number))
        outcomes.append(outcome(path, 12_000.0 + number, accepted=number < 3))
    (tmp_path / "run").mkdir()
    return store_outcomes(tmp_path / "run", outcomes)


def outcome(path: Path, defocus_A: float, *, accepted: bool) -> Outcome:
    make = make_accepted if accepted else make_rejected
    return make(path, make_fit(defocus_A, 0.0), optics=OPTICS, pixel_A=1.5, shape=(192, 192))


def test_a_run_becomes_a_data_set_and_the_files_of_the_thesis(
    command: Command, run: Path, tmp_path: Path
) -> None:
    data, thesis = tmp_path / "data.h5", tmp_path / "thesis"
    result = command("dataset", "build", run, "--out", data, "--thesis-files", thesis)
    assert result.exit_code == 0, result.output
    assert f"[3/3] {tmp_path / 'grid2' / 'mic2.mrc'} 12002 Å" in result.stdout
    dataset, images = open_dataset([data]), open_dataset([thesis])
    assert dataset.columns.session == tuple(str(tmp_path / f"grid{number}") for number in range(3))
    assert images.columns.defocus_A.tolist() == [12_000, 12_001, 12_002]
    assert np.array_equal(images.enhanced(1), dataset.enhanced(1))


def test_built_again_nothing_is_added(command: Command, run: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.h5"
    assert command("dataset", "build", run, "--out", data, "--quiet").output == ""
    result = command("dataset", "build", run, run, "--out", data, "--session", "late")
    assert result.exit_code == 0
    assert "were already there" in result.stdout
    assert len(open_dataset([data])) == 3


def test_a_micrograph_that_is_gone_fails_alone(command: Command, run: Path, tmp_path: Path) -> None:
    (tmp_path / "grid1" / "mic1.mrc").unlink()
    result = command("dataset", "build", run, "--out", tmp_path / "data.h5", "--session", "one")
    assert result.exit_code == 1
    assert "mic1.mrc: cannot be opened" in result.stdout
    assert set(open_dataset([tmp_path / "data.h5"]).columns.session) == {"one"}


def test_a_micrograph_rejected_after_it_was_added_is_reported(
    command: Command, run: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data.h5"
    assert command("dataset", "build", run, "--out", data).exit_code == 0
    with decide_in(run) as decisions:
        decisions.judge([2], "rejected", "Ana")
    again = command("dataset", "build", run, "--out", data)
    assert again.exit_code == 1
    assert "mic1.mrc: in the data set, but no longer accepted. Build the data set again" in plain(
        again.stdout
    )
    assert "mic3.mrc" not in again.stdout
    fresh = command("dataset", "build", run, "--out", tmp_path / "fresh.h5")
    assert fresh.exit_code == 0
    assert len(open_dataset([tmp_path / "fresh.h5"])) == 2


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_drawn_elements_and_what_is_told_of_them(command: Command, tmp_path: Path) -> None:
    data = tmp_path / "drawn.h5"
    assert command("dataset", "simulate", "--count", 3, "--seed", 2, "--out", data).exit_code == 0
    thesis = tmp_path / "thesis"
    longer = command(
        "dataset", "simulate", "--count", 4, "--seed", 2, "--out", data, "--thesis-files", thesis
    )
    assert "[1/1] simulated/seed_2/block_000000/scene_00000003" in longer.stdout
    assert "size = 4096" in open_dataset([data]).recipes[0]
    assert open_dataset([thesis]).columns.session == ("simulated/seed_2/block_000000",) * 4
    told = command("dataset", "info", data)
    assert told.exit_code == 0
    assert "simulated: 4" in told.stdout
    assert (tmp_path / "drawn_info.png").stat().st_size > 10_000


def test_spoiled_scenes_are_not_drawn(command: Command, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("defective_share = 1.0\n", encoding="utf-8")
    result = command(
        "dataset", "simulate", "--count", 1, "--recipe", tmp_path / "r.toml", "--out", tmp_path / "d.h5"
    )
    assert result.exit_code == 0, result.output
    assert "defective_share = 0.0" in open_dataset([tmp_path / "d.h5"]).recipes[0]


def test_another_recipe_into_the_same_file_is_refused(command: Command, tmp_path: Path) -> None:
    data = tmp_path / "d.h5"
    assert command("dataset", "simulate", "--count", 1, "--out", data).exit_code == 0
    result = command("dataset", "simulate", "--count", 1, "--recipe", "session", "--out", data)
    assert result.exit_code == 2
    assert "elements of another kind" in result.stderr


def test_wrong_use_is_told(command: Command, run: Path, tmp_path: Path) -> None:
    for words, said in (
        (("build", tmp_path, "--out", tmp_path / "d.h5"), "run.db: not found"),
        (("build", run, "--out", tmp_path / "no" / "d.h5"), "the parent folder does not exist"),
        (("info", tmp_path / "missing.h5"), "not found"),
        (
            ("simulate", "--count", 1, "--recipe", "nonsense", "--out", tmp_path / "d.h5"),
            "unknown recipe 'nonsense'",
        ),
    ):
        result = command("dataset", *words)
        assert result.exit_code == 2
        assert result.stderr.startswith("thonring: ")
        assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "d.h5").exists()


def test_a_run_that_accepted_nothing_is_refused(command: Command, run: Path, tmp_path: Path) -> None:
    with decide_in(run) as decisions:
        decisions.judge([1, 2, 3], "rejected", "Ana")
    result = command("dataset", "build", run, "--out", tmp_path / "d.h5")
    assert result.exit_code == 2
    assert "found no accepted micrographs" in result.stderr


def test_files_of_the_thesis_beyond_the_limit_are_refused_before_any_work(
    command: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thonring.learn.dataset.thesis_export.LIMIT_GB", 0.001)
    words = (
        "dataset",
        "build",
        run,
        "--out",
        tmp_path / "d.h5",
        "--thesis-files",
        tmp_path / "thesis",
        "--quiet",
    )
    result = command(*words)
    assert result.exit_code == 2
    assert "give --yes" in result.stderr
    assert not (tmp_path / "d.h5").exists()
    assert command(*words, "--yes").exit_code == 0
    assert (tmp_path / "thesis" / "metadata.txt").exists()
