"""What another limit on one criterion would have made of a run, all other limits held.

Only what is in results.csv is known: the attempt that was kept. A limit that another attempt would have met
first, or that would have let a micrograph on to a fit that was never made, is beyond it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Literal

import numpy as np
import numpy.typing as npt

from thonring.evaluate.confusion import Confusion, matthews
from thonring.evaluate.pair import Pair
from thonring.records import Floats
from thonring.settings import Limit

Side = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Curve:
    """Confusion against the limit on one side of a criterion.

    `limits` (n,) ascend: the values themselves, the present limit, and one that accepts none. The rows of `counts`
    (4, n) are what each would give, true and false positives, false and true negatives; between two limits they are
    those of the stricter. `best` has the highest Matthews coefficient, nearest to the present one among equals and
    in the middle of its stretch. `undecided` counts rejected micrographs without a fit, which stay rejected here.
    """

    criterion: str
    side: Side
    unit: str
    limits: Floats
    counts: Floats
    present: float
    best: float
    undecided: int

    def at(self, limit: float) -> Confusion:
        """Confusion at any limit."""
        if self.side == "at most":
            place = int(np.searchsorted(self.limits, limit, side="right")) - 1
        else:
            place = int(np.searchsorted(self.limits, limit, side="left"))
        return Confusion(*(int(count) for count in self.counts[:, min(max(place, 0), self.limits.size - 1)]))


def threshold_curves(pairs: Sequence[Pair], limits: Sequence[Limit]) -> tuple[Curve, ...]:
    """Curves for each finite side of each limit, as far as any micrograph's fate depends on it alone."""
    known = [pair for pair in pairs if pair.result.failed is not None]
    curves = (_curve(known, limit, side) for limit in limits for side in _sides(limit))
    return tuple(curve for curve in curves if curve is not None)


def _sides(limit: Limit) -> Iterator[Side]:
    if math.isfinite(limit.at_least):
        yield "at least"
    if math.isfinite(limit.at_most):
        yield "at most"


def _curve(pairs: Sequence[Pair], limit: Limit, side: Side) -> Curve | None:
    is_free = [_is_free(pair, limit, side) for pair in pairs]
    if not any(is_free):
        return None
    free = list(compress(pairs, is_free))
    bound = [pair for pair, one in zip(pairs, is_free, strict=True) if not one]
    sign, present = (1.0, limit.at_most) if side == "at most" else (-1.0, limit.at_least)
    values = sign * np.array([pair.result.criteria[limit.criterion] for pair in free])
    positive = np.array([pair.positive for pair in free])
    thresholds = _thresholds(values, sign * present)
    base = Confusion.of((not _failed(pair), pair.positive) for pair in bound)
    counts = _counts(values, positive, thresholds, base)
    order = np.argsort(sign * thresholds)
    return Curve(
        limit.criterion,
        side,
        limit.unit,
        sign * thresholds[order],
        counts[:, order],
        present,
        sign * _best(thresholds, sign * present, counts),
        sum(limit.criterion in _failed(pair) and pair.result.estimate is None for pair in pairs),
    )


def _counts(values: Floats, positive: npt.NDArray[np.bool_], thresholds: Floats, base: Confusion) -> Floats:
    """Confusion, (4, n), where values up to a threshold are accepted, beside what is decided already."""
    tp, fp = (
        np.searchsorted(np.sort(values[kind]), thresholds, side="right").astype(np.float64)
        for kind in (positive, ~positive)
    )
    fn, tn = positive.sum() - tp, (~positive).sum() - fp
    return np.stack([base.tp + tp, base.fp + fp, base.fn + fn, base.tn + tn])


def _is_free(pair: Pair, limit: Limit, side: Side) -> bool:
    """Whether nothing but this side of the limit decides over the micrograph."""
    value = pair.result.criteria.get(limit.criterion, math.nan)
    if (
        pair.result.estimate is None
        or not set(_failed(pair)) <= {limit.criterion}
        or not math.isfinite(value)
    ):
        return False
    return value >= limit.at_least if side == "at most" else value <= limit.at_most


def _failed(pair: Pair) -> tuple[str, ...]:
    return pair.result.failed or ()


def _thresholds(values: Floats, present: float) -> Floats:
    """The values, the present limit, and one below all; ascending."""
    lowest = min(float(values.min()), present)
    margin = 0.02 * (max(float(values.max()), present) - lowest or abs(lowest) or 1.0)
    if lowest > 0:
        margin = min(margin, 0.1 * lowest)
    return np.unique(np.append(values, [present, lowest - margin]))


def _best(thresholds: Floats, present: float, counts: Floats) -> float:
    """The limit with the highest coefficient, or with the fewest errors where it has no meaning."""
    score = np.nan_to_num(matthews(*counts), nan=-2.0) - 1e-9 * (counts[1] + counts[2])
    is_best = score >= score.max() - 1e-12
    if is_best[thresholds == present].any():
        return present
    middles = np.append(0.5 * (thresholds[1:] + thresholds[:-1]), thresholds[-1])[is_best]
    return float(middles[np.argmin(np.abs(middles - present))])
