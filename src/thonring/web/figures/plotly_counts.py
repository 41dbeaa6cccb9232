"""How a run came on, and why micrographs were rejected, for plotly."""

import math
from collections.abc import Sequence

import numpy as np

from thonring.results import STATUSES
from thonring.web.figures.figure import REJECTED, Figure, Part, axis, numbers, shown
from thonring.web.figures.order import date_texts
from thonring.web.figures.progress import Progress
from thonring.web.figures.reasons import Reason

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
    return Figure("progress", PROGRESS_TITLE, told_of_progress(seen), data, _progress_layout())


def told_of_progress(seen: Progress) -> str:
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
    return Figure("reasons", REASONS_TITLE, told_of_reasons(found), data, _reasons_layout(found))


def told_of_reasons(found: Sequence[Reason]) -> str:
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
