"""Real images and spectra: published values, CTFFIND 4 and our estimates side by side.

Pixel size, voltage and Cs are taken from the README of the data; for apoferritin (300 kV, 2.7 mm) and micassess
(300 kV, 2.7 mm, 8 Å/px: images binned about eight times) they are assumptions.

    python -m benchmarks.accuracy.real [--data ../shared/data] [--micassess-pixel 8]
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.ctffind import CtffindParameters, CtffindResult, find_ctffind, run_ctffind
from benchmarks.lib.harness import Cell, print_table, print_target, write_mrc
from thonring import Optics, Settings, read
from thonring.formats.known_defocus import known_defocus
from thonring.measurement import SpectrumKind
from thonring.pipeline import examine
from thonring.records import CtfFit, KnownDefocus, Outcome, Source
from thonring.run.names import key_of

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
CTFFIND_BOX_PX = 512
HEADER = [
    "set",
    "file",
    "source",
    "U Å",
    "V Å",
    "angle°",
    "± Å",
    "±°",
    "score",
    "fit Å",
    "verdict",
    "Δmean Å",
    "Δangle°",
]


@dataclass(frozen=True, slots=True)
class RealFile:
    """One file to estimate; `spectrum` is the kind of spectrum in it, None for an image."""

    group: str
    path: Path
    optics: Optics
    spectrum: SpectrumKind | None = None
    published: KnownDefocus | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Our estimate of one file and that of CTFFIND."""

    file: RealFile
    outcome: Outcome
    ctffind: CtffindResult | None

    @property
    def reference(self) -> KnownDefocus | CtffindResult | None:
        """The published values, or else those of CTFFIND."""
        return self.file.published or self.ctffind


def real_files(data: Path, micassess_pixel_A: float) -> list[RealFile]:
    """All files of the data folder, in the order of its README."""
    titan = (300.0, 2.7, 0.1)
    epu = RealFile("epu", data / "epu" / "epu2.9_example.mrc", Optics(*titan, 0.66655))
    tutorial = data / "relion_tutorial"
    known = known_defocus(tutorial / "micrographs_ctf.star")
    arctica = Optics(200.0, 1.4, 0.1, 1.39955)
    spectra = [
        RealFile("relion", path, arctica, "amplitude", known[key_of(path.name.replace("_PS", ""))])
        for path in sorted(tutorial.glob("*_PS.mrc"))
    ]
    apoferritin = [
        RealFile("apoferritin", path, Optics(*titan, 1.5))
        for path in sorted((data / "apoferritin").glob("*.png"))
    ]
    pictures = [
        RealFile(f"micassess {path.parent.name[:9]}", path, Optics(*titan, micassess_pixel_A))
        for path in sorted((data / "micassess").glob("*/*.png"))
    ]
    return [epu, *spectra, *apoferritin, *pictures]


def estimate_file(file: RealFile, executable: str | None) -> Result:
    """Estimate one file by our program, and by CTFFIND if there is an executable."""
    source = Source(file.path, file.optics)
    outcome, _ = examine(source, Settings(), spectrum_kind=file.spectrum)
    return Result(file, outcome, _ctffind_result(file, executable))


def _ctffind_result(file: RealFile, executable: str | None) -> CtffindResult | None:
    """Estimate by CTFFIND; None without the program, and for images smaller than its box."""
    if executable is None:
        return None
    if file.spectrum is not None:
        return run_ctffind(executable, file.path, file.optics, amplitude_spectrum=True)
    micrograph = read.micrograph(file.path, file.optics)
    if min(micrograph.pixels.shape) < CTFFIND_BOX_PX:
        return None
    with tempfile.TemporaryDirectory() as folder:
        image = write_mrc(Path(folder) / "image.mrc", micrograph.pixels, micrograph.pixel_A)
        return run_ctffind(executable, image, file.optics, CtffindParameters(box_px=CTFFIND_BOX_PX))


def rows_of(result: Result) -> list[list[Cell]]:
    """Rows of one file: published values, CTFFIND and ours, as far as there are any."""
    file, rows = result.file, []
    if file.published is not None:
        rows.append(_row("published", file.published))
    if (other := result.ctffind) is not None:
        quality = [f"{other.score:.3f}", f"{other.fit_resolution_A:.2f}"]
        rows.append([*_row("CTFFIND 4", other), None, None, *quality])
    rows.append(_our_row(result))
    padded = [[*row, *[""] * (len(HEADER) - 2 - len(row))] for row in rows]
    names = [(file.group, file.path.name), *[("", "")] * (len(rows) - 1)]
    return [[*name, *row] for name, row in zip(names, padded, strict=True)]


