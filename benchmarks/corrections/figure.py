"""Figure of the confusion matrices of all configurations, and of the false positives of each by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.corrections.tables import (
    NEGATIVES,
    Verdicts,
    confusion,
    false_positives,
    measured_configurations,
)
from thonring.evaluate import Confusion
from thonring.plot.style import FAINT, MARK, MEASURED, house_style, new_figure

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

CORRECT, WRONG = "#00735c", "#b8400e"
SHADES = (
    "#0072b2",
    "#56b4e9",
    "#009e73",
    "#7cc8a0",
    "#e69f00",
    "#f0e442",
    "#d55e00",
    "#cc79a7",
    "#8a5fa8",
    "#3a3a3a",
)
"""One for each of NEGATIVES: the palette of Okabe & Ito, extended."""

PANELS_PER_ROW = 5


def write_figure(path: Path, verdicts: Verdicts) -> Path:
    """Draw the confusion matrix of each configuration, and bars of its false positives by cause."""
    with house_style():
        configurations = measured_configurations(verdicts)
        rows = -(-len(configurations) // PANELS_PER_ROW)
        figure = new_figure(12.0, 2.5 * rows + 3.6)
        grid = figure.add_gridspec(rows + 1, PANELS_PER_ROW, height_ratios=[*[1.0] * rows, 1.5])
        for number, configuration in enumerate(configurations):
            axes = figure.add_subplot(grid[number // PANELS_PER_ROW, number % PANELS_PER_ROW])
            published = None if configuration.published is None else Confusion(*configuration.published)
            _draw_matrix(axes, configuration.name, confusion(verdicts[configuration.name]), published)
        _draw_bars(figure.add_subplot(grid[rows, :]), verdicts)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    return path


def _draw_matrix(axes: Axes, name: str, ours: Confusion, published: Confusion | None) -> None:
    """Draw verdicts as columns and truths as rows; correct ones green, wrong ones red, darker for larger fractions."""
    cells = [[("tp", CORRECT), ("fn", WRONG)], [("fp", WRONG), ("tn", CORRECT)]]
    for row, pair in enumerate(cells):
        truths = sum(getattr(ours, key) for key, _ in pair)
        for column, (key, colour) in enumerate(pair):
            count = getattr(ours, key)
            fraction = count / truths if truths else 0.0
            axes.fill_between(
                [column, column + 1], row, row + 1, color=colour, alpha=0.08 + 0.72 * fraction, linewidth=0
            )
            ink = "white" if fraction > 0.5 else MEASURED
            axes.text(column + 0.5, row + 0.46, str(count), ha="center", va="center", fontsize=13, color=ink)
            if published is not None:
                text = f"thesis {getattr(published, key)}"
                axes.text(column + 0.5, row + 0.8, text, ha="center", va="center", fontsize=7, color=ink)
    axes.set(xlim=(0, 2), ylim=(2, 0))
    axes.set_title(f"{name}\nF1 {ours.f1:.4f}   MCC {ours.mcc:.4f}")
    axes.set_xticks([0.5, 1.5], ["accepted", "not accepted"])
    axes.set_yticks([0.5, 1.5], ["good", "bad"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _draw_bars(axes: Axes, verdicts: Verdicts) -> None:
    """Draw one bar per configuration, stacked by cause."""
    from matplotlib.ticker import MaxNLocator

    counts = [false_positives(verdicts[one.name]) for one in measured_configurations(verdicts)]
    bottom = [0] * len(counts)
    positions = range(len(counts))
    for name, colour in zip(NEGATIVES, SHADES, strict=True):
        heights = [count[name] for count in counts]
        if any(heights):
            axes.bar(
                positions,
                heights,
                0.62,
                bottom=bottom,
                color=colour,
                edgecolor="white",
                linewidth=0.5,
                label=name,
            )
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    for position, total in zip(positions, bottom, strict=True):
        axes.text(position, total, str(total), ha="center", va="bottom", color=MEASURED)
    axes.set_xticks(
        list(positions),
        [one.name.replace(" + ", "\n+ ").replace(", ", ",\n") for one in measured_configurations(verdicts)],
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("false positives")
    axes.set_title("Accepted despite")
    axes.set_ylim(0, 1.12 * max(*bottom, 1))
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    axes.spines["left"].set_color(MARK)
    if any(bottom):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
