"""CTFFIND 4 on one file: its answers on standard input, its text, CPU seconds and peak memory.

The program is `$CTFFIND`, or `ctffind` on the PATH. As a script: python benchmarks/ctffind.py IMAGE.mrc
[--amplitude-spectrum] --voltage 300 --cs 2.7 --pixel 1.0
"""

import argparse
import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from metered import Usage, run_metered
from tables import print_table
from thonring import Optics
from thonring.ctf import canonical

ABSENT = (
    "CTFFIND 4 was not found: set CTFFIND to its path, or put `ctffind` on the PATH. "
    "Its columns are left empty."
)
WAVELENGTH_RATIO = 12.26 / 12.2643247
"""CTFFIND's constant of the electron wavelength over ours; its defoci are that much too large."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What CTFFIND is asked: its own defaults, but the box, and no limit on the astigmatism."""

    box_px: int = 512
    lowest_A: float = 30.0
    finest_A: float = 5.0
    defocus_range_A: tuple[float, float] = (5000.0, 50000.0)
    step_A: float = 100.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What CTFFIND says of one micrograph, and what it used."""

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    score: float
    fit_resolution_A: float
    usage: Usage

    @property
    def mean_defocus_A(self) -> float:
        """½ (U + V)."""
        return 0.5 * (self.defocus_u_A + self.defocus_v_A)


def program() -> str | None:
    """The executable, or None where there is none."""
    return shutil.which(os.environ.get("CTFFIND", "ctffind"))


def program_or_notice() -> str | None:
    """The executable; None, and a line that says so, where there is none."""
    found = program()
    print(f"CTFFIND 4: {found}" if found else ABSENT, flush=True)
    return found


def ctffind(
    executable: str,
    image: Path,
    optics: Optics,
    questions: Questions | None = None,
    *,
    amplitude_spectrum: bool = False,
) -> Answer:
    """Run CTFFIND 4 on a float32 MRC file; the optics carry the pixel size.

    Raises
    ------
    RuntimeError
        If the program fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        diagnostic = Path(folder) / "diagnostic.mrc"
        command = [executable, *(["--amplitude-spectrum-input"] if amplitude_spectrum else [])]
        usage = run_metered(command, _answers(image, diagnostic, optics, questions or Questions()))
        return _parsed(diagnostic.with_suffix(".txt").read_text(encoding="utf-8"), usage)


def _answers(image: Path, diagnostic: Path, optics: Optics, questions: Questions) -> str:
    lines = [
        image,
        diagnostic,
        optics.pixel_A,
        optics.voltage_kV,
        optics.cs_mm,
        optics.amplitude_contrast,
        questions.box_px,
        questions.lowest_A,
        questions.finest_A,
        *questions.defocus_range_A,
        questions.step_A,
        *["no"] * 5,
    ]
    return "".join(f"{line}\n" for line in lines)


def _parsed(text: str, usage: Usage) -> Answer:
    row = next(line for line in text.splitlines() if line.strip() and not line.startswith("#")).split()
    _, first_A, second_A, azimuth_deg, _, score, resolution_A = (float(field) for field in row[:7])
    resolution_A = resolution_A if math.isfinite(resolution_A) else math.nan
    return Answer(*canonical(first_A, second_A, azimuth_deg), score, resolution_A, usage)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--voltage", type=float, default=300.0)
    parser.add_argument("--cs", type=float, default=2.7)
    parser.add_argument("--pixel", type=float, required=True)
    parser.add_argument("--amplitude-spectrum", action="store_true")
    options = parser.parse_args()
    executable = program_or_notice()
    if executable is None:
        return
    optics = Optics(options.voltage, options.cs, 0.1, options.pixel)
    said = ctffind(executable, options.image, optics, amplitude_spectrum=options.amplitude_spectrum)
    header = ["U Å", "V Å", "angle°", "score", "fit Å", "CPU s", "peak MB"]
    used = [said.usage.cpu_seconds, said.usage.peak_MB]
    row = [f"{said.defocus_u_A:.0f}", f"{said.defocus_v_A:.0f}", said.angle_deg, said.score]
    print_table(str(options.image), header, [[*row, said.fit_resolution_A, *used]])


if __name__ == "__main__":
    main()
