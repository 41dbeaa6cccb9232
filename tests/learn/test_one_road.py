"""Estimates, predictions and data sets read a file alike, with the microscope's metadata next to it."""

import csv
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from typer.testing import CliRunner

from factories.metadata import FRAME_MDOC, IMAGE_MDOC, epu_xml
from factories.micrographs import NATIVE, micrograph
from factories.models import Answer, make_model
from thonring.cli.app import app
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.inputs import SAMPLINGS_A, spectrum_pyramid
from thonring.measurement import measured_file, measured_spectrum
from thonring.optics import Optics
from thonring.records import Source
from thonring.spectrum import full_plane, periodogram, resample

METADATA = {
    "mic.mrc.mdoc": FRAME_MDOC.replace("PixelSpacing = 0.575", "PixelSpacing = 1.056")
    .replace("= 200", "= 300")
    .replace("-11520 -8184", "-768 -768"),
    "mic.xml": epu_xml(columns=768, rows=768),
}
"""The voltage and the pixel size of an image of 768 x 768 pixels, as SerialEM and EPU write them."""


def command(expected_code: int, *words: object) -> None:
    """Run `thonring` with these words."""
    result = CliRunner().invoke(app, [str(word) for word in words], prog_name="thonring")
    assert result.exit_code == expected_code, result.output


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A micrograph whose header states no pixel size."""
    path = tmp_path / "raw" / "mic.mrc"
    path.parent.mkdir()
    mrcfile.write(path, micrograph().pixels, voxel_size=0.0)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "mine.onnx", Answer(15234.5, 41.0))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", METADATA)
def test_metadata_complete_the_optics_of_estimates_predictions_and_data_sets(
    image: Path, model: Path, tmp_path: Path, name: str
) -> None:
    image.with_name(name).write_text(METADATA[name], encoding="utf-8")
    run, table, data = tmp_path / "run", tmp_path / "defocus.csv", tmp_path / "data.h5"
    command(0, "estimate", image, "--cs", 2.7, "--out", run, "--no-plots")
    command(0, "predict", image, "--cs", 2.7, "--out", table, "--model", model)
    command(0, "dataset", "build", run, "--out", data)
    (estimated,), (predicted,), dataset = rows(run / "results.csv"), rows(table), open_dataset([data])
    assert estimated["status"] == "accepted"
    assert predicted["status"] == "predicted"
    for row in (estimated, predicted):
        assert (float(row["voltage_kV"]), float(row["pixel_A"])) == (300.0, pytest.approx(1.056))
    assert dataset.columns.voltage_kV.tolist() == [300.0]
    assert dataset.columns.finest_A[0] == pytest.approx(1.056)


def test_notes_on_metadata_reach_the_table_of_predictions(image: Path, model: Path, tmp_path: Path) -> None:
    image.with_name("mic.mrc.mdoc").write_text(IMAGE_MDOC.replace("4096", "768"), encoding="utf-8")
    table = tmp_path / "defocus.csv"
    command(0, "predict", image, "--cs", 2.7, "--voltage", 200, "--out", table, "--model", model)
    (row,) = rows(table)
    assert row["status"] == "predicted"
    assert "states 300 kV; the given 200 kV" in row["notes"]
    assert "tilted by 30.0°" in row["notes"]


def test_metadata_are_ignored_on_request(image: Path, model: Path, tmp_path: Path) -> None:
    image.with_name("mic.mrc.mdoc").write_text(IMAGE_MDOC.replace("4096", "768"), encoding="utf-8")
    words = ("predict", image, "--cs", 2.7, "--out", tmp_path / "defocus.csv", "--model", model)
    command(2, *words, "--no-metadata")
    command(1, *words, "--no-metadata", "--voltage", 300)
    (row,) = rows(tmp_path / "defocus.csv")
    assert row["status"] == "failed"
    assert "--pixel" in row["reasons"]


@pytest.mark.filterwarnings("ignore:Data array contains NaN")
@pytest.mark.parametrize("finest_A", [1.0, 1.7])
def test_a_spectrum_goes_as_far_as_is_wanted(image: Path, finest_A: float) -> None:
    """It is the transform of the repaired image, with the notes and the optics that an estimate would have."""
    source = Source(image, Optics(300.0, 2.7, pixel_A=1.0))
    spoiled = micrograph().pixels.copy()
    spoiled[5, 7] = np.nan
    mrcfile.write(image, spoiled, voxel_size=1.3, overwrite=True)
    measured, estimated = measured_spectrum(source, None, finest_A), measured_file(source, NATIVE, None)
    assert measured.spectrum.sampling_A == pytest.approx(finest_A, rel=0.01)
    assert [note.kind for note in measured.notes] == ["pixel-size", "bad-pixels"]
    assert (measured.notes, measured.optics, measured.shape) == (
        estimated.notes,
        estimated.optics,
        estimated.shape,
    )
    assert measured.pixel_A == 1.0


def test_a_given_spectrum_is_the_same_for_an_estimate_and_a_network(tmp_path: Path) -> None:
    path = tmp_path / "mic_PS.mrc"
    mrcfile.write(path, full_plane(resample(periodogram(micrograph(), 1.0), 1.4)), voxel_size=1.4)
    source = Source(path, Optics(300.0, 2.7))
    measured, estimated = measured_spectrum(source, "power", 1.0), measured_file(source, NATIVE, "power")
    np.testing.assert_array_equal(measured.spectrum.power, estimated.spectrum.power)
    assert measured.pixel_A == pytest.approx(1.4)
    pyramid = spectrum_pyramid(measured.spectrum)
    assert pyramid.samplings_A == SAMPLINGS_A
    assert not pyramid.power[0][0].any(), "nothing is known beyond 1.4 Å"
