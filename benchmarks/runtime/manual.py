"""Manual fitting on the page: response time while a ring is dragged, time of a fit from there, and server memory.

A run of simulated micrographs is estimated and served by a process of its own. On each micrograph, everything that its
page shows is requested, the ring of the first zeros is moved step by step as a mouse would move it, and a fit is
started from there.

    python -m benchmarks.runtime.manual [--size 4096] [--micrographs 6] [--moves 60]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.lib.harness import print_table, print_target, write_mrc
from benchmarks.lib.server import Server, running_server
from thonring import Optics
from thonring.ctf import zero_frequency
from thonring.simulate import RingModel, Truth, white_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
TRUTH = Truth(OPTICS, 18400.0, 17600.0, 30.0, rings=RingModel(contrast=0.5, b_factor_A2=60.0))
DEFOCUS_STEP_A = 900.0
"""Difference of the defocus from one micrograph to the next."""

BAND_A = [30.0, 2.5]
PAGE_REQUESTS = ("", "/spectrum.png", "/thumbnail.png", "/profile", "/signals", "/network")
MAX_S, MAX_MB = 0.1, 500.0


def _estimate(folder: Path, size: int, micrographs: int) -> None:
    for number in range(micrographs):
        u_A, v_A = (
            defocus_A + DEFOCUS_STEP_A * number for defocus_A in (TRUTH.defocus_u_A, TRUTH.defocus_v_A)
        )
        truth = replace(TRUTH, defocus_u_A=u_A, defocus_v_A=v_A)
        write_mrc(folder / f"{number}.mrc", white_micrograph(truth, (size, size), number).pixels, 1.0)
    files = [str(path) for path in sorted(folder.glob("*.mrc"))]
    options = ["--voltage", "300", "--cs", "2.7", "--pixel", "1", "--out", str(folder / "run"), "--quiet"]
    subprocess.run([sys.executable, "-m", "thonring", "estimate", *files, *options], check=True)


def _seconds(server: Server, path: str, body: object = None) -> float:
    response = server.request(f"micrographs/{path}", body)
    if response.status != 200:
        sys.exit(f"{path}: status {response.status} {response.content[:300]!r}")
    return response.seconds


def _measure(server: Server, micrographs: int, moves: int) -> None:
    first: list[float] = []
    model: list[float] = []
    fit: list[float] = []
    for number in range(1, micrographs + 1):
        first.append(_seconds(server, f"{number}/profile"))
        for path in PAGE_REQUESTS:
            _seconds(server, f"{number}{path}")
        mean_A = 0.5 * (TRUTH.defocus_u_A + TRUTH.defocus_v_A) + DEFOCUS_STEP_A * (number - 1)
        radius = float(zero_frequency(1, mean_A, OPTICS))
        for move in range(moves):
            along = radius * (0.9 + 0.2 * move / moves)
            ring = {"along_per_A": along, "across_per_A": 1.02 * along, "angle_deg": float(move)}
            body = {"ring": ring, "resolution_range_A": BAND_A, "sampling_A": 1.75}
            model.append(_seconds(server, f"{number}/manual/model", body))
        ring = {"along_per_A": 1.02 * radius, "across_per_A": 1.02 * radius, "angle_deg": 0.0}
        fit.append(_seconds(server, f"{number}/manual/fit", {"ring": ring, "resolution_range_A": BAND_A}))
    _print(server, {"profile, first request": first, "model at a new ring": model, "fit from a ring": fit})


def _print(server: Server, named: dict[str, list[float]]) -> None:
    rows = [
        (name, statistics.median(all_s), _percentile_95(all_s), len(all_s)) for name, all_s in named.items()
    ]
    print_table("Seconds from request to complete response", ["request", "median", "95 %", "n"], rows)
    median_s = statistics.median(named["model at a new ring"])
    print_target(
        f"model at a new ring: median {1e3 * median_s:.0f} ms (target: under {1e3 * MAX_S:.0f})",
        met=median_s < MAX_S,
    )
    peak_MB = server.peak_MB
    print_target(f"{peak_MB:.0f} MB peak memory (target: under {MAX_MB:.0f})", met=peak_MB < MAX_MB)


def _percentile_95(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=4096, help="image size in pixels")
    parser.add_argument("--micrographs", type=int, default=6)
    parser.add_argument("--moves", type=int, default=60, help="steps of the ring on each micrograph")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _estimate(Path(folder), options.size, options.micrographs)
        with running_server(Path(folder) / "run") as server:
            _measure(server, options.micrographs, options.moves)


if __name__ == "__main__":
    main()
