"""A thousand small micrographs, two hundred of them damaged in ten ways, in one run of two workers.

The intact ones must be estimated correctly. Each damaged one must end as `failed` with a reason that names the file and
says what was expected and what to do. Nothing may crash, hang, print a traceback, or take memory that the images do
not need.

    python -m benchmarks.runtime.damaged [--whole 800] [--of-each 20] [--quick]
"""

import argparse
import csv
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.damaged_inputs import DAMAGES, OPTICS, Input, remove_while_read, write_inputs
from benchmarks.lib.fit_errors import is_gross_error
from benchmarks.lib.harness import print_table, print_target
from benchmarks.lib.resource_usage import watch_peak_memory

THONRING = (sys.executable, "-m", "thonring")
SECONDS_EACH, SECONDS_MORE = 5, 120
MAX_MB = 400.0
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class InputResult:
    """An input and its row of results.csv, with empty strings if there is none."""

    input: Input
    status: str
    reason: str
    defocus_A: str

    @property
    def is_correct(self) -> bool:
        """Whether an intact input was estimated without a gross error."""
        spec = self.input.spec
        if spec is None or not self.defocus_A or self.status not in {"accepted", "rejected"}:
            return False
        true_A = 0.5 * (spec.truth.defocus_u_A + spec.truth.defocus_v_A)
        return not is_gross_error(spec.truth, float(self.defocus_A) - true_A)

    @property
    def is_explained(self) -> bool:
        """Whether a damaged input failed with a helpful reason: the file, and at least one sentence of advice."""
        return (
            self.status == "failed"
            and self.input.path.name in self.reason
            and "unexpected" not in self.reason
            and "expected" in self.reason
            and re.search(r"[.)] [A-Z].+\.$", self.reason) is not None
        )


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How the run ended: exit code, its output, and the peak of its largest process (0: unknown on this system)."""

    exit_code: int
    output: str
    peak_MB: float
    seconds: float


def estimate_inputs(
    folder: Path, intact: int, of_each: int, workers: int
) -> tuple[list[InputResult], RunEnd]:
    """Write the inputs to a folder and run `thonring estimate` on it.

    Raises
    ------
    subprocess.TimeoutExpired
        If it hangs.
    """
    images, out = folder / "images", folder / "run"
    images.mkdir()
    inputs = write_inputs(images, intact, of_each)
    optics = ["--voltage", f"{OPTICS.voltage_kV}", "--cs", f"{OPTICS.cs_mm}", "--pixel", f"{OPTICS.pixel_A}"]
    command = [*THONRING, "estimate", str(images), *optics, "--out", str(out), "--workers", str(workers)]
    to_remove = [one.path for one in inputs if one.damage == "vanishing"]
    timeout_s = SECONDS_MORE + SECONDS_EACH * len(inputs)
    began = time.monotonic()
    with remove_while_read(to_remove, out / "settings.json"), watch_peak_memory() as peaks_MB:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
    seconds = time.monotonic() - began
    peak_MB = max(peaks_MB.values(), default=0.0)
    with (out / "results.csv").open(encoding="utf-8", newline="") as table:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(table)}
    results = [_result(one, rows.get(one.path.name, {})) for one in inputs]
    return results, RunEnd(done.returncode, done.stdout + done.stderr, peak_MB, seconds)


def _result(one: Input, row: dict[str, str]) -> InputResult:
    return InputResult(one, *(row.get(column, "") for column in ("status", "reasons", "defocus_A")))


def print_results(results: Sequence[InputResult]) -> None:
    """Print how many inputs of each kind failed, with an example of the reasons."""
    intact = [one for one in results if not one.input.damage]
    rows = [["intact", len(intact), sum(one.status == "failed" for one in intact), _example(intact)]]
    for damage in DAMAGES:
        damaged = [one for one in results if one.input.damage == damage]
        failed = [one for one in damaged if one.status == "failed"]
        rows.append([damage, len(damaged), len(failed), _example(failed)])
    print_table("Results by kind of damage", ["damage", "n", "failed", "one of the reasons"], rows)


def _example(results: Sequence[InputResult]) -> str:
    reasons = [one.reason.replace(f"{one.input.path.parent}/", "") for one in results if one.reason]
    return reasons[len(reasons) // 2][:SHOWN_CHARACTERS] if reasons else "-"


def print_misses(results: Sequence[InputResult]) -> None:
    """Print every intact input that was not estimated correctly and every damaged one without a helpful reason."""
    for one in results:
        if not (one.is_explained if one.input.damage else one.is_correct):
            print(f"  {one.input.path.name}: {one.status or 'no row'} {one.defocus_A} {one.reason}")
            if one.input.spec is not None:
                print(f"      {one.input.spec.describe()}")


def print_targets(results: Sequence[InputResult], run: RunEnd) -> None:
    intact = [one for one in results if not one.input.damage]
    damaged = [one for one in results if one.input.damage]
    correct, explained = sum(one.is_correct for one in intact), sum(one.is_explained for one in damaged)
    accepted = sum(one.status == "accepted" for one in intact)
    print_target(
        f"{correct} of {len(intact)} intact micrographs estimated correctly ({accepted} accepted)",
        met=correct == len(intact) > 0,
    )
    print_target(
        f"{explained} of {len(damaged)} damaged files failed with a helpful reason",
        met=explained == len(damaged) > 0,
    )
    print_target(f"ended by itself with exit code {run.exit_code} (target: 1)", met=run.exit_code == 1)
    print_target("no traceback", met="Traceback" not in run.output)
    print_target(
        f"peak memory of the largest process: {run.peak_MB:.0f} MB (target: at most {MAX_MB:.0f})",
        met=0 < run.peak_MB <= MAX_MB,
    )
    print(f"  {run.seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--whole", type=int, default=800, help="intact micrographs")
    parser.add_argument("--of-each", type=int, default=20, help="damaged files of each kind")
    parser.add_argument("--quick", action="store_true", help="40 intact micrographs, 4 damaged of each kind")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    intact, of_each = (40, 4) if options.quick else (options.whole, options.of_each)
    with tempfile.TemporaryDirectory() as folder:
        results, run = estimate_inputs(Path(folder), intact, of_each, options.workers)
    print_results(results)
    print_misses(results)
    print_targets(results, run)


if __name__ == "__main__":
    main()
