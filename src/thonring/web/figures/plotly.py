"""A figure as plotly takes it, its colours being names of variables of the page's style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.web.figures.astigmatism import Polar, Reason, Vectors
from thonring.web.figures.data import date_texts
from thonring.web.figures.time_series import Progress

Part = dict[str, Any]

ACCEPTED, REJECTED, FAILED, LIMIT, MEDIAN = "accepted", "rejected", "failed", "limit", "text"
"""The same colour always means the same; figures.js replaces these names by colours."""

FEW = 400
"""So many points may be drawn larger."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`data` and `layout` are plotly's; `told` says in words what is to be seen, with numbers."""

    name: str
    title: str
    told: str
    data: list[Part]
    layout: Part


def axis(title: str, **others: Any) -> Part:  # noqa: ANN401 - plotly's own words
    """Give an axis the looks of all."""
    return {
        "title": {"text": title, "font": {"size": 12}},
        "gridcolor": "grid",
        "zeroline": False,
        "linecolor": "soft",
        "tickcolor": "soft",
        "automargin": True,
        **others,
    }


def marker(status: str, points: int) -> Part:
    """How accepted and rejected micrographs are drawn: told apart by their shape, too."""
    size = 7 if points <= FEW else 5
    if status == REJECTED:
        return {
            "color": REJECTED,
            "size": size,
            "symbol": "x-thin",
            "line": {"color": REJECTED, "width": 1.8},
        }
    return {"color": status, "size": size, "opacity": 0.75 if points <= FEW else 0.45}


def numbers(values: Floats | npt.NDArray[np.integer[Any]]) -> list[float | None]:
    """Numbers as JSON has them, with five digits; what is not finite is null."""
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values.tolist()]


def shown(text: str) -> str:
    """Text from outside, as a file's name, for plotly, which reads tags in texts; always valid Unicode."""
    return escape(readable(text), quote=False)


def readable(text: str) -> str:
    """Put a replacement character where a file's name is no valid UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


TITLE = "Astigmatism U − V (Å) and the angle of U (°)"
_CONVENTION = (
    "Drawn at twice the angle, since θ and θ + 180° are the same axis; the labels are angles of U, from +x (columns) "
    "towards +y (rows)."
)
_AT_DEG = tuple(range(0, 360, 45))


def polar_figure(seen: Polar, columns: RunColumns) -> Figure:
    """Draw a run's astigmatism; the angular axis is twice the angle, and labelled with the angle."""
    data = [_points(seen.accepted, columns, ACCEPTED), _points(seen.rejected, columns, REJECTED)]
    if seen.limit_A <= seen.radius_A:
        data.append(_circle(seen.limit_A))
    if math.isfinite(seen.mean_A):
        data.append(_mean(seen))
    return Figure("astigmatism-vectors", TITLE, polar_caption(seen), data, _layout(seen))


def polar_caption(seen: Polar) -> str:
    """Say in words what the figure shows."""
    sentences = [_CONVENTION]
    if math.isfinite(seen.mean_A):
        sentences.append(
            f"Mean of the accepted (◆): {seen.mean_A:.0f} Å at {seen.mean_angle_deg:.0f}°; one far from the centre "
            "is the microscope's, to be taken out with its stigmator."
        )
    if seen.radius_A < seen.limit_A < math.inf:
        sentences.append(f"The limit, {seen.limit_A:g} Å, lies outside.")
    return " ".join(sentences).replace("-", "−")


def labels() -> list[str]:
    """Angles of U, in (-90°, 90°], at the ticks of the doubled axis."""
    angles = [0.5 * (doubled - 360 if doubled > 180 else doubled) for doubled in _AT_DEG]
    return [f"{angle:g}°".replace("-", "−") for angle in angles]


def _points(vectors: Vectors, columns: RunColumns, status: str) -> Part:
    files = [shown(PurePath(columns.file[row]).name) for row in vectors.row.tolist()]
    angles = [f"{angle:.0f}°" for angle in vectors.angle_deg.tolist()]
    return {
        "type": "scatterpolar",
        "mode": "markers",
        "name": status.capitalize(),
        "r": numbers(vectors.astigmatism_A),
        "theta": numbers(2.0 * vectors.angle_deg),
        "customdata": columns.number[vectors.row].tolist(),
        "hovertext": [f"<b>{file}</b><br>U at {angle}" for file, angle in zip(files, angles, strict=True)],
        "hovertemplate": f"%{{hovertext}}<br>U − V = %{{r}} Å<extra>{status.capitalize()}</extra>",
        "marker": marker(status, vectors.row.size),
    }


def _circle(radius_A: float) -> Part:
    return {
        "type": "scatterpolar",
        "mode": "lines",
        "name": f"Limit ≤ {radius_A:g} Å",
        "r": [radius_A] * 121,
        "theta": numbers(np.linspace(0.0, 360.0, 121)),
        "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
        "hovertemplate": f"limit ≤ {radius_A:g} Å<extra></extra>",
    }


def _mean(seen: Polar) -> Part:
    angle = f"{seen.mean_angle_deg:.0f}°"
    return {
        "type": "scatterpolar",
        "mode": "markers",
        "name": "Mean of the accepted",
        "r": [round(seen.mean_A, 1)],
        "theta": [round(2.0 * seen.mean_angle_deg, 1)],
        "marker": {"symbol": "diamond", "size": 12, "color": MEDIAN, "line": {"color": "card", "width": 2}},
        "hovertemplate": f"mean of the accepted: %{{r}} Å, U at {angle}<extra></extra>",
    }


