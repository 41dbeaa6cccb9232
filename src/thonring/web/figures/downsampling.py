"""Downsampling: thousands of micrographs as a limited number of points, and a band for all of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Floats
from thonring.run.columns import Integers

MAX_POINTS = 1500
"""Maximum points in one figure: more are slow to draw and hide each other."""

BAND_BINS = 160
MIN_IN_BIN = 12
MIN_REJECTED = 200
BREAK_RATIO, MIN_BREAK = 20.0, 0.02
"""Recording paused if a gap is this many times the median gap and at least this fraction of the whole range."""


@dataclass(frozen=True, slots=True)
class Band:
    """Median of `y` and the range of its central 68 % over bins with equally many micrographs, all (bins,)."""

    x: Floats
    low: Floats
    median: Floats
    high: Floats


def bands(x: Floats, y: Floats) -> tuple[Band, ...]:
    """Summarise y along x, one band for each stretch without a pause; a stretch of few micrographs has none."""
    order = np.argsort(x, kind="stable")
    stretches = np.split(order, np.flatnonzero(_pauses(x[order])) + 1)
    found = [_band(x[rows], y[rows], round(BAND_BINS * rows.size / max(x.size, 1))) for rows in stretches]
    return tuple(band for band in found if band is not None)


def _pauses(x: Floats) -> npt.NDArray[np.bool_]:
    """Whether recording paused between a micrograph and the next; `x` is sorted, the result (micrographs - 1,)."""
    gaps = np.diff(x)
    if gaps.size == 0:
        return gaps > 0
    return np.asarray((gaps > BREAK_RATIO * np.median(gaps)) & (gaps > MIN_BREAK * (x[-1] - x[0])))


def _band(x: Floats, y: Floats, bins: int) -> Band | None:
    bins = min(bins, x.size // MIN_IN_BIN)
    if bins < 2:
        return None
    parts = np.array_split(np.arange(x.size), bins)
    low, median, high = np.array([np.quantile(y[part], [0.16, 0.5, 0.84]) for part in parts]).T
    return Band(np.array([x[part].mean() for part in parts]), low, median, high)


def point_counts(accepted: int, rejected: int, limit: int = MAX_POINTS) -> tuple[int, int]:
    """How many accepted and rejected micrographs become points.

    All, if they are at most `limit`; otherwise in proportion, but enough of the rejected to see them.
    """
    if accepted + rejected <= limit:
        return accepted, rejected
    in_proportion = round(limit * rejected / (accepted + rejected))
    rejected_points = min(rejected, max(in_proportion, MIN_REJECTED))
    return limit - rejected_points, rejected_points


def evenly_spaced(rows: Integers, count: int) -> Integers:
    """Choose `count` rows at even steps, the first and the last among them."""
    if count >= rows.size:
        return rows
    return rows[np.linspace(0, rows.size - 1, count).round().astype(np.int64)]


def downsample(accepted: Integers, rejected: Integers) -> tuple[Integers, Integers]:
    """Choose the accepted and rejected rows that are drawn as points."""
    counts = point_counts(accepted.size, rejected.size)
    return evenly_spaced(accepted, counts[0]), evenly_spaced(rejected, counts[1])
