"""The server of a large run: how long its answers take, and in how much memory.

The run is made up, its files are empty. The server is a process of its own, asked one request at a time.

    python benchmarks/serve.py [--count 100000] [--run RUN]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from made_store import make_files, make_store
from tables import print_table, print_target

ROUNDS = 7
MOST_OVERVIEW_S, MOST_TABLE_S, MOST_MB = 1.0, 0.3, 500.0
READING = {
    "state": "state",
    "overview": "overview",
    "table: first page": "micrographs",
    "table: in the midst, sorted by defocus": "micrographs?sort=-defocus_A&offset={half}",
    "table: sorted and searched by file": "micrographs?sort=-file&search=7_Data",
    "table: filtered three ways": "micrographs?status=rejected&failing=drift&low.defocus_A=10000&sort=score",
    "table: neighbours of one": "micrographs?sort=score&around={half}",
    "all numbers of a query": "selection?status=accepted",
    "curate: what there is": "curate",
    "curate: all values, once": "curate/values",
}


class Asked:
    """A server that is asked with its token."""

    def __init__(self, address: str) -> None:
        place = urlsplit(address)
        self._connection = HTTPConnection(place.hostname or "", place.port)
        self._headers = {"authorization": f"Bearer {parse_qs(place.query)['token'][0]}"}

    def __call__(self, path: str, body: object = None) -> tuple[float, int, bytes]:
        """Seconds until the whole answer was there, its status and its content."""
        began = time.perf_counter()
        headers = {**self._headers, "content-type": "application/json"}
        sent = None if body is None else json.dumps(body)
        self._connection.request("GET" if body is None else "POST", f"/api/{path}", sent, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return time.perf_counter() - began, answer.status, content


@contextmanager
def serving(run: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "thonring", "serve", str(run), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().rpartition(" open ")[2].strip()
    finally:
        process.terminate()
        process.wait()


def peak_MB(process: subprocess.Popen[str]) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def timed(ask: Asked, path: str, body: object = None) -> tuple[float, float, int] | None:
    """Median and slowest of several times in seconds, and the bytes of the answer; None if there is no such route."""
    answers = [ask(path, body) for _ in range(ROUNDS)]
    if answers[0][1] == 404:
        return None
    if any(status != 200 for _, status, _ in answers):
        raise SystemExit(f"{path}: answered {[status for _, status, _ in answers]}: {answers[0][2][:300]!r}")
    seconds = [one for one, _, _ in answers]
    return statistics.median(seconds), max(seconds), len(answers[0][2])


def measure(run: Path) -> None:
    began = time.perf_counter()
    with serving(run) as (process, address):
        ready_s = time.perf_counter() - began
        ask = Asked(address)
        counts = json.loads(ask("state")[2])
        count = sum(counts[name] for name in ("accepted", "rejected", "failed"))
        paths = {name: path.format(half=count // 2) for name, path in READING.items()}
        found = {name: timed(ask, path) for name, path in paths.items()}
        limits = json.loads(ask("curate")[2])["profiles"][0]["limits"]
        found["curate: a preview by the server"] = timed(ask, "curate/preview", {"limits": limits})
        found |= decisions(ask)
        memory_MB = peak_MB(process)
    rows = [
        [name, f"{1e3 * median:.0f}", f"{1e3 * slowest:.0f}", f"{size / 1e3:.0f}"]
        for name, (median, slowest, size) in ((name, one) for name, one in found.items() if one is not None)
    ]
    print_table(
        f"{count} micrographs, ready after {ready_s:.1f} s", ["what", "median ms", "slowest ms", "kB"], rows
    )
    print(f"  peak memory of the server: {memory_MB:.0f} MB")
    _print_targets({name: one[1] for name, one in found.items() if one is not None}, memory_MB)


def decisions(ask: Asked) -> dict[str, tuple[float, float, int] | None]:
    """A verdict, and the page of the table that shows it; then all verdicts are taken back."""
    body = {"micrographs": [1], "verdict": "rejected", "who": "benchmark"}
    both = [(ask("decisions", body)[0], ask("micrographs")[0]) for _ in range(ROUNDS)]
    for _ in range(ROUNDS):
        ask("decisions/undo", {"who": "benchmark"})
    verdicts, pages = zip(*both, strict=True)
    return {
        "a verdict, kept for good": (statistics.median(verdicts), max(verdicts), 0),
        "table: the page after it": (statistics.median(pages), max(pages), 0),
    }


def _print_targets(slowest_s: dict[str, float], memory_MB: float) -> None:
    print("\nFigures to reach")
    tables = {name: seconds for name, seconds in slowest_s.items() if name.startswith("table")}
    name = max(tables, key=tables.__getitem__)
    text = f"slowest page of the table ({name[7:]}) in {tables[name]:.2f} s, {MOST_TABLE_S:g} wanted"
    print_target(text, met=tables[name] < MOST_TABLE_S)
    if "overview" in slowest_s:
        text = f"overview in {slowest_s['overview']:.2f} s, {MOST_OVERVIEW_S:g} wanted"
        print_target(text, met=slowest_s["overview"] < MOST_OVERVIEW_S)
    print_target(f"{memory_MB:.0f} MB at the peak, {MOST_MB:.0f} wanted", met=memory_MB < MOST_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="micrographs in the run")
    parser.add_argument(
        "--run", type=Path, help="a run that is there; verdicts are given and taken back in it"
    )
    options = parser.parse_args()
    if options.run:
        measure(options.run)
        return
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        make_store(run, make_files(Path(folder) / "raw", options.count))
        measure(run)


if __name__ == "__main__":
    main()
