"""CPU time, wall time and peak memory of whole runs on 4096² float32 micrographs, ours and CTFFIND 4 in turn.

Seconds per micrograph are the difference between a run of all micrographs and a run of two, so that the start-up, also
that of two workers, is counted separately. The floor is measured in the same way: reading the file and one float32
transform of the whole image. CTFFIND is started once for each micrograph, as its users do; its start-up is short.
All values are medians over the rounds; the machine should be idle.

    python -m benchmarks.runtime.speed [--count 20] [--rounds 3] [--size 4096]
"""

import argparse
import csv
import functools
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.lib.ctffind import find_ctffind, run_ctffind
from benchmarks.lib.harness import Cell, map_in_processes, print_table, print_target, write_mrc
from benchmarks.lib.resource_usage import ResourceUsage, run_measured
from benchmarks.lib.simulated_micrographs import typical_micrograph
from thonring import Optics
from thonring.simulate import white_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
THONRING = str(Path(sys.executable).with_name("thonring"))
MRC_HEADER_BYTES = 1024
FEW = 2
FLOOR = f"""
import sys
import numpy
import scipy.fft
size = int(sys.argv[1])
for path in sys.argv[2:]:
    pixels = numpy.fromfile(path, numpy.float32, size * size, offset={MRC_HEADER_BYTES}).reshape(size, size)
    scipy.fft.rfft2(pixels, overwrite_x=True)
"""
HEADER = ["program", "CPU s each", "wall s each", "start-up CPU s", "peak MB", "over ours"]


@dataclass(frozen=True, slots=True)
class RunPair:
    """Resources of a program on FEW micrographs and on all of them."""

    few: ResourceUsage
    many: ResourceUsage
    count: int

    @property
    def cpu_each(self) -> float:
        """CPU seconds per micrograph without start-up."""
        return (self.many.cpu_seconds - self.few.cpu_seconds) / (self.count - FEW)

    @property
    def wall_each(self) -> float:
        """Wall seconds per micrograph without start-up."""
        return (self.many.wall_seconds - self.few.wall_seconds) / (self.count - FEW)

    @property
    def startup(self) -> float:
        """CPU seconds of the start-up."""
        return self.few.cpu_seconds - FEW * self.cpu_each


@dataclass(frozen=True, slots=True)
class Round:
    """One round of all programs; `reported_cpu` is the median of the CPU seconds in our results.csv."""

    ours: RunPair
    two_workers: RunPair
    reported_cpu: float
    floor: RunPair
    ctffind: list[ResourceUsage]


def write_simulated(seed: int, size: int, folder: Path) -> Path:
    """Simulate a typical micrograph with strong rings at 1 Å/px and write it as MRC."""
    truth = replace(typical_micrograph(seed, 1.0, size).truth, optics=OPTICS)
    pixels = white_micrograph(truth, (size, size), seed).pixels
    return write_mrc(folder / f"simulated_{seed:03}.mrc", pixels, truth.pixel_A)


def run_pair(run: Callable[[list[Path]], ResourceUsage], images: list[Path]) -> RunPair:
    return RunPair(run(images[:FEW]), run(images), len(images))


def thonring_run(images: list[Path], out: Path, workers: int) -> ResourceUsage:
    optics = ["--voltage", "300", "--cs", "2.7", "--pixel", "1.0"]
    output = ["--out", str(out / f"{len(images)}_{workers}"), "--workers", str(workers), "--quiet"]
    return run_measured([THONRING, "estimate", *map(str, images), *optics, *output])


def floor_run(images: list[Path], size: int) -> ResourceUsage:
    return run_measured([sys.executable, "-c", FLOOR, str(size), *map(str, images)])


def reported_cpu_seconds(run: Path) -> float:
    """Median CPU seconds per micrograph in results.csv."""
    with (run / "results.csv").open(encoding="utf-8", newline="") as table:
        return statistics.median(float(row["cpu_seconds"]) for row in csv.DictReader(table))


