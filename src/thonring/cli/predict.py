"""`thonring predict`: the defocus of micrographs by a neural network."""

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.console import error_exit, print_table_report
from thonring.optics import PartialOptics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thonring.batch.prediction import PredictionOptions, Predictions
    from thonring.cli.progress import StatusLine
    from thonring.learn.predict import Predictor
    from thonring.learn.prediction_table import Prediction
    from thonring.records import Source
    from thonring.settings import SpectrumKind

_STATUSES = ("predicted", "flagged", "failed")

Out = Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="The table to write.")]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL.onnx",
        help="A model from `thonring train`, with its model card MODEL.toml next to it.",
        show_default="the packaged one",
    ),
]
Batch = Annotated[
    int, typer.Option("--batch", metavar="N", min=1, max=4096, help="Number of files predicted per batch.")
]


def predict(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    files: opt.Files,
    out: Out,
    model: Model = None,
    voltage: opt.Voltage = None,
    cs: opt.Cs = None,
    amplitude_contrast: opt.AmplitudeContrast = None,
    pixel: opt.Pixel = None,
    no_metadata: opt.NoMetadata = False,
    spectrum: opt.Spectrum = None,
    workers: opt.Workers = 1,
    batch: Batch = 8,
    quiet: opt.Quiet = False,
) -> None:
    """Predict the mean defocus of micrographs with a neural network, with its standard error.

    Exit codes: 0 all inputs were processed, 1 some failed (see the table) or rows of tables were left out,
    2 usage error, 130 or 143 interrupted: what is predicted is in the table.
    """
    one_thread_each()
    keep_freed_memory()
    with error_exit():
        from thonring.batch.prediction import PredictionOptions
        from thonring.files.text import TableReport
        from thonring.learn.predict import Predictor
        from thonring.read import sources

        optics = PartialOptics(voltage, cs, amplitude_contrast, pixel)
        report = TableReport()
        inputs = sources(files, optics, spectra=spectrum is not None, metadata=not no_metadata, report=report)
        predictor = Predictor.load(model)
        code = _predict(inputs, spectrum, predictor, out, PredictionOptions(workers, batch), quiet=quiet)
        print_table_report(report, quiet=quiet)
        code = code or int(bool(report.left_out))
    raise typer.Exit(code)


def _predict(
    inputs: "Sequence[Source]",
    spectrum_kind: "SpectrumKind | None",
    predictor: "Predictor",
    out: Path,
    options: "PredictionOptions",
    *,
    quiet: bool,
) -> int:
    """Predict the inputs, show progress, print the summary and return the exit code.

    Raises
    ------
    ThonringError
        If the table cannot be written.
    """
    from thonring.batch.prediction import PredictionJob, predict_all
    from thonring.cli.progress import show_progress
    from thonring.learn.prediction_table import prepare_predictions

    prepare_predictions(out)
    jobs = [PredictionJob(source, predictor.card, spectrum_kind) for source in inputs]
    started = time.monotonic()
    with show_progress(len(jobs), _STATUSES, quiet=quiet) as show:
        done = predict_all(out, jobs, predictor, options, lambda row: show(_status_line(row)))
    if not quiet:
        _print_summary(out, done, len(jobs), time.monotonic() - started)
    return done.run.exit_code


def _status_line(row: "Prediction") -> "StatusLine":
    """Name, status, and the numbers or the reason."""
    from thonring.cli.progress import StatusLine

    head = f"{row.path.name} {row.status}"
    if row.status == "failed":
        return StatusLine(f"{head}: {row.reason.removeprefix(f'{row.path}: ')}", row.status, row.notes)
    return StatusLine(f"{head} {row.defocus_A:.0f} ± {row.sigma_A:.0f} Å", row.status, row.notes)


def _print_summary(out: Path, done: "Predictions", total: int, seconds: float) -> None:
    counts: Counter[str] = Counter(row.status for row in done.rows)
    counted = ", ".join(f"{counts[status]} {status}" for status in _STATUSES if counts[status])
    if done.run.interrupted:
        typer.echo(f"Interrupted: {len(done.rows)} of {total} files are predicted and in the table.")
    each = seconds / max(1, len(done.rows))
    typer.echo(f"{counted or 'no predictions'}; {seconds:.1f} s in all, {each:.2f} s per file")
    typer.echo(f"table: {out}")
