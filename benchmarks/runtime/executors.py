"""Overhead of each executor, and the speedup of two workers over one.

Jobs that do nothing show the overhead of an executor per micrograph; real jobs on 4096² float32 micrographs show the
speedup by a second worker. The limit of the machine itself is measured by the same arithmetic in two processes and in
one. The load of the machine before each measurement is printed; it should be near 0.

    python -m benchmarks.runtime.executors [--idle 2000] [--count 24] [--size 4096] [--rounds 3]
"""

import argparse
import functools
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.harness import map_in_processes, print_table, print_target
from benchmarks.lib.store_factory import idle_job
from benchmarks.runtime.speed import OPTICS, write_simulated
from thonring.batch.estimation import Task, run_jobs
from thonring.batch.executors.base import Executor, Inline
from thonring.batch.executors.choice import OwnCluster
from thonring.batch.executors.open import ExecutorChoice, open_executor
from thonring.batch.executors.processes import Processes
from thonring.batch.jobs import Job, RunOptions, plan, work
from thonring.formats.run_tables import prepare_run
from thonring.optics import PartialOptics
from thonring.quality import load_profile
from thonring.read import sources
from thonring.settings import Settings

CHOICES: dict[str, ExecutorChoice] = {
    "inline": Inline(),
    "processes, 1": Processes(1),
    "processes, 2": Processes(2),
    "dask, 1": OwnCluster(1),
    "dask, 2": OwnCluster(2),
}
SUMMANDS = 6_000_000
MAX_OVERHEAD_MS = 10.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds to start an executor, and per job after that: wall time, and CPU time of this process."""

    start_up_s: float
    each_s: float
    cpu_each_s: float
    load: float


def default_options(run_folder: Path) -> RunOptions:
    return RunOptions(run_folder, Settings(limits=load_profile("default")))


def time_jobs(choice: ExecutorChoice, jobs: Sequence[Job], task: Task, shared: RunOptions) -> Timing:
    load = os.getloadavg()[0]
    began = time.perf_counter()
    inputs = [job.source.path for job in jobs]
    with open_executor(choice, shared.run, inputs, print) as executor:
        warm_up(executor, jobs, task)
        warm = time.perf_counter()
        cpu = time.process_time()
        done = sum(1 for _ in run_jobs(jobs, executor, task))
        each_s = (time.perf_counter() - warm) / done
        return Timing(warm - began, each_s, (time.process_time() - cpu) / done, load)


def warm_up(executor: Executor, jobs: Sequence[Job], task: Task) -> None:
    """Run enough jobs for every worker to have imported all that it needs."""
    for _ in run_jobs(jobs[:4], executor, task):
        pass


def arithmetic(_: int) -> int:
    return sum(range(SUMMANDS))


def machine_speedup() -> float:
    """Speedup of two processes over one at pure arithmetic."""
    return arithmetic_seconds(1) / arithmetic_seconds(2)


def arithmetic_seconds(workers: int) -> float:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        list(pool.map(arithmetic, range(2 * workers)))
        began = time.perf_counter()
        list(pool.map(arithmetic, range(24)))
        return time.perf_counter() - began


def measure_idle(jobs: Sequence[Job], shared: RunOptions) -> None:
    found = {name: time_jobs(choice, jobs, idle_job, shared) for name, choice in CHOICES.items()}
    print_table(
        f"{len(jobs)} jobs that do nothing",
        ["executor, workers", "start-up s", "wall ms per job", "CPU ms per job, this process", "load before"],
        [
            [name, one.start_up_s, 1e3 * one.each_s, 1e3 * one.cpu_each_s, one.load]
            for name, one in found.items()
        ],
    )
    worst = max(found.values(), key=lambda one: one.each_s)
    print_target(
        f"largest overhead {1e3 * worst.each_s:.1f} ms per micrograph (target: at most {MAX_OVERHEAD_MS:.0f})",
        met=1e3 * worst.each_s <= MAX_OVERHEAD_MS,
    )


def measure_real(jobs: Sequence[Job], shared: RunOptions, rounds: int) -> None:
    """Measure the executors in turn, so that other work on the machine affects all alike."""
    found: dict[str, list[Timing]] = {name: [] for name in CHOICES}
    for _ in range(rounds):
        for name, choice in CHOICES.items():
            found[name].append(time_jobs(choice, jobs, work, shared))
    each = {name: statistics.median(one.each_s for one in all_) for name, all_ in found.items()}
    print_table(
        f"{len(jobs)} micrographs, {rounds} rounds, medians",
        ["executor, workers", "wall s per micrograph", "speedup over one worker", "highest load before"],
        [
            [
                name,
                each[name],
                each[_with_one_worker(name)] / each[name],
                max(one.load for one in found[name]),
            ]
            for name in CHOICES
        ],
    )
    machine = machine_speedup()
    print(f"  limit of the machine: two processes are {machine:.2f} times as fast as one at pure arithmetic")
    for kind in ("processes", "dask"):
        gain = each[f"{kind}, 1"] / each[f"{kind}, 2"]
        print_target(
            f"{kind}: two workers {gain:.2f} times as fast as one (target: at least 1.8)", met=gain >= 1.8
        )


def _with_one_worker(name: str) -> str:
    return name.replace(", 2", ", 1")


def jobs_of(images: Sequence[Path], shared: RunOptions) -> list[Job]:
    optics = PartialOptics(OPTICS.voltage_kV, OPTICS.cs_mm, None, OPTICS.pixel_A)
    return plan(sources([str(image) for image in images], optics), shared)


def measure(folder: Path, options: argparse.Namespace) -> None:
    shared = default_options(folder / "run")
    prepare_run(shared.run)
    make: Callable[[int], Path] = functools.partial(write_simulated, size=options.size, folder=folder)
    images = map_in_processes(make, range(options.count), workers=2)
    jobs = jobs_of(images, shared)
    measure_idle([jobs[index % len(jobs)] for index in range(options.idle)], shared)
    measure_real(jobs, shared, options.rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--idle", type=int, default=2000, help="jobs that do nothing")
    parser.add_argument("--count", type=int, default=24, help="micrographs, at least 4")
    parser.add_argument("--size", type=int, default=4096, help="image size in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options)


if __name__ == "__main__":
    main()
