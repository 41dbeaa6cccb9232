"""Small real files for whole commands, and all that a run folder holds for good of them."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import mrcfile
import numpy as np

from thonring.errors import OutputError
from thonring.run.open import read_run

COUNT, SIZE = 8, 160
BAD = "m05"
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


def make(folder: Path) -> Path:
    """Images of noise, and one that is damaged, in a folder `raw` of `folder`."""
    raw = folder / "raw"
    raw.mkdir()
    for index in range(COUNT):
        pixels = np.random.default_rng(index).standard_normal((SIZE, SIZE)).astype(np.float32)
        with mrcfile.new(raw / f"m{index:02}.mrc", data=pixels) as mrc:
            mrc.voxel_size = 1.5
    (raw / f"{BAD}.mrc").write_bytes(b"cut off")
    return raw


def content(run: Path) -> dict[str, object]:
    """Tables, store and spectra of a run, without CPU times and dates, which are never the same."""
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        rows = [{**row, "cpu_seconds": ""} for row in csv.DictReader(table)]
    with closing(sqlite3.connect(run / "run.db")) as store:
        kept = {query: store.execute(query).fetchall() for query in QUERIES}
    return {
        "results.csv": rows,
        **kept,
        **{name: (run / name).read_bytes() for name in TABLES},
        **{path.name: mrcfile.read(path).tobytes() for path in (run / "spectra").iterdir()},
    }


def finished(run: Path) -> list[str]:
    """Names of the micrographs that are kept; of a store that is just being made, none."""
    try:
        with read_run(run) as store:
            return [one.name for one in store]
    except OutputError:
        return []