def _row(source: str, values: KnownDefocus | CtffindResult | CtfFit) -> list[Cell]:
    return [source, f"{values.defocus_u_A:.0f}", f"{values.defocus_v_A:.0f}", f"{values.angle_deg:.1f}"]


def _our_row(result: Result) -> list[Cell]:
    fit, outcome = result.outcome.fit, result.outcome
    if fit is None:
        return ["thonring", *[None] * 7, outcome.status, None, None]
    errors = [f"{fit.defocus_sigma_A:.1f}", f"{fit.angle_sigma_deg:.1f}"]
    quality = [f"{fit.score:.3f}", f"{fit.fit_resolution_A:.2f}"]
    return [*_row("thonring", fit), *errors, *quality, outcome.status, *_difference_cells(result)]


def _difference_cells(result: Result) -> list[Cell]:
    if result.reference is None:
        return [None, None]
    return [f"{mean_difference_A(result):+.0f}", f"{angle_difference_deg(result):+.1f}"]


def mean_difference_A(result: Result) -> float:
    """Our mean defocus minus that of the reference; infinite without a fit."""
    fit, other = result.outcome.fit, result.reference
    if fit is None or other is None:
        return float("inf")
    return fit.mean_defocus_A - 0.5 * (other.defocus_u_A + other.defocus_v_A)


def angle_difference_deg(result: Result) -> float:
    """Our angle minus that of the reference, in [-90, 90); infinite without a fit."""
    fit, other = result.outcome.fit, result.reference
    if fit is None or other is None:
        return float("inf")
    return (fit.angle_deg - other.angle_deg + 90.0) % 180.0 - 90.0


def print_reasons(results: list[Result]) -> None:
    print("\nReasons of rejections and failures")
    for result in results:
        if result.outcome.reasons:
            print(f"  {result.file.group}, {result.file.path.name}")
            print("".join(f"      {reason}\n" for reason in result.outcome.reasons), end="")


def print_targets(results: list[Result]) -> None:
    print("\nTargets")
    for result in _of("epu", results):
        if result.ctffind is None:
            print("  ----  epu: needs CTFFIND 4")
            continue
        difference_A = mean_difference_A(result)
        print_target(
            f"epu: mean defocus {difference_A:+.0f} Å from CTFFIND 4 (target: within 100)",
            met=abs(difference_A) <= 100,
        )
    spectra = _of("relion", results)
    worst_A = max(abs(mean_difference_A(result)) for result in spectra)
    worst_deg = max(abs(angle_difference_deg(result)) for result in spectra)
    print_target(f"relion: worst mean defocus {worst_A:.0f} Å off (target: within 60)", met=worst_A <= 60)
    print_target(f"relion: worst angle {worst_deg:.1f}° off (target: within 15)", met=worst_deg <= 15)
    _print_apoferritin(_of("apoferritin", results))
    empty = _of("micassess 3Empty", results)
    rejected = sum(result.outcome.status == "rejected" for result in empty)
    print_target(
        f"micassess class 3: {rejected} of {len(empty)} rejected (target: all)", met=rejected == len(empty)
    )


def _print_apoferritin(results: list[Result]) -> None:
    for result in results:
        outcome = result.outcome
        if "06.09.02" in result.file.path.name:
            met = outcome.status == "rejected" and any(
                "no rings" in reason.lower() for reason in outcome.reasons
            )
            print_target(
                f"apoferritin 06.09.02 rejected for 'no rings': {'; '.join(outcome.reasons)}", met=met
            )
            continue
        mean_A = outcome.fit.mean_defocus_A if outcome.fit else float("nan")
        plausible = 15000 <= mean_A <= 26000
        name = result.file.path.name.removesuffix(".bin_avg.png")
        print_target(f"apoferritin {name}: {mean_A:.0f} Å (target: 15000-26000)", met=plausible)


def _of(group: str, results: list[Result]) -> list[Result]:
    return [result for result in results if result.file.group.startswith(group)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--micassess-pixel", type=float, default=8.0, help="assumed pixel size, Å")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"No real data: {options.data} is not a folder; give --data FOLDER. Nothing was compared.")
        return
    executable = find_ctffind()
    results = [estimate_file(one, executable) for one in real_files(options.data, options.micassess_pixel)]
    print_table("Real data", HEADER, [row for result in results for row in rows_of(result)])
    print("  Δ: ours minus the published values, or minus those of CTFFIND where none are published.")
    print(
        f"  micassess: pixel size unknown, {options.micassess_pixel:g} Å assumed; too small for CTFFIND's box."
    )
    print_reasons(results)
    print_targets(results)


if __name__ == "__main__":
    main()
