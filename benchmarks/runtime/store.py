"""The database of a large run: time and memory of the resume scan and of exports, and time to store a micrograph.

The run is synthetic and its files are empty. Each measurement is a process of its own: the resume scan lists the
folder, checks the state of every file and compares it with the database; the export writes all tables of a run.

    python -m benchmarks.runtime.store [--count 100000] [--keep FOLDER]
"""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from benchmarks.lib.harness import print_table, print_target
from benchmarks.lib.resource_usage import ResourceUsage, run_measured
from benchmarks.lib.store_factory import OPTICS, create_empty_micrographs, create_run, random_outcome

THONRING = str(Path(sys.executable).with_name("thonring"))
FORMATS = {
    "all tables of a run": ("star", "xmd", "csv"),
    "json": ("json",),
    "ctffind, one text per micrograph": ("ctffind",),
}
MAX_SCAN_S, MAX_EXPORT_S, MAX_MB = 5.0, 30.0, 500.0
COMMITS = 200


def scan(raw: Path, run: Path) -> None:
    """Do what `thonring estimate RAW --out RUN` does before its first micrograph; fail if there is anything to do."""
    from thonring.batch.jobs import RunOptions, plan
    from thonring.batch.resume import plan_resume
    from thonring.batch.threads import garbage_collection_paused
    from thonring.optics import PartialOptics
    from thonring.quality import load_profile
    from thonring.read import sources
    from thonring.run.open import open_run
    from thonring.settings import Settings

    settings = Settings()
    recipe = RunOptions(run, replace(settings, limits=load_profile(settings.profile)))
    given = PartialOptics(OPTICS.voltage_kV, OPTICS.cs_mm, OPTICS.amplitude_contrast)
    with garbage_collection_paused(), open_run(run) as store:
        inputs = sources([str(raw)], given, metadata=True)
        names = store.register([source.path for source in inputs])
        found = plan_resume(store, plan(inputs, recipe, None, names), recipe)
    if found.new or found.changed:
        raise SystemExit(f"expected nothing new or changed, found {found.new} and {found.changed}")


def seconds_per_commit(folder: Path) -> float:
    """Time to store one micrograph durably on the disk of `folder`."""
    import random

    from thonring.run.open import open_run
    from thonring.run.provenance import Provenance, file_state, inputs_text, processing
    from thonring.settings import Settings

    run = folder / "commits"
    run.mkdir()
    origin = Provenance(file_state(run), inputs_text(OPTICS, None), processing(Settings(), None, (), "0"))
    paths = [Path(f"{number}.mrc") for number in range(COMMITS)]
    outcomes = [random_outcome(path, ["one", "two"], random.Random(0)) for path in paths]  # noqa: S311
    with open_run(run) as store:
        store.register(paths)
        began = time.perf_counter()
        for outcome in outcomes:
            store.add(outcome, origin)
        return (time.perf_counter() - began) / COMMITS


def measure(folder: Path, count: int) -> None:
    raw, run, out = folder / "raw", folder / "run", folder / "out"
    create_run(run, create_empty_micrographs(raw, count))
    out.mkdir()
    start_up = run_measured([THONRING, "export", "--help"])
    scanned = run_measured([sys.executable, "-m", "benchmarks.runtime.store", "--scan", str(raw), str(run)])
    exported = {
        name: run_measured(
            [
                THONRING,
                "export",
                str(run),
                "--out",
                str(out),
                *(word for one in formats for word in ("--format", one)),
            ]
        )
        for name, formats in FORMATS.items()
    }
    usages = {"start-up only": start_up, "resume scan": scanned, **exported}
    size_MB = (run / "run.db").stat().st_size / 1e6
    title = f"{count} micrographs, run.db of {size_MB:.0f} MB"
    print_table(title, ["what", "wall s", "CPU s", "peak MB"], [_row(*item) for item in usages.items()])
    print(f"  storing one micrograph: {1e3 * seconds_per_commit(folder):.1f} ms")
    _print_targets(scanned, exported["all tables of a run"], list(usages.values()))


def _row(name: str, usage: ResourceUsage) -> list[str]:
    return [name, f"{usage.wall_seconds:.2f}", f"{usage.cpu_seconds:.2f}", f"{usage.peak_MB:.0f}"]


def _print_targets(scanned: ResourceUsage, exported: ResourceUsage, usages: list[ResourceUsage]) -> None:
    print("\nTargets")
    for what, usage, most_s in (
        ("resume scan", scanned, MAX_SCAN_S),
        ("export of all tables", exported, MAX_EXPORT_S),
    ):
        text = f"{what} in {usage.wall_seconds:.1f} s (target: at most {most_s:.0f})"
        print_target(text, met=usage.wall_seconds <= most_s)
    peak_MB = max(usage.peak_MB for usage in usages)
    print_target(f"{peak_MB:.0f} MB peak memory (target: at most {MAX_MB:.0f})", met=peak_MB <= MAX_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="micrographs in the run")
    parser.add_argument("--keep", type=Path, help="create the run in this new folder, and keep it")
    parser.add_argument(
        "--scan",
        nargs=2,
        type=Path,
        metavar=("RAW", "RUN"),
        help="only do the resume scan",
    )
    options = parser.parse_args()
    if options.scan:
        scan(*options.scan)
        return
    if options.keep:
        options.keep.mkdir()
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.count)


if __name__ == "__main__":
    main()
