"""What is told of a data set are its numbers."""

from pathlib import Path

import numpy as np
import pytest

from factories.examples import make_example
from thonring.errors import OutputError
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.learn.dataset.overview import histograms, overview, write_histograms
from thonring.learn.dataset.thesis_export import write_thesis_files


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    with dataset_writer(tmp_path / "data.h5") as store:
        for number in range(5):
            store.append(make_example(number, "ab"[number % 2], defocus_A=10_000.0 * (number + 1)))
    return open_dataset([tmp_path / "data.h5"])


def test_counts_and_ranges(dataset: Dataset) -> None:
    told = dict(overview(dataset))
    assert told["elements"] == "5"
    assert told["sessions"] == "2, of 2 to 3 elements"
    assert told["voltage"] == "300 kV: 5"
    assert told["defocus"].startswith("10000 to 50000 Å, median 30000,")
    assert told["known to (resolution limit)"] == "1.5 to 1.5 Å/px"


def test_every_element_is_in_every_histogram(dataset: Dataset) -> None:
    defocus, pixel, sessions = histograms(dataset.columns).axes
    assert sum(bar.get_height() for bar in defocus.patches) == 5
    assert sum(bar.get_height() for bar in pixel.patches) == 5
    assert sum(bar.get_width() for bar in sessions.patches) == 5


@pytest.mark.slow
def test_what_is_not_known_is_said(dataset: Dataset, tmp_path: Path) -> None:
    write_thesis_files(dataset, tmp_path / "thesis")
    thesis = open_dataset([tmp_path / "thesis"])
    assert dict(overview(thesis))["Cs"] == "unknown"
    assert not histograms(thesis.columns).axes[1].patches
    assert np.isnan(thesis.columns.finest_A).all()


def test_the_picture_is_a_png_or_an_error(dataset: Dataset, tmp_path: Path) -> None:
    write_histograms(dataset, tmp_path / "info.png")
    assert (tmp_path / "info.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match=r"x\.png: cannot be written"):
        write_histograms(dataset, tmp_path / "no" / "such" / "x.png")
