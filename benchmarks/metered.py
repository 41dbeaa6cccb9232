"""Start a program through meter.py and return what it used."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

METER = Path(__file__).with_name("meter.py")
ONE_THREAD = {
    "LC_ALL": "C",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a program took: its children included, `peak_MB` that of its largest process."""

    wall_seconds: float
    cpu_seconds: float
    peak_MB: float


def run_metered(command: Sequence[str], answers: str = "") -> Usage:
    """Run a command on one thread with `answers` on its standard input.

    Raises
    ------
    RuntimeError
        If it exits with anything but 0; the message ends with its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "usage.json"
        done = subprocess.run(
            [sys.executable, "-S", str(METER), str(report), *command],
            input=answers,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **ONE_THREAD},
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr)[-1500:]
            raise RuntimeError(f"{command[0]} ended with exit code {done.returncode}: {said}")
        return Usage(**json.loads(report.read_text(encoding="utf-8")))
