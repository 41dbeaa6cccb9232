"""The figures of a run drawn by matplotlib, for papers, slides and print; see `figures/findings.py` for why."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from thonring.plot.style import MEASURED, STATUS_COLOURS, house_style, new_figure
from thonring.records import Floats
from thonring.web.figures.astigmatism import TICKS_DEG, AstigmatismPoints, AstigmatismVectors, tick_labels
from thonring.web.figures.downsampling import Band
from thonring.web.figures.findings import Findings, RunFigure
from thonring.web.figures.plotly import FEW_POINTS
from thonring.web.figures.progress import Progress
from thonring.web.figures.rejections import Rejections
from thonring.web.figures.time_series import PlottedLimit, TimeSeries

LIMIT = STATUS_COLOURS["rejected"]
WIDTH_IN = 4.8
"""Half a page: two figures fit side by side."""

_DAY_S = 86400.0


def pictures(found: Findings) -> Iterator[tuple[str, Figure]]:
    """Draw the figures of a run one after the other, with their names."""
    for figure in found.figures():
        with house_style():
            picture = _picture(figure)
        yield figure.name, picture


def date_axis(axes: Axes) -> None:
    """Label an axis of days since 1970 with dates."""
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _picture(figure: RunFigure) -> Figure:
    match figure:
        case Rejections():
            return _rejections(figure)
        case Progress():
            return _progress(figure)
        case TimeSeries():
            return _time_series(figure)
        case AstigmatismVectors():
            return _astigmatism(figure)


# Reasons for rejection


def _rejections(rejections: Rejections) -> Figure:
    """Bars, the most frequent reason on top."""
    reasons = list(reversed(rejections.bars))
    names = [reason.label for reason in reasons]
    alone = [reason.alone for reason in reasons]
    shared = [reason.micrographs - reason.alone for reason in reasons]
    colour = STATUS_COLOURS["rejected"]

    figure = new_figure(WIDTH_IN, 3.1)
    axes = figure.subplots()
    axes.barh(names, alone, height=0.65, color=colour, label=rejections.labels[0])
    bars = axes.barh(
        names, shared, height=0.65, left=alone, color=colour, alpha=0.4, label=rejections.labels[1]
    )
    totals = [f"{reason.micrographs:,}" for reason in reasons]
    axes.bar_label(bars, totals, padding=3, fontsize=8, color=MEASURED)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.margins(x=0.08)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=7)
    axes.set_title(rejections.title)
    axes.set_xlabel("micrographs")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


# Progress


def _progress(progress: Progress) -> Figure:
    """Totals above, rates below."""
    colours = list(STATUS_COLOURS.values())
    figure = new_figure(WIDTH_IN, 3.1)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1.0])
    above.stackplot(
        progress.step_ends_s / _DAY_S,
        progress.total,
        labels=list(STATUS_COLOURS),
        colors=colours,
        alpha=0.85,
    )
    bottom = np.zeros(progress.hours.size)
    centres, width = progress.step_centres_s / _DAY_S, progress.step_s / _DAY_S
    for rate, colour in zip(progress.per_hour, colours, strict=True):
        below.bar(centres, rate, width=width, bottom=bottom, color=colour, alpha=0.85)
        bottom = bottom + rate
    date_axis(below)
    above.set_title(progress.title)
    above.set_ylabel("micrographs")
    below.set(ylabel="per hour", xlabel="finished at (UTC)")
    figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


# One quantity along the run, with its histogram


def _time_series(series: TimeSeries) -> Figure:
    figure = new_figure(WIDTH_IN, 2.9)
    along, histogram = figure.subplots(1, 2, sharey=True, width_ratios=[1.0, 0.25])
    unit = _DAY_S if series.order.timed else 1.0
    _draw_points(along, series.accepted.x / unit, series.accepted.y, "accepted")
    for index, band in enumerate(series.bands):
        _draw_band(along, band, unit, "" if index else series.band_label)
    _draw_points(along, series.rejected.x / unit, series.rejected.y, "rejected")
    _draw_histogram(histogram, series)
    for bound in series.bounds:
        _draw_limit(along, histogram, series, bound)
    along.set_ylim(*series.view)
    along.set_title(series.title)
    along.set(xlabel=series.order.label, ylabel=series.quantity.unit)
    if series.order.timed:
        date_axis(along)
    figure.legend(*along.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _draw_points(axes: Axes, x: Floats, y: Floats, status: str) -> None:
    """Draw micrographs of one status, as pixels even in a vector graphic: there may be thousands."""
    few = x.size <= FEW_POINTS
    shape = {"marker": "x", "linewidths": 0.9} if status == "rejected" else {"marker": "o", "linewidths": 0.0}
    axes.scatter(
        x,
        y,
        s=16.0 if few else 6.0,
        c=STATUS_COLOURS[status],
        alpha=0.75 if few or status == "rejected" else 0.4,
        rasterized=True,
        label=status,
        **shape,  # type: ignore[arg-type]
    )


def _draw_band(axes: Axes, band: Band, unit: float, label: str) -> None:
    x = band.x / unit
    axes.fill_between(x, band.low, band.high, color=STATUS_COLOURS["accepted"], alpha=0.3, linewidth=0)
    axes.plot(x, band.median, color=MEASURED, linewidth=1.2, label=label)


def _draw_histogram(axes: Axes, series: TimeSeries) -> None:
    left = np.zeros(series.bin_centres.size)
    height = 0.92 * float(series.edges[1] - series.edges[0])
    for counts, status in zip(series.counts, ("accepted", "rejected"), strict=True):
        axes.barh(
            series.bin_centres, counts, height=height, left=left, color=STATUS_COLOURS[status], alpha=0.85
        )
        left = left + counts
    axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.set_xlabel("micrographs")


def _draw_limit(along: Axes, histogram: Axes, series: TimeSeries, bound: PlottedLimit) -> None:
    """Draw the line of a limit, the area it excludes, and its label at the line or at the edge of the axis."""
    if series.is_visible(bound):
        for axes in (along, histogram):
            axes.axhline(bound.value, color=LIMIT, linewidth=1.0, linestyle="--")
            axes.axhspan(*series.forbidden(bound), color=LIMIT, alpha=0.06, linewidth=0)
    below_line = series.is_upper(bound)
    along.annotate(
        series.limit_label(bound),
        (0.0, float(np.clip(bound.value, *series.view))),
        xycoords=("axes fraction", "data"),
        xytext=(4, -2 if below_line else 2),
        textcoords="offset points",
        va="top" if below_line else "bottom",
        fontsize=8,
        color=LIMIT,
    )


# Astigmatism


def _astigmatism(vectors: AstigmatismVectors) -> Figure:
    """Polar plot at twice the angle of U, labelled with the angle itself."""
    figure = new_figure(WIDTH_IN, 3.3)
    axes = figure.add_subplot(projection="polar")
    axes.set_theta_direction(-1)  # type: ignore[attr-defined]
    axes.grid(color="#e2e2e2", linewidth=0.6)
    _draw_vectors(axes, vectors.accepted, "accepted")
    _draw_vectors(axes, vectors.rejected, "rejected")
    if vectors.limit_is_visible:
        turn = np.linspace(0.0, 2.0 * np.pi, 181)
        axes.plot(turn, np.full(turn.size, vectors.limit_A), color=LIMIT, linestyle="--", label="limit")
    axes.plot(
        np.radians(2.0 * vectors.mean_angle_deg),
        vectors.mean_A,
        marker="D",
        markersize=8,
        linestyle="none",
        color=MEASURED,
        markeredgecolor="white",
        label=vectors.mean_label,
    )
    axes.set_ylim(0.0, vectors.radius_A)
    axes.set_thetagrids(TICKS_DEG, tick_labels())  # type: ignore[attr-defined]
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_rlabel_position(22.5)  # type: ignore[attr-defined]
    figure.suptitle(f"{vectors.title}, at twice the angle", x=0.02, ha="left", fontsize=9.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right lower")
    return figure


def _draw_vectors(axes: Axes, points: AstigmatismPoints, status: str) -> None:
    _draw_points(axes, np.radians(2.0 * points.angle_deg), points.astigmatism_A, status)