def one_round(images: list[Path], size: int, executable: str | None) -> Round:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        ours = run_pair(functools.partial(thonring_run, out=out, workers=1), images)
        usages = [run_ctffind(executable, image, OPTICS).usage for image in images] if executable else []
        floor = run_pair(functools.partial(floor_run, size=size), images)
        two = run_pair(functools.partial(thonring_run, out=out, workers=2), images)
        return Round(ours, two, reported_cpu_seconds(out / f"{len(images)}_1"), floor, usages)


def _runs_row(name: str, runs: list[RunPair], ours: float) -> list[Cell]:
    each = statistics.median(run.cpu_each for run in runs)
    return [
        name,
        f"{each:.3f}",
        f"{statistics.median(run.wall_each for run in runs):.3f}",
        f"{statistics.median(run.startup for run in runs):.2f}",
        f"{max(run.many.peak_MB for run in runs):.0f}",
        f"{each / ours:.2f}",
    ]


def _ctffind_row(usages: list[ResourceUsage], ours: float) -> list[Cell]:
    each = statistics.median(usage.cpu_seconds for usage in usages)
    wall = statistics.median(usage.wall_seconds for usage in usages)
    peak = max(usage.peak_MB for usage in usages)
    return ["CTFFIND 4", f"{each:.3f}", f"{wall:.3f}", "included", f"{peak:.0f}", f"{each / ours:.2f}"]


def print_rounds(rounds: list[Round], size: int) -> None:
    ours = statistics.median(one.ours.cpu_each for one in rounds)
    usages = [usage for one in rounds for usage in one.ctffind]
    two_workers = statistics.median(one.two_workers.wall_each for one in rounds)
    rows = [
        _runs_row("thonring, 1 worker", [one.ours for one in rounds], ours),
        ["thonring, 2 workers", None, f"{two_workers:.3f}", None, None, None],
        _runs_row("floor: read + one FFT", [one.floor for one in rounds], ours),
        *([_ctffind_row(usages, ours)] if usages else []),
    ]
    title = f"{rounds[0].ours.count} micrographs of {size} x {size} float32, {len(rounds)} rounds, medians"
    print_table(title, HEADER, rows)
    reported = statistics.median(one.reported_cpu for one in rounds)
    print(f"  CPU seconds per micrograph in results.csv, which exclude writing the results: {reported:.3f}")


def print_targets(rounds: list[Round]) -> None:
    ours = statistics.median(one.ours.cpu_each for one in rounds)
    peak_MB = max(one.ours.many.peak_MB for one in rounds)
    print("\nTargets")
    print_target(f"{ours:.3f} CPU s per micrograph (target: at most 0.2)", met=ours <= 0.2)
    usages = [usage for one in rounds for usage in one.ctffind]
    if usages:
        times = statistics.median(usage.cpu_seconds for usage in usages) / ours
        print_target(f"{times:.1f} times less CPU time than CTFFIND 4 (target: at least 4)", met=times >= 4)
    print_target(f"{peak_MB:.0f} MB peak memory (target: at most 400)", met=peak_MB <= 400)
    gains = [one.ours.many.wall_seconds / one.two_workers.many.wall_seconds for one in rounds]
    speedups = [one.ours.wall_each / one.two_workers.wall_each for one in rounds]
    faster = statistics.median(speedups)
    print_target(
        f"two workers {faster:.2f} times as fast as one without start-up (target: at least 1.8); "
        f"whole runs {statistics.median(gains):.2f}",
        met=faster >= 1.8,
    )
    help_seconds = statistics.median(run_measured([THONRING, "--help"]).wall_seconds for _ in range(5))
    print_target(f"thonring --help takes {help_seconds:.2f} s (target: under 0.5)", met=help_seconds < 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20, help="micrographs in one run, at least 3")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=4096, help="image size in pixels")
    options = parser.parse_args()
    executable = find_ctffind()
    with tempfile.TemporaryDirectory() as folder:
        make = functools.partial(write_simulated, size=options.size, folder=Path(folder))
        images = map_in_processes(make, range(options.count), workers=2)
        rounds = [one_round(images, options.size, executable) for _ in range(options.rounds)]
        print_rounds(rounds, options.size)
        print_targets(rounds)


if __name__ == "__main__":
    main()
