"""The table has a row for every file, the same whatever the processes and the batch, whatever goes wrong."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import mrcfile
import pytest

from factories.micrographs import OPTICS, STRONG, micrograph
from factories.models import CARD, Answer, make_model
from thonring.batch.prediction import PredictionJob, PredictionOptions, predict_all, read_for_network
from thonring.errors import OutputError
from thonring.learn.inputs import NetworkInput
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.learn.prediction_table import Prediction
from thonring.optics import Optics
from thonring.records import Micrograph, Source
from thonring.simulate import Truth

COUNT = 5
DEFOCI = tuple(8000.0 + 3000.0 * index for index in range(COUNT))


def image(defocus_A: float) -> Micrograph:
    return micrograph(Truth(OPTICS, defocus_A, defocus_A, 0.0, rings=STRONG), 256)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five micrographs of different defoci, with a broken file among them."""
    folder = tmp_path_factory.mktemp("raw")
    for index, defocus_A in enumerate(DEFOCI):
        with mrcfile.new(folder / f"mic_{index}.mrc", data=image(defocus_A).pixels) as mrc:
            mrc.voxel_size = OPTICS.pixel_A
    (folder / "mic_2_broken.mrc").write_bytes(b"short")
    return sorted(folder.iterdir())


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    """Its answer depends on the file."""
    return Predictor.load(make_model(tmp_path / "m.onnx", Answer(20000.0, slope=1e5)))


def jobs(files: list[Path], optics: Optics = OPTICS) -> list[PredictionJob]:
    return [PredictionJob(Source(path, optics), CARD) for path in files]


def predicted(
    tmp_path: Path, files: list[Path], predictor: Predictor, work: PredictionOptions
) -> tuple[tuple[Prediction, ...], str]:
    """The rows, and the table's text."""
    told: list[Prediction] = []
    done = predict_all(tmp_path / "out.csv", jobs(files), predictor, work, told.append)
    assert not done.run.interrupted
    assert sorted(told, key=lambda row: row.path) == list(done.rows)
    return done.rows, (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_every_file_has_its_row_in_order(tmp_path: Path, files: list[Path], predictor: Predictor) -> None:
    rows, _ = predicted(tmp_path, files, predictor, PredictionOptions())
    assert [row.path for row in rows] == files
    broken = [row for row in rows if row.status == "failed"]
    assert [row.path.name for row in broken] == ["mic_2_broken.mrc"]
    assert str(broken[0].path) in broken[0].reason
    assert math.isnan(broken[0].defocus_A)
    good = [row for row in rows if row.status == "predicted"]
    assert len(good) == COUNT == len({row.defocus_A for row in good})
    for row, defocus_A in zip(good, DEFOCI, strict=True):
        alone = read_for_network(jobs([row.path])[0])
        assert alone.network_input is not None
        assert row.defocus_A == predictor.predict([alone.network_input])[0].defocus_A, defocus_A
        assert (row.pixel_A, row.sigma_A, row.optics) == (1.0, 50.0, OPTICS)


@pytest.mark.parametrize(
    "work",
    [PredictionOptions(1, 1), PredictionOptions(1, 2), PredictionOptions(1, 100), PredictionOptions(2, 3)],
)
def test_processes_and_batches_change_nothing(
    tmp_path: Path, files: list[Path], predictor: Predictor, work: PredictionOptions
) -> None:
    rows, text = predicted(tmp_path, files, predictor, work)
    expected, expected_text = predicted(tmp_path, files, predictor, PredictionOptions(1, 8))
    assert repr(rows) == repr(expected), "NaN is not equal to itself"
    assert text == expected_text


def test_a_file_that_the_network_chokes_on_costs_no_other_its_answer(
    tmp_path: Path, files: list[Path], predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = read_for_network(jobs([files[-1]])[0]).network_input
    assert last is not None
    answer = predictor.predict

    def choking(inputs: Sequence[NetworkInput]) -> tuple[NetworkDefocus, ...]:
        if any((one.seen == last.seen).all() for one in inputs):
            raise RuntimeError("out of its depth")
        return answer(inputs)

    monkeypatch.setattr(predictor, "predict", choking)
    rows, _ = predicted(tmp_path, files, predictor, PredictionOptions(1, 8))
    failed = {row.path: row.reason for row in rows if row.status == "failed"}
    assert set(failed) == {files[-1], *(path for path in files if "broken" in path.name)}
    assert failed[files[-1]] == f"{files[-1]}: out of its depth"


def test_a_voltage_it_has_not_seen_is_predicted_and_flagged(
    tmp_path: Path, files: list[Path], predictor: Predictor
) -> None:
    low = replace(OPTICS, voltage_kV=60.0)
    done = predict_all(
        tmp_path / "out.csv", jobs(files[:1], low), predictor, PredictionOptions(), lambda _: None
    )
    (row,) = done.rows
    assert row.status == "flagged"
    assert "trained on voltage 100 to 300 kV" in row.reason
    assert math.isfinite(row.defocus_A)


def test_ctrl_c_keeps_what_is_answered(tmp_path: Path, files: list[Path], predictor: Predictor) -> None:
    told: list[Prediction] = []

    def tell(row: Prediction) -> None:
        told.append(row)
        if len(told) == 2:
            raise KeyboardInterrupt

    done = predict_all(tmp_path / "out.csv", jobs(files), predictor, PredictionOptions(1, 1), tell)
    assert done.run.interrupted
    assert done.rows == tuple(told)
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_table_that_cannot_be_written_is_an_error(
    tmp_path: Path, files: list[Path], predictor: Predictor
) -> None:
    run = partial(
        predict_all,
        jobs=jobs(files[:1]),
        predictor=predictor,
        options=PredictionOptions(),
        report=lambda _: None,
    )
    with pytest.raises(OutputError, match=r"out\.csv"):
        run(tmp_path / "no" / "such" / "out.csv")
