"""One quantity of all micrographs: in the order of acquisition, and as a histogram."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.run.columns import STATUSES, Integers, RunColumns
from thonring.settings import Limit, LimitSide
from thonring.web.figures.downsampling import MAX_POINTS, Band, bands, downsample

MIN_BINS, MAX_BINS = 12, 36
OUTLIERS = 0.01
"""Fraction of the values at either end that may be off the axis, unless they are accepted."""

MIN_FILL = 1 / 3
"""A limit so far away that the values would fill less of the axis is mentioned, but off the axis."""

MIN_GAP_S = 1.0
"""No microscope is faster: files with shorter mean gaps were copied, and have the times of copying."""


@dataclass(frozen=True, slots=True)
class PlottedQuantity:
    """A column of results.csv to be plotted: `scale` turns it into `unit`; limits on `criterion` are limits on it."""

    name: str
    title: str
    unit: str
    column: str
    scale: float = 1.0
    criterion: str = ""

    @property
    def label(self) -> str:
        """Title and unit, as on an axis."""
        return f"{self.title} ({self.unit})" if self.unit else f"{self.title} (no unit)"


_ALWAYS = (
    PlottedQuantity("defocus", "Mean defocus", "µm", "defocus_A", 1e-4),
    PlottedQuantity(
        "resolution", "Resolution of the fit", "Å", "fit_resolution_A", criterion="fit_resolution"
    ),
    PlottedQuantity("astigmatism", "Astigmatism U − V", "Å", "astigmatism_A", criterion="astigmatism"),
)
_ICE = (
    PlottedQuantity(
        "ice", "Ice: power of the ring at 3.7 Å", "relative to its surroundings", "ice_ring", 1.0, "ice_ring"
    ),
    PlottedQuantity("ice", "Iceness (Xmipp)", "", "xmipp_iceness", 1.0, "xmipp_iceness"),
)
_SCORE = PlottedQuantity(
    "score", "Score: correlation of measured and fitted rings", "", "score", criterion="score"
)


def plotted_quantities(values: Mapping[str, Floats], limits: Sequence[Limit]) -> Iterator[PlottedQuantity]:
    """Choose the quantities to plot; of the two measures of ice the one with a limit, or the one that was measured."""
    yield from _ALWAYS
    limited = {limit.criterion for limit in limits}
    ice = [quantity for quantity in _ICE if quantity.criterion in limited] or [
        quantity for quantity in _ICE if quantity.column in values
    ]
    yield from ice[:1]
    yield _SCORE


@dataclass(frozen=True, slots=True)
class MicrographOrder:
    """Where micrographs are on the horizontal axis.

    `position` (micrographs,) is in seconds since 1970 if `timed`, otherwise the position in the tables, from 1.
    """

    position: Floats
    timed: bool

    @property
    def label(self) -> str:
        """Title of the axis."""
        return "file time (UTC)" if self.timed else "position in the tables"


def micrograph_order(columns: RunColumns) -> MicrographOrder:
    """Order micrographs by the times of their files, or as in the tables where those times mean nothing."""
    recorded_at = columns.recorded_at[columns.status != STATUSES.index("failed")]
    if recorded_at.size > 1 and recorded_at.min() > 0:
        span_s = float(np.ptp(recorded_at))
        if span_s >= MIN_GAP_S * (recorded_at.size - 1):
            return MicrographOrder(columns.recorded_at, timed=True)
    return MicrographOrder(np.arange(1.0, len(columns) + 1.0), timed=False)


@dataclass(frozen=True, slots=True)
class PlottedLimit:
    """A bound on the quantity, in its unit."""

    side: LimitSide
    value: float

    @property
    def text(self) -> str:
        """The bound as an inequality."""
        return f"{'≥' if self.side == 'at least' else '≤'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Points:
    """Micrographs drawn as points: their `row` in the columns, all (points,)."""

    row: Integers
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One quantity of a run, in its unit.

    `accepted` and `rejected` are downsampled points, `bands` those of the accepted where there are too many points.
    `counts` (2, bins) are the accepted and the rejected between `edges` (bins + 1,), `view` is the range of the axis,
    `central` median, 5 % and 95 % of the accepted. Of the micrographs, `drawn` became points, `off_axis` are outside
    `view` and `missing` have no value.
    """

    quantity: PlottedQuantity
    order: MicrographOrder
    accepted: Points
    rejected: Points
    bands: tuple[Band, ...]
    edges: Floats
    counts: Integers
    bounds: tuple[PlottedLimit, ...]
    view: tuple[float, float]
    central: tuple[float, float, float]
    drawn: int
    off_axis: int
    missing: int

    band_label = "median and central 68 %"

    @property
    def name(self) -> str:
        """Name of the figure and of its files."""
        return self.quantity.name

    @property
    def title(self) -> str:
        """Title of the figure."""
        return self.quantity.label

    @property
    def bin_centres(self) -> Floats:
        """Centres of the histogram's bins, (bins,)."""
        return np.asarray(0.5 * (self.edges[1:] + self.edges[:-1]))

    @property
    def caption(self) -> str:
        """What the figure shows, in words."""
        unit = f" {self.quantity.unit}" if len(self.quantity.unit) < 3 and self.quantity.unit else ""
        sentences = []
        if math.isfinite(self.central[0]):
            median, low, high = (f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in self.central)
            sentences.append(f"Accepted: median {median}{unit}, 90 % between {low} and {high}{unit}.")
        sentences += [
            f"Limit {bound.text}{unit}{'' if self.is_visible(bound) else ', off this axis'}."
            for bound in self.bounds
        ]
        if self.off_axis:
            sentences.append(f"{self.off_axis:,} off the axis.")
        if self.missing:
            sentences.append(f"{self.missing:,} without a value.")
        if self.bands:
            sentences.append(
                f"{self.drawn:,} shown as points; line and band: {self.band_label} of the accepted micrographs."
            )
        return " ".join(sentences) or "No micrograph has a value for this."

    def is_visible(self, bound: PlottedLimit) -> bool:
        """Whether a limit is on the axis."""
        return self.view[0] <= bound.value <= self.view[1]

    def is_upper(self, bound: PlottedLimit) -> bool:
        """Whether a limit is in the upper half of the axis, and so its label below the line."""
        return bound.value >= 0.5 * (self.view[0] + self.view[1])

    def limit_label(self, bound: PlottedLimit) -> str:
        """Label of a limit, with an arrow towards one off the axis."""
        if self.is_visible(bound):
            return f"limit {bound.text}"
        return f"limit {bound.text} {'↑' if bound.value > self.view[1] else '↓'}"

    def forbidden(self, bound: PlottedLimit) -> tuple[float, float]:
        """The part of the axis that a limit excludes, from the limit to the end."""
        return bound.value, self.view[0] if bound.side == "at least" else self.view[1]


