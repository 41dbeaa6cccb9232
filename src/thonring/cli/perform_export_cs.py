"""A run and cryoSPARC's exposures joined by name, and the exposures written with the run's CTFs."""

from collections.abc import Sequence
from pathlib import Path

from thonring.errors import InputError, OutputError
from thonring.evaluate.matching import Finder, some
from thonring.evaluate.results import Result, read_run_folder
from thonring.formats.cryosparc import ExposureCtf, exposure_names, load_exposures, with_ctf, write_exposures


def perform_export_cs(run: Path, exposures: Path, out: Path, *, with_rejected: bool) -> str:
    """Write the table and tell what is in it.

    Raises
    ------
    ThonringError
        If a table cannot be read, names are ambiguous, nothing is in both, or the file cannot be written.
    """
    if out.suffix.lower() != ".cs":
        raise OutputError(f"{out}: found suffix {out.suffix or '(none)'!r}, expected .cs.")
    results = read_run_folder(run, run.name).results
    rows = load_exposures(exposures)
    names = exposure_names(rows)
    by_exposure = _joined(run, results, exposures, names)
    found = {place: _ctf(result) for place, result in by_exposure.items() if result.estimate}
    written = with_ctf(rows, found, with_rejected=with_rejected)
    write_exposures(out, written)
    absent = [name for place, name in enumerate(names) if place not in by_exposure]
    rejected = sum(not one.accepted for one in found.values())
    told = [
        f"{len(written)} of {len(rows)} exposures written: {out}",
        f"rejected and {'kept' if with_rejected else 'left out'}: {rejected}",
        f"without a fit: {len(by_exposure) - len(found)}",
        f"not in the run: {len(absent)}" + (f" ({some(absent)})" if absent else ""),
    ]
    return "\n".join(told)


def _joined(run: Path, results: Sequence[Result], exposures: Path, names: Sequence[str]) -> dict[int, Result]:
    """Result by place of the exposure."""
    files = [one.file for one in results]
    finder = Finder(files, [Path(file) for file in files], f"results of {run}")
    found = finder.find({name: Path(name) for name in names}, str(exposures), by_key=True)
    if not found:
        raise InputError(
            f"{exposures}: none of its exposures ({some(names)}) is in {run} ({some(files)}). Give exposures of the "
            "same micrographs."
        )
    return {place: results[found[name]] for place, name in enumerate(names) if name in found}


def _ctf(result: Result) -> ExposureCtf:
    assert result.estimate is not None
    return ExposureCtf(
        result.estimate,
        result.voltage_kV,
        result.cs_mm,
        result.amplitude_contrast,
        result.score,
        result.fit_resolution_A,
        accepted=result.status == "accepted",
    )
