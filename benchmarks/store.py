"""The store of a large run: how long it takes to find out what is to be done and to export, in how much memory.

The run is made up, its files are empty. Each measured program is a process of its own: the resume scan lists the
folder, looks at every file and compares all with the store; the export writes every table of a run.

    python benchmarks/store.py [--count 100000] [--keep FOLDER]
"""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from made_store import OPTICS, make_files, make_store
from metered import Usage, run_metered
from tables import print_table, print_target

THONRING = str(Path(sys.executable).with_name("thonring"))
FORMATS = {
    "the tables of a run": ("star", "xmd", "csv"),
    "json": ("json",),
    "ctffind, a text each": ("ctffind",),
}
MOST_SCAN_S, MOST_EXPORT_S, MOST_MB = 5.0, 30.0, 500.0
COMMITS = 200


def scan(raw: Path, run: Path) -> None:
    """What `thonring estimate RAW --out RUN` does before its first micrograph; fails if anything is to be done."""
    from thonring.batch.jobs import RunOptions, plan
    from thonring.batch.resume import plan_resume
    from thonring.batch.threads import uncollected
    from thonring.optics import PartialOptics
    from thonring.quality import load_profile
    from thonring.read import sources
    from thonring.run.open import open_run
    from thonring.settings import Settings

    settings = Settings()
    options = RunOptions(run, replace(settings, limits=load_profile(settings.profile)))
    given = PartialOptics(OPTICS.voltage_kV, OPTICS.cs_mm, OPTICS.amplitude_contrast)
    with uncollected(), open_run(run) as store:
        inputs = sources([str(raw)], given, metadata=True)
        names = store.register([source.path for source in inputs])
        found = plan_resume(store, plan(inputs, options, None, names), options)
    if found.new or found.changed:
        raise SystemExit(f"expected nothing new or changed, found {found.new} and {found.changed}")


def seconds_a_commit(folder: Path) -> float:
    """Time that one micrograph takes to be kept for good on the disk of `folder`."""
    import random

    from made_store import made_outcome
    from thonring.run.open import open_run
    from thonring.run.provenance import Provenance, file_state, inputs_text, processing
    from thonring.settings import Settings

    run = folder / "commits"
    run.mkdir()
    origin = Provenance(file_state(run), inputs_text(OPTICS, None), processing(Settings(), None, (), "0"))
    paths = [Path(f"{number}.mrc") for number in range(COMMITS)]
    outcomes = [made_outcome(path, ["one", "two"], random.Random(0)) for path in paths]  # noqa: S311
    with open_run(run) as store:
        store.register(paths)
        began = time.perf_counter()
        for outcome in outcomes:
            store.add(outcome, origin)
        return (time.perf_counter() - began) / COMMITS


def measure(folder: Path, count: int) -> None:
    raw, run, out = folder / "raw", folder / "run", folder / "out"
    make_store(run, make_files(raw, count))
    out.mkdir()
    start_up = run_metered([THONRING, "export", "--help"])
    scanned = run_metered([sys.executable, __file__, "--scan", str(raw), str(run)])
    exported = {
        name: run_metered(
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
    usages = {"start-up alone": start_up, "resume scan": scanned, **exported}
    size_MB = (run / "run.db").stat().st_size / 1e6
    title = f"{count} micrographs, run.db of {size_MB:.0f} MB"
    print_table(title, ["what", "wall s", "CPU s", "peak MB"], [_row(*item) for item in usages.items()])
    print(f"  one micrograph kept for good: {1e3 * seconds_a_commit(folder):.1f} ms")
    _print_targets(scanned, exported["the tables of a run"], list(usages.values()))


def _row(name: str, usage: Usage) -> list[str]:
    return [name, f"{usage.wall_seconds:.2f}", f"{usage.cpu_seconds:.2f}", f"{usage.peak_MB:.0f}"]


def _print_targets(scanned: Usage, exported: Usage, usages: list[Usage]) -> None:
    print("\nFigures to reach")
    for what, usage, most_s in (
        ("resume scan", scanned, MOST_SCAN_S),
        ("export of all tables", exported, MOST_EXPORT_S),
    ):
        text = f"{what} in {usage.wall_seconds:.1f} s, {most_s:.0f} wanted"
        print_target(text, met=usage.wall_seconds <= most_s)
    peak_MB = max(usage.peak_MB for usage in usages)
    print_target(f"{peak_MB:.0f} MB at the peak, {MOST_MB:.0f} wanted", met=peak_MB <= MOST_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="micrographs in the run")
    parser.add_argument("--keep", type=Path, help="a new folder where the run is made and stays")
    parser.add_argument(
        "--scan", nargs=2, type=Path, metavar=("RAW", "RUN"), help="measure this: do the scan"
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
