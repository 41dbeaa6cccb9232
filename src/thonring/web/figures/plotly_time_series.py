"""A time course with its histogram beside it, for plotly."""

import math
from pathlib import PurePath
from typing import Any

import numpy as np

from thonring.records import Floats
from thonring.run.columns import RunColumns
from thonring.web.figures.data import date_texts
from thonring.web.figures.plotly import (
    ACCEPTED,
    LIMIT,
    MEDIAN,
    REJECTED,
    Figure,
    Part,
    axis,
    marker,
    numbers,
    shown,
)
from thonring.web.figures.time_series import PlottedLimit, Points, TimeSeries

_SPLIT = (0.80, 0.825)
"""Where on the width the time course ends and the histogram begins."""


def time_series_figure(seen: TimeSeries, columns: RunColumns) -> Figure:
    """Draw a course; points have the micrograph's number as `customdata`."""
    data = [
        _points(seen, seen.accepted, columns, ACCEPTED),
        *_band(seen),
        _points(seen, seen.rejected, columns, REJECTED),
        _histogram(seen, 0, ACCEPTED),
        _histogram(seen, 1, REJECTED),
    ]
    quantity = seen.quantity
    return Figure(quantity.name, quantity.label, time_series_caption(seen), data, _layout(seen))


def time_series_caption(seen: TimeSeries) -> str:
    """Say in words what the figure shows."""
    unit = f" {seen.quantity.unit}" if len(seen.quantity.unit) < 3 and seen.quantity.unit else ""
    sentences = []
    if math.isfinite(seen.middle[0]):
        median, low, high = (f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in seen.middle)
        sentences.append(f"Accepted: median {median}{unit}, nine of ten from {low} to {high}{unit}.")
    sentences += [
        f"Limit {bound.text}{unit}{'' if seen.sees(bound) else ', outside this axis'}."
        for bound in seen.bounds
    ]
    if seen.beyond:
        sentences.append(f"{seen.beyond:,} outside the axis.")
    if seen.absent:
        sentences.append(f"{seen.absent:,} without a value.")
    if seen.bands:
        sentences.append(
            f"{seen.drawn:,} drawn as points; line and band: median and middle 68 % of the accepted."
        )
    return " ".join(sentences) or "No micrograph has a value."


def _x(seen: TimeSeries, position: Floats) -> list[Any]:
    return date_texts(position) if seen.order.timed else numbers(position)


def _points(seen: TimeSeries, points: Points, columns: RunColumns, status: str) -> Part:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": status.capitalize(),
        "x": _x(seen, points.x),
        "y": numbers(points.y),
        "customdata": columns.number[points.row].tolist(),
        "hovertext": [f"<b>{shown(PurePath(columns.file[row]).name)}</b>" for row in points.row.tolist()],
        "hovertemplate": f"%{{hovertext}}<br>%{{y}} {seen.quantity.unit}<extra>{status.capitalize()}</extra>",
        "marker": marker(status, points.row.size),
    }


def _band(seen: TimeSeries) -> list[Part]:
    """One closed line round each band, and the medians; null lifts the pen."""
    if not seen.bands:
        return []
    line: Part = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    around_x: list[Any] = []
    around_y: list[Any] = []
    x: list[Any] = []
    median: list[Any] = []
    for one in seen.bands:
        position = _x(seen, one.x)
        around_x += [*position, *reversed(position), None]
        around_y += [*numbers(one.low), *reversed(numbers(one.high)), None]
        x += [*position, None]
        median += [*numbers(one.median), None]
    fill: Part = {"fill": "toself", "fillcolor": f"{ACCEPTED}@48", "line": {"width": 0}}
    return [
        {**line, "x": around_x, "y": around_y, **fill},
        {**line, "x": x, "y": median, "line": {"width": 2, "color": MEDIAN}},
    ]


def _histogram(seen: TimeSeries, row: int, status: str) -> Part:
    return {
        "type": "bar",
        "orientation": "h",
        "name": status.capitalize(),
        "xaxis": "x2",
        "x": seen.counts[row].tolist(),
        "y": numbers(0.5 * (seen.edges[1:] + seen.edges[:-1])),
        "width": float(seen.edges[1] - seen.edges[0]),
        "marker": {"color": status, "line": {"width": 0}},
        "hovertemplate": f"%{{x}} micrographs at %{{y}} {seen.quantity.unit}<extra>{status.capitalize()}</extra>",
    }


def _layout(seen: TimeSeries) -> Part:
    inside = [bound for bound in seen.bounds if seen.sees(bound)]
    return {
        "xaxis": axis(
            seen.order.label[:1].upper() + seen.order.label[1:],
            domain=[0, _SPLIT[0]],
            type="date" if seen.order.timed else "linear",
            showgrid=False,
        ),
        "xaxis2": axis("Micrographs", domain=[_SPLIT[1], 1], nticks=3, rangemode="tozero", tickangle=0),
        "yaxis": axis(seen.quantity.unit or seen.quantity.title.partition(":")[0], range=list(seen.view)),
        "barmode": "stack",
        "bargap": 0.08,
        "hovermode": "closest",
        "showlegend": False,
        "shapes": [shape for bound in inside for shape in _shapes(seen, bound)],
        "annotations": [_annotation(seen, bound) for bound in seen.bounds],
    }


def _shapes(seen: TimeSeries, bound: PlottedLimit) -> list[Part]:
    """The limit, and what it forbids."""
    across: Part = {"xref": "paper", "x0": 0, "x1": 1}
    end = seen.view[0] if bound.side == "at least" else seen.view[1]
    return [
        {
            **across,
            "type": "rect",
            "y0": bound.value,
            "y1": end,
            "fillcolor": LIMIT,
            "opacity": 0.07,
            "layer": "below",
            "line": {"width": 0},
        },
        {
            **across,
            "type": "line",
            "y0": bound.value,
            "y1": bound.value,
            "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
        },
    ]


def _annotation(seen: TimeSeries, bound: PlottedLimit) -> Part:
    text = f"limit {bound.text}"
    if not seen.sees(bound):
        text += " ↑" if bound.value > seen.view[1] else " ↓"
    return {
        "text": text,
        "xref": "paper",
        "x": 0.004,
        "xanchor": "left",
        "y": float(np.clip(bound.value, *seen.view)),
        "yanchor": "top" if bound.value >= np.mean(seen.view) else "bottom",
        "showarrow": False,
        "font": {"color": LIMIT, "size": 12},
        "bgcolor": "card",
        "opacity": 0.9,
    }
