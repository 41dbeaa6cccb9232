"""Peak memory of each process that this one started, theirs included, as Linux's /proc tells it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_S = 0.5
PROCESSES = Path("/proc")


@contextmanager
def watched_peaks() -> Iterator[dict[int, float]]:
    """While inside, note the most memory in MB that each descendant has had at once, by its process number.

    The system keeps the mark itself, so that only a process that ends within half a second is missed.
    """
    peaks_MB: dict[int, float] = {}
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(peaks_MB, ended))
    thread.start()
    try:
        yield peaks_MB
    finally:
        ended.set()
        thread.join()


def _watch(peaks_MB: dict[int, float], ended: threading.Event) -> None:
    while not ended.wait(POLL_S):
        states = {int(path.name): _state(path) for path in PROCESSES.glob("[0-9]*")}
        for process in states:
            if process != os.getpid() and os.getpid() in _line(process, states):
                peaks_MB[process] = max(peaks_MB.get(process, 0.0), states[process][1])


def _state(path: Path) -> tuple[int, float]:
    """Parent and peak memory in MB; zeros for a process that has ended."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in (path / "status").read_text(encoding="utf-8").splitlines())
        fields = {line[0]: line[1] for line in lines if len(line) > 1}
        return int(fields["PPid:"]), int(fields.get("VmHWM:", "0")) / 1024
    return 0, 0.0


def _line(process: int, states: dict[int, tuple[int, float]]) -> set[int]:
    """The process, its parent, and so on."""
    found: set[int] = set()
    while process and process not in found:
        found.add(process)
        process = states.get(process, (0, 0.0))[0]
    return found
