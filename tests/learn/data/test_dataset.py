"""Several files as one data set, for one process or many."""

import multiprocessing
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from factories.examples import OPTICS, make_example
from thonring.errors import InputError
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.learn.inputs import enhanced_images


def written(path: Path, numbers: range, session: str = "s", recipe: str = "") -> Path:
    with dataset_writer(path, recipe) as store:
        for number in numbers:
            store.append(make_example(number, session))
    return path


def _power(dataset: Dataset, index: int) -> float:
    return float(dataset.pyramid(index).power.sum())


def test_files_are_joined_in_their_order(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.h5", range(2), name) for name in "ab"]
    dataset = open_dataset(paths[::-1])
    assert len(dataset) == 4
    assert dataset.columns.session == ("b", "b", "a", "a")
    assert dataset.columns.values_per_pixel.shape == (4, 3)
    assert [element.file for element in dataset] == list(dataset.columns.file)
    assert dataset.example(3).optics == OPTICS
    assert _power(dataset, 1) == _power(open_dataset(paths), 3)


def test_enhanced_is_that_of_the_views(tmp_path: Path) -> None:
    dataset = open_dataset([written(tmp_path / "a.h5", range(1))])
    assert dataset.enhanced(0).shape == (3, 512, 512)
    assert np.array_equal(dataset.enhanced(0), enhanced_images(dataset.pyramid(0)))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_read_it_too(tmp_path: Path, method: str) -> None:
    dataset = open_dataset([written(tmp_path / "a.h5", range(3))])
    here = [_power(dataset, index) for index in range(3)]
    with multiprocessing.get_context(method).Pool(1) as pool:
        there = pool.starmap(_power, [(dataset, index) for index in range(3)])
    assert there == here
    assert _power(pickle.loads(pickle.dumps(dataset)), 2) == here[2]  # noqa: S301 - our own


def test_recipes_are_kept(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.h5", range(1), name, recipe="x = 1") for name in "ab"]
    assert open_dataset(paths).recipes == ("x = 1",)


def test_the_same_element_in_two_files_is_refused(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.h5", range(2)) for name in "ab"]
    with pytest.raises(InputError, match=r"b\.h5: s/mic_000\.mrc with 10000 Å is also in .*a\.h5;"):
        open_dataset(paths)


def test_other_samplings_are_refused(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.h5", range(1), name) for name in "ab"]
    with h5py.File(paths[1], "r+") as file:
        file.attrs["samplings_A"] = (1.0, 1.75, 2.75)
    with pytest.raises(InputError, match=r"b\.h5: has samplings \(1\.0, 1\.75, 2\.75\)"):
        open_dataset(paths)


def test_an_empty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"empty\.h5: contains no elements"):
        open_dataset([written(tmp_path / "empty.h5", range(0))])
    with pytest.raises(InputError, match="no data set given"):
        open_dataset([])
