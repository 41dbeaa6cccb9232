"""Learning curves: read from Lightning's logs, kept as one table, drawn."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from thonring.errors import OutputError, UnreadableFile, UnreadableTable
from thonring.plot.style import BACKGROUND, FAINT, MEASURED, MODEL, ZEROS, house_style, new_figure
from thonring.results import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

CURVES = "curves.csv"
PICTURE = "learning_curves.png"
LOGS = "logs"

_COLOURS = (BACKGROUND, MODEL, "#009e73", "#cc79a7", ZEROS, MEASURED)
_DOTS_PER_INCH = 110


@dataclass(frozen=True, slots=True)
class Epoch:
    """A row of curves.csv; epochs count from 1. Losses are in the network's own unit, Å for those of the thesis."""

    epoch: int
    learning_rate: float
    training_loss: float
    validation_loss: float
    validation_mae_A: float


COLUMNS = tuple(field.name for field in fields(Epoch))


def logged_curves(folder: Path) -> tuple[Epoch, ...]:
    """Read all logs of a training; where it went on after a break, the later log counts."""
    found: dict[int, dict[str, str]] = {}
    for log in sorted((folder / LOGS).glob("version_*/metrics.csv"), key=_version):
        again: dict[int, dict[str, str]] = {}
        with log.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                filled = {name: value for name, value in row.items() if value}
                again.setdefault(int(row["epoch"]) + 1, {}).update(filled)
        found.update(again)
    whole = (Epoch(epoch, *(float(row[name]) for name in COLUMNS[1:])) for epoch, row in _finished(found))
    return tuple(whole)


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
    """Read curves.csv of a training's folder.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If it is missing or not as `thonring train` writes it.
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
    """Draw loss, error and learning rate of one training against epochs.

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
    """Draw the validation errors of several trainings against epochs.

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
            f"{path}: cannot write the picture ({problem}). Free some space or choose another --out."
        ) from problem


def _version(log: Path) -> int:
    return int(log.parent.name.removeprefix("version_"))


def _finished(found: Mapping[int, dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Epochs in order, without one that was broken off."""
    return [(epoch, row) for epoch, row in sorted(found.items()) if all(name in row for name in COLUMNS[1:])]
