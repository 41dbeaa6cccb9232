"""Many micrographs as few points and a band."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Floats

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
