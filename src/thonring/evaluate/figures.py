"""Figures of an evaluation: errors, error bars, and verdicts as a function of each limit."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from thonring.plot import style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.evaluate.matching import Pair
    from thonring.evaluate.report import Report, RunReport
    from thonring.evaluate.verdicts import ThresholdCurve
    from thonring.records import Floats

KINDS = (
    ("TN", "negative, not accepted", style.MARK, "x"),
    ("TP", "positive, accepted", style.STATUS_COLOURS["accepted"], "o"),
    ("FN", "positive, not accepted (FN)", style.BACKGROUND, "s"),
    ("FP", "negative, accepted (FP)", style.MODEL, "D"),
)
"""Class, label, colour and marker, in the order in which they are drawn."""

SMALLEST_ERROR_DRAWN = 1e-3
"""In tolerances; smaller errors are drawn here."""

PANELS_PER_ROW = 4
LOGARITHMIC_RATIO = 50.0
"""Limits that span more than this factor are drawn on a logarithmic axis."""


def as_svg(figure: Figure, name: str) -> bytes:
    """Draw a figure as SVG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    with style.house_style():
        import matplotlib as mpl

        mpl.rcParams["svg.hashsalt"] = name
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def error_figure(report: Report) -> Figure:
    """Largest error of each estimate, in tolerances, against the true defocus; one panel per run."""
    with style.house_style():
        figure = style.new_figure(max(5.0, 3.7 * len(report.runs)), 3.6)
        panels = figure.subplots(1, len(report.runs), squeeze=False, sharey=True)[0]
        for axes, run in zip(panels, report.runs, strict=True):
            _draw_errors(axes, run)
        panels[0].set_ylabel("largest error / tolerance")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=2 if len(panels) == 1 else len(labels)
        )
        return figure


def _draw_errors(axes: Axes, run: RunReport) -> None:
    for kind, name, colour, marker in KINDS:
        shown = [pair for pair in run.pairs if pair.kind == kind and math.isfinite(pair.largest_error_A)]
        x = [1e-4 * pair.reference.defocus_A for pair in shown]
        y = [max(pair.largest_error_A / pair.tolerance_A, SMALLEST_ERROR_DRAWN) for pair in shown]
        axes.scatter(x, y, s=14, c=colour, marker=marker, alpha=0.75, linewidths=0.7, label=name)
    axes.axhline(1.0, color=style.MEASURED, linewidth=0.8, linestyle="--")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(run.run.name)
    axes.set_xlabel("true defocus (µm)")


def calibration_figure(report: Report) -> Figure | None:
    """Errors of accepted estimates in their own standard errors, with the expected distribution; None without any."""
    shown = [(run, deviations) for run in report.runs if (deviations := _deviations(run.pairs)).size]
    if not shown:
        return None
    with style.house_style():
        figure = style.new_figure(max(4.4, 3.4 * len(shown)), 2.9)
        panels = figure.subplots(1, len(shown), squeeze=False)[0]
        for axes, (run, deviations) in zip(panels, shown, strict=True):
            _draw_deviations(axes, run, deviations)
        panels[0].set_ylabel("accepted micrographs")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center")
        return figure


def _deviations(pairs: Sequence[Pair]) -> Floats:
    values = [
        pair.mean_error_A / pair.result.defocus_sigma_A
        for pair in pairs
        if pair.accepted and pair.result.defocus_sigma_A > 0
    ]
    found = np.array(values, dtype=np.float64)
    return found[np.isfinite(found)]


def _draw_deviations(axes: Axes, run: RunReport, deviations: Floats) -> None:
    from matplotlib.ticker import MaxNLocator

    edges = np.linspace(-5.0, 5.0, 31)
    axes.hist(
        np.clip(deviations, -4.99, 4.99),
        edges.tolist(),
        color=style.FAINT,
        edgecolor=style.MARK,
        linewidth=0.5,
    )
    # If the standard errors are right, deviations are normal with variance 1: n · bin width · exp(-x²/2)/√(2π) a bin.
    x = np.linspace(-5.0, 5.0, 200)
    expected = deviations.size * (edges[1] - edges[0]) * np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    axes.plot(x, expected, color=style.MODEL, label="normal distribution, as the error bars predict")
    axes.set_title(run.run.name)
    axes.set_xlabel("error of the mean defocus / its standard error")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))


def threshold_figure(run: RunReport) -> Figure | None:
    """False positives and false negatives against each limit, with all others fixed; None without limits."""
    if not run.curves:
        return None
    rows = math.ceil(len(run.curves) / PANELS_PER_ROW)
    with style.house_style():
        figure = style.new_figure(11.0, 2.0 * rows + 0.5)
        panels = figure.subplots(rows, PANELS_PER_ROW, squeeze=False).ravel()
        for axes, curve in zip(panels, run.curves, strict=False):
            _draw_curve(axes, curve)
        for axes in panels[::PANELS_PER_ROW]:
            axes.set_ylabel("micrographs")
        for axes in panels[len(run.curves) :]:
            axes.set_axis_off()
        add_joint_legend(figure, panels)
        return figure


def add_joint_legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """Draw one legend below all panels, with each label once."""
    handles = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles))


def _draw_curve(axes: Axes, curve: ThresholdCurve) -> None:
    where: str = "post" if curve.side == "at most" else "pre"
    axes.step(curve.limits, curve.counts[1], where=where, color=style.MODEL, label="false positives")  # type: ignore[arg-type]
    axes.step(curve.limits, curve.counts[2], where=where, color=style.BACKGROUND, label="false negatives")  # type: ignore[arg-type]
    axes.axvline(curve.present, color=style.MEASURED, linewidth=0.8, label="current limit")
    if curve.best != curve.present:
        axes.axvline(curve.best, color=style.MEASURED, linewidth=0.8, linestyle=":", label="best limit")
    axes.set_yscale("symlog", linthresh=1.0, linscale=0.4)
    axes.set_yticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"], minor=False)
    axes.set_ylim(0.0, 1.5 * max(1.0, float(curve.counts[1:3].max())))
    if curve.limits[0] > 0 and curve.limits[-1] > LOGARITHMIC_RATIO * curve.limits[0]:
        axes.set_xscale("log")
        axes.minorticks_off()
    sign = "≤" if curve.side == "at most" else "≥"
    axes.set_title(f"{curve.criterion.replace('_', ' ')} {sign}")
    axes.set_xlabel(curve.unit)
