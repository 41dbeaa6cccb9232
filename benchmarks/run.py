"""All benchmarks, one after the other; `make bench` calls this.

Usage: python benchmarks/run.py [--quick]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from metered import ONE_THREAD

FOLDER = Path(__file__).parent
CACHES = FOLDER / "results"
OPTIONS: dict[str, tuple[list[str], list[str]]] = {
    "real.py": ([], []),
    "accuracy.py": ([], ["--count", "10", "--spectra", "20"]),
    "ringlock.py": ([], ["--count", "20", "--noise", "20"]),
    "spectrum.py": ([], ["--count", "6", "--noise", "2"]),
    "simulator.py": ([], ["--count", "6"]),
    "corrections.py": (
        ["--cache", str(CACHES / "corrections"), "--noise", "1000"],
        ["--cache", str(CACHES / "corrections-quick"), "--count", "64", "--noise", "32"],
    ),
    "networks.py": (
        ["--cache", str(CACHES / "networks")],
        ["--cache", str(CACHES / "networks-quick"), "--scale", "0.02"],
    ),
    "network_starts.py": (
        ["--cache", str(CACHES / "networks"), "--count", "896"],
        ["--cache", str(CACHES / "networks-quick"), "--count", "32"],
    ),
    "damaged.py": ([], ["--quick"]),
    "store.py": ([], ["--count", "5000"]),
    "serve.py": ([], ["--count", "5000"]),
    "kills.py": ([], ["--kills", "4", "--count", "24"]),
    "executors.py": ([], ["--idle", "200", "--count", "4", "--size", "1024", "--rounds", "1"]),
    "speed.py": ([], ["--count", "4", "--rounds", "1"]),
}
"""Every benchmark, in order, with the options of a whole and of a quick run; what CACHES hold is not measured again."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few of everything: minutes, not hours")
    options = parser.parse_args()
    failed = []
    for script, (whole, quick) in OPTIONS.items():
        chosen = quick if options.quick else whole
        print(f"\n=== {' '.join([script, *chosen])}", flush=True)
        command = [sys.executable, str(FOLDER / script), *chosen]
        if subprocess.run(command, check=False, env={**os.environ, **ONE_THREAD}).returncode != 0:
            failed.append(script)
    if failed:
        print(f"\nEnded with an error: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
