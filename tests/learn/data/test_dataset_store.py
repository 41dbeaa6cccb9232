"""What is written is read; what is cut off, refused or twice costs nothing else."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose

from factories.examples import make_example
from thonring.errors import InputError, OutputError, ThonringError, UnreadableFile, UnreadableTable
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.dataset.hdf5 import Hdf5Dataset, dataset_writer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three elements, written out of order."""
    path = tmp_path / "data.h5"
    with dataset_writer(path) as store:
        for number in (2, 0, 1):
            store.append(make_example(number))
    return path


def test_elements_come_back_in_the_order_of_their_files(data: Path) -> None:
    for number, found in enumerate(open_dataset([data])):
        wanted = make_example(number)
        assert replace(found, pyramid=wanted.pyramid) == wanted
        assert (found.pyramid.finest_A, found.pyramid.values_per_pixel) == (1.5, (4.0, 2.0, 1.0))
        known = wanted.pyramid.power > 0
        mean = wanted.pyramid.power[known].reshape(3, -1).mean(axis=1)[:, None, None]
        assert np.array_equal(found.pyramid.power > 0, known)
        assert_allclose((found.pyramid.power * mean)[known], wanted.pyramid.power[known], rtol=5e-3)


def test_hdf5_holds_an_element_a_chunk_in_half_floats_and_says_what_it_is(data: Path) -> None:
    with h5py.File(data) as file:
        assert file["spectra"].dtype == np.float16
        assert file["spectra"].chunks == (1, 3, 512, 257)
        assert file["spectra"].shape == (3, 3, 512, 257)
        assert list(file.attrs["samplings_A"]) == [1.0, 2.0, 3.0]
        assert file["file"][0] == b"s/mic_002.mrc"
        assert file["defocus_A"][:].tolist() == [10_002.0, 10_000.0, 10_001.0]


def test_opened_again_it_goes_on(data: Path) -> None:
    with dataset_writer(data) as store:
        assert len(store) == 3
        assert store.defocus_of["s/mic_001.mrc"] == 10_001.0
        store.append(make_example(3))
    assert len(Hdf5Dataset(data).columns) == 4


def test_never_two_of_the_same(data: Path) -> None:
    with dataset_writer(data) as store, pytest.raises(InputError, match=r"mic_001\.mrc: already in"):
        store.append(make_example(1))
    assert len(Hdf5Dataset(data).columns) == 3


@pytest.mark.parametrize(
    "bad",
    [
        lambda one: replace(one, defocus_A=float("nan")),
        lambda one: replace(one, pyramid=replace(one.pyramid, power=one.pyramid.power * np.nan)),
        lambda one: replace(one, pyramid=replace(one.pyramid, finest_A=float("inf"))),
        lambda one: replace(one, file="x" * 2000),
    ],
)
def test_an_impossible_element_is_refused_and_leaves_no_trace(data: Path, bad) -> None:  # noqa: ANN001
    with dataset_writer(data) as store:
        with pytest.raises(InputError):
            store.append(bad(make_example(7)))
        store.append(make_example(8))
    assert Hdf5Dataset(data).columns.file == tuple(f"s/mic_{number:03d}.mrc" for number in (0, 1, 2, 8))


def test_a_row_that_was_cut_off_is_written_over(data: Path) -> None:
    with h5py.File(data, "r+") as file:
        for name in set(file) - {"count"}:
            file[name].resize(5, axis=0)
        file["file"][3] = b"half a name"
    assert len(Hdf5Dataset(data).columns) == 3
    with dataset_writer(data) as store:
        store.append(make_example(3))
    assert Hdf5Dataset(data).columns.file[-1] == "s/mic_003.mrc"
    with h5py.File(data) as file:
        assert {len(file[name]) for name in set(file) - {"count"}} == {4}


def test_room_that_is_not_used_is_given_back(data: Path) -> None:
    before = data.stat().st_size
    with dataset_writer(data) as store:
        store.reserve(1000)
        assert data.stat().st_size > 700e6
    assert data.stat().st_size < before + 80e6
    assert len(Hdf5Dataset(data).columns) == 3


def started(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from factories.examples import fill; fill(sys.argv[1])",
            str(path),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.slow
@pytest.mark.kills
def test_killed_it_keeps_everything_that_was_told(tmp_path: Path) -> None:
    path, told = tmp_path / "data.h5", -1
    for lines in (3, 1, 2):
        with started(path) as process:
            assert process.stdout is not None
            for _ in range(lines):
                told = int(process.stdout.readline())
            process.kill()
            told = max([told, *map(int, process.stdout.read().split())])
    files = Hdf5Dataset(path).columns.file
    assert files[: told + 1] == tuple(f"s/mic_{number:03d}.mrc" for number in range(told + 1))
    assert len(files) <= told + 2


def test_a_full_disk_is_told_and_costs_nothing_that_is_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(free=1_000_000)
    with dataset_writer(data) as store:
        monkeypatch.setattr("thonring.learn.dataset.hdf5.shutil.disk_usage", lambda _: full)
        store.append(make_example(3))
        with pytest.raises(OutputError, match=r"2 more elements need 1\.6 MB, but only 1\.0 MB are free"):
            store.reserve(2)
        full.free = 1000
        with pytest.raises(OutputError, match="1 more elements"):
            store.append(make_example(4))
    assert len(Hdf5Dataset(data).columns) == 4


def test_names_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    name = b"caf\xe9.mrc".decode(errors="surrogateescape")
    with dataset_writer(tmp_path / "d.h5") as store:
        store.append(replace(make_example(0), file=name))
    assert Hdf5Dataset(tmp_path / "d.h5").columns.file == (name,)


def test_one_file_holds_one_kind(data: Path) -> None:
    with pytest.raises(OutputError, match="elements of another kind"), dataset_writer(data, "seed = 1"):
        pass


@pytest.mark.slow
def test_two_writers_are_one_too_many(data: Path) -> None:
    with started(data) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with pytest.raises(OutputError, match="another process"), dataset_writer(data):
                pass
        finally:
            process.kill()


def test_something_else_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"text\.h5: not HDF5, or damaged"):
        Hdf5Dataset(tmp_path / "text.h5")
    with pytest.raises(UnreadableFile, match="not found"):
        Hdf5Dataset(tmp_path / "missing.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(UnreadableTable, match="HDF5, but without"):
        Hdf5Dataset(tmp_path / "other.h5")
    with pytest.raises(UnreadableTable, match="HDF5, but without"), dataset_writer(tmp_path / "other.h5"):
        pass


def test_another_format_is_refused(data: Path) -> None:
    with h5py.File(data, "r+") as file:
        file.attrs["format"] = 99
    with pytest.raises(UnreadableTable, match="has format 99, expected 1"):
        Hdf5Dataset(data)


def test_nan_is_refused_by_its_index(data: Path) -> None:
    with h5py.File(data, "r+") as file:
        file["spectra"][1, 0, 256, 3] = np.nan
    with pytest.raises(InputError, match=r"element 1 \(s/mic_000\.mrc\) contain NaN"):
        Hdf5Dataset(data).pyramid(0)
    with h5py.File(data, "r+") as file:
        file["cs_mm"][2] = np.nan
    with pytest.raises(UnreadableTable, match="element 2 and 0 others have a cs_mm that is not finite"):
        Hdf5Dataset(data)


def test_without_h5py_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with (
        pytest.raises(ThonringError, match=r"pip install 'thonring\[train\]'"),
        dataset_writer(tmp_path / "d.h5"),
    ):
        pass
