"""What a user of `thonring predict` and of `estimate --start` gives and gets."""

import csv
import math
import os
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from factories.commands import Command
from factories.micrographs import micrograph
from factories.models import CARD, Answer, make_model
from thonring.learn import predict
from thonring.spectrum import full_plane, periodogram, resample

MICROSCOPE = ("--voltage", 300, "--cs", 2.7)
OPTIONS = "--out --model --voltage --cs --amplitude-contrast --pixel --no-metadata --spectrum --workers --batch --quiet"
COLUMNS = "file,status,defocus_A,sigma_A,voltage_kV,cs_mm,pixel_A,reasons,notes"


def plain(text: str) -> str:
    """The words without the box that usage errors are drawn in."""
    return " ".join(text.replace("│", " ").split())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two micrographs with a usable header."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, rows_kept in (("a.mrc", 512), ("b.mrc", 400)):
        with mrcfile.new(folder / name, data=micrograph().pixels[:rows_kept]) as mrc:
            mrc.voxel_size = 1.05
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "mine.onnx", Answer(15234.5, 41.0))


def test_a_table_with_a_row_a_file(command: Command, folder: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "defocus.csv"
    result = command("predict", folder, "--out", out, "--model", model, *MICROSCOPE)
    assert result.exit_code == 0, result.output
    assert "[1/2] a.mrc predicted 15234 ± 41 Å" in result.stdout
    assert "2 predicted" in result.stdout
    assert out.read_text(encoding="utf-8").splitlines()[0] == COLUMNS
    for row, name in zip(rows(out), ("a.mrc", "b.mrc"), strict=True):
        assert row["file"] == str(folder / name)
        assert (row["status"], row["reasons"]) == ("predicted", "")
        assert (float(row["defocus_A"]), float(row["sigma_A"])) == (15234.5, 41.0)
        assert (float(row["voltage_kV"]), float(row["pixel_A"])) == (300.0, pytest.approx(1.05))


def test_a_bad_file_is_a_row_and_stops_nothing(
    command: Command, folder: Path, model: Path, tmp_path: Path
) -> None:
    (folder / "aa.mrc").write_bytes(b"broken")
    out = tmp_path / "defocus.csv"
    result = command("predict", folder, "--out", out, "--model", model, *MICROSCOPE)
    assert result.exit_code == 1
    assert [row["status"] for row in rows(out)] == ["predicted", "failed", "predicted"]
    assert str(folder / "aa.mrc") in rows(out)[1]["reasons"]
    assert rows(out)[1]["defocus_A"] == ""


def test_a_voltage_beyond_the_training_is_flagged(
    command: Command, folder: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "defocus.csv"
    result = command("predict", folder, "--out", out, "--model", model, "--voltage", 80, "--cs", 2.7)
    assert result.exit_code == 0
    assert result.stderr.count("trained on voltage of 100 to 300 kV") == 1, "told once"
    assert [row["status"] for row in rows(out)] == ["flagged", "flagged"]
    assert all("voltage" in row["reasons"] and row["defocus_A"] for row in rows(out))


@pytest.mark.parametrize("kind", ["power", "amplitude"])
def test_spectra_are_inputs_too(command: Command, model: Path, tmp_path: Path, kind: str) -> None:
    plane = full_plane(resample(periodogram(micrograph(), 1.0), 1.4))
    with mrcfile.new(tmp_path / "one_PS.mrc", data=plane if kind == "power" else np.sqrt(plane)) as mrc:
        mrc.voxel_size = 1.4
    out = tmp_path / "defocus.csv"
    words = ("predict", tmp_path / "one_PS.mrc", "--out", out, "--model", model, *MICROSCOPE)
    result = command(*words, "--spectrum", kind, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    (row,) = rows(out)
    assert (row["status"], float(row["pixel_A"])) == ("predicted", pytest.approx(1.4))


def test_a_star_file_brings_its_optics(command: Command, folder: Path, model: Path, tmp_path: Path) -> None:
    star = tmp_path / "micrographs.star"
    star.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnVoltage #2\n_rlnSphericalAberration #3\n"
        "_rlnAmplitudeContrast #4\n_rlnMicrographPixelSize #5\n1 200 1.4 0.1 1.05\n\n"
        "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n"
        f"{folder / 'b.mrc'} 1\n",
        encoding="utf-8",
    )
    out = tmp_path / "defocus.csv"
    result = command("predict", star, "--out", out, "--model", model)
    assert result.exit_code == 0, result.output
    (row,) = rows(out)
    assert (row["file"], row["voltage_kV"], row["cs_mm"]) == (str(folder / "b.mrc"), "200", "1.4")


@pytest.mark.slow
def test_workers_and_batches_change_nothing(
    command: Command, folder: Path, model: Path, tmp_path: Path
) -> None:
    words = ("predict", folder, "--model", model, *MICROSCOPE, "--quiet", "--out")
    assert command(*words, tmp_path / "one.csv").exit_code == 0
    assert command(*words, tmp_path / "two.csv", "--workers", 2, "--batch", 1).exit_code == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_an_old_network_has_the_error_of_its_card(command: Command, folder: Path, tmp_path: Path) -> None:
    card = CARD.model_copy(update={"kind": "enhanced", "sigma_A": 504.0})
    model = make_model(tmp_path / "thesis1.onnx", Answer(20000.0), card)
    out = tmp_path / "defocus.csv"
    assert command("predict", folder, "--out", out, "--model", model, *MICROSCOPE).exit_code == 0
    assert [row["sigma_A"] for row in rows(out)] == ["504", "504"]


def test_a_damaged_model_is_refused_before_any_work(
    command: Command, folder: Path, model: Path, tmp_path: Path
) -> None:
    model.write_bytes(model.read_bytes() + b"x")
    result = command("predict", folder, "--out", tmp_path / "no.csv", "--model", model, *MICROSCOPE)
    assert result.exit_code == 2
    assert "damaged or replaced" in result.stderr
    assert not (tmp_path / "no.csv").exists()


def test_a_missing_model_is_named(command: Command, folder: Path, tmp_path: Path) -> None:
    words = ("--model", tmp_path / "nowhere.onnx", *MICROSCOPE)
    result = command("predict", folder, "--out", tmp_path / "no.csv", *words)
    assert result.exit_code == 2
    assert str(tmp_path / "nowhere.") in result.stderr


@pytest.mark.parametrize(
    ("place", "message"), [("raw", "is a folder"), ("no/such/out.csv", "does not exist")]
)
def test_the_table_needs_a_place(
    command: Command, folder: Path, model: Path, tmp_path: Path, place: str, message: str
) -> None:
    assert folder.is_dir()
    result = command("predict", folder, "--out", tmp_path / place, "--model", model, *MICROSCOPE)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_table_that_is_there_stays_until_the_new_one_comes(
    command: Command, folder: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "defocus.csv"
    out.write_text("old", encoding="utf-8")
    assert command("predict", folder, "--out", out, "--model", model).exit_code == 2
    assert out.read_text(encoding="utf-8") == "old", "the voltage is missing"
    assert command("predict", folder, "--out", out, "--model", model, *MICROSCOPE).exit_code == 0
    assert len(rows(out)) == 2


@pytest.fixture
def nothing_packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "PACKAGED", tmp_path / "no" / "rings.onnx")
    predict._packaged.cache_clear()


@pytest.mark.usefixtures("nothing_packaged")
def test_without_a_packaged_network_it_says_so(command: Command, folder: Path, tmp_path: Path) -> None:
    result = command("predict", folder, "--out", tmp_path / "no.csv", *MICROSCOPE)
    assert result.exit_code == 2
    assert "includes no network" in result.stderr


@pytest.mark.usefixtures("nothing_packaged")
@pytest.mark.parametrize("start", ["network", "network-only"])
def test_a_start_from_no_network_says_so_before_any_work(
    command: Command, folder: Path, tmp_path: Path, start: str
) -> None:
    run = tmp_path / "run"
    result = command("estimate", folder, "--out", run, *MICROSCOPE, "--start", start)
    assert result.exit_code == 2
    assert "includes no network" in result.stderr
    assert not run.exists()


@pytest.mark.parametrize("start", ["network", "network-only"])
def test_an_estimate_can_start_from_the_network(
    command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    packaged = make_model(tmp_path / "weights" / "rings.onnx", Answer(15234.5 * 1.05**2, 41.0))
    monkeypatch.setattr(predict, "PACKAGED", packaged)
    predict._packaged.cache_clear()
    run = tmp_path / "run"
    profile = tmp_path / "mine.toml"
    profile.write_text('[[limit]]\ncriterion = "network_agreement"\nat_most = 1e9\n', encoding="utf-8")
    words = ("estimate", folder, "--out", run, *MICROSCOPE, "--start", start, "--profile", profile)
    result = command(*words)
    predict._packaged.cache_clear()
    assert result.exit_code == 0, result.output
    assert f'"start": "{start}"' in (run / "settings.json").read_text(encoding="utf-8")
    for row in rows(run / "results.csv"):
        assert row["status"] == "accepted"
        assert float(row["defocus_A"]) == pytest.approx(15000 * 1.05**2, rel=0.01)
        assert math.isfinite(float(row["network_agreement"]))


def test_a_phase_plate_and_the_network_exclude_each_other(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    words = ("--out", tmp_path / "run", *MICROSCOPE, "--start", "network", "--phase-shift")
    result = command("estimate", folder, *words)
    assert result.exit_code == 2
    assert "phase-plate data" in result.stderr


@pytest.mark.parametrize("words", [("--batch", 0), ("--workers", 0), ("--spectrum", "phase")])
def test_impossible_options_are_usage_errors(command: Command, words: tuple[object, ...]) -> None:
    result = command("predict", "a.mrc", "--out", "out.csv", *words)
    assert result.exit_code == 2
    assert str(words[0]) in plain(result.stderr)


def test_help_names_the_options_and_needs_no_runtime() -> None:
    environment = {**os.environ, "COLUMNS": "200"}
    code = (
        "import sys\nfrom thonring.cli import main\nsys.argv = ['thonring', 'predict', '--help']\n"
        "try:\n    main()\nfinally:\n    print({'numpy', 'onnxruntime', 'matplotlib'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert shown.stdout.strip().endswith("set()"), shown.stderr
    for option in OPTIONS.split():
        assert option in shown.stdout