def time_series(
    columns: RunColumns, quantity: PlottedQuantity, limits: Sequence[Limit], order: MicrographOrder
) -> TimeSeries:
    """Summarise one quantity of a run."""
    values = quantity.scale * columns.values.get(quantity.column, np.full(len(columns), np.nan))
    judged = columns.status != STATUSES.index("failed")
    known = np.isfinite(values) & np.isfinite(order.position) & judged
    accepted, rejected = (
        np.flatnonzero(known & (columns.status == STATUSES.index(status))) for status in STATUSES[:2]
    )
    bounds = tuple(_bounds(quantity, limits))
    view = _view(values[accepted], values[rejected], bounds)
    edges = np.linspace(*view, _bins(accepted.size + rejected.size) + 1)
    counts = np.array([np.histogram(values[rows], edges)[0] for rows in (accepted, rejected)], dtype=np.int64)
    chosen = downsample(accepted, rejected)
    points = [_points(rows, order, values, view) for rows in chosen]
    many = accepted.size + rejected.size > MAX_POINTS
    return TimeSeries(
        quantity=quantity,
        order=order,
        accepted=points[0],
        rejected=points[1],
        bands=bands(order.position[accepted], values[accepted]) if many else (),
        edges=edges,
        counts=counts,
        bounds=bounds,
        view=view,
        central=_central(values[accepted]),
        drawn=chosen[0].size + chosen[1].size,
        off_axis=int(known.sum() - counts.sum()),
        missing=int(judged.sum() - known.sum()),
    )


def _bins(micrographs: int) -> int:
    return int(np.clip(2.0 * np.sqrt(micrographs), MIN_BINS, MAX_BINS))


def _bounds(quantity: PlottedQuantity, limits: Sequence[Limit]) -> Iterator[PlottedLimit]:
    for limit in limits:
        if limit.criterion != quantity.criterion:
            continue
        if np.isfinite(limit.at_least):
            yield PlottedLimit("at least", quantity.scale * limit.at_least)
        if np.isfinite(limit.at_most):
            yield PlottedLimit("at most", quantity.scale * limit.at_most)


def _points(rows: Integers, order: MicrographOrder, values: Floats, view: tuple[float, float]) -> Points:
    on_axis = rows[(values[rows] >= view[0]) & (values[rows] <= view[1])]
    return Points(on_axis, order.position[on_axis], values[on_axis])


def _view(accepted: Floats, rejected: Floats, bounds: Sequence[PlottedLimit]) -> tuple[float, float]:
    """Range of the axis: all accepted values, most of the others, and the limits that are not far away."""
    both = np.concatenate([accepted, rejected])
    if both.size == 0:
        ends = [bound.value for bound in bounds] or [0.0, 1.0]
        return _padded(min(ends), max(ends))
    low, high = (float(value) for value in np.quantile(both, [OUTLIERS, 1 - OUTLIERS]))
    if accepted.size:
        low, high = min(low, float(accepted.min())), max(high, float(accepted.max()))
    for bound in bounds:
        wider = min(low, bound.value), max(high, bound.value)
        if low == high or high - low >= MIN_FILL * (wider[1] - wider[0]):
            low, high = wider
    return _padded(low, high, positive=float(both.min()) >= 0)


def _padded(low: float, high: float, *, positive: bool = False) -> tuple[float, float]:
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - margin, 0.0) if positive else low - margin, high + margin


def _central(values: Floats) -> tuple[float, float, float]:
    if values.size == 0:
        return np.nan, np.nan, np.nan
    median, low, high = np.quantile(values, [0.5, 0.05, 0.95])
    return float(median), float(low), float(high)
