"""Every bad input ends in one sentence that names the file, what was found and what to do."""

import csv
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt
import pytest

import thonring
from factories.micrographs import OPTICS, micrograph
from thonring.optics import Optics
from thonring.settings import Settings


def write(path: Path, pixels: npt.NDArray[np.generic], pixel_A: float | None = 1.0) -> None:
    with warnings.catch_warnings(), mrcfile.new(path) as mrc:
        warnings.simplefilter("ignore", RuntimeWarning)
        mrc.set_data(pixels)
        if pixel_A is not None:
            mrc.voxel_size = pixel_A


def spoiled(count: int) -> npt.NDArray[np.float32]:
    pixels = micrograph().pixels.copy()
    pixels.ravel()[:: pixels.size // count] = np.nan
    return pixels


def truncated(path: Path) -> None:
    write(path, micrograph().pixels)
    path.write_bytes(path.read_bytes()[:-5000])


def without_size(path: Path) -> None:
    write(path, micrograph().pixels)
    content = bytearray(path.read_bytes())
    content[:4] = bytes(4)
    path.write_bytes(bytes(content))


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncated, "truncated: found 2355320 bytes, expected 2360320"),
    "magic": (lambda path: path.write_bytes(b"GIF89a" * 1000), "not an MRC file"),
    "nobytes": (lambda path: path.write_bytes(b""), "found 0 bytes, expected an image"),
    "nosize": (without_size, "header states 0 x 768 x 1 pixels"),
    "manynan": (lambda path: write(path, spoiled(20000)), r"NaN or infinite; expected at most 1 %"),
    "allnan": (lambda path: write(path, np.full((300, 300), np.nan, np.float32)), "NaN or infinite"),
    "constant": (lambda path: write(path, np.full((300, 300), 5, np.int16)), "constant"),
    "stack": (lambda path: write(path, np.zeros((3, 200, 200), np.float32)), "stack of 3 images"),
    "small": (lambda path: write(path, micrograph().pixels[:100, :300].copy()), "300 x 100.*at least 128"),
    "nopixel": (lambda path: write(path, micrograph().pixels, None), "size of 0 Å.*--pixel"),
    "pixel1": (lambda path: write(path, micrograph().pixels, 1.0), "size of 1 Å.*--pixel"),
}
WITHOUT_PIXEL = Optics(300.0, 2.7)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_fails_with_a_reason(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.mrc"
    make, said = BAD_FILES[name]
    make(path)
    with_pixel = name not in {"nopixel", "pixel1"}
    outcome = thonring.estimate(path, OPTICS if with_pixel else WITHOUT_PIXEL)
    (reason,) = outcome.reasons
    assert outcome.status == "failed"
    assert path.name in reason
    assert re.search(said, reason), reason
    assert "unexpected" not in reason
    assert outcome.fit is None


def test_few_nan_are_repaired_and_told(tmp_path: Path) -> None:
    write(tmp_path / "few.mrc", spoiled(500))
    outcome = thonring.estimate(tmp_path / "few.mrc", OPTICS)
    assert outcome.status == "accepted", outcome.reasons
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(15000, abs=60)
    (note,) = [note for note in outcome.notes if note.kind == "bad-pixels"]
    assert "few.mrc" in note.text


@pytest.mark.parametrize("given_A", [2.0, 0.5])
def test_a_pixel_size_off_by_two_is_told_with_its_likely_cause(tmp_path: Path, given_A: float) -> None:
    write(tmp_path / "odd.mrc", micrograph().pixels, 1.1)
    outcome = thonring.estimate(tmp_path / "odd.mrc", Optics(300.0, 2.7, 0.1, 1.1 * given_A))
    assert outcome.pixel_A == pytest.approx(1.1 * given_A)
    assert re.search("super-resolution|bin", " ".join(note.text for note in outcome.notes))


@pytest.mark.slow
def test_a_spectrum_that_is_none_fails(tmp_path: Path) -> None:
    write(tmp_path / "image_PS.mrc", micrograph().pixels)
    done = command(tmp_path / "image_PS.mrc", "--spectrum", "power", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "failed" in done.stdout


def test_a_missing_limit_file_is_told(tmp_path: Path) -> None:
    write(tmp_path / "good.mrc", micrograph().pixels)
    outcome = thonring.estimate(tmp_path / "good.mrc", OPTICS, Settings(profile="nowhere.toml"))
    assert outcome.status == "failed"
    assert "nowhere.toml" in outcome.reasons[0]


def command(*words: object) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", "thonring", "estimate", "--voltage", "300", "--cs", "2.7", "--no-plots"]
    return subprocess.run([*start, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_bad_files_among_good_ones_stop_nobody(tmp_path: Path) -> None:
    """One row for each, the good one accepted, exit code 1, and no traceback."""
    raw = tmp_path / "raw"
    raw.mkdir()
    write(raw / "good.mrc", micrograph().pixels)
    for name, (make, _) in BAD_FILES.items():
        if name != "pixel1":
            make(raw / f"{name}.mrc")
    (raw / "nopixel.mrc").unlink()
    done = command(raw, "--pixel", 1.0, "--out", tmp_path / "run")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    with (tmp_path / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(table)}
    assert set(rows) == {"good", *BAD_FILES} - {"nopixel", "pixel1"}
    assert rows.pop("good")["status"] == "accepted"
    assert {row["status"] for row in rows.values()} == {"failed"}
    assert all(row["reasons"] for row in rows.values())


@pytest.mark.slow
def test_an_output_folder_that_cannot_be_made_is_wrong_use(tmp_path: Path) -> None:
    write(tmp_path / "good.mrc", micrograph().pixels)
    (tmp_path / "file").write_text("mine")
    done = command(tmp_path / "good.mrc", "--pixel", 1.0, "--out", tmp_path / "file" / "run")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "file" in done.stderr


@pytest.mark.slow
def test_a_resolution_beyond_nyquist_is_clamped_and_told(tmp_path: Path) -> None:
    write(tmp_path / "good.mrc", micrograph().pixels)
    words = ("--pixel", 1.0, "--resolution-range", "30,1.2", "--out", tmp_path / "run")
    done = command(tmp_path / "good.mrc", *words)
    assert done.returncode == 0, done.stderr
    assert "asks for 1.2 Å" in done.stderr.replace("\n", " ")
