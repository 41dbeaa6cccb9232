"""SIGKILL at random moments of a run.

Nothing may be lost or done twice, and the exports must equal those of an undisturbed run. Only the main process is
killed, as by the out-of-memory killer of the system, and the run is resumed. A run that completes before the next kill
is started again from nothing, until the number of kills is reached.

    python -m benchmarks.runtime.kills [--kills 50] [--count 200] [--size 160] [--workers 2]
"""

import argparse
import csv
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.lib.harness import print_table, print_target, write_mrc
from thonring.errors import OutputError
from thonring.run.open import read_run

THONRING = str(Path(sys.executable).with_name("thonring"))
OPTIONS = [
    "--voltage",
    "300",
    "--cs",
    "2.7",
    "--samplings",
    "native",
    "--defocus-range",
    "3000,9000",
    "--quiet",
]
FORMATS = ("star", "xmd", "csv", "ctffind", "cryosparc-csv")
PIXEL_A = 1.5
LONGEST_WAIT_S = 1.5
MAX_BETWEEN_KILLS = 14
"""Every other kill waits for at most so many more finished micrographs."""

DAMAGED_EVERY = 20
"""One of so many input files is truncated."""


@dataclass(slots=True)
class Tally:
    """Kills so far, those before the first result, micrographs lost by them, and runs that completed before one."""

    kills: int = 0
    before_first_result: int = 0
    lost: int = 0
    completed: int = 0
    done_at_kill: list[int] = field(default_factory=list)


def make_images(folder: Path, count: int, size: int) -> None:
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).standard_normal((size, size))
        path = write_mrc(folder / f"m{index:03}.mrc", pixels, PIXEL_A)
        if index % DAMAGED_EVERY == DAMAGED_EVERY - 1:
            path.write_bytes(path.read_bytes()[:2000])


def start(folder: Path, raw: Path, workers: int) -> subprocess.Popen[bytes]:
    words = ["estimate", str(raw), "--out", "run", "--workers", str(workers), *OPTIONS]
    return subprocess.Popen([THONRING, *words], cwd=folder, stderr=subprocess.DEVNULL)


def finished(run: Path) -> dict[str, str]:
    """Status by name; empty for a database that is being created."""
    try:
        with read_run(run) as store:
            return {one.name: one.outcome.status for one in store}
    except OutputError:
        return {}


def kill_repeatedly(folder: Path, raw: Path, options: argparse.Namespace) -> Tally:
    moments = random.Random(options.seed)  # noqa: S311 - when to kill
    tally, before = Tally(), dict[str, str]()
    while tally.kills < options.kills:
        process = start(folder, raw, options.workers)
        if tally.kills % 2:
            wait_for(process, folder / "run", len(before) + moments.randint(1, MAX_BETWEEN_KILLS))
        time.sleep(moments.uniform(0, LONGEST_WAIT_S) ** 2 / LONGEST_WAIT_S)
        process.kill()
        complete = process.wait() >= 0
        now = finished(folder / "run")
        tally.lost += sum(name not in now for name in before)
        if complete:
            tally.completed += 1
            delete_results(folder / "run")
            before = {}
            continue
        tally.kills += 1
        tally.before_first_result += not now
        tally.done_at_kill.append(len(now))
        before = now
    return tally


def wait_for(process: subprocess.Popen[bytes], run: Path, count: int) -> None:
    """Wait for so many finished micrographs: without this, kills would only come while the program starts."""
    while process.poll() is None and len(finished(run)) < count:
        time.sleep(0.05)


def delete_results(run: Path) -> None:
    for name in ("run.db", "results.csv"):
        (run / name).unlink()


def exports(folder: Path) -> dict[str, object]:
    """Content of every exported file, without the CPU times, which differ from run to run."""
    out = folder / "exported"
    words = [word for one in FORMATS for word in ("--format", one)]
    subprocess.run([THONRING, "export", "run", "--out", str(out), *words, "--quiet"], cwd=folder, check=True)
    found: dict[str, object] = {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    with (out / "results.csv").open(newline="", encoding="utf-8") as table:
        found["results.csv"] = [{**row, "cpu_seconds": ""} for row in csv.DictReader(table)]
    return found


def measure(folder: Path, options: argparse.Namespace) -> None:
    raw, clean, killed = folder / "raw", folder / "clean", folder / "killed"
    make_images(raw, options.count, options.size)
    for created in (clean, killed):
        created.mkdir()
    start(clean, raw, options.workers).wait()
    tally = kill_repeatedly(killed, raw, options)
    start(killed, raw, options.workers).wait()
    names = [Path(row["file"]).stem for row in rows(killed)]
    temporary = list((killed / "run").rglob(".*.tmp"))
    done = tally.done_at_kill
    print_table(
        f"{tally.kills} kills over {options.count} micrographs of {options.size} x {options.size}",
        [
            "kills before the first result",
            "fewest done",
            "most done",
            "median done",
            "completed before the kill",
            "temporary files left",
        ],
        [
            [
                tally.before_first_result,
                min(done),
                max(done),
                statistics.median(done),
                tally.completed,
                len(temporary),
            ]
        ],
    )
    print("\nTargets")
    print_target(f"{tally.lost} finished micrographs lost (target: 0)", met=tally.lost == 0)
    duplicates = len(names) - len(set(names))
    print_target(f"{duplicates} duplicate micrographs (target: 0)", met=duplicates == 0)
    print_target(
        f"{len(names)} micrographs in the tables (target: {options.count})", met=len(names) == options.count
    )
    same = exports(killed) == exports(clean)
    print_target(f"exports {'identical to' if same else 'different from'} those of a clean run", met=same)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--count", type=int, default=200, help="micrographs")
    parser.add_argument("--size", type=int, default=160, help="image size in pixels")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options)


if __name__ == "__main__":
    main()
