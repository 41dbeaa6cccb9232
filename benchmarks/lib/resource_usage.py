"""Wall time, CPU time and peak memory of programs.

`run_measured` starts a program through a small Python process of its own, this file run as a script, because on Linux
the peak memory of a child counts from that of its parent: started directly from a large benchmark, every small
program would appear as large as the benchmark.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ONE_THREAD = {
    "LC_ALL": "C",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
POLL_S = 0.5
PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """Resources used by one run of a program and its children; `peak_MB` is that of its largest process."""

    wall_seconds: float
    cpu_seconds: float
    peak_MB: float


def run_measured(command: Sequence[str], stdin: str = "") -> ResourceUsage:
    """Run a command on one thread with the text `stdin` on its standard input.

    Raises
    ------
    RuntimeError
        If the exit code is not 0; the message ends with the output of the command.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "usage.json"
        done = subprocess.run(
            [sys.executable, "-S", __file__, str(report), *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **ONE_THREAD},
        )
        if done.returncode != 0:
            output = (done.stdout + done.stderr)[-1500:]
            raise RuntimeError(f"{command[0]} ended with exit code {done.returncode}: {output}")
        return ResourceUsage(**json.loads(report.read_text(encoding="utf-8")))


@contextmanager
def watch_peak_memory() -> Iterator[dict[int, float]]:
    """Record the peak memory of all descendants of this process, from Linux's /proc.

    Yields
    ------
    dict[int, float]
        Peak resident memory in MB by process id. The kernel itself keeps the peak, so only a process that lives for
        less than half a second can be missed. Empty where there is no /proc.
    """
    peaks_MB: dict[int, float] = {}
    stop = threading.Event()
    thread = threading.Thread(target=_poll_descendants, args=(peaks_MB, stop))
    thread.start()
    try:
        yield peaks_MB
    finally:
        stop.set()
        thread.join()


def peak_memory_MB(pid: int) -> float:
    """Peak resident memory of a running process in MB, from Linux's /proc."""
    return _parent_and_peak(PROCESSES / str(pid))[1]


def _poll_descendants(peaks_MB: dict[int, float], stop: threading.Event) -> None:
    while not stop.wait(POLL_S):
        states = {int(path.name): _parent_and_peak(path) for path in PROCESSES.glob("[0-9]*")}
        for pid in states:
            if pid != os.getpid() and os.getpid() in _ancestry(pid, states):
                peaks_MB[pid] = max(peaks_MB.get(pid, 0.0), states[pid][1])


def _parent_and_peak(path: Path) -> tuple[int, float]:
    """Parent id and peak memory in MB; zeros for a process that has ended."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in (path / "status").read_text(encoding="utf-8").splitlines())
        fields = {line[0]: line[1] for line in lines if len(line) > 1}
        return int(fields["PPid:"]), int(fields.get("VmHWM:", "0")) / 1024
    return 0, 0.0


def _ancestry(pid: int, states: dict[int, tuple[int, float]]) -> set[int]:
    """The process itself, its parent, and so on up to the root."""
    found: set[int] = set()
    while pid and pid not in found:
        found.add(pid)
        pid = states.get(pid, (0, 0.0))[0]
    return found


def _measure(report: Path, command: Sequence[str]) -> int:
    """Run a command, write its resource usage to a JSON file, and return its exit code."""
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    measured = {
        "wall_seconds": time.perf_counter() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_MB": usage.ru_maxrss / 1024,
    }
    report.write_text(json.dumps(measured), encoding="utf-8")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_measure(Path(sys.argv[1]), sys.argv[2:]))
