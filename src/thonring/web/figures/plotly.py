"""The figures of a run for plotly; a colour is the name of a variable of the page's style sheet."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.web.figures.astigmatism import TICKS_DEG, AstigmatismPoints, AstigmatismVectors, tick_labels
from thonring.web.figures.findings import Findings, RunFigure
from thonring.web.figures.progress import Progress
from thonring.web.figures.rejections import Rejections
from thonring.web.figures.time_series import PlottedLimit, Points, TimeSeries

PlotlyDict = dict[str, Any]

ACCEPTED, REJECTED, LIMIT, MEDIAN = "accepted", "rejected", "limit", "text"
"""Colours have fixed meanings; figures.js replaces these names by colours."""

FEW_POINTS = 400
"""Up to this many points are drawn larger."""

_SPLIT = (0.80, 0.825)
"""Fraction of the width where the time series ends and its histogram begins."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`data` and `layout` are plotly's; `caption` says in words what the figure shows, with numbers."""

    name: str
    title: str
    caption: str
    data: list[PlotlyDict]
    layout: PlotlyDict


def plotly_figures(found: Findings, columns: RunColumns) -> tuple[Figure, ...]:
    """Draw the figures of a run in the order of the page."""
    return tuple(_figure(figure, columns) for figure in found.figures())


def readable(text: str) -> str:
    """Insert replacement characters where a file name is not valid UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _figure(figure: RunFigure, columns: RunColumns) -> Figure:
    match figure:
        case Rejections():
            data, layout = _rejections(figure)
        case Progress():
            data, layout = _progress(figure)
        case TimeSeries():
            data, layout = _time_series(figure, columns)
        case AstigmatismVectors():
            data, layout = _astigmatism(figure, columns)
    return Figure(figure.name, figure.title, figure.caption, data, layout)


# What all figures share


def _axis(title: str, **others: Any) -> PlotlyDict:  # noqa: ANN401 - plotly's own options
    """An axis in the style of all figures."""
    return {
        "title": {"text": title, "font": {"size": 12}},
        "gridcolor": "grid",
        "zeroline": False,
        "linecolor": "soft",
        "tickcolor": "soft",
        "automargin": True,
        **others,
    }


def _marker(status: str, points: int) -> PlotlyDict:
    """How accepted and rejected micrographs are drawn: they differ in shape, not only in colour."""
    size = 7 if points <= FEW_POINTS else 5
    if status == REJECTED:
        return {
            "color": REJECTED,
            "size": size,
            "symbol": "x-thin",
            "line": {"color": REJECTED, "width": 1.8},
        }
    return {"color": status, "size": size, "opacity": 0.75 if points <= FEW_POINTS else 0.45}


def _numbers(values: Floats | npt.NDArray[np.integer[Any]]) -> list[float | None]:
    """Numbers for JSON, to five digits; NaN and infinities become null."""
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values.tolist()]


def _dates(seconds: Floats) -> list[str]:
    """Seconds since 1970 as UTC dates that plotly reads."""
    dates = np.asarray(seconds).round().astype("int64").astype("datetime64[s]")
    return [text.replace("T", " ") for text in np.datetime_as_string(dates).tolist()]


def _plain(text: str) -> str:
    """Escape external text, such as a file name, for plotly, which interprets HTML tags."""
    return escape(readable(text), quote=False)


def _file_names(columns: RunColumns, rows: Iterable[int]) -> list[str]:
    return [f"<b>{_plain(PurePath(columns.file[row]).name)}</b>" for row in rows]


# Reasons for rejection


def _rejections(rejections: Rejections) -> tuple[list[PlotlyDict], PlotlyDict]:
    """Bars, the most frequent reason on top; `customdata` is the criterion."""
    bars = list(reversed(rejections.bars))
    alone, shared = rejections.labels
    common: PlotlyDict = {
        "type": "bar",
        "orientation": "h",
        "y": [_plain(reason.label) for reason in bars],
        "customdata": [reason.criterion for reason in bars],
    }
    data = [
        {
            **common,
            "name": alone,
            "x": [reason.alone for reason in bars],
            "marker": {"color": REJECTED},
            "hovertemplate": "%{x:,} for this reason alone<extra></extra>",
        },
        {
            **common,
            "name": shared,
            "x": [reason.micrographs - reason.alone for reason in bars],
            "marker": {"color": REJECTED, "opacity": 0.45},
            "hovertemplate": "%{x:,} for this reason among others<extra></extra>",
            "text": [f"{reason.micrographs:,}" for reason in bars],
            "textposition": "outside",
            "cliponaxis": False,
        },
    ]
    few = max((reason.micrographs for reason in bars), default=0) < 6
    layout = {
        "xaxis": _axis("Micrographs", rangemode="tozero", **({"dtick": 1} if few else {"nticks": 6})),
        "yaxis": _axis("", showgrid=False, tickfont={"size": 11}),
        "barmode": "stack",
        "bargap": 0.3,
        "hovermode": "closest",
        "showlegend": False,
        "margin": {"l": 56, "r": 48, "t": 16, "b": 48},
    }
    return data, layout


# Progress


def _progress(progress: Progress) -> tuple[list[PlotlyDict], PlotlyDict]:
    """Totals above, rates below."""
    step_ends, step_centres = _dates(progress.step_ends_s), _dates(progress.step_centres_s)
    data: list[PlotlyDict] = []
    for status, total, per_hour in zip(STATUSES, progress.total, progress.per_hour, strict=True):
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "stackgroup": "total",
                "name": status.capitalize(),
                "x": step_ends,
                "y": total.tolist(),
                "line": {"width": 1, "color": status},
                "fillcolor": status,
                "hovertemplate": f"%{{y:,}} {status} by %{{x}}<extra></extra>",
            }
        )
        data.append(
            {
                "type": "bar",
                "name": status.capitalize(),
                "yaxis": "y2",
                "x": step_centres,
                "y": _numbers(per_hour),
                "width": 1e3 * progress.step_s,
                "marker": {"color": status, "line": {"width": 0}},
                "hovertemplate": f"%{{y:,.0f}} {status} per hour at %{{x}}<extra></extra>",
            }
        )
    layout = {
        "xaxis": _axis("Finished at (UTC)", type="date", anchor="y2", showgrid=False),
        "yaxis": _axis("Micrographs", domain=[0.42, 1], rangemode="tozero"),
        "yaxis2": _axis("Per hour", domain=[0, 0.32], rangemode="tozero", nticks=4),
        "barmode": "stack",
        "bargap": 0,
        "hovermode": "closest",
        "showlegend": False,
    }
    return data, layout


# One quantity along the run, with its histogram


def _time_series(series: TimeSeries, columns: RunColumns) -> tuple[list[PlotlyDict], PlotlyDict]:
    """Points have the micrograph's number as `customdata`."""
    data = [
        _points(series, series.accepted, columns, ACCEPTED),
        *_bands(series),
        _points(series, series.rejected, columns, REJECTED),
        _histogram(series, 0, ACCEPTED),
        _histogram(series, 1, REJECTED),
    ]
    order, quantity = series.order, series.quantity
    layout = {
        "xaxis": _axis(
            order.label[:1].upper() + order.label[1:],
            domain=[0, _SPLIT[0]],
            type="date" if order.timed else "linear",
            showgrid=False,
        ),
        "xaxis2": _axis("Micrographs", domain=[_SPLIT[1], 1], nticks=3, rangemode="tozero", tickangle=0),
        "yaxis": _axis(quantity.unit or quantity.title.partition(":")[0], range=list(series.view)),
        "barmode": "stack",
        "bargap": 0.08,
        "hovermode": "closest",
        "showlegend": False,
        "shapes": [
            shape
            for bound in series.bounds
            if series.is_visible(bound)
            for shape in _limit_shapes(series, bound)
        ],
        "annotations": [_limit_label(series, bound) for bound in series.bounds],
    }
    return data, layout


