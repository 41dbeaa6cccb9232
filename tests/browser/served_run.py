"""What the fixture `served` gives, and how commands are run beside it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Served:
    """A server's `address` with its token, its run, the simulated set the run was made of, and one micrograph more."""

    address: str
    run: Path
    simulated: Path
    more: Path


def thonring(place: Path, words: str) -> None:
    """Run a command of ours in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "thonring", *words.split()],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
