"""Many micrographs as few points and a band."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Floats

Integers = npt.NDArray[np.int64]

MOST_POINTS = 2500
"""In one figure; more would be neither seen nor drawn quickly."""

BAND_BINS = 160
LEAST_IN_BIN = 12


@dataclass(frozen=True, slots=True)
class Band:
    """Median of `y` and the range of its middle 68 % over bins with equally many micrographs, all (bins,)."""

    x: Floats
    low: Floats
    median: Floats
    high: Floats


def band(x: Floats, y: Floats) -> Band | None:
    """Sum up values along x; None where there are too few for a band to mean anything."""
    bins = min(BAND_BINS, x.size // LEAST_IN_BIN)
    if bins < 2:
        return None
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, bins)
    low, median, high = np.array([np.quantile(y[part], [0.16, 0.5, 0.84]) for part in parts]).T
    return Band(np.array([x[part].mean() for part in parts]), low, median, high)


def shares(accepted: int, rejected: int, most: int = MOST_POINTS) -> tuple[int, int]:
    """How many of each are drawn as points: all if they are few, else half of either, or what there is."""
    if accepted + rejected <= most:
        return accepted, rejected
    of_rejected = min(rejected, max(most // 2, most - accepted))
    return most - of_rejected, of_rejected


def spread(rows: Integers, count: int) -> Integers:
    """Choose rows evenly from the first to the last."""
    if count >= rows.size:
        return rows
    return rows[np.linspace(0, rows.size - 1, count).round().astype(np.int64)]
