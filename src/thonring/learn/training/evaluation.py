"""Evaluation of trained networks: errors on the test set, learning curves, and a comparison."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError, OutputError, UnreadableFile, UnreadableTable
from thonring.files.atomic import write_text
from thonring.learn.model_card import Card, ErrorRow, read_card
from thonring.plot.style import BACKGROUND, FAINT, MEASURED, MODEL, ZEROS, house_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from thonring.records import Floats


DEFOCUS_EDGES_A = (0, 3000, 5000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000, 200_000)
LARGE_ERROR_A = 1000.0
NORMAL_95 = 1.959964

CURVES = "curves.csv"
PICTURE = "learning_curves.png"
LOGS = "logs"

_COLOURS = (BACKGROUND, MODEL, "#009e73", "#cc79a7", ZEROS, MEASURED)
_DOTS_PER_INCH = 110


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """True and predicted defocus of a test set, (n,) each; `sigma_A` is None for networks that report none."""

    voltage_kV: Floats
    truth_A: Floats
    predicted_A: Floats
    sigma_A: Floats | None = None

    @property
    def error_A(self) -> Floats:
        """Absolute errors."""
        return np.asarray(np.abs(self.predicted_A - self.truth_A))

    @property
    def rms_A(self) -> float:
        """Root of the mean squared error."""
        return float(np.sqrt(np.mean(self.error_A**2)))


def overall_errors(result: EvaluationResult) -> ErrorRow:
    """Errors of all examples."""
    every = np.ones(len(result.truth_A), dtype=bool)
    return _error_row(result, every, float(result.truth_A.min()), float(result.truth_A.max()))


def errors_by_voltage(result: EvaluationResult) -> dict[str, ErrorRow]:
    """One row for each voltage, rounded to kV, by its number; unknown voltages have none."""
    rounded = np.round(result.voltage_kV)
    known = np.unique(rounded[np.isfinite(rounded)])
    return {f"{kV:.0f}": _error_row(result, rounded == kV, float(kV), float(kV)) for kV in known}


def errors_by_defocus(result: EvaluationResult) -> dict[str, ErrorRow]:
    """One row for each range of true defocus with any examples, such as "3000-5000"."""
    edges = pairwise(DEFOCUS_EDGES_A)
    inside = {(low, high): (result.truth_A >= low) & (result.truth_A < high) for low, high in edges}
    return {
        f"{low}-{high}": _error_row(result, selected, low, high)
        for (low, high), selected in inside.items()
        if selected.any()
    }


def _error_row(
    result: EvaluationResult, selected: npt.NDArray[np.bool_], low: float, high: float
) -> ErrorRow:
    error_A = result.error_A[selected]
    covered = None
    if result.sigma_A is not None:
        covered = _rounded(np.mean(error_A <= NORMAL_95 * result.sigma_A[selected]))
    return ErrorRow(
        low=round(low, 1),
        high=round(high, 1),
        count=len(error_A),
        mean_A=_rounded(error_A.mean()),
        median_A=_rounded(np.median(error_A)),
        beyond_1000A=_rounded(np.mean(error_A > LARGE_ERROR_A)),
        held_95=covered,
    )


def _rounded(value: np.floating) -> float:
    return float(f"{value:.4g}")


@dataclass(frozen=True, slots=True)
class Epoch:
    """A row of curves.csv; epochs count from 1. Losses have the unit of the network's loss, Å for the thesis."""

    epoch: int
    learning_rate: float
    training_loss: float
    validation_loss: float
    validation_mae_A: float


COLUMNS = tuple(field.name for field in fields(Epoch))


def logged_curves(folder: Path) -> tuple[Epoch, ...]:
    """Read all logs of a training; for an epoch repeated after an interruption, the later log is used."""
    rows: dict[int, dict[str, str]] = {}
    for log in sorted((folder / LOGS).glob("version_*/metrics.csv"), key=_version):
        of_log: dict[int, dict[str, str]] = {}
        with log.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                filled = {name: value for name, value in row.items() if value}
                of_log.setdefault(int(row["epoch"]) + 1, {}).update(filled)
        rows.update(of_log)
    return tuple(
        Epoch(epoch, *(float(row[name]) for name in COLUMNS[1:])) for epoch, row in _complete_epochs(rows)
    )


def write_curves(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Write curves.csv.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rows = (",".join(f"{value:.8g}" for value in astuple(epoch)) for epoch in epochs)
    write_text(folder / CURVES, "\n".join((",".join(COLUMNS), *rows)) + "\n")


def read_curves(folder: Path) -> tuple[Epoch, ...]:
    """Read curves.csv in the folder of a training.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If it is missing, or is not what `thonring train` writes.
    """
    path = folder / CURVES
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [[row[name] for name in COLUMNS] for row in csv.DictReader(lines)]
        return tuple(Epoch(int(number), *map(float, values)) for number, *values in rows)
    except OSError as problem:
        raise UnreadableFile(
            f"{path}: cannot be read ({problem.strerror}). Expected the folder that `thonring train --out` wrote."
        ) from None
    except (KeyError, ValueError, TypeError) as problem:
        raise UnreadableTable(
            f"{path}: not a table of learning curves ({problem}). Expected the columns {', '.join(COLUMNS)}."
        ) from None


def draw_training(path: Path, title: str, epochs: Sequence[Epoch]) -> None:
    """Plot loss, error and learning rate of one training against epochs.

    Raises
    ------
    OutputError
        If the picture cannot be written.
    """
    with house_style():
        figure = new_figure(6.4, 6.2)
        losses, errors, rates = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.4))
        numbers = [epoch.epoch for epoch in epochs]
        losses.plot(numbers, [epoch.training_loss for epoch in epochs], color=MEASURED, label="training")
        losses.plot(numbers, [epoch.validation_loss for epoch in epochs], color=MODEL, label="validation")
        losses.set(ylabel="loss", title=title)
        losses.legend()
        errors.plot(numbers, [epoch.validation_mae_A for epoch in epochs], color=MODEL)
        errors.set(ylabel="mean error on validation (Å)", yscale="log")
        rates.plot(numbers, [epoch.learning_rate for epoch in epochs], color=BACKGROUND)
        rates.set(ylabel="learning rate", yscale="log", xlabel="epoch")
        _finish(figure, path)


