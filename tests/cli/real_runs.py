"""Real processes on small images, and what is left of them."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import mrcfile
import numpy as np

from thonring.errors import OutputError
from thonring.run.open import read_run

SIZE = 160
OPTIONS = "--voltage 300 --cs 2.7 --samplings native --defocus-range 3000,9000"


def write_noise(folder: Path, count: int, damaged: int) -> Path:
    """Small images of noise, `m00.mrc` and so on, of which one is damaged; gives their folder."""
    for index in range(count):
        pixels = np.random.default_rng(index).standard_normal((SIZE, SIZE)).astype(np.float32)
        with mrcfile.new(folder / f"m{index:02}.mrc", data=pixels) as mrc:
            mrc.voxel_size = 1.5
    (folder / f"m{damaged:02}.mrc").write_bytes(b"cut off")
    return folder


def started(place: Path, words: Sequence[object], mark: str = "") -> subprocess.Popen[str]:
    """`thonring` with these words and the options above, working in `place`."""
    return subprocess.Popen(
        [sys.executable, "-m", "thonring", *map(str, words), *OPTIONS.split()],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "THONRING_MARK": mark},
    )


def tables(run: Path) -> dict[str, object]:
    """Every table, without the CPU time, which is never the same."""
    names = ("attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd")
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        rows = [{**row, "cpu_seconds": ""} for row in csv.DictReader(table)]
    return {"results.csv": rows, **{name: (run / name).read_bytes() for name in names}}


def finished(run: Path) -> list[str]:
    """Names of the micrographs in the store."""
    try:
        with read_run(run) as store:
            return [one.name for one in store]
    except OutputError:
        return []


def await_more(process: subprocess.Popen[str], run: Path, count: int) -> None:
    """Wait for the next finished micrograph, or the end."""
    while process.poll() is None and len(finished(run)) <= count:
        time.sleep(0.1)
