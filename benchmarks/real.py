"""Every real image and spectrum at hand: published values, CTFFIND 4 and ours side by side.

Pixel size, voltage and Cs are those of the data's README; for apoferritin (300 kV, 2.7 mm) and micassess
(300 kV, 2.7 mm, 8 Å/px: pictures binned about eight times) they are assumptions.

    python benchmarks/real.py [--data ../shared/data] [--micassess-pixel 8]
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ctffind import Answer, Questions, ctffind, program_or_notice
from images import write_mrc
from tables import Cell, print_table, print_target
from thonring import Optics, Settings, read
from thonring.formats.known_defocus import known_defocus
from thonring.measurement import SpectrumKind
from thonring.pipeline import examine
from thonring.records import CtfFit, KnownDefocus, Outcome, Source
from thonring.run.names import key_of

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
CTFFIND_BOX_PX = 512
HEADER = [
    "set",
    "file",
    "by",
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
class Subject:
    """One file to estimate; `spectrum` where it holds one, `published` what others found."""

    group: str
    path: Path
    optics: Optics
    spectrum: SpectrumKind | None = None
    published: KnownDefocus | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What we and CTFFIND made of one file."""

    subject: Subject
    outcome: Outcome
    ctffind: Answer | None

    @property
    def reference(self) -> KnownDefocus | Answer | None:
        """What ours is compared with: the published values, or else CTFFIND's."""
        return self.subject.published or self.ctffind


def subjects(data: Path, micassess_pixel_A: float) -> list[Subject]:
    """All files of the data folder, in the order of its README."""
    titan = (300.0, 2.7, 0.1)
    epu = Subject("epu", data / "epu" / "epu2.9_example.mrc", Optics(*titan, 0.66655))
    tutorial = data / "relion_tutorial"
    known = known_defocus(tutorial / "micrographs_ctf.star")
    arctica = Optics(200.0, 1.4, 0.1, 1.39955)
    spectra = [
        Subject("relion", path, arctica, "amplitude", known[key_of(path.name.replace("_PS", ""))])
        for path in sorted(tutorial.glob("*_PS.mrc"))
    ]
    apoferritin = [
        Subject("apoferritin", path, Optics(*titan, 1.5))
        for path in sorted((data / "apoferritin").glob("*.png"))
    ]
    pictures = [
        Subject(f"micassess {path.parent.name[:9]}", path, Optics(*titan, micassess_pixel_A))
        for path in sorted((data / "micassess").glob("*/*.png"))
    ]
    return [epu, *spectra, *apoferritin, *pictures]


def examined(subject: Subject, executable: str | None) -> Result:
    source = Source(subject.path, subject.optics)
    outcome, _ = examine(source, Settings(), spectrum_kind=subject.spectrum)
    return Result(subject, outcome, _ctffind_answer(subject, executable))


def _ctffind_answer(subject: Subject, executable: str | None) -> Answer | None:
    """CTFFIND's answer; None without the program, and for images smaller than its box."""
    if executable is None:
        return None
    if subject.spectrum is not None:
        return ctffind(executable, subject.path, subject.optics, amplitude_spectrum=True)
    micrograph = read.micrograph(subject.path, subject.optics)
    if min(micrograph.pixels.shape) < CTFFIND_BOX_PX:
        return None
    with tempfile.TemporaryDirectory() as folder:
        image = write_mrc(Path(folder) / "image.mrc", micrograph.pixels, micrograph.pixel_A)
        return ctffind(executable, image, subject.optics, Questions(box_px=CTFFIND_BOX_PX))


def rows_of(result: Result) -> list[list[Cell]]:
    subject, rows = result.subject, []
    if subject.published is not None:
        rows.append(_row("published", subject.published))
    if result.ctffind is not None:
        said = result.ctffind
        rows.append(
            [*_row("CTFFIND 4", said), None, None, f"{said.score:.3f}", f"{said.fit_resolution_A:.2f}"]
        )
    rows.append(_our_row(result))
    padded = [[*row, *[""] * (len(HEADER) - 2 - len(row))] for row in rows]
    names = [(subject.group, subject.path.name), *[("", "")] * (len(rows) - 1)]
    return [[*name, *row] for name, row in zip(names, padded, strict=True)]


