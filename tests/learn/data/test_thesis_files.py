"""The thesis' three files: as its programs cut them, and back."""

from pathlib import Path

import numpy as np
import pytest

from factories.examples import make_example
from thonring.errors import InputError, OutputError, UnreadableFile, UnreadableTable
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.dataset.hdf5 import writing
from thonring.learn.dataset.thesis_export import line_of, write_thesis_files
from thonring.learn.dataset.thesis_files import DEFOCI, HEAD, IMAGES, METADATA


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    with writing(tmp_path / "data.h5") as store:
        for number in range(3):
            store.append(make_example(number, f"raw {number}/a b", defocus_A=15_000.4 + number))
    return open_dataset([tmp_path / "data.h5"])


@pytest.fixture
def folder(dataset: Dataset, tmp_path: Path) -> Path:
    write_thesis_files(dataset, tmp_path / "thesis")
    return tmp_path / "thesis"


def test_columns_stand_where_percent_formats_put_them() -> None:
    for values in ((0, 7, 300, 1, "/a/b c.mrc"), (1234567, 123_456, 100, 1, "x")):
        assert line_of(values[0], values[1], values[2], values[4]) == "%9.7d%11d%8d%9d %s" % values  # noqa: UP031


def test_the_table_as_the_listings_of_the_thesis_cut_it(folder: Path) -> None:
    lines = (folder / METADATA).read_text(encoding="utf-8").splitlines()
    assert lines.pop(0) == HEAD
    assert [int(line[:9]) for line in lines] == [0, 1, 2]
    assert [int(line[10:21]) for line in lines] == [15_000, 15_001, 15_002]
    assert {int(line[21:28]) for line in lines} == {300}
    assert {int(line[30:38]) for line in lines} == {1}
    assert [line[38:] for line in lines] == [f"raw {number}/a b/mic_{number:03d}.mrc" for number in range(3)]
    assert HEAD.split() == ["ID", "DEFOCUS", "KV", "SUBSET", "FILE"]


def test_arrays_are_the_enhanced_spectra_channels_last_and_whole_angstroms(
    folder: Path, dataset: Dataset
) -> None:
    images, defoci = np.load(folder / IMAGES), np.load(folder / DEFOCI)
    assert images.shape == (3, 512, 512, 3)
    assert images.dtype == np.float64
    assert defoci.tolist() == [15_000, 15_001, 15_002]
    for index in range(3):
        assert np.array_equal(np.moveaxis(images[index], -1, 0), dataset.enhanced(index))


def test_read_back_it_is_the_same_data_set_of_images(folder: Path, dataset: Dataset) -> None:
    again = open_dataset([folder])
    assert again.columns.file == dataset.columns.file
    assert again.columns.session == dataset.columns.session
    assert again.columns.defocus_A.tolist() == [15_000, 15_001, 15_002]
    assert again.columns.voltage_kV.tolist() == [300.0] * 3
    assert np.isnan(again.columns.cs_mm).all()
    assert np.array_equal(again.enhanced(2), dataset.enhanced(2))
    assert again.splits(0).train.size == 1
    assert len(open_dataset([folder / METADATA])) == 3


def test_images_are_no_spectra(folder: Path) -> None:
    with pytest.raises(InputError, match="element 1 is an enhanced image"):
        open_dataset([folder]).views(1)


def test_a_size_beyond_the_limit_is_told_before_anything_is_written(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"3 elements as float64 take 0\.0 GB.*--yes"):
        write_thesis_files(dataset, tmp_path / "thesis", limit_GB=0.01)
    assert not (tmp_path / "thesis").exists()


def test_nan_is_refused_by_its_index(folder: Path) -> None:
    images = np.load(folder / IMAGES, mmap_mode="r+")
    images[1, 5, 5, 0] = np.nan
    images.flush()
    with pytest.raises(InputError, match="element 1 holds NaN"):
        open_dataset([folder]).enhanced(1)


def test_files_that_do_not_go_together_are_refused(folder: Path) -> None:
    np.save(folder / DEFOCI, np.array([15_000, 15_001, 99]))
    with pytest.raises(UnreadableTable, match="element 2 has 15002 Å"):
        open_dataset([folder])
    np.save(folder / DEFOCI, np.array([15_000.0, np.nan, 15_002.0]))
    with pytest.raises(UnreadableTable, match="element 1"):
        open_dataset([folder])
    np.save(folder / DEFOCI, np.array([15_000]))
    with pytest.raises(UnreadableTable, match="expected as many in each"):
        open_dataset([folder])


def test_damaged_files_are_refused(folder: Path) -> None:
    np.save(folder / DEFOCI, np.array(["a"], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableFile, match=DEFOCI):
        open_dataset([folder])
    (folder / METADATA).write_text(f"{HEAD}\n0 many 300 1 x\n", encoding="utf-8")
    with pytest.raises(UnreadableTable, match="line 2: found '0 many 300 1 x'"):
        open_dataset([folder])
    (folder / METADATA).unlink()
    with pytest.raises(UnreadableFile, match=METADATA):
        open_dataset([folder])


def test_images_of_another_size_are_refused(folder: Path) -> None:
    np.save(folder / IMAGES, np.zeros((3, 256, 256, 3)))
    with pytest.raises(UnreadableTable, match="shape"):
        open_dataset([folder])
