"""Prediction for many files: jobs compute the network's inputs, the network predicts in batches, into one table."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thonring.batch.executors.base import TaskSpec
from thonring.batch.executors.processes import local
from thonring.batch.run import RunResult, TableSink, collect_results
from thonring.errors import ThonringError
from thonring.learn.inputs import NetworkInput, network_input, spectrum_pyramid
from thonring.learn.model_card import Card
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.learn.prediction_table import Prediction, write_predictions
from thonring.measurement import measured_spectrum
from thonring.records import Source
from thonring.settings import SpectrumKind

IndexedPrediction = tuple[int, Prediction]


@dataclass(frozen=True, slots=True)
class PredictionJob:
    """One file for the network of a card; `spectrum_kind` is set if it is a spectrum, not an image."""

    source: Source
    card: Card
    spectrum_kind: SpectrumKind | None = None


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """Number of processes that read files, and files that the network predicts at once."""

    workers: int = 1
    batch: int = 8


@dataclass(frozen=True, slots=True)
class Predictions:
    """The rows of the table in the order of the files, all of them unless the run was interrupted."""

    rows: tuple[Prediction, ...]
    run: RunResult


@dataclass(frozen=True, slots=True)
class NetworkReading:
    """The network's input from one file; a file that cannot be read has no `network_input` and a failed row."""

    row: Prediction
    network_input: NetworkInput | None = None


def predict_all(
    out: Path,
    jobs: Sequence[PredictionJob],
    predictor: Predictor,
    options: PredictionOptions,
    report: Callable[[Prediction], None],
) -> Predictions:
    """Predict the files, call `report` with each result, and write the table `out`.

    It is written periodically and at the end. Ctrl-C and SIGTERM end the run early; finished predictions are kept.

    Raises
    ------
    OutputError
        If the table cannot be written.
    """
    spec = TaskSpec(read_for_network, _died, "thonring.batch.prediction")
    readings = local(options.workers).finish(jobs, spec)
    sink = TableSink[Prediction](
        lambda rows: write_predictions(out, rows), lambda row: row.status == "failed"
    )
    result = collect_results(_predicted(readings, predictor, options.batch), sink, report)
    return Predictions(sink.results, result)


def read_for_network(job: PredictionJob) -> NetworkReading:
    """Read a file and compute the network's input; an error is returned as the reason."""
    try:
        measured = measured_spectrum(job.source, job.spectrum_kind, min(job.card.samplings_A))
    except ThonringError as problem:
        return _failed(job, str(problem))
    try:
        pyramid = spectrum_pyramid(measured.spectrum, job.card.samplings_A)
        inputs = network_input(pyramid, measured.optics, job.card)
    except ThonringError as problem:
        return _failed(job, f"{job.source.path}: {problem}")
    row = Prediction(job.source.path, "predicted", measured.optics, measured.pixel_A, notes=measured.notes)
    return NetworkReading(row, inputs)


def _failed(job: PredictionJob, reason: str) -> NetworkReading:
    return NetworkReading(Prediction(job.source.path, "failed", job.source.optics, reason=reason))


def _died(job: PredictionJob, reason: str) -> NetworkReading:
    return _failed(job, f"{job.source.path}: {reason}")


def _predicted(
    readings: Generator[tuple[int, NetworkReading], None, None], predictor: Predictor, batch: int
) -> Generator[IndexedPrediction, None, None]:
    """Rows with their indices: failed files at once, the others when a batch is full or the input ends."""
    waiting: list[tuple[int, NetworkReading]] = []
    try:
        for index, reading in readings:
            if reading.network_input is None:
                yield index, reading.row
                continue
            waiting.append((index, reading))
            if len(waiting) >= batch:
                yield from _rows(waiting, predictor)
                waiting.clear()
        yield from _rows(waiting, predictor)
    finally:
        readings.close()


def _rows(waiting: Sequence[tuple[int, NetworkReading]], predictor: Predictor) -> Iterable[IndexedPrediction]:
    """Predict a batch; if that fails, predict file by file, so that a bad file does not affect the others."""
    inputs = [reading.network_input for _, reading in waiting if reading.network_input is not None]
    try:
        predictions = predictor.predict(inputs)
    except Exception as problem:  # noqa: BLE001 - one bad file never stops a batch
        if len(waiting) == 1:
            index, reading = waiting[0]
            return [(index, replace(reading.row, status="failed", reason=f"{reading.row.path}: {problem}"))]
        return [row for single in waiting for row in _rows([single], predictor)]
    return [
        (index, _row(reading.row, predicted))
        for (index, reading), predicted in zip(waiting, predictions, strict=True)
    ]


def _row(row: Prediction, predicted: NetworkDefocus) -> Prediction:
    return replace(
        row,
        status="flagged" if predicted.notes else "predicted",
        defocus_A=predicted.defocus_A,
        sigma_A=predicted.sigma_A,
        reason="; ".join(note.text for note in predicted.notes),
        notes=(*row.notes, *predicted.notes),
    )
