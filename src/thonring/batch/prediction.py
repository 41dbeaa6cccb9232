"""Many files to defoci: each read and seen on its own, on processes; the network answers in batches."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thonring.batch.executors.base import TaskSpec
from thonring.batch.executors.processes import local
from thonring.batch.run import WRITE_EVERY_S, collect_results
from thonring.errors import ThonringError
from thonring.learn.inputs import NetworkInput, network_input, spectrum_pyramid
from thonring.learn.model_card import Card
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.learn.prediction_table import Prediction, write_predictions
from thonring.measurement import measured_spectrum
from thonring.records import Source
from thonring.settings import SpectrumKind

Finished = tuple[int, Prediction]


@dataclass(frozen=True, slots=True)
class PredictionJob:
    """One file for the network of a card; `spectrum_kind` is set where it holds a spectrum, not an image."""

    source: Source
    card: Card
    spectrum_kind: SpectrumKind | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """How to go about it: processes, and files answered at once."""

    workers: int = 1
    batch: int = 8


@dataclass(frozen=True, slots=True)
class Predictions:
    """What became of the files: in their order, all of them unless it was interrupted."""

    rows: tuple[Prediction, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class NetworkReading:
    """A file as the network is fed it, or with `given` None the row of one that failed."""

    row: Prediction
    given: NetworkInput | None = None


def predict_all(
    out: Path,
    jobs: Sequence[PredictionJob],
    predictor: Predictor,
    work: Work,
    tell: Callable[[Prediction], None],
) -> Predictions:
    """Predict the files, call `tell` with each as it comes, and keep the table `out`.

    It is written at the end and every half minute before. Ctrl-C ends the work early; what is answered stays.

    Raises
    ------
    OutputError
        If the table cannot be written.
    """
    handling = TaskSpec(read_for_network, _died, "thonring.batch.prediction")
    answered = _answered(local(work.workers).finish(jobs, handling), predictor, work.batch)
    return Predictions(
        *collect_results(answered, tell, lambda rows: write_predictions(out, rows), WRITE_EVERY_S)
    )


def read_for_network(job: PredictionJob) -> NetworkReading:
    """Read a file into the input of the network; what is wrong with it comes back as its reason."""
    try:
        measured = measured_spectrum(job.source, job.spectrum_kind, min(job.card.samplings_A))
    except ThonringError as problem:
        return _failed(job, str(problem))
    try:
        pyramid = spectrum_pyramid(measured.spectrum, job.card.samplings_A)
        given = network_input(pyramid, measured.optics, job.card)
    except ThonringError as problem:
        return _failed(job, f"{job.source.path}: {problem}")
    row = Prediction(job.source.path, "predicted", measured.optics, measured.pixel_A, notes=measured.notes)
    return NetworkReading(row, given)


def _failed(job: PredictionJob, reason: str) -> NetworkReading:
    return NetworkReading(Prediction(job.source.path, "failed", job.source.optics, reason=reason))


def _died(job: PredictionJob, reason: str) -> NetworkReading:
    return _failed(job, f"{job.source.path}: {reason}")


def _answered(
    seen: Generator[tuple[int, NetworkReading], None, None], predictor: Predictor, batch: int
) -> Generator[Finished, None, None]:
    """Rows with their indices: failed files at once, the others when a batch is full or the last has come."""
    waiting: list[tuple[int, NetworkReading]] = []
    try:
        for index, one in seen:
            if one.given is None:
                yield index, one.row
                continue
            waiting.append((index, one))
            if len(waiting) >= batch:
                yield from _rows(waiting, predictor)
                waiting.clear()
        yield from _rows(waiting, predictor)
    finally:
        seen.close()


def _rows(waiting: Sequence[tuple[int, NetworkReading]], predictor: Predictor) -> Iterable[Finished]:
    """Answer a batch; if that fails, file by file, so that one of them costs no other its answer."""
    given = [one.given for _, one in waiting if one.given is not None]
    try:
        answers = predictor.predict(given)
    except Exception as problem:  # noqa: BLE001 - one bad file never stops a batch
        if len(waiting) == 1:
            index, one = waiting[0]
            return [(index, replace(one.row, status="failed", reason=f"{one.row.path}: {problem}"))]
        return [row for single in waiting for row in _rows([single], predictor)]
    return [(index, _row(one.row, answer)) for (index, one), answer in zip(waiting, answers, strict=True)]


def _row(row: Prediction, answer: NetworkDefocus) -> Prediction:
    return replace(
        row,
        status="flagged" if answer.notes else "predicted",
        defocus_A=answer.defocus_A,
        sigma_A=answer.sigma_A,
        reason="; ".join(note.text for note in answer.notes),
        notes=(*row.notes, *answer.notes),
    )
