"""The server of a large run: response times and peak memory.

The run is synthetic and its files are empty. The server is a process of its own and gets one request at a time.

    python -m benchmarks.runtime.serve [--count 100000] [--run RUN]
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.harness import print_table, print_target
from benchmarks.lib.server import Server, running_server
from benchmarks.lib.store_factory import create_empty_micrographs, create_run

ROUNDS = 7
MAX_OVERVIEW_S, MAX_TABLE_S, MAX_MB = 1.0, 0.3, 500.0
GET_REQUESTS = {
    "state": "state",
    "overview": "overview",
    "table: first page": "micrographs",
    "table: middle page, sorted by defocus": "micrographs?sort=-defocus_A&offset={half}",
    "table: sorted by and searched for file name": "micrographs?sort=-file&search=7_Data",
    "table: three filters": "micrographs?status=rejected&failing=drift&low.defocus_A=10000&sort=score",
    "table: neighbours of a micrograph": "micrographs?sort=score&around={half}",
    "micrograph numbers of a query": "selection?status=accepted",
    "curate: profiles and counts": "curate",
    "curate: values of all criteria": "curate/values",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """Median and longest time of several requests in seconds, and the size of the response in bytes."""

    median_s: float
    longest_s: float
    size: int


def time_request(server: Server, path: str, body: object = None) -> Timing:
    """Send the same request several times.

    Raises
    ------
    SystemExit
        If a response has another status than 200.
    """
    responses = [server.request(path, body) for _ in range(ROUNDS)]
    if any(one.status != 200 for one in responses):
        statuses = [one.status for one in responses]
        raise SystemExit(f"{path}: status {statuses}: {responses[0].content[:300]!r}")
    seconds = [one.seconds for one in responses]
    return Timing(statistics.median(seconds), max(seconds), len(responses[0].content))


def time_decisions(server: Server) -> dict[str, Timing]:
    """Make decisions and read the table that shows them, then undo all of them."""
    body = {"micrographs": [1], "verdict": "rejected", "who": "benchmark"}
    seconds = [
        (server.request("decisions", body).seconds, server.request("micrographs").seconds)
        for _ in range(ROUNDS)
    ]
    for _ in range(ROUNDS):
        server.request("decisions/undo", {"who": "benchmark"})
    decisions, pages = zip(*seconds, strict=True)
    return {
        "storing a decision": Timing(statistics.median(decisions), max(decisions), 0),
        "table: first page after a decision": Timing(statistics.median(pages), max(pages), 0),
    }


def measure(run: Path) -> None:
    began = time.perf_counter()
    with running_server(run) as server:
        ready_s = time.perf_counter() - began
        counts = json.loads(server.request("state").content)
        count = sum(counts[name] for name in ("accepted", "rejected", "failed"))
        paths = {name: path.format(half=count // 2) for name, path in GET_REQUESTS.items()}
        timings = {name: time_request(server, path) for name, path in paths.items()}
        limits = json.loads(server.request("curate").content)["profiles"][0]["limits"]
        timings["curate: preview of limits"] = time_request(server, "curate/preview", {"limits": limits})
        timings |= time_decisions(server)
        peak_MB = server.peak_MB
    rows = [
        [name, f"{1e3 * one.median_s:.0f}", f"{1e3 * one.longest_s:.0f}", f"{one.size / 1e3:.0f}"]
        for name, one in timings.items()
    ]
    header = ["request", "median ms", "longest ms", "kB"]
    print_table(f"{count} micrographs, server ready after {ready_s:.1f} s", header, rows)
    print(f"  peak memory of the server: {peak_MB:.0f} MB")
    _print_targets({name: one.longest_s for name, one in timings.items()}, peak_MB)


def _print_targets(longest_s: dict[str, float], peak_MB: float) -> None:
    print("\nTargets")
    tables = {name: seconds for name, seconds in longest_s.items() if name.startswith("table")}
    name = max(tables, key=tables.__getitem__)
    text = f"slowest page of the table ({name[7:]}): {tables[name]:.2f} s (target: under {MAX_TABLE_S:g})"
    print_target(text, met=tables[name] < MAX_TABLE_S)
    text = f"overview: {longest_s['overview']:.2f} s (target: under {MAX_OVERVIEW_S:g})"
    print_target(text, met=longest_s["overview"] < MAX_OVERVIEW_S)
    print_target(f"{peak_MB:.0f} MB peak memory (target: under {MAX_MB:.0f})", met=peak_MB < MAX_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="micrographs in the run")
    parser.add_argument("--run", type=Path, help="an existing run; decisions are made and undone in it")
    options = parser.parse_args()
    if options.run:
        measure(options.run)
        return
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        create_run(run, create_empty_micrographs(Path(folder) / "raw", options.count))
        measure(run)


if __name__ == "__main__":
    main()
