"""How quickly the page follows a hand on a spectrum, over HTTP on this machine, and what memory the server takes.

A run of micrographs is estimated and served by a process of its own. On each the ring of the first zeros is moved step
by step, as a mouse would, all is asked that the page of a micrograph shows, and a fit is made from the hand's place.

    python benchmarks/manual.py [--size 4096] [--micrographs 6] [--moves 60]
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
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from images import write_mrc
from tables import print_table, print_target
from thonring import Optics
from thonring.ctf import zero_frequency
from thonring.simulate import RingModel, Truth, white_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
TRUTH = Truth(OPTICS, 18400.0, 17600.0, 30.0, rings=RingModel(contrast=0.5, b_factor_A2=60.0))
BAND = [30.0, 2.5]
SEEN = ("", "/spectrum.png", "/thumbnail.png", "/profile", "/signals", "/network")
THONRING = (sys.executable, "-m", "thonring")
LIMIT_S, LIMIT_MB = 0.1, 500.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a run: its process, and a connection that stays open as a browser's does."""

    process: subprocess.Popen[str]
    connection: HTTPConnection
    token: str

    def ask(self, path: str, body: object = None) -> float:
        """Seconds to the whole answer."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        began = time.perf_counter()
        method = "GET" if body is None else "POST"
        self.connection.request(
            method, f"/api/micrographs/{path}", json.dumps(body) if body else None, headers
        )
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {content[:300]!r}")
        return time.perf_counter() - began

    @property
    def peak_MB(self) -> float:
        """Most memory that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--size", type=int, default=4096)
    arguments.add_argument("--micrographs", type=int, default=6)
    arguments.add_argument("--moves", type=int, default=60)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _estimate(Path(folder), asked.size, asked.micrographs)
        with _served(Path(folder)) as server:
            _measure(server, asked.micrographs, asked.moves)


def _estimate(folder: Path, size: int, micrographs: int) -> None:
    for number in range(micrographs):
        more_A = 900 * number
        truth = replace(TRUTH, defocus_u_A=TRUTH.defocus_u_A + more_A, defocus_v_A=TRUTH.defocus_v_A + more_A)
        write_mrc(folder / f"{number}.mrc", white_micrograph(truth, (size, size), number).pixels, 1.0)
    files = [str(path) for path in sorted(folder.glob("*.mrc"))]
    options = ["--voltage", "300", "--cs", "2.7", "--pixel", "1", "--out", str(folder / "run"), "--quiet"]
    subprocess.run([*THONRING, "estimate", *files, *options], check=True)


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    words = [*THONRING, "serve", str(folder / "run"), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().split()[-1])
        connection = HTTPConnection(address.netloc)
        try:
            yield Server(process, connection, parse_qs(address.query)["token"][0])
        finally:
            connection.close()
            process.terminate()


def _measure(server: Server, micrographs: int, moves: int) -> None:
    first: list[float] = []
    model: list[float] = []
    fit: list[float] = []
    for number in range(1, micrographs + 1):
        first.append(server.ask(f"{number}/profile"))
        for path in SEEN:
            server.ask(f"{number}{path}")
        mean_A = 0.5 * (TRUTH.defocus_u_A + TRUTH.defocus_v_A) + 900 * (number - 1)
        radius = float(zero_frequency(1, mean_A, OPTICS))
        for move in range(moves):
            along = radius * (0.9 + 0.2 * move / moves)
            ring = {"along_per_A": along, "across_per_A": 1.02 * along, "angle_deg": float(move)}
            body = {"ring": ring, "resolution_range_A": BAND, "sampling_A": 1.75}
            model.append(server.ask(f"{number}/manual/model", body))
        ring = {"along_per_A": 1.02 * radius, "across_per_A": 1.02 * radius, "angle_deg": 0.0}
        fit.append(server.ask(f"{number}/manual/fit", {"ring": ring, "resolution_range_A": BAND}))
    _tell(
        server,
        {"a micrograph's curves for the first time": first, "the model follows the hand": model, "fit": fit},
    )


def _tell(server: Server, named: dict[str, list[float]]) -> None:
    rows = [(name, statistics.median(all_s), _late(all_s), len(all_s)) for name, all_s in named.items()]
    print_table("Seconds from request to the whole answer", ["what", "median", "95 % within", "times"], rows)
    median_s = statistics.median(named["the model follows the hand"])
    print_target(
        f"a move is followed in {1e3 * median_s:.0f} ms (median; at most 100)", met=median_s < LIMIT_S
    )
    print_target(
        f"the server took {server.peak_MB:.0f} MB at most (limit 500)", met=server.peak_MB < LIMIT_MB
    )


def _late(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]


if __name__ == "__main__":
    main()