def _positions(series: TimeSeries, x: Floats) -> list[Any]:
    return _dates(x) if series.order.timed else _numbers(x)


def _points(series: TimeSeries, points: Points, columns: RunColumns, status: str) -> PlotlyDict:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": status.capitalize(),
        "x": _positions(series, points.x),
        "y": _numbers(points.y),
        "customdata": columns.number[points.row].tolist(),
        "hovertext": _file_names(columns, points.row.tolist()),
        "hovertemplate": f"%{{hovertext}}<br>%{{y}} {series.quantity.unit}<extra>{status.capitalize()}</extra>",
        "marker": _marker(status, points.row.size),
    }


def _bands(series: TimeSeries) -> list[PlotlyDict]:
    """One closed outline around each band, and its medians; null lifts the pen between two bands."""
    if not series.bands:
        return []
    outline_x: list[Any] = []
    outline_y: list[Any] = []
    x: list[Any] = []
    median: list[Any] = []
    for band in series.bands:
        positions = _positions(series, band.x)
        outline_x += [*positions, *reversed(positions), None]
        outline_y += [*_numbers(band.low), *reversed(_numbers(band.high)), None]
        x += [*positions, None]
        median += [*_numbers(band.median), None]
    line: PlotlyDict = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    fill: PlotlyDict = {"fill": "toself", "fillcolor": f"{ACCEPTED}@48", "line": {"width": 0}}
    return [
        {**line, "x": outline_x, "y": outline_y, **fill},
        {**line, "x": x, "y": median, "line": {"width": 2, "color": MEDIAN}},
    ]


