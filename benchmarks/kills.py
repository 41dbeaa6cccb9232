"""SIGKILL at random moments of a run: nothing lost, nothing twice, exports identical to an undisturbed run's.

The run is killed, with its process alone as by the system's out-of-memory killer, and started again until it
has been killed so often or is complete; a complete one is begun anew from its inputs, into the same count.

    python benchmarks/kills.py [--kills 50] [--count 200] [--size 160] [--workers 2]
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

from images import write_mrc
from tables import print_table, print_target
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
MOST_MORE = 14
"""Micrographs that are finished at most between two kills that are waited for."""

DAMAGED = 20
"""Every so many inputs are cut off."""


@dataclass(slots=True)
class Tally:
    """What the kills did: how often each came where, and micrographs that were finished and then were not."""

    kills: int = 0
    before_the_first: int = 0
    lost: int = 0
    completed: int = 0
    done_at_kill: list[int] = field(default_factory=list)


def make_images(folder: Path, count: int, size: int) -> None:
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).standard_normal((size, size))
        path = write_mrc(folder / f"m{index:03}.mrc", pixels, PIXEL_A)
        if index % DAMAGED == DAMAGED - 1:
            path.write_bytes(path.read_bytes()[:2000])


def start(place: Path, raw: Path, workers: int) -> subprocess.Popen[bytes]:
    words = ["estimate", str(raw), "--out", "run", "--workers", str(workers), *OPTIONS]
    return subprocess.Popen([THONRING, *words], cwd=place, stderr=subprocess.DEVNULL)


def finished(run: Path) -> dict[str, str]:
    """Status by name; of a store that is just being made, none."""
    try:
        with read_run(run) as store:
            return {one.name: one.outcome.status for one in store}
    except OutputError:
        return {}


def kill_often(place: Path, raw: Path, options: argparse.Namespace) -> Tally:
    moments = random.Random(options.seed)  # noqa: S311 - when to kill
    tally, before = Tally(), dict[str, str]()
    while tally.kills < options.kills:
        process = start(place, raw, options.workers)
        if tally.kills % 2:
            wait_for(process, place / "run", len(before) + moments.randint(1, MOST_MORE))
        time.sleep(moments.uniform(0, LONGEST_WAIT_S) ** 2 / LONGEST_WAIT_S)
        process.kill()
        complete = process.wait() >= 0
        now = finished(place / "run")
        tally.lost += sum(name not in now for name in before)
        if complete:
            tally.completed += 1
            begin_anew(place / "run")
            before = {}
            continue
        tally.kills += 1
        tally.before_the_first += not now
        tally.done_at_kill.append(len(now))
        before = now
    return tally


def wait_for(process: subprocess.Popen[bytes], run: Path, count: int) -> None:
    """Every second kill comes while the program still looks at what is there; the others here, in its work."""
    while process.poll() is None and len(finished(run)) < count:
        time.sleep(0.05)


def begin_anew(run: Path) -> None:
    for name in ("run.db", "results.csv"):
        (run / name).unlink()


def exports(place: Path) -> dict[str, object]:
    """Every export's content, without the CPU time, which is never the same."""
    out = place / "exported"
    words = [word for one in FORMATS for word in ("--format", one)]
    subprocess.run([THONRING, "export", "run", "--out", str(out), *words, "--quiet"], cwd=place, check=True)
    found: dict[str, object] = {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    with (out / "results.csv").open(newline="", encoding="utf-8") as table:
        found["results.csv"] = [{**row, "cpu_seconds": ""} for row in csv.DictReader(table)]
    return found


def measure(folder: Path, options: argparse.Namespace) -> None:
    raw, undisturbed, killed = folder / "raw", folder / "undisturbed", folder / "killed"
    make_images(raw, options.count, options.size)
    for place in (undisturbed, killed):
        place.mkdir()
    start(undisturbed, raw, options.workers).wait()
    tally = kill_often(killed, raw, options)
    start(killed, raw, options.workers).wait()
    names = [Path(row["file"]).stem for row in rows(killed)]
    left = list((killed / "run").rglob(".*.tmp"))
    done = tally.done_at_kill
    print_table(
        f"{tally.kills} kills over {options.count} micrographs of {options.size} x {options.size}",
        [
            "before the first",
            "fewest done",
            "most done",
            "median done",
            "complete before the kill",
            "files left half written",
        ],
        [[tally.before_the_first, min(done), max(done), statistics.median(done), tally.completed, len(left)]],
    )
    print("\nFigures to reach")
    print_target(f"{tally.lost} finished micrographs lost, 0 wanted", met=tally.lost == 0)
    twice = len(names) - len(set(names))
    print_target(f"{twice} micrographs twice, 0 wanted", met=twice == 0)
    print_target(
        f"{len(names)} micrographs in the tables, {options.count} wanted", met=len(names) == options.count
    )
    same = exports(killed) == exports(undisturbed)
    print_target(f"exports {'identical to' if same else 'other than'} an undisturbed run's", met=same)


def rows(place: Path) -> list[dict[str, str]]:
    with (place / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--count", type=int, default=200, help="micrographs")
    parser.add_argument("--size", type=int, default=160, help="pixels each way")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options)


if __name__ == "__main__":
    main()
