"""Whole commands on small images of noise: the files, the process, and what a run folder keeps of them."""

import csv
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import mrcfile
import numpy as np

from thonring.errors import OutputError
from thonring.run.open import read_run

COUNT, SIZE_PX = 8, 160
DAMAGED = 5
OPTIONS = ["--voltage", "300", "--cs", "2.7", "--samplings", "native", "--defocus-range", "3000,9000"]
QUERIES = (
    "SELECT id, path, name FROM input ORDER BY id",
    "SELECT settings, spectrum_kind, artefacts, thonring FROM recipe",
    (
        "SELECT input, asked, size, mtime_ns, status, reasons, voltage_kV, cs_mm, amplitude_contrast, given_pixel_A, "
        "pixel_A, rows, columns, chosen, notes, content_hash FROM micrograph ORDER BY input"
    ),
    "SELECT names, attempt.* FROM attempt JOIN criteria ON criteria.id = criteria ORDER BY micrograph, number",
)
TABLES = ("attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd")


def write_noise(folder: Path, count: int = COUNT, damaged: int | None = DAMAGED) -> Path:
    """Write small images of noise, `m00.mrc` and so on, of which one may be damaged; returns their folder."""
    folder.mkdir(exist_ok=True)
    for index in range(count):
        pixels = np.random.default_rng(index).standard_normal((SIZE_PX, SIZE_PX)).astype(np.float32)
        with mrcfile.new(folder / f"m{index:02}.mrc", data=pixels) as mrc:
            mrc.voxel_size = 1.5
    if damaged is not None:
        (folder / f"m{damaged:02}.mrc").write_bytes(b"cut off")
    return folder


def start(
    cwd: Path, words: Sequence[object], mark: str = "", *, own_session: bool = False
) -> subprocess.Popen[str]:
    """Start `thonring` with these words and `OPTIONS`; in a session of its own, signals to its group reach it alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "thonring", *map(str, words), *OPTIONS],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "THONRING_MARK": mark},
        start_new_session=own_session,
    )


def await_more(process: subprocess.Popen[str], run: Path, count: int = 0, timeout_s: float = 60.0) -> None:
    """Wait until the run holds more than `count` micrographs, or the process ends."""
    deadline_s = time.monotonic() + timeout_s
    while process.poll() is None and len(names_in(run)) <= count and time.monotonic() < deadline_s:
        time.sleep(0.05)


def names_in(run: Path) -> list[str]:
    """Names of the micrographs in the store; none where it is just being created."""
    try:
        with read_run(run) as store:
            return [one.name for one in store]
    except OutputError:
        return []


def tables_of(run: Path) -> dict[str, object]:
    """Every table, without the CPU time, which is never the same."""
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        rows = [{**row, "cpu_seconds": ""} for row in csv.DictReader(table)]
    return {"results.csv": rows, **{name: (run / name).read_bytes() for name in TABLES}}


def content_of(run: Path) -> dict[str, object]:
    """Tables, store and spectra, without CPU times and dates, which are never the same."""
    with closing(sqlite3.connect(run / "run.db")) as store:
        rows = {query: store.execute(query).fetchall() for query in QUERIES}
    spectra = {path.name: mrcfile.read(path).tobytes() for path in (run / "spectra").iterdir()}
    return {**tables_of(run), **rows, **spectra}