def _histogram(series: TimeSeries, row: int, status: str) -> PlotlyDict:
    return {
        "type": "bar",
        "orientation": "h",
        "name": status.capitalize(),
        "xaxis": "x2",
        "x": series.counts[row].tolist(),
        "y": _numbers(series.bin_centres),
        "width": float(series.edges[1] - series.edges[0]),
        "marker": {"color": status, "line": {"width": 0}},
        "hovertemplate": f"%{{x}} micrographs at %{{y}} {series.quantity.unit}<extra>{status.capitalize()}</extra>",
    }


def _limit_shapes(series: TimeSeries, bound: PlottedLimit) -> list[PlotlyDict]:
    """The line of a limit, and the area it excludes."""
    across: PlotlyDict = {"xref": "paper", "x0": 0, "x1": 1}
    start, end = series.forbidden(bound)
    return [
        {
            **across,
            "type": "rect",
            "y0": start,
            "y1": end,
            "fillcolor": LIMIT,
            "opacity": 0.07,
            "layer": "below",
            "line": {"width": 0},
        },
        {
            **across,
            "type": "line",
            "y0": start,
            "y1": start,
            "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
        },
    ]


def _limit_label(series: TimeSeries, bound: PlottedLimit) -> PlotlyDict:
    return {
        "text": series.limit_label(bound),
        "xref": "paper",
        "x": 0.004,
        "xanchor": "left",
        "y": float(np.clip(bound.value, *series.view)),
        "yanchor": "top" if series.is_upper(bound) else "bottom",
        "showarrow": False,
        "font": {"color": LIMIT, "size": 12},
        "bgcolor": "card",
        "opacity": 0.9,
    }


# Astigmatism


def _astigmatism(vectors: AstigmatismVectors, columns: RunColumns) -> tuple[list[PlotlyDict], PlotlyDict]:
    """Polar plot at twice the angle of U, labelled with the angle itself."""
    data = [_vectors(vectors.accepted, columns, ACCEPTED), _vectors(vectors.rejected, columns, REJECTED)]
    if vectors.limit_is_visible:
        data.append(_limit_circle(vectors.limit_A))
    if math.isfinite(vectors.mean_A):
        data.append(_mean(vectors))
    style: PlotlyDict = {"gridcolor": "grid", "linecolor": "grid", "tickcolor": "soft"}
    layout = {
        "showlegend": False,
        "margin": {"l": 24, "r": 24, "t": 24, "b": 24},
        "polar": {
            "bgcolor": "card",
            "angularaxis": {
                **style,
                "direction": "clockwise",
                "rotation": 0,
                "tickvals": list(TICKS_DEG),
                "ticktext": tick_labels(),
            },
            "radialaxis": {
                **style,
                "range": [0, vectors.radius_A],
                "angle": 22.5,
                "tickangle": 0,
                "nticks": 4,
                "ticksuffix": " Å",
                "tickfont": {"color": "soft", "size": 10},
            },
        },
    }
    return data, layout


def _vectors(points: AstigmatismPoints, columns: RunColumns, status: str) -> PlotlyDict:
    names = _file_names(columns, points.row.tolist())
    return {
        "type": "scatterpolar",
        "mode": "markers",
        "name": status.capitalize(),
        "r": _numbers(points.astigmatism_A),
        "theta": _numbers(2.0 * points.angle_deg),
        "customdata": columns.number[points.row].tolist(),
        "hovertext": [
            f"{name}<br>U at {angle:.0f}°"
            for name, angle in zip(names, points.angle_deg.tolist(), strict=True)
        ],
        "hovertemplate": f"%{{hovertext}}<br>U − V = %{{r}} Å<extra>{status.capitalize()}</extra>",
        "marker": _marker(status, points.row.size),
    }


def _limit_circle(radius_A: float) -> PlotlyDict:
    return {
        "type": "scatterpolar",
        "mode": "lines",
        "name": f"Limit ≤ {radius_A:g} Å",
        "r": [radius_A] * 121,
        "theta": _numbers(np.linspace(0.0, 360.0, 121)),
        "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
        "hovertemplate": f"limit ≤ {radius_A:g} Å<extra></extra>",
    }


def _mean(vectors: AstigmatismVectors) -> PlotlyDict:
    label = vectors.mean_label
    return {
        "type": "scatterpolar",
        "mode": "markers",
        "name": label.capitalize(),
        "r": [round(vectors.mean_A, 1)],
        "theta": [round(2.0 * vectors.mean_angle_deg, 1)],
        "marker": {"symbol": "diamond", "size": 12, "color": MEDIAN, "line": {"color": "card", "width": 2}},
        "hovertemplate": f"{label}: %{{r}} Å, U at {vectors.mean_angle_deg:.0f}°<extra></extra>",
    }
