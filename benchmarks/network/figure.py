"""Figure of the errors of the network `rings`, and of its standard errors against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullFormatter
from scipy.special import ndtri

from benchmarks.network.evaluation import OUTLIER_A
from thonring.plot.style import BACKGROUND, FAINT, MARK, MEASURED, MODEL, house_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.network.evaluation import Predictions

RINGS = "rings"
VISIBLE, HARDLY, NONE = "visible-2048", "hardly", "none"
BY_VOLTAGE = {100.0: MODEL, 200.0: "#009e73", 300.0: BACKGROUND}
CONFIDENCES = np.linspace(0.02, 0.98, 49)
LOWEST_A = 0.3
TICKS_A = (3000, 5000, 10_000, 20_000, 40_000)


def write_figure(path: Path, found: Mapping[tuple[str, str], Predictions]) -> Path:
    """Draw errors against defocus, coverage against confidence level, and errors against their standard errors."""
    with house_style():
        figure = new_figure(12.0, 3.9)
        errors, coverage, sigmas = figure.subplots(1, 3)
        _draw_errors(errors, found[VISIBLE, RINGS])
        _draw_coverage(
            coverage, {"visible rings": found[VISIBLE, RINGS], "hardly visible": found[HARDLY, RINGS]}
        )
        _draw_sigmas(sigmas, {name: found[name, RINGS] for name in (VISIBLE, HARDLY, NONE)})
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    return path


def _draw_errors(axes: Axes, predictions: Predictions) -> None:
    for voltage_kV, colour in BY_VOLTAGE.items():
        some = predictions.voltage_kV == voltage_kV
        axes.scatter(
            predictions.truth_A[some],
            np.maximum(predictions.error_A[some], LOWEST_A),
            s=6,
            color=colour,
            alpha=0.6,
            linewidth=0,
            label=f"{voltage_kV:.0f} kV",
        )
    axes.axhline(float(np.median(predictions.error_A)), color=MARK, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="true defocus, Å", ylabel="error, Å")
    axes.set_xticks(TICKS_A, [f"{tick:,}" for tick in TICKS_A])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"Visible rings: median error {np.median(predictions.error_A):.0f} Å")
    axes.legend(loc="lower right", markerscale=2)


def _draw_coverage(axes: Axes, sets: Mapping[str, Predictions]) -> None:
    axes.plot([0, 100], [0, 100], color=FAINT)
    for (name, predictions), colour in zip(sets.items(), (BACKGROUND, MODEL), strict=True):
        normalized = predictions.error_A / predictions.sigma_A
        covered = [100 * np.mean(normalized <= ndtri(0.5 + 0.5 * confidence)) for confidence in CONFIDENCES]
        axes.plot(100 * CONFIDENCES, covered, color=colour, label=name)
    axes.set(
        xlabel="confidence level, %", ylabel="truths inside the interval, %", xlim=(0, 100), ylim=(0, 100)
    )
    axes.set_title("Coverage of the confidence intervals")
    axes.legend(loc="upper left")


def _draw_sigmas(axes: Axes, sets: Mapping[str, Predictions]) -> None:
    """Draw each error against its standard error for all sets; the line is at 1.96 standard errors."""
    labels = dict(zip(sets, ("visible", "hardly visible", "no rings at all"), strict=True))
    colours = (BACKGROUND, MODEL, MEASURED)
    for (name, predictions), colour in zip(sets.items(), colours, strict=True):
        axes.scatter(
            predictions.sigma_A,
            np.maximum(predictions.error_A, LOWEST_A),
            s=6,
            color=colour,
            alpha=0.6,
            linewidth=0,
            label=labels[name],
        )
    low, high = 5.0, 60_000.0
    axes.plot([low, high], [1.96 * low, 1.96 * high], color=MARK, linewidth=0.8)
    axes.axhline(OUTLIER_A, color=FAINT, linewidth=0.8, zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="predicted standard error, Å", ylabel="error, Å")
    axes.set_title("Below the line: within 1.96 standard errors")
    axes.legend(loc="upper left", markerscale=2)
