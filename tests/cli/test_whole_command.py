"""The command as users start it: files in, a run folder out, on processes."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from thonring.ctf import phase_aberration
from thonring.optics import Optics

OPTICS = Optics(300.0, 2.7, 0.1, 1.5)
ROOT = Path(__file__).parents[2]


def rings(defocus_A: float, size: int = 1024) -> np.ndarray:
    """White noise seen through a CTF, with noise of the detector."""
    noise = np.random.default_rng(5)
    k = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]) / OPTICS.pixel_A
    ctf = -np.sin(phase_aberration(k**2, defocus_A, OPTICS)) * np.exp(-10 * k**2)
    seen = np.fft.irfft2(np.fft.rfft2(noise.standard_normal((size, size))) * ctf, s=(size, size))
    return (seen + noise.standard_normal((size, size))).astype(np.float32)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """One micrograph with rings, one file cut off, one that is constant."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, pixels in (("good", rings(14000.0)), ("flat", np.ones((1024, 1024), np.float32))):
        with mrcfile.new(folder / f"{name}.mrc", data=pixels) as mrc:
            mrc.voxel_size = OPTICS.pixel_A
    (folder / "cut.mrc").write_bytes((folder / "good.mrc").read_bytes()[:100_000])
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broken_file_stops_nobody(raw: Path, tmp_path: Path, workers: str) -> None:
    words = ["estimate", str(raw), "--voltage", "300", "--cs", "2.7", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "thonring", *words, "--workers", workers, "--plots", "--signals"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    with (tmp_path / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(table)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "good": "accepted",
        "cut": "failed",
        "flat": "failed",
    }
    assert float(rows["good"]["defocus_A"]) == pytest.approx(14000.0, abs=60.0)
    assert sorted(path.name for path in (tmp_path / "run" / "plots").iterdir()) == [
        "good_profile.png",
        "good_signals.png",
        "good_spectrum.png",
    ]


def test_the_readme_tells_every_option_and_no_other() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "thonring", "estimate", "--help"], capture_output=True, text=True, check=True
    ).stdout
    offered = set(re.findall(r"--[a-z-]+[a-z]", shown)) - {
        "--help",
        "--account",
        "--clip",
        "--local-maximum",
        "--no-plots",
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("## Options") : readme.index("`thonring watch` has all of them")]
    assert set(re.findall(r"--[a-z-]+[a-z]", table)) == offered