def _row(by: str, found: KnownDefocus | Answer | CtfFit) -> list[Cell]:
    return [by, f"{found.defocus_u_A:.0f}", f"{found.defocus_v_A:.0f}", f"{found.angle_deg:.1f}"]


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
    """Our mean defocus minus the reference's; infinite without a fit."""
    fit, other = result.outcome.fit, result.reference
    if fit is None or other is None:
        return float("inf")
    return fit.mean_defocus_A - 0.5 * (other.defocus_u_A + other.defocus_v_A)


def angle_difference_deg(result: Result) -> float:
    """Our angle minus the reference's, in [-90, 90); infinite without a fit."""
    fit, other = result.outcome.fit, result.reference
    if fit is None or other is None:
        return float("inf")
    return (fit.angle_deg - other.angle_deg + 90.0) % 180.0 - 90.0


def print_reasons(results: list[Result]) -> None:
    print("\nWhy they were rejected, or failed")
    for result in results:
        if result.outcome.reasons:
            print(f"  {result.subject.group}, {result.subject.path.name}")
            print("".join(f"      {reason}\n" for reason in result.outcome.reasons), end="")


def print_targets(results: list[Result]) -> None:
    print("\nFigures to reach")
    for result in _of("epu", results):
        if result.ctffind is None:
            print("  ----  epu: needs CTFFIND 4")
            continue
        off_A = mean_difference_A(result)
        print_target(
            f"epu: mean defocus {off_A:+.0f} Å from CTFFIND 4, within 100 wanted", met=abs(off_A) <= 100
        )
    spectra = _of("relion", results)
    worst_A = max(abs(mean_difference_A(result)) for result in spectra)
    worst_deg = max(abs(angle_difference_deg(result)) for result in spectra)
    print_target(f"relion: worst mean defocus {worst_A:.0f} Å off, within 60 wanted", met=worst_A <= 60)
    print_target(f"relion: worst angle {worst_deg:.1f}° off, within 15 wanted", met=worst_deg <= 15)
    _print_apoferritin(_of("apoferritin", results))
    empty = _of("micassess 3Empty", results)
    rejected = sum(result.outcome.status == "rejected" for result in empty)
    print_target(
        f"micassess class 3: {rejected} of {len(empty)} rejected, all wanted", met=rejected == len(empty)
    )


def _print_apoferritin(results: list[Result]) -> None:
    for result in results:
        outcome = result.outcome
        if "06.09.02" in result.subject.path.name:
            met = outcome.status == "rejected" and any(
                "no rings" in reason.lower() for reason in outcome.reasons
            )
            print_target(f"apoferritin 06.09.02 rejected, 'no rings': {'; '.join(outcome.reasons)}", met=met)
            continue
        mean_A = outcome.fit.mean_defocus_A if outcome.fit else float("nan")
        sane = 15000 <= mean_A <= 26000
        name = result.subject.path.name.removesuffix(".bin_avg.png")
        print_target(f"apoferritin {name}: {mean_A:.0f} Å, 15000-26000 wanted", met=sane)


def _of(group: str, results: list[Result]) -> list[Result]:
    return [result for result in results if result.subject.group.startswith(group)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--micassess-pixel", type=float, default=8.0, help="assumed pixel size, Å")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"No real data: {options.data} is not a folder; give --data FOLDER. Nothing was compared.")
        return
    executable = program_or_notice()
    found = [examined(one, executable) for one in subjects(options.data, options.micassess_pixel)]
    print_table("Real data", HEADER, [row for result in found for row in rows_of(result)])
    print("  Δ: ours minus the published values, or minus CTFFIND's where none are published.")
    print(f"  micassess: pixel unknown, {options.micassess_pixel:g} Å assumed; too small for CTFFIND's box.")
    print_reasons(found)
    print_targets(found)


if __name__ == "__main__":
    main()
