"""Astigmatism as vectors, for plotly."""

import math
from pathlib import PurePath

import numpy as np

from thonring.results import RunColumns
from thonring.web.figures.figure import (
    ACCEPTED,
    LIMIT,
    MEDIAN,
    REJECTED,
    Figure,
    Part,
    marker,
    numbers,
    shown,
)
from thonring.web.figures.polar import Polar, Vectors

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
    return Figure("astigmatism-vectors", TITLE, told_of(seen), data, _layout(seen))


def told_of(seen: Polar) -> str:
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
