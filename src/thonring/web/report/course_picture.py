"""A time course with its histogram beside it, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thonring.plot.style import MEASURED, STATUS_COLOURS, house_style, new_figure
from thonring.web.figures.figure import FEW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.records import Floats
    from thonring.web.figures.course import Bound, Course
    from thonring.web.figures.points import Band

LIMIT = STATUS_COLOURS["rejected"]
WIDTH_IN = 4.8
"""Half a page: two stand side by side."""

_DAY_S = 86400.0


def course_picture(seen: Course) -> Figure:
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


def _draw_histogram(axes: Axes, seen: Course) -> None:
    from matplotlib.ticker import MaxNLocator

    middle = 0.5 * (seen.edges[1:] + seen.edges[:-1])
    left = np.zeros(middle.size)
    for counts, status in zip(seen.counts, ("accepted", "rejected"), strict=True):
        height = 0.92 * float(seen.edges[1] - seen.edges[0])
        axes.barh(middle, counts, height=height, left=left, color=STATUS_COLOURS[status], alpha=0.85)
        left = left + counts
    axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.set_xlabel("micrographs")


def _draw_bound(course: Axes, histogram: Axes, seen: Course, bound: Bound) -> None:
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
