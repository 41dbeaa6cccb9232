"""A set is the same whatever the number of processes, and what is finished stays when something goes wrong."""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from thonring.batch.simulation import SceneJob, SimulatedMicrograph, simulate_all, simulate_scene
from thonring.errors import OutputError
from thonring.simulate import Recipe, draw, load_recipe, read_truth

COUNT = 5
TABLES = {"truth.csv", "micrographs.star", "truth.star"}


@cache
def small() -> Recipe:
    """Scenes too small for rings, some of whole electrons, some spoiled."""
    recipe = load_recipe("session")
    usable = recipe.usable.model_copy(update={"rings": 0})
    return recipe.model_copy(update={"size": 128, "usable": usable, "defective_share": 0.5})


def jobs_of(folder: Path, count: int = COUNT, seed: int = 3) -> list[SceneJob]:
    return [SceneJob(folder, small(), seed, index) for index in range(count)]


def ignore(_: SimulatedMicrograph) -> None:
    """Nobody is told."""


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set made in this process."""
    folder = tmp_path_factory.mktemp("set")
    done = simulate_all(folder, jobs_of(folder), 1, ignore)
    assert not done.run.interrupted
    assert all(made.truth is not None for made in done.micrographs)
    return folder


def test_a_micrograph_each_and_the_tables(folder: Path) -> None:
    names = {f"mic_{index:06d}.mrc" for index in range(COUNT)}
    assert set(hashes(folder)) == names | TABLES
    assert [row.file for row in read_truth(folder / "truth.csv")] == sorted(names)


def test_truth_and_pixels_are_those_of_the_scenes(folder: Path) -> None:
    for index, row in enumerate(read_truth(folder / "truth.csv")):
        scene = draw(small(), 3, index)
        assert (row.defocus_u_A, row.defocus_v_A, row.angle_deg) == (
            scene.defocus_u_A,
            scene.defocus_v_A,
            scene.angle_deg,
        )
        assert (row.defect, row.usable, row.pixel_A) == (scene.defect, scene.usable, scene.pixel_A)
        with mrcfile.open(folder / row.file) as mrc:
            assert mrc.data.dtype == (np.int16 if scene.detector.counts else np.float32)
            assert mrc.data.shape == scene.shape
            assert mrc.voxel_size.x == pytest.approx(scene.pixel_A)


def test_two_processes_make_the_same_files(folder: Path, tmp_path: Path) -> None:
    simulate_all(tmp_path, jobs_of(tmp_path), 2, ignore)
    assert hashes(tmp_path) == hashes(folder)


def test_made_again_in_place_nothing_changes(folder: Path) -> None:
    before = hashes(folder)
    simulate_all(folder, jobs_of(folder), 1, ignore)
    assert hashes(folder) == before


def test_a_shorter_set_is_the_beginning_of_a_longer_one(folder: Path, tmp_path: Path) -> None:
    simulate_all(tmp_path, jobs_of(tmp_path, 2), 1, ignore)
    short, long = hashes(tmp_path), hashes(folder)
    assert {name: short[name] for name in short.keys() - TABLES} == {
        name: long[name] for name in ("mic_000000.mrc", "mic_000001.mrc")
    }


def test_another_seed_is_another_set(folder: Path, tmp_path: Path) -> None:
    simulate_all(tmp_path, jobs_of(tmp_path, seed=4), 1, ignore)
    other, before = hashes(tmp_path), hashes(folder)
    assert all(other[name] != before[name] for name in before)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_that_cannot_be_written_costs_no_other(tmp_path: Path, workers: int) -> None:
    (tmp_path / "mic_000001.mrc").mkdir()
    done = simulate_all(tmp_path, jobs_of(tmp_path, 3), workers, ignore)
    assert [made.truth is None for made in done.micrographs] == [False, True, False]
    assert "mic_000001.mrc: cannot be written" in done.micrographs[1].reason
    assert [row.file for row in read_truth(tmp_path / "truth.csv")] == ["mic_000000.mrc", "mic_000002.mrc"]


@pytest.mark.slow
def test_a_recipe_without_rings_is_the_reason(tmp_path: Path) -> None:
    usable = small().usable.model_copy(update={"rings": 20, "significance": 1e6})
    job = replace(jobs_of(tmp_path)[0], recipe=small().model_copy(update={"usable": usable}))
    made = simulate_scene(job)
    assert made.truth is None
    assert "visible rings" in made.reason


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_what_is_finished_is_in_the_tables(tmp_path: Path, workers: int) -> None:
    def interrupt(_: SimulatedMicrograph) -> None:
        raise KeyboardInterrupt

    done = simulate_all(tmp_path, jobs_of(tmp_path), workers, interrupt)
    assert done.run.interrupted
    assert [row.file for row in read_truth(tmp_path / "truth.csv")] == [
        made.file for made in done.micrographs
    ]
    assert len(done.micrographs) == 1


def test_tables_are_written_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thonring.batch.run.WRITE_EVERY_S", 0.0)
    monkeypatch.setattr("thonring.batch.run.WRITING_SHARE", float("inf"))
    seen: list[int] = []
    simulate_all(
        tmp_path, jobs_of(tmp_path, 3), 1, lambda _: seen.append(len(read_truth(tmp_path / "truth.csv")))
    )
    assert seen == [1, 2, 3]


def test_a_table_that_cannot_be_written_ends_the_work_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").mkdir()
    with pytest.raises(OutputError, match=r"truth\.csv"):
        simulate_all(tmp_path, jobs_of(tmp_path, 1), 1, ignore)
