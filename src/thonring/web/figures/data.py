"""Many micrographs as few points and a band."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.settings import Limit

Integers = npt.NDArray[np.int64]

MOST_POINTS = 1500
"""In one figure; more would be neither seen nor drawn quickly."""

BAND_BINS = 160
LEAST_IN_BIN = 12
LEAST_REJECTED = 200
BREAK, LEAST_BREAK = 20.0, 0.02
"""The work rested where a gap is so many times the usual one, and such a part of the whole."""


@dataclass(frozen=True, slots=True)
class Band:
    """Median of `y` and the range of its middle 68 % over bins with equally many micrographs, all (bins,)."""

    x: Floats
    low: Floats
    median: Floats
    high: Floats


def bands(x: Floats, y: Floats) -> tuple[Band, ...]:
    """Sum up values along x, one band between two breaks of the work; none where too few would stand in a bin."""
    order = np.argsort(x, kind="stable")
    parts = np.split(order, np.flatnonzero(_breaks(x[order])) + 1)
    found = [_band(x[part], y[part], round(BAND_BINS * part.size / max(x.size, 1))) for part in parts]
    return tuple(one for one in found if one is not None)


def _breaks(x: Floats) -> npt.NDArray[np.bool_]:
    """Whether the work rested between one micrograph and the next."""
    gaps = np.diff(x)
    if gaps.size == 0:
        return gaps > 0
    return np.asarray((gaps > BREAK * np.median(gaps)) & (gaps > LEAST_BREAK * (x[-1] - x[0])))


def _band(x: Floats, y: Floats, bins: int) -> Band | None:
    bins = min(bins, x.size // LEAST_IN_BIN)
    if bins < 2:
        return None
    parts = np.array_split(np.arange(x.size), bins)
    low, median, high = np.array([np.quantile(y[part], [0.16, 0.5, 0.84]) for part in parts]).T
    return Band(np.array([x[part].mean() for part in parts]), low, median, high)


def shares(accepted: int, rejected: int, most: int = MOST_POINTS) -> tuple[int, int]:
    """How many of each are drawn as points: all if they are few, else in proportion, some of the rejected always."""
    if accepted + rejected <= most:
        return accepted, rejected
    in_proportion = round(most * rejected / (accepted + rejected))
    of_rejected = min(rejected, max(in_proportion, LEAST_REJECTED))
    return most - of_rejected, of_rejected


def spread(rows: Integers, count: int) -> Integers:
    """Choose rows evenly from the first to the last."""
    if count >= rows.size:
        return rows
    return rows[np.linspace(0, rows.size - 1, count).round().astype(np.int64)]


@dataclass(frozen=True, slots=True)
class PlottedQuantity:
    """A column of results.csv to be drawn: `scale` turns it into `unit`; limits on `criterion` are limits on it."""

    name: str
    title: str
    unit: str
    column: str
    scale: float = 1.0
    criterion: str = ""

    @property
    def label(self) -> str:
        """Title and unit, as an axis has it."""
        return f"{self.title} ({self.unit})" if self.unit else f"{self.title} (no unit)"

    def limits(self, limits: Sequence[Limit]) -> tuple[Limit, ...]:
        """Choose those that are on this quantity."""
        return tuple(limit for limit in limits if limit.criterion == self.criterion)


_ALWAYS = (
    PlottedQuantity("defocus", "Mean defocus", "µm", "defocus_A", 1e-4),
    PlottedQuantity(
        "resolution", "Resolution of the fit", "Å", "fit_resolution_A", criterion="fit_resolution"
    ),
    PlottedQuantity("astigmatism", "Astigmatism U − V", "Å", "astigmatism_A", criterion="astigmatism"),
)
_ICE = (
    PlottedQuantity(
        "ice", "Ice: power of the ring at 3.7 Å", "times its surroundings", "ice_ring", 1.0, "ice_ring"
    ),
    PlottedQuantity("ice", "Iceness after Xmipp", "", "xmipp_iceness", 1.0, "xmipp_iceness"),
)
_SCORE = PlottedQuantity(
    "score", "Score: correlation of measured and fitted rings", "", "score", criterion="score"
)


def quantities(values: Mapping[str, Floats], limits: Sequence[Limit]) -> Iterator[PlottedQuantity]:
    """Choose what to show of a run; of the measures of ice the one that its limits are on, or that it has."""
    yield from _ALWAYS
    limited = {limit.criterion for limit in limits}
    ice = [one for one in _ICE if one.criterion in limited] or [one for one in _ICE if one.column in values]
    yield from ice[:1]
    yield _SCORE


LEAST_GAP_S = 1.0
"""No microscope is faster: files with less between them on average were copied, and their times are of that."""


@dataclass(frozen=True, slots=True)
class Order:
    """`position` (micrographs,): seconds since 1970 if `timed`, else places from 1 on."""

    position: Floats
    timed: bool

    @property
    def label(self) -> str:
        """What the axis shows."""
        return "time of the file (UTC)" if self.timed else "place in the tables"


def order_of(columns: RunColumns) -> Order:
    """Order micrographs by the times of their files, or by their places where those times tell nothing."""
    recorded_at = columns.recorded_at[columns.status != STATUSES.index("failed")]
    if recorded_at.size > 1 and recorded_at.min() > 0:
        span_s = float(np.ptp(recorded_at))
        if span_s >= LEAST_GAP_S * (recorded_at.size - 1):
            return Order(columns.recorded_at, timed=True)
    return Order(np.arange(1.0, len(columns) + 1.0), timed=False)


def date_texts(seconds: Floats) -> list[str]:
    """Write seconds since 1970 as dates of UTC that plotly reads."""
    dates = np.asarray(seconds).round().astype("int64").astype("datetime64[s]")
    return [text.replace("T", " ") for text in np.datetime_as_string(dates).tolist()]
