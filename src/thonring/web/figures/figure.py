"""A figure as plotly takes it, its colours being names of variables of the page's style sheet."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.records import Floats

Part = dict[str, Any]

ACCEPTED, REJECTED, FAILED, LIMIT, MEDIAN = "accepted", "rejected", "failed", "limit", "text"
"""The same colour always means the same; see draw.js, which puts colours in the place of these names."""

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