def _layout(seen: Polar) -> Part:
    looks: Part = {"gridcolor": "grid", "linecolor": "grid", "tickcolor": "soft"}
    return {
        "showlegend": False,
        "margin": {"l": 24, "r": 24, "t": 24, "b": 24},
        "polar": {
            "bgcolor": "card",
            "angularaxis": {
                **looks,
                "direction": "clockwise",
                "rotation": 0,
                "tickvals": list(_AT_DEG),
                "ticktext": labels(),
            },
            "radialaxis": {
                **looks,
                "range": [0, seen.radius_A],
                "angle": 22.5,
                "tickangle": 0,
                "nticks": 4,
                "ticksuffix": " Å",
                "tickfont": {"color": "soft", "size": 10},
            },
        },
    }


MOST_REASONS = 12
PROGRESS_TITLE = "Finished micrographs, and how many an hour"
REASONS_TITLE = "Rejected by reason (micrographs)"
_SPANS_S = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def progress_figure(seen: Progress) -> Figure:
    """Draw the sums above, the rates below."""
    until = date_texts(np.concatenate([seen.until[:1] - seen.step_s, seen.until]))
    middle = date_texts(seen.until - 0.5 * seen.step_s)
    data: list[Part] = []
    for status, in_all, per_hour in zip(STATUSES, seen.in_all, seen.per_hour, strict=True):
        name = status.capitalize()
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "stackgroup": "in all",
                "name": name,
                "x": until,
                "y": [0, *in_all.tolist()],
                "line": {"width": 1, "color": status},
                "fillcolor": status,
                "hovertemplate": f"%{{y:,}} {name.lower()} until %{{x}}<extra></extra>",
            }
        )
        data.append(
            {
                "type": "bar",
                "name": name,
                "yaxis": "y2",
                "x": middle,
                "y": numbers(per_hour),
                "width": 1e3 * seen.step_s,
                "marker": {"color": status, "line": {"width": 0}},
                "hovertemplate": f"%{{y:,.0f}} {name.lower()} an hour at %{{x}}<extra></extra>",
            }
        )
    return Figure("progress", PROGRESS_TITLE, progress_caption(seen), data, _progress_layout())


def progress_caption(seen: Progress) -> str:
    """Say in words what the figure shows."""
    text = f"Above in all, below the rate of each {span(seen.step_s)}; times are UTC."
    if math.isfinite(seen.latest_per_hour):
        text += f" {seen.latest_per_hour:,.0f} an hour in the last hour of work."
    return text


def span(seconds: float) -> str:
    """A length of time in the largest unit that divides it."""
    unit_s, unit = next((length, name) for length, name in _SPANS_S if seconds % length == 0)
    count = int(seconds // unit_s)
    return unit if count == 1 else f"{count} {unit}s"


def _progress_layout() -> Part:
    return {
        "xaxis": axis("Finished at (UTC)", type="date", anchor="y2", showgrid=False),
        "yaxis": axis("Micrographs", domain=[0.42, 1], rangemode="tozero"),
        "yaxis2": axis("An hour", domain=[0, 0.32], rangemode="tozero", nticks=4),
        "barmode": "stack",
        "bargap": 0,
        "hovermode": "closest",
        "showlegend": False,
    }


def reasons_figure(found: Sequence[Reason]) -> Figure:
    """Draw bars, the most frequent reason on top; `customdata` is the criterion."""
    drawn = list(reversed(found[:MOST_REASONS]))
    names = [shown(reason.label) for reason in drawn]
    bar: Part = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "customdata": [reason.criterion for reason in drawn],
    }
    data = [
        {
            **bar,
            "name": "The only reason",
            "x": [reason.alone for reason in drawn],
            "marker": {"color": REJECTED},
            "hovertemplate": "%{x:,} for this reason alone<extra></extra>",
        },
        {
            **bar,
            "name": "Beside others",
            "x": [reason.micrographs - reason.alone for reason in drawn],
            "marker": {"color": REJECTED, "opacity": 0.45},
            "hovertemplate": "%{x:,} for this reason and others<extra></extra>",
            "text": [f"{reason.micrographs:,}" for reason in drawn],
            "textposition": "outside",
            "cliponaxis": False,
        },
    ]
    return Figure("reasons", REASONS_TITLE, reasons_caption(found), data, _reasons_layout(found))


def reasons_caption(found: Sequence[Reason]) -> str:
    """Say in words what the figure shows."""
    if not found:
        return "No micrograph was rejected."
    text = "Dark: the only reason; light: one of several, so that a micrograph may count more than once."
    left_out = len(found) - MOST_REASONS
    return f"{text} {left_out} rarer reasons are in the table." if left_out > 0 else text


def _reasons_layout(found: Sequence[Reason]) -> Part:
    few = max((reason.micrographs for reason in found), default=0) < 6
    return {
        "xaxis": axis("Micrographs", rangemode="tozero", **({"dtick": 1} if few else {"nticks": 6})),
        "yaxis": axis("", showgrid=False, tickfont={"size": 11}),
        "barmode": "stack",
        "bargap": 0.3,
        "hovermode": "closest",
        "showlegend": False,
        "margin": {"l": 56, "r": 48, "t": 16, "b": 48},
    }
