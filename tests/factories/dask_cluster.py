"""A real Dask scheduler and real workers on loopback, each a process of its own, for tests."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
QUIET = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error",
}
PATIENCE_S = 60.0


@dataclass(slots=True)
class Cluster:
    """A scheduler that listens at `address`, and what was started for it."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, *options: str, first_on_path: Path | None = None, cwd: Path | None = None) -> None:
        """Start workers, with a nanny unless the options say otherwise."""
        words = [self.address, "--no-dashboard", "--local-directory", str(self.folder), *options]
        process = started(["distributed.cli.dask_worker", *words], cwd or self.folder, first_on_path)
        self.workers.append(process)


def started(words: list[str], cwd: Path, first_on_path: Path | None = None) -> subprocess.Popen[bytes]:
    path = [str(first_on_path)] if first_on_path else []
    path += [str(TESTS), *sys.path]
    environment = {**os.environ, **QUIET, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def cluster_in(folder: Path, *options: str) -> Iterator[Cluster]:
    """Start a scheduler, and workers if there are options for them; all end with the block."""
    told = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    scheduler = started(["distributed.cli.dask_scheduler", *words, "--scheduler-file", str(told)], folder)
    try:
        cluster = Cluster(folder, scheduler, _address(told))
    except BaseException:
        scheduler.kill()
        raise
    try:
        if options:
            cluster.add(*options)
        yield cluster
    finally:
        _end([*cluster.workers, scheduler])


def _address(told: Path) -> str:
    for _ in range(int(PATIENCE_S / 0.05)):
        with suppress(OSError, ValueError):
            return str(json.loads(told.read_text(encoding="utf-8"))["address"])
        time.sleep(0.05)
    raise TimeoutError("the scheduler did not start")


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """At once; what a nanny started ends with it."""
    for process in processes:
        process.kill()
        process.wait()
