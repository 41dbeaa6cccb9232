"""Run all benchmarks, one after the other, as `make bench` does.

python -m benchmarks.run [--quick]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.lib.resource_usage import ONE_THREAD

FOLDER = Path(__file__).parent
CACHES = FOLDER / "results"
BENCHMARKS: dict[str, tuple[list[str], list[str]]] = {
    "accuracy.real": ([], []),
    "accuracy.cramer_rao": ([], ["--count", "10", "--spectra", "20"]),
    "accuracy.ringlock": ([], ["--count", "20", "--noise", "20"]),
    "accuracy.spectrum": ([], ["--count", "6", "--noise", "2"]),
    "simulator.compare": ([], ["--count", "6"]),
    "corrections.compare": (
        ["--cache", str(CACHES / "corrections"), "--noise", "1000"],
        ["--cache", str(CACHES / "corrections-quick"), "--count", "64", "--noise", "32"],
    ),
    "network.accuracy": (
        ["--cache", str(CACHES / "networks")],
        ["--cache", str(CACHES / "networks-quick"), "--scale", "0.02"],
    ),
    "network.starts": (
        ["--cache", str(CACHES / "networks"), "--count", "896"],
        ["--cache", str(CACHES / "networks-quick"), "--count", "32"],
    ),
    "runtime.damaged": ([], ["--quick"]),
    "runtime.store": ([], ["--count", "5000"]),
    "runtime.serve": ([], ["--count", "5000"]),
    "runtime.kills": ([], ["--kills", "4", "--count", "24"]),
    "runtime.executors": ([], ["--idle", "200", "--count", "4", "--size", "1024", "--rounds", "1"]),
    "runtime.speed": ([], ["--count", "4", "--rounds", "1"]),
}
"""All benchmarks in order, with the options of a full and of a quick run. Results in CACHES are not computed again."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a few micrographs each: minutes instead of hours"
    )
    options = parser.parse_args()
    failed = []
    for name, (full, quick) in BENCHMARKS.items():
        chosen = quick if options.quick else full
        print(f"\n=== {' '.join([name, *chosen])}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *chosen]
        environment = {**os.environ, **ONE_THREAD}
        if subprocess.run(command, check=False, cwd=FOLDER.parent, env=environment).returncode != 0:
            failed.append(name)
    if failed:
        print(f"\nEnded with an error: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
