"""CTFFIND 4 on one file: answers its prompts, reads its text file, and measures CPU time and peak memory.

The program is `$CTFFIND`, or `ctffind` on the PATH.

    python -m benchmarks.lib.ctffind IMAGE.mrc [--amplitude-spectrum] --voltage 300 --cs 2.7 --pixel 1.0
"""

import argparse
import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.harness import print_table
from benchmarks.lib.resource_usage import ResourceUsage, run_measured
from thonring import Optics
from thonring.ctf import canonical

NOT_FOUND = (
    "CTFFIND 4 was not found: set CTFFIND to its path, or put `ctffind` on the PATH. "
    "The comparison with it is left out."
)
WAVELENGTH_RATIO = 12.26 / 12.2643247
"""CTFFIND's constant of the electron wavelength over ours: multiply its defoci, which are too large, by this ratio."""


@dataclass(frozen=True, slots=True)
class CtffindParameters:
    """Parameters of the search: CTFFIND's own defaults except for the box; the astigmatism is not restrained."""

    box_px: int = 512
    lowest_A: float = 30.0
    finest_A: float = 5.0
    defocus_range_A: tuple[float, float] = (5000.0, 50000.0)
    step_A: float = 100.0


@dataclass(frozen=True, slots=True)
class CtffindResult:
    """CTFFIND's estimate of one micrograph, and the resources that it used."""

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    score: float
    fit_resolution_A: float
    usage: ResourceUsage

    @property
    def mean_defocus_A(self) -> float:
        """½ (U + V)."""
        return 0.5 * (self.defocus_u_A + self.defocus_v_A)


def find_ctffind() -> str | None:
    """The executable; None if there is none, which a printed line says."""
    found = shutil.which(os.environ.get("CTFFIND", "ctffind"))
    print(f"CTFFIND 4: {found}" if found else NOT_FOUND, flush=True)
    return found


def run_ctffind(
    executable: str,
    image: Path,
    optics: Optics,
    parameters: CtffindParameters | None = None,
    *,
    amplitude_spectrum: bool = False,
) -> CtffindResult:
    """Run CTFFIND 4 on a float32 MRC file; the optics must have the pixel size.

    Raises
    ------
    RuntimeError
        If the program fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        diagnostic = Path(folder) / "diagnostic.mrc"
        command = [executable, *(["--amplitude-spectrum-input"] if amplitude_spectrum else [])]
        answers = _prompt_answers(image, diagnostic, optics, parameters or CtffindParameters())
        usage = run_measured(command, answers)
        return _parsed(diagnostic.with_suffix(".txt").read_text(encoding="utf-8"), usage)


def _prompt_answers(image: Path, diagnostic: Path, optics: Optics, parameters: CtffindParameters) -> str:
    lines = [
        image,
        diagnostic,
        optics.pixel_A,
        optics.voltage_kV,
        optics.cs_mm,
        optics.amplitude_contrast,
        parameters.box_px,
        parameters.lowest_A,
        parameters.finest_A,
        *parameters.defocus_range_A,
        parameters.step_A,
        *["no"] * 5,
    ]
    return "".join(f"{line}\n" for line in lines)


def _parsed(text: str, usage: ResourceUsage) -> CtffindResult:
    row = next(line for line in text.splitlines() if line.strip() and not line.startswith("#")).split()
    _, first_A, second_A, azimuth_deg, _, score, resolution_A = (float(field) for field in row[:7])
    resolution_A = resolution_A if math.isfinite(resolution_A) else math.nan
    return CtffindResult(*canonical(first_A, second_A, azimuth_deg), score, resolution_A, usage)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--voltage", type=float, default=300.0, help="kV")
    parser.add_argument("--cs", type=float, default=2.7, help="mm")
    parser.add_argument("--pixel", type=float, required=True, help="Å")
    parser.add_argument(
        "--amplitude-spectrum", action="store_true", help="the file holds an amplitude spectrum"
    )
    options = parser.parse_args()
    executable = find_ctffind()
    if executable is None:
        return
    optics = Optics(options.voltage, options.cs, 0.1, options.pixel)
    result = run_ctffind(executable, options.image, optics, amplitude_spectrum=options.amplitude_spectrum)
    header = ["U Å", "V Å", "angle°", "score", "fit Å", "CPU s", "peak MB"]
    row = [f"{result.defocus_u_A:.0f}", f"{result.defocus_v_A:.0f}", result.angle_deg, result.score]
    used = [result.usage.cpu_seconds, result.usage.peak_MB]
    print_table(str(options.image), header, [[*row, result.fit_resolution_A, *used]])


if __name__ == "__main__":
    main()
