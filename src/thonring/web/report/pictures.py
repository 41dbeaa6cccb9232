"""The figures of a run as pictures for paper, slides and letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thonring.plot.style import MEASURED, STATUS_COLOURS, house_style, new_figure
from thonring.web.figures.plotly import FEW, MOST_REASONS, PROGRESS_TITLE, REASONS_TITLE, labels
from thonring.web.figures.plotly import TITLE as POLAR_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.records import Floats
    from thonring.web.figures import Findings
    from thonring.web.figures.astigmatism import Polar, Reason, Vectors
    from thonring.web.figures.data import Band
    from thonring.web.figures.time_series import PlottedLimit, Progress, TimeSeries


LIMIT = STATUS_COLOURS["rejected"]
WIDTH_IN = 4.8
"""Half a page: two stand side by side."""

_DAY_S = 86400.0


def time_series_picture(seen: TimeSeries) -> Figure:
    """Draw a course as the page does."""
    with house_style():
        figure = new_figure(WIDTH_IN, 2.9)
        course, histogram = figure.subplots(1, 2, sharey=True, width_ratios=[1.0, 0.25])
        scale = _DAY_S if seen.order.timed else 1.0
        draw_points(course, seen.accepted.x / scale, seen.accepted.y, "accepted")
        for place, band in enumerate(seen.bands):
            _draw_band(course, band, scale, "" if place else "median and middle 68 %")
        draw_points(course, seen.rejected.x / scale, seen.rejected.y, "rejected")
        _draw_histogram(histogram, seen)
        for bound in seen.bounds:
            _draw_bound(course, histogram, seen, bound)
        course.set_ylim(*seen.view)
        course.set_title(seen.quantity.label)
        course.set(xlabel=seen.order.label, ylabel=seen.quantity.unit)
        if seen.order.timed:
            date_axis(course)
        figure.legend(*course.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def draw_points(axes: Axes, x: Floats, y: Floats, status: str) -> None:
    """Draw micrographs of one status, as pixels even in a vector graphic: there may be thousands."""
    large = 16.0 if x.size <= FEW else 6.0
    looks = {"marker": "x", "linewidths": 0.9} if status == "rejected" else {"marker": "o", "linewidths": 0.0}
    alpha = 0.75 if x.size <= FEW or status == "rejected" else 0.4
    colour = STATUS_COLOURS[status]
    axes.scatter(x, y, s=large, c=colour, alpha=alpha, rasterized=True, label=status, **looks)  # type: ignore[arg-type]


def _draw_band(axes: Axes, band: Band, scale: float, label: str) -> None:
    x = band.x / scale
    axes.fill_between(x, band.low, band.high, color=STATUS_COLOURS["accepted"], alpha=0.3, linewidth=0)
    axes.plot(x, band.median, color=MEASURED, linewidth=1.2, label=label)


def _draw_histogram(axes: Axes, seen: TimeSeries) -> None:
    from matplotlib.ticker import MaxNLocator

    middle = 0.5 * (seen.edges[1:] + seen.edges[:-1])
    left = np.zeros(middle.size)
    for counts, status in zip(seen.counts, ("accepted", "rejected"), strict=True):
        height = 0.92 * float(seen.edges[1] - seen.edges[0])
        axes.barh(middle, counts, height=height, left=left, color=STATUS_COLOURS[status], alpha=0.85)
        left = left + counts
    axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.set_xlabel("micrographs")


def _draw_bound(course: Axes, histogram: Axes, seen: TimeSeries, bound: PlottedLimit) -> None:
    high = bound.value >= float(np.mean(seen.view))
    text = f"limit {bound.text}"
    if seen.sees(bound):
        forbidden = seen.view[1] if bound.side == "at most" else seen.view[0]
        for axes in (course, histogram):
            axes.axhline(bound.value, color=LIMIT, linewidth=1.0, linestyle="--")
            axes.axhspan(bound.value, forbidden, color=LIMIT, alpha=0.06, linewidth=0)
    else:
        text += " ↑" if bound.value > seen.view[1] else " ↓"
    place = float(np.clip(bound.value, *seen.view))
    course.annotate(
        text,
        (0.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(4, -2 if high else 2),
        textcoords="offset points",
        va="top" if high else "bottom",
        fontsize=8,
        color=LIMIT,
    )


def date_axis(axes: Axes) -> None:
    """Label an axis of days since 1970 with dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def pictures(found: Findings) -> Iterator[tuple[str, Figure]]:
    """Draw every figure of a run, with the name it has on the page, one after the other."""
    if found.reasons:
        yield "reasons", reasons_picture(found.reasons)
    if found.progress is not None:
        yield "progress", progress_picture(found.progress)
    for course in found.courses:
        yield course.quantity.name, time_series_picture(course)
    if found.polar is not None:
        yield "astigmatism-vectors", polar_picture(found.polar)


