"""`thonring export` and `thonring export-cs`: a run's results in the formats of other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.cli import options as opt
from thonring.cli.console import error_exit
from thonring.errors import InputError, OutputError

if TYPE_CHECKING:
    from thonring.evaluate.results import Result
    from thonring.formats.cryosparc import ExposureCtf

Formats = Annotated[
    list[str],
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="What to write, one of the formats above; may be repeated.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Where to write it.", show_default="RUN")
]
Exposures = Annotated[
    Path,
    typer.Argument(
        metavar="EXPOSURES.cs", help="cryoSPARC exposures of the same micrographs.", show_default=False
    ),
]
OutTable = Annotated[
    Path, typer.Option("--out", metavar="OUT.cs", help="Table to write.", show_default=False)
]
WithRejected = Annotated[
    bool,
    typer.Option(
        "--with-rejected", help="Keep rejected micrographs that have a fit, with thonring/accepted set to 0."
    ),
]


def export(*, run: opt.Run, formats: Formats, out: Out = None, quiet: opt.PlainQuiet = False) -> None:
    """Export the results of a run from its database; this also works while the run is in progress.

    star: micrographs_ctf.star and rejected_ctf.star. xmd: micrographs.xmd.
    csv: results.csv and attempts.csv. json: results.json, the complete results.
    cryosparc-csv: exposures_ctf.csv and rejected_exposures_ctf.csv.
    ctffind: ctffind/NAME.txt (not NAME_avrot.txt, whose curves are not stored:
    use estimate --ctffind-text).

    Exit codes: 0 written, 2 usage error.
    """
    with error_exit():
        _export(run, tuple(dict.fromkeys(formats)), out or run, quiet=quiet)


def _export(run: Path, formats: Sequence[str], folder: Path, *, quiet: bool) -> None:
    """Write tables and text files, and print where they are.

    Raises
    ------
    typer.BadParameter
        If a format is unknown.
    ThonringError
        If there is no run, or nothing can be written.
    """
    from thonring.formats.run_tables import EXPORTS, create_folder
    from thonring.formats.run_tables import export as write_formats
    from thonring.run.open import read_run

    for name in formats:
        if name not in EXPORTS:
            message = f"found {name!r}, expected one of {', '.join(EXPORTS)}."
            raise typer.BadParameter(message, param_hint="--format")
    with read_run(run) as store:
        create_folder(folder)
        written = write_formats(store, formats, folder)
        micrographs = len(store)
    if quiet:
        return
    typer.echo(f"micrographs in the run: {micrographs}")
    for path in written.tables:
        typer.echo(f"written: {path}")
    if written.texts:
        typer.echo(f"written: {written.texts} text files in {written.texts_folder}")


def export_cs(
    *,
    run: opt.Run,
    exposures: Exposures,
    out: OutTable,
    with_rejected: WithRejected = False,
    quiet: opt.PlainQuiet = False,
) -> None:
    """Write the CTFs of a run into the ctf/ fields of cryoSPARC exposures; uids and all other fields are kept.

    Exposures that have no fit or are not in the run are left out. Exit codes: 0 done, 2 usage error.
    """
    with error_exit():
        counts = _export_cs(run, exposures, out, with_rejected=with_rejected)
    if not quiet:
        typer.echo(counts)


def _export_cs(run: Path, exposures: Path, out: Path, *, with_rejected: bool) -> str:
    """Join a run and exposures by name, write the table, and count what is in it.

    Raises
    ------
    ThonringError
        If a table cannot be read, names are ambiguous, no name is in both, or the file cannot be written.
    """
    from thonring.evaluate.matching import list_files
    from thonring.evaluate.results import read_run_folder
    from thonring.formats.cryosparc import exposure_names, load_exposures, with_ctf, write_exposures

    if out.suffix.lower() != ".cs":
        raise OutputError(f"{out}: found suffix {out.suffix or '(none)'!r}, expected .cs.")
    results = read_run_folder(run, run.name).results
    rows = load_exposures(exposures)
    names = exposure_names(rows)
    by_exposure = _joined(run, results, exposures, names)
    ctfs = {index: _ctf(result) for index, result in by_exposure.items() if result.estimate}
    written = with_ctf(rows, ctfs, with_rejected=with_rejected)
    write_exposures(out, written)
    absent = [name for index, name in enumerate(names) if index not in by_exposure]
    rejected = sum(not ctf.accepted for ctf in ctfs.values())
    counts = [
        f"{len(written)} of {len(rows)} exposures written: {out}",
        f"rejected and {'kept' if with_rejected else 'left out'}: {rejected}",
        f"without a fit: {len(by_exposure) - len(ctfs)}",
        f"not in the run: {len(absent)}" + (f" ({list_files(absent)})" if absent else ""),
    ]
    return "\n".join(counts)


def _joined(
    run: Path, results: "Sequence[Result]", exposures: Path, names: Sequence[str]
) -> "dict[int, Result]":
    """The run's result for each exposure that has one, by the exposure's index."""
    from thonring.evaluate.matching import MicrographIndex, list_files

    files = [result.file for result in results]
    index = MicrographIndex(files, [Path(file) for file in files], f"results of {run}")
    found = index.find({name: Path(name) for name in names}, str(exposures), by_key=True)
    if not found:
        raise InputError(
            f"{exposures}: none of its exposures ({list_files(names)}) are in {run} ({list_files(files)}). "
            "Give exposures of the same micrographs."
        )
    return {position: results[found[name]] for position, name in enumerate(names) if name in found}


def _ctf(result: "Result") -> "ExposureCtf":
    from thonring.formats.cryosparc import ExposureCtf

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