def draw_comparison(path: Path, trainings: Mapping[str, Sequence[Epoch]]) -> None:
    """Plot the validation errors of several trainings against epochs.

    Raises
    ------
    OutputError
        If the picture cannot be written.
    """
    with house_style():
        figure = new_figure(6.4, 4.0)
        axes = figure.subplots()
        for number, (name, epochs) in enumerate(trainings.items()):
            style = ("-", "--", ":")[number // len(_COLOURS) % 3]
            errors_A = [epoch.validation_mae_A for epoch in epochs]
            colour = _COLOURS[number % len(_COLOURS)]
            axes.plot([epoch.epoch for epoch in epochs], errors_A, style, color=colour, label=name)
        axes.set(xlabel="epoch", ylabel="mean error on validation (Å)", yscale="log", title="Learning curves")
        axes.legend()
        _finish(figure, path)


def _finish(figure: Figure, path: Path) -> None:
    from matplotlib.ticker import LogFormatter, MaxNLocator

    for axes in figure.axes:
        axes.grid(color=FAINT, linewidth=0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.get_yscale() == "log":
            axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.6)))
    try:
        figure.savefig(path, dpi=_DOTS_PER_INCH)
    except OSError as problem:
        raise OutputError(
            f"{path}: the picture cannot be written ({problem}). Free some space, or choose another --out."
        ) from problem


def _version(log: Path) -> int:
    return int(log.parent.name.removeprefix("version_"))


def _complete_epochs(rows: Mapping[int, dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Epochs in order, without interrupted ones."""
    return [(epoch, row) for epoch, row in sorted(rows.items()) if all(name in row for name in COLUMNS[1:])]


HEAD = (
    "model",
    "parameters",
    "epochs",
    "best",
    "validation",
    "test mean",
    "median",
    "> 1000 Å",
    "95 % holds",
)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained network, under a name that distinguishes it from the others."""

    name: str
    card: Card
    epochs: tuple[Epoch, ...]


def read_models(models: Sequence[Path]) -> tuple[TrainedModel, ...]:
    """Read models, given as the folders of `thonring train --out` or the files in them.

    Raises
    ------
    InputError
        If one is missing or damaged, or a folder contains no model or several.
    """
    paths = [_model_path(path) for path in models]
    cards = [read_card(model) for model in paths]
    networks = [card.network for card in cards]
    names = [
        card.network if networks.count(card.network) == 1 else f"{card.network} ({model.parent.name})"
        for card, model in zip(cards, paths, strict=True)
    ]
    curves = [read_curves(model.parent) for model in paths]
    return tuple(map(TrainedModel, names, cards, curves))


def comparison_table(compared: Sequence[TrainedModel]) -> str:
    """Errors in Å, one line per model; a remark if their test data differ."""
    lines = [HEAD, *(_cells(model) for model in compared)]
    text = aligned(lines)
    if len({(model.card.data, model.card.errors.count) for model in compared}) > 1:
        text += "\n\nThe models were tested on different data: their errors are not comparable."
    return text


def error_table(card: Card) -> str:
    """Errors of one model in Å: of all examples, by voltage, by defocus."""
    rows = [("", "elements", "mean", "median", "> 1000 Å", "95 % holds"), _errors("all", card.errors)]
    rows += [_errors(f"{name} kV", row) for name, row in card.errors_by_voltage.items()]
    rows += [_errors(f"{name.replace('-', '–')} Å", row) for name, row in card.errors_by_defocus.items()]
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first column aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    )


def _model_path(path: Path) -> Path:
    if not path.is_dir():
        return path.with_suffix(".onnx")
    models = sorted(path.glob("*.onnx"))
    if len(models) != 1:
        raise InputError(
            f"{path}: contains {len(models)} models, expected the one .onnx that `thonring train --out` writes. "
            "Was the training interrupted?"
        )
    return models[0]


def _cells(model: TrainedModel) -> tuple[str, ...]:
    best = model.card.epochs
    best_A = next((epoch.validation_mae_A for epoch in model.epochs if epoch.epoch == best), None)
    _, _, *errors = _errors("", model.card.errors)
    return (
        model.name,
        f"{model.card.parameters:,}",
        str(len(model.epochs)),
        str(best),
        "–" if best_A is None else f"{best_A:.1f}",
        *errors,
    )


def _errors(name: str, row: ErrorRow) -> tuple[str, ...]:
    covered = "–" if row.held_95 is None else f"{100 * row.held_95:.1f} %"
    return (
        name,
        str(row.count),
        f"{row.mean_A:.1f}",
        f"{row.median_A:.1f}",
        f"{100 * row.beyond_1000A:.2f} %",
        covered,
    )