def reasons_picture(found: Sequence[Reason]) -> Figure:
    """Bars, the most frequent reason on top."""
    from matplotlib.ticker import MaxNLocator

    shown = list(reversed(found[:MOST_REASONS]))
    with house_style():
        figure = new_figure(WIDTH_IN, 3.1)
        axes = figure.subplots()
        names = [reason.label for reason in shown]
        alone = [reason.alone for reason in shown]
        others = [reason.micrographs - reason.alone for reason in shown]
        colour = STATUS_COLOURS["rejected"]
        axes.barh(names, alone, height=0.65, color=colour, label="the only reason")
        bars = axes.barh(
            names, others, height=0.65, left=alone, color=colour, alpha=0.4, label="one of several"
        )
        axes.bar_label(
            bars, [f"{reason.micrographs:,}" for reason in shown], padding=3, fontsize=8, color=MEASURED
        )
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.margins(x=0.08)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0, labelsize=7)
        axes.set_title(REASONS_TITLE)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def progress_picture(seen: Progress) -> Figure:
    """Sums above, rates below."""
    with house_style():
        figure = new_figure(WIDTH_IN, 3.1)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1.0])
        until = _dates(np.concatenate([seen.until[:1] - seen.step_s, seen.until]))
        colours = list(STATUS_COLOURS.values())
        above.stackplot(
            until,
            np.pad(seen.in_all, [(0, 0), (1, 0)]),
            labels=list(STATUS_COLOURS),
            colors=colours,
            alpha=0.85,
        )
        low = 0.0 * seen.hours
        middle = _dates(seen.until - 0.5 * seen.step_s)
        for rate, colour in zip(seen.per_hour, colours, strict=True):
            below.bar(middle, rate, width=seen.step_s / 86400, bottom=low, color=colour, alpha=0.85)
            low = low + rate
        date_axis(below)
        above.set_title(PROGRESS_TITLE)
        above.set_ylabel("micrographs")
        below.set(ylabel="an hour", xlabel="finished at (UTC)")
        figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _dates(seconds: Floats) -> Floats:
    """Days since 1970, as matplotlib counts them."""
    return seconds / 86400.0


def polar_picture(seen: Polar) -> Figure:
    """Vectors at twice the angle of U, labelled with the angle."""
    with house_style():
        figure = new_figure(WIDTH_IN, 3.3)
        axes = figure.add_subplot(projection="polar")
        axes.set_theta_direction(-1)  # type: ignore[attr-defined]
        axes.grid(color="#e2e2e2", linewidth=0.6)
        _draw_vectors(figure, seen.accepted, "accepted")
        _draw_vectors(figure, seen.rejected, "rejected")
        if seen.limit_A <= seen.radius_A:
            turn = np.linspace(0.0, 2.0 * np.pi, 181)
            axes.plot(turn, 0.0 * turn + seen.limit_A, color=LIMIT, linestyle="--", label="limit")
        mean = np.radians(2.0 * seen.mean_angle_deg), seen.mean_A
        axes.plot(
            *mean,
            marker="D",
            markersize=8,
            linestyle="none",
            color=MEASURED,
            markeredgecolor="white",
            label="mean of the accepted",
        )
        axes.set_ylim(0.0, seen.radius_A)
        axes.set_thetagrids(range(0, 360, 45), labels())  # type: ignore[attr-defined]
        axes.set_rlabel_position(22.5)  # type: ignore[attr-defined]
        figure.suptitle(f"{POLAR_TITLE}, at twice the angle", x=0.02, ha="left", fontsize=9.5)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right lower")
    return figure


def _draw_vectors(figure: Figure, vectors: Vectors, status: str) -> None:
    draw_points(figure.axes[0], np.radians(2.0 * vectors.angle_deg), vectors.astigmatism_A, status)
