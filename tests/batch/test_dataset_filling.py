"""A data set is the same however it was interrupted, and whatever the number of processes."""

from pathlib import Path

import numpy as np
import pytest

from thonring.batch.dataset import (
    DatasetResult,
    ExampleJob,
    ExampleResult,
    MeasuredJob,
    SimulatedJob,
    fill_dataset,
    make_example,
    measured_jobs,
    plan_dataset,
)
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.dataset.example import Accepted
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.optics import Optics
from thonring.simulate import load_recipe, noise_micrograph
from thonring.simulate.output import write_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.5)
RECIPE = load_recipe("training")


def drawn(count: int) -> list[SimulatedJob]:
    return [SimulatedJob(RECIPE, 1, index) for index in range(count)]


def filled(
    path: Path, jobs: list[ExampleJob], workers: int = 1, told: list[ExampleResult] | None = None
) -> DatasetResult:
    with dataset_writer(path) as store:
        return fill_dataset(store, plan_dataset(store, jobs), workers, ([] if told is None else told).append)


def accepted(path: Path, defocus_A: float = 15_000.0, phase_shift_deg: float = 0.0) -> Accepted:
    return Accepted(Path("/run"), path, OPTICS, defocus_A, phase_shift_deg)


@pytest.fixture
def micrograph(tmp_path: Path) -> Path:
    path = tmp_path / "raw" / "mic.mrc"
    path.parent.mkdir()
    write_micrograph(path, noise_micrograph(OPTICS, (256, 256), 1))
    return path


@pytest.mark.slow
def test_the_same_elements_by_one_process_and_by_two(tmp_path: Path) -> None:
    for workers in (1, 2):
        filled(tmp_path / f"{workers}.h5", drawn(3), workers)
    one, two = (open_dataset([tmp_path / f"{workers}.h5"]) for workers in (1, 2))
    assert one.columns.file == two.columns.file
    assert np.array_equal(one.columns.defocus_A, two.columns.defocus_A)
    assert np.array_equal(one.pyramid(2).power, two.pyramid(2).power)


def test_interrupted_it_goes_on_and_adds_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "d.h5"

    def interrupt(_: ExampleResult) -> None:
        raise KeyboardInterrupt

    with dataset_writer(path) as store:
        done = fill_dataset(store, plan_dataset(store, drawn(3)), 1, interrupt)
    assert done.run.interrupted
    assert len(open_dataset([path])) == 1
    told: list[ExampleResult] = []
    assert not filled(path, drawn(3), told=told).run.interrupted
    assert len(told) == 2
    assert filled(path, drawn(3)).results == ()
    assert len(set(open_dataset([path]).columns.file)) == 3


def test_an_accepted_micrograph_is_read_again(tmp_path: Path, micrograph: Path) -> None:
    (job,) = measured_jobs([accepted(micrograph)], None)
    done = filled(tmp_path / "d.h5", [job])
    assert [found.reason for found in done.results] == [""]
    element = open_dataset([tmp_path / "d.h5"]).example(0)
    assert (element.session, element.file, element.source) == (
        str(micrograph.parent),
        str(micrograph),
        "/run",
    )
    assert (element.defocus_A, element.pyramid.finest_A) == (15_000.0, pytest.approx(1.5))
    assert measured_jobs([accepted(micrograph)], "grid 3")[0].session == "grid 3"


def test_a_bad_file_costs_no_other(tmp_path: Path, micrograph: Path) -> None:
    jobs = measured_jobs([accepted(tmp_path / "missing.mrc"), accepted(micrograph)], None)
    done = filled(tmp_path / "d.h5", list(jobs))
    assert [bool(found.reason) for found in done.results] == [True, False]
    assert "missing.mrc: cannot be opened" in done.results[0].reason


def test_another_defocus_of_the_same_micrograph_is_refused_and_told(tmp_path: Path, micrograph: Path) -> None:
    jobs = measured_jobs([accepted(micrograph), accepted(micrograph), accepted(micrograph, 15_020.0)], None)
    told: list[ExampleResult] = []
    filled(tmp_path / "d.h5", list(jobs), told=told)
    assert sorted(bool(found.reason) for found in told) == [False, True]
    assert "already in the data set with 15000 Å; /run now has 15020 Å" in told[0].reason
    assert len(open_dataset([tmp_path / "d.h5"])) == 1


def test_a_phase_plate_is_left_out(micrograph: Path) -> None:
    found = make_example(MeasuredJob(accepted(micrograph, phase_shift_deg=90.0), "s"))
    assert "phase shift of 90°" in found.reason
