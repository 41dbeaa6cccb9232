"""Curves of real micrographs over the range of simulated ones, one row a set."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from simulator_curves import FREQUENCIES_PER_A, Curves
from simulator_pictures import write_with_few_colours
from thonring.plot.style import BACKGROUND, MODEL, add_resolution_axis, house_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

COLUMNS = (
    ("rings", "rings over background", (1 / 30, 1 / 2.9), True),
    ("power", "power, 1 at 6 Å", (1 / 15, 0.74), False),
    ("ice", "ring of ice over its neighbours", (1 / 5.2, 1 / 2.9), False),
    ("power", "power at low frequencies, 1 at 6 Å", (1 / 250, 1 / 12), True),
)
"""Curve, title, band in 1/Å, whether the power is drawn in log."""

COLOURS = 96


def write_calibration(path: Path, sets: Mapping[str, tuple[list[Curves], list[Curves]]]) -> Path:
    """Draw every set's curves; `sets` holds (real, simulated) by name."""
    with house_style():
        figure = new_figure(12.6, 2.7 * len(sets))
        grid = figure.subplots(len(sets), len(COLUMNS), squeeze=False)
        for row, (name, (real, simulated)) in zip(grid, sets.items(), strict=True):
            for axes, column in zip(row, COLUMNS, strict=True):
                _draw(axes, real, simulated, column)
            row[0].set_ylabel(name, fontsize=10)
        for axes, (_, title, _, _) in zip(grid[0], COLUMNS, strict=True):
            axes.set_title(title, pad=9)
        for axes in grid[-1]:
            axes.set_xlabel("frequency (1/Å)")
        grid[0, 0].legend(loc="lower left")
        page = io.BytesIO()
        figure.savefig(page, dpi=100, format="png")
    write_with_few_colours(path, page, COLOURS)
    return path


def _draw(
    axes: Axes,
    real: list[Curves],
    simulated: list[Curves],
    column: tuple[str, str, tuple[float, float], bool],
) -> None:
    curve, _, (low, high), logarithmic = column
    inside = (low <= FREQUENCIES_PER_A) & (high >= FREQUENCIES_PER_A)
    k = FREQUENCIES_PER_A[inside]
    drawn = np.array([getattr(one, curve)[inside] for one in simulated])
    seen = np.array([getattr(one, curve)[inside] for one in real])
    known = np.isfinite(seen).all(axis=0) & (np.isfinite(drawn).mean(axis=0) > 0.5)
    k, drawn, seen = k[known], drawn[:, known], seen[:, known]
    bottom, middle, top = np.nanpercentile(drawn, (5, 50, 95), axis=0)
    axes.fill_between(
        k, bottom, top, color=BACKGROUND, alpha=0.2, linewidth=0, label=f"{len(drawn)} simulated, 5-95 %"
    )
    axes.plot(k, middle, color=BACKGROUND, label="their median")
    for one in seen:
        axes.plot(k, one, color=MODEL, linewidth=0.5, alpha=0.5)
    axes.plot(k, np.median(seen, axis=0), color=MODEL, label=f"{len(seen)} real" if len(seen) > 1 else "real")
    if logarithmic:
        axes.set_yscale("log")
    else:
        highest = max(float(np.nanmax(seen)), float(np.nanmax(top)))
        axes.set_ylim(0 if curve == "power" else None, min(1.05 * highest, 2.0))
    axes.set_xlim(float(k[0]), float(k[-1]))
    add_resolution_axis(axes, float(k[0]), float(k[-1]))
