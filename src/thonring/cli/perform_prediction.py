"""Predictions made, the user told."""

import time
from collections import Counter

import typer

from thonring.batch.prediction import PredictionJob, Predictions, Work, predict_all
from thonring.cli.progress import StatusLine, shown
from thonring.cli.request import PredictionRequest
from thonring.learn.predict import Predictor
from thonring.learn.prediction_table import Prediction, prepare_predictions
from thonring.read import sources

_STATUSES = ("predicted", "flagged", "failed")


def perform_prediction(request: PredictionRequest) -> int:
    """Predict what was asked for and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no inputs, a constant missing, no model or a damaged one, no place for the table.
    """
    spectra = request.spectrum_kind is not None
    inputs = sources(request.files, request.optics, spectra=spectra, metadata=request.metadata)
    predictor = Predictor.load(request.model)
    prepare_predictions(request.out)
    jobs = [PredictionJob(source, predictor.card, request.spectrum_kind) for source in inputs]
    started = time.monotonic()
    with shown(len(jobs), _STATUSES, quiet=request.quiet) as show:
        work = Work(request.workers, request.batch)
        done = predict_all(request.out, jobs, predictor, work, lambda row: show(told(row)))
    if not request.quiet:
        _tell_summary(request, done, len(jobs), time.monotonic() - started)
    if done.interrupted:
        return 130
    return 1 if any(row.status == "failed" for row in done.rows) else 0


def told(row: Prediction) -> StatusLine:
    """Name, status, and the numbers or the reason."""
    head = f"{row.path.name} {row.status}"
    if row.status == "failed":
        return StatusLine(f"{head}: {row.reason.removeprefix(f'{row.path}: ')}", row.status, row.notes)
    return StatusLine(f"{head} {row.defocus_A:.0f} ± {row.sigma_A:.0f} Å", row.status, row.notes)


def _tell_summary(request: PredictionRequest, done: Predictions, total: int, seconds: float) -> None:
    counts: Counter[str] = Counter(row.status for row in done.rows)
    counted = ", ".join(f"{counts[status]} {status}" for status in _STATUSES if counts[status])
    if done.interrupted:
        typer.echo(f"Interrupted: {len(done.rows)} of {total} files are answered and in the table.")
    each = seconds / max(1, len(done.rows))
    typer.echo(f"{counted or 'nothing was answered'}; {seconds:.1f} s in all, {each:.2f} s a file")
    typer.echo(f"table: {request.out}")
