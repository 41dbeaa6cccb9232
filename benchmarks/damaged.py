"""A thousand small micrographs of which two hundred are damaged in ten ways, in one run of two workers.

The whole ones must come out right, each damaged one as `failed` with a reason that names the file, says what was
expected and what to do; nothing may crash, hang, print a traceback, or take memory that the images do not need.

    python benchmarks/damaged.py [--whole 800] [--of-each 20] [--quick]
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

from damaged_inputs import DAMAGES, OPTICS, Input, make
from errors_of_fits import is_gross
from peaks import watched_peaks
from tables import print_table, print_target
from vanish import vanishing

THONRING = (sys.executable, "-m", "thonring")
SECONDS_EACH, SECONDS_MORE = 5, 120
MOST_MB = 400.0
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Found:
    """An input and its row of results.csv: empty strings where there is none."""

    input: Input
    status: str
    reason: str
    defocus_A: str

    @property
    def right(self) -> bool:
        """Whether a whole input was estimated, and well."""
        if self.input.draw is None or not self.defocus_A or self.status not in {"accepted", "rejected"}:
            return False
        truth = self.input.draw.truth
        return not is_gross(truth, float(self.defocus_A) - 0.5 * (truth.defocus_u_A + truth.defocus_v_A))

    @property
    def told(self) -> bool:
        """Whether a damaged input failed with a reason that helps: the file, and at least a sentence of advice."""
        return (
            self.status == "failed"
            and self.input.path.name in self.reason
            and "unexpected" not in self.reason
            and "expected" in self.reason
            and re.search(r"[.)] [A-Z].+\.$", self.reason) is not None
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended: exit code, what it printed, and the peak of its largest process (0: not known here)."""

    code: int
    output: str
    peak_MB: float
    seconds: float


def estimated(folder: Path, whole: int, of_each: int, workers: int) -> tuple[list[Found], Ended]:
    """Make the inputs in a folder and run `thonring estimate` on it.

    Raises
    ------
    subprocess.TimeoutExpired
        If it hangs.
    """
    images, out = folder / "images", folder / "run"
    images.mkdir()
    inputs = make(images, whole, of_each)
    optics = ["--voltage", f"{OPTICS.voltage_kV}", "--cs", f"{OPTICS.cs_mm}", "--pixel", f"{OPTICS.pixel_A}"]
    command = [*THONRING, "estimate", str(images), *optics, "--out", str(out), "--workers", str(workers)]
    going = [one.path for one in inputs if one.kind == "vanishing"]
    began = time.monotonic()
    with vanishing(going, out / "settings.json"), watched_peaks() as peaks_MB:
        longest_s = SECONDS_MORE + SECONDS_EACH * len(inputs)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=longest_s)
    seconds = time.monotonic() - began
    ended = Ended(done.returncode, done.stdout + done.stderr, max(peaks_MB.values(), default=0.0), seconds)
    with (out / "results.csv").open(encoding="utf-8", newline="") as table:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(table)}
    return [_found(one, rows.get(one.path.name, {})) for one in inputs], ended


def _found(one: Input, row: dict[str, str]) -> Found:
    return Found(one, *(row.get(column, "") for column in ("status", "reasons", "defocus_A")))


def print_found(found: Sequence[Found]) -> None:
    whole = [one for one in found if not one.input.kind]
    rows = [["whole", len(whole), sum(one.status == "failed" for one in whole), _example(whole)]]
    for kind in DAMAGES:
        of_kind = [one for one in found if one.input.kind == kind]
        failed = [one for one in of_kind if one.status == "failed"]
        rows.append([kind, len(of_kind), len(failed), _example(failed)])
    print_table("Inputs and their ends", ["kind", "n", "failed", "one of the reasons"], rows)


def _example(found: Sequence[Found]) -> str:
    reasons = [one.reason.replace(f"{one.input.path.parent}/", "") for one in found if one.reason]
    return reasons[len(reasons) // 2][:SHOWN] if reasons else "-"


def print_offenders(found: Sequence[Found]) -> None:
    for one in found:
        if not (one.told if one.input.kind else one.right):
            print(f"  {one.input.path.name}: {one.status or 'no row'} {one.defocus_A} {one.reason}")
            if one.input.draw is not None:
                print(f"      {one.input.draw.described()}")


def print_targets(found: Sequence[Found], run: Ended) -> None:
    whole = [one for one in found if not one.input.kind]
    damaged = [one for one in found if one.input.kind]
    right, told = sum(one.right for one in whole), sum(one.told for one in damaged)
    accepted = sum(one.status == "accepted" for one in whole)
    print_target(
        f"{right} of {len(whole)} whole ones right ({accepted} accepted)", met=right == len(whole) > 0
    )
    print_target(f"{told} of {len(damaged)} damaged ones failed, told why", met=told == len(damaged) > 0)
    print_target(f"ended by itself with exit code {run.code}, 1 wanted", met=run.code == 1)
    print_target("no traceback", met="Traceback" not in run.output)
    said = f"{run.peak_MB:.0f} MB at the peak of the largest process, {MOST_MB:.0f} wanted"
    print_target(said, met=0 < run.peak_MB <= MOST_MB)
    print(f"  {run.seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--whole", type=int, default=800, help="undamaged micrographs")
    parser.add_argument("--of-each", type=int, default=20, help="damaged ones of each kind")
    parser.add_argument("--quick", action="store_true", help="40 whole ones, 4 of each kind")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    whole, of_each = (40, 4) if options.quick else (options.whole, options.of_each)
    with tempfile.TemporaryDirectory() as folder:
        found, run = estimated(Path(folder), whole, of_each, options.workers)
    print_found(found)
    print_offenders(found)
    print_targets(found, run)


if __name__ == "__main__":
    main()
