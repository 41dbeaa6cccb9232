"""One quantity of all micrographs: in the order in which they were recorded, and how often each value occurs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.settings import Limit
from thonring.web.figures.data import (
    MOST_POINTS,
    Band,
    Integers,
    Order,
    PlottedQuantity,
    bands,
    shares,
    spread,
)

FEWEST_BINS, MOST_BINS = 12, 36
OUTLIERS = 0.01
"""Part of the values at either end that may lie outside the axis, unless they are accepted."""

LEAST_SHARE = 1 / 3
"""A limit so far away that the values would fill less of the axis is told, but lies outside."""


@dataclass(frozen=True, slots=True)
class PlottedLimit:
    """A limit on the quantity, in its unit."""

    side: Literal["at least", "at most"]
    value: float

    @property
    def text(self) -> str:
        """As people write it."""
        return f"{'≥' if self.side == 'at least' else '≤'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Points:
    """Micrographs drawn one by one: their `row` in the columns, all (points,)."""

    row: Integers
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """What is drawn of one quantity, in its unit.

    `accepted` and `rejected` are points, not always all; `bands` are those of the accepted where points alone would
    not show them. `counts` (2, bins) are the accepted and the rejected between `edges` (bins + 1,), `view` is the
    axis, `middle` median, 5 % and 95 % of the accepted. `beyond` micrographs lie outside, `absent` have no value.
    """

    quantity: PlottedQuantity
    order: Order
    accepted: Points
    rejected: Points
    bands: tuple[Band, ...]
    edges: Floats
    counts: Integers
    bounds: tuple[PlottedLimit, ...]
    view: tuple[float, float]
    middle: tuple[float, float, float]
    drawn: int
    beyond: int
    absent: int

    def sees(self, bound: PlottedLimit) -> bool:
        """Whether a limit lies on the axis."""
        return self.view[0] <= bound.value <= self.view[1]


def time_series(
    columns: RunColumns, quantity: PlottedQuantity, limits: Sequence[Limit], order: Order
) -> TimeSeries:
    """Sum up one quantity of a run."""
    values = quantity.scale * columns.values.get(quantity.column, np.full(len(columns), np.nan))
    judged = columns.status != STATUSES.index("failed")
    known = np.isfinite(values) & np.isfinite(order.position) & judged
    rows = [np.flatnonzero(known & (columns.status == STATUSES.index(one))) for one in STATUSES[:2]]
    bounds = tuple(_bounds(quantity, limits))
    view = _view(values[rows[0]], values[rows[1]], bounds)
    edges = np.linspace(*view, _bins(rows[0].size + rows[1].size) + 1)
    counts = np.array([np.histogram(values[one], edges)[0] for one in rows], dtype=np.int64)
    of_each = shares(rows[0].size, rows[1].size)
    points = [
        _points(spread(one, count), order, values, view) for one, count in zip(rows, of_each, strict=True)
    ]
    many = rows[0].size + rows[1].size > MOST_POINTS
    return TimeSeries(
        quantity=quantity,
        order=order,
        accepted=points[0],
        rejected=points[1],
        bands=bands(order.position[rows[0]], values[rows[0]]) if many else (),
        edges=edges,
        counts=counts,
        bounds=bounds,
        view=view,
        middle=_middle(values[rows[0]]),
        drawn=sum(of_each),
        beyond=int(known.sum() - counts.sum()),
        absent=int(judged.sum() - known.sum()),
    )


def _bins(micrographs: int) -> int:
    return int(np.clip(2.0 * np.sqrt(micrographs), FEWEST_BINS, MOST_BINS))


def _bounds(quantity: PlottedQuantity, limits: Sequence[Limit]) -> list[PlottedLimit]:
    found = []
    for limit in quantity.limits(limits):
        if np.isfinite(limit.at_least):
            found.append(PlottedLimit("at least", quantity.scale * limit.at_least))
        if np.isfinite(limit.at_most):
            found.append(PlottedLimit("at most", quantity.scale * limit.at_most))
    return found


def _points(rows: Integers, order: Order, values: Floats, view: tuple[float, float]) -> Points:
    seen = rows[(values[rows] >= view[0]) & (values[rows] <= view[1])]
    return Points(seen, order.position[seen], values[seen])


def _view(accepted: Floats, rejected: Floats, bounds: Sequence[PlottedLimit]) -> tuple[float, float]:
    both = np.concatenate([accepted, rejected])
    if both.size == 0:
        ends = [bound.value for bound in bounds] or [0.0, 1.0]
        return _padded(min(ends), max(ends))
    low, high = (float(one) for one in np.quantile(both, [OUTLIERS, 1 - OUTLIERS]))
    if accepted.size:
        low, high = min(low, float(accepted.min())), max(high, float(accepted.max()))
    for bound in bounds:
        wider = min(low, bound.value), max(high, bound.value)
        if low == high or high - low >= LEAST_SHARE * (wider[1] - wider[0]):
            low, high = wider
    return _padded(low, high, positive=float(both.min()) >= 0)


def _padded(low: float, high: float, *, positive: bool = False) -> tuple[float, float]:
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - margin, 0.0) if positive else low - margin, high + margin


def _middle(values: Floats) -> tuple[float, float, float]:
    if values.size == 0:
        return np.nan, np.nan, np.nan
    median, low, high = np.quantile(values, [0.5, 0.05, 0.95])
    return float(median), float(low), float(high)


HOUR_S = 3600.0
STEPS_S = (2, 4, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800)
MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """Finished micrographs by status, (statuses, steps); a step ends at `until` (steps,), seconds since 1970.

    `hours` (steps,) is how long each took; the last one is not over. `latest_per_hour` is the rate of the last
    hour of work, NaN where there were fewer than two micrographs.
    """

    step_s: float
    until: Floats
    hours: Floats
    finished: Integers
    latest_per_hour: float

    @property
    def per_hour(self) -> Floats:
        """Rate by status, (statuses, steps)."""
        return np.asarray(self.finished / self.hours)

    @property
    def in_all(self) -> Integers:
        """How many were finished until the end of each step, by status."""
        return np.cumsum(self.finished, axis=1)


def progress(columns: RunColumns) -> Progress | None:
    """Count along the time of work; None where no times are known, as in runs of older versions."""
    finished_at = columns.values["finished_at"]
    known = np.isfinite(finished_at)
    if not known.any():
        return None
    finished_at, status = finished_at[known], columns.status[known]
    first, last = float(finished_at.min()), float(finished_at.max())
    step_s = next((step for step in STEPS_S if (last - first) / step <= MOST_STEPS), None)
    step_s = step_s or STEPS_S[-1] * np.ceil((last - first) / STEPS_S[-1] / MOST_STEPS)
    start = np.floor(first / step_s) * step_s
    edges = start + step_s * np.arange(np.floor((last - start) / step_s) + 2)
    finished = [np.histogram(finished_at[status == code], edges)[0] for code in range(len(STATUSES))]
    hours = np.full(edges.size - 1, step_s / HOUR_S)
    hours[-1] = max(last - edges[-2], 0.5 * step_s) / HOUR_S
    return Progress(float(step_s), edges[1:], hours, np.array(finished), _latest_per_hour(finished_at))


def _latest_per_hour(finished_at: Floats) -> float:
    last = finished_at.max()
    recent = finished_at[finished_at >= last - HOUR_S]
    took_s = float(last - recent.min())
    return (recent.size - 1) * HOUR_S / took_s if took_s > 0 else np.nan
