"""Every long command that is interrupted, by Ctrl-C or SIGTERM, keeps and writes what it has finished."""

import csv
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gemmi
import matplotlib.pyplot as plt
import mrcfile
import numpy as np
import pytest

from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.training.config import plan_of_checkpoint
from thonring.simulate import read_truth

pytestmark = [pytest.mark.slow, pytest.mark.kills]

COUNT, SIZE_PX = 40, 192
MICROSCOPE = ("--voltage", 300, "--cs", 2.7)
ESTIMATION = (*MICROSCOPE, "--samplings", "native", "--defocus-range", "3000,9000")
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
PROGRESS = re.compile(r"\[ *\d+/\d+\] (\S+)")
LIMIT_S = 180


@contextmanager
def started(folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """`thonring` with these words, working in `folder`; stderr goes into the file `stderr` there."""
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "thonring", *map(str, words)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal, wait for the end and give the rest of the output; the exit code is that of the signal."""
    process.send_signal(number)
    assert process.stdout is not None
    rest = process.stdout.read()
    assert process.wait() == 128 + number, rest
    return rest


def interrupted(folder: Path, words: Sequence[object], number: signal.Signals) -> list[str]:
    """Run a command, interrupt it after three micrographs, and give the names of all that it reported."""
    with started(folder, *words) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while len([line for line in lines if PROGRESS.match(line)]) < 3:
            line = process.stdout.readline()
            assert line, (folder / "stderr").read_text()
            lines.append(line)
        lines += ended(process, number).splitlines()
    errors = (folder / "stderr").read_text()
    assert "Traceback" not in errors
    assert any("Interrupted" in line for line in lines)
    assert [str(path) for path in folder.rglob("*.tmp")] == []
    return [match[1] for match in map(PROGRESS.match, lines) if match]


def check_kept(kept: Sequence[str], reported: Sequence[str], total: int) -> None:
    """What was reported is kept, and at most one more: it was kept when the signal came."""
    assert set(reported) <= set(kept)
    assert len(set(kept)) == len(kept) <= len(reported) + 1
    assert 3 <= len(kept) < total


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Micrographs of noise."""
    folder = tmp_path_factory.mktemp("raw")
    for index in range(COUNT):
        pixels = np.random.default_rng(index).standard_normal((SIZE_PX, SIZE_PX)).astype(np.float32)
        with mrcfile.new(folder / f"m{index:02}.mrc", data=pixels) as mrc:
            mrc.voxel_size = 1.5
    return folder


@pytest.fixture(scope="module")
def run(raw: Path) -> Path:
    """A run that accepted all of them: its only limit holds for every micrograph."""
    profile, run = raw / "accept_all.toml", raw / "run"
    profile.write_text('[[limit]]\ncriterion = "ice_ring"\nat_most = 1e9\n', encoding="utf-8")
    words = ["estimate", raw, "--out", run, "--profile", profile, "--quiet", *ESTIMATION]
    subprocess.run([sys.executable, "-m", "thonring", *map(str, words)], check=True)
    return run


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@SIGNALS
@pytest.mark.parametrize("workers", [1, 2])
def test_simulate_writes_truth_and_star_of_what_is_finished(
    tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    (tmp_path / "small.toml").write_text("size = 128\n[usable]\nrings = 0\n", encoding="utf-8")
    words = ("simulate", "--count", 2000, "--recipe", "small.toml", "--out", "set", "--workers", workers)
    reported = interrupted(tmp_path, words, number)
    kept = [row.file for row in read_truth(tmp_path / "set" / "truth.csv")]
    check_kept(kept, reported, 2000)
    assert kept == sorted(kept)
    for name in ("micrographs.star", "truth.star"):
        table = gemmi.cif.read(str(tmp_path / "set" / name)).find_block("micrographs")
        assert [Path(path).name for path in table.find_loop("_rlnMicrographName")] == kept
    for name in kept:
        with mrcfile.open(tmp_path / "set" / name) as mrc:
            assert mrc.data.shape == (128, 128)
    files = {path.name for path in (tmp_path / "set").glob("*.mrc")}
    assert set(kept) <= files
    if workers == 1:
        assert len(files) <= len(kept) + 1, "one may have been in work"


@SIGNALS
@pytest.mark.parametrize("workers", [1, 2])
def test_predict_writes_the_table_of_what_is_predicted(
    raw: Path, tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    words = ("predict", raw, "--out", "defocus.csv", "--batch", 1, "--workers", workers, *MICROSCOPE)
    reported = interrupted(tmp_path, words, number)
    kept = rows(tmp_path / "defocus.csv")
    check_kept([Path(row["file"]).name for row in kept], reported, COUNT)
    assert all(float(row["defocus_A"]) > 0 for row in kept)


@SIGNALS
def test_estimate_writes_the_tables_of_what_is_estimated(
    raw: Path, tmp_path: Path, number: signal.Signals
) -> None:
    reported = interrupted(tmp_path, ("estimate", raw, "--out", "run", *ESTIMATION), number)
    kept = rows(tmp_path / "run" / "results.csv")
    check_kept([Path(row["file"]).name for row in kept], reported, COUNT)


@SIGNALS
@pytest.mark.parametrize("workers", [1, 2])
def test_dataset_simulate_keeps_its_elements_and_goes_on(
    tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    words = ("dataset", "simulate", "--out", "data.h5", "--workers", workers, "--count")
    reported = interrupted(tmp_path, (*words, 500), number)
    kept = open_dataset([tmp_path / "data.h5"]).columns.file
    check_kept(kept, reported, 500)
    with started(tmp_path, *words, len(kept) + 2) as process:
        assert process.stdout is not None
        assert "were already there" in process.stdout.read()
        assert process.wait() == 0
    assert len(set(open_dataset([tmp_path / "data.h5"]).columns.file)) == len(kept) + 2


@SIGNALS
def test_dataset_build_keeps_its_elements(run: Path, tmp_path: Path, number: signal.Signals) -> None:
    reported = interrupted(tmp_path, ("dataset", "build", run, "--out", "data.h5"), number)
    dataset = open_dataset([tmp_path / "data.h5"])
    check_kept(dataset.columns.file, reported, COUNT)
    assert all(np.isfinite(dataset.views(index).power).all() for index in range(len(dataset)))


def await_path(process: subprocess.Popen[str], found: Callable[[], bool], folder: Path) -> None:
    """Wait until something is found, while the process goes on."""
    while not found():
        assert process.poll() is None, (folder / "stderr").read_text()
        time.sleep(0.01)


@SIGNALS
def test_report_keeps_its_figures(run: Path, tmp_path: Path, number: signal.Signals) -> None:
    figures = tmp_path / "report" / "figures"
    with started(tmp_path, "report", run, "--out", "report") as process:
        await_path(process, lambda: any(figures.glob("*.png")), tmp_path)
        ended(process, number)
    errors = (tmp_path / "stderr").read_text()
    assert "Traceback" not in errors
    assert f"interrupted: finished figures are in {Path('report') / 'figures'}" in errors
    assert [path.name for path in tmp_path.rglob("*.tmp")] == []
    assert not (tmp_path / "report" / "report.html").exists()
    pictures = list(figures.glob("*.png"))
    assert pictures
    assert all(plt.imread(picture).ndim == 3 for picture in pictures)


@pytest.mark.training
@SIGNALS
def test_train_says_how_to_go_on_from_its_last_checkpoint(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "short.toml").write_text("[length]\nbatch = 4\nepochs = 1000\n", encoding="utf-8")
    with started(tmp_path, "dataset", "simulate", "--count", 12, "--out", "data.h5", "--quiet") as process:
        assert process.wait() == 0
    words = ("train", "--network", "rings", "--data", "data.h5", "--recipe", "short.toml", "--out", "out")
    last = tmp_path / "out" / "checkpoints" / "last.ckpt"
    with started(tmp_path, *words, "--quiet") as process:
        await_path(process, last.is_file, tmp_path)
        ended(process, number)
    errors = (tmp_path / "stderr").read_text()
    assert "Traceback" not in errors
    assert f"continue with --resume {last.relative_to(tmp_path)}" in errors
    assert plan_of_checkpoint(last).network == "rings"


@SIGNALS
def test_serve_ends_with_the_code_of_the_signal(run: Path, tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, "serve", run, "--port", 0) as process:
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        ended(process, number)
    assert "Traceback" not in (tmp_path / "stderr").read_text()
