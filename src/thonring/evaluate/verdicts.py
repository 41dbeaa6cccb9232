"""Counts of right and wrong verdicts, and what follows from them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Literal

import numpy as np
import numpy.typing as npt

from thonring.evaluate.matching import Pair
from thonring.evaluate.results import FAILED_INPUT, NO_FIT
from thonring.records import Floats
from thonring.settings import Limit

TWO_SIDED_95 = 1.959964
"""Normal quantile of a two-sided interval of 95 %."""

DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Confusion:
    """Accepted and positive (tp), accepted and negative (fp), not accepted and positive (fn), neither (tn).

    Ratios are NaN where they have no meaning: nothing was accepted, or there is nothing of one kind.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> "Confusion":
        """Count pairs of (accepted, positive)."""
        counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
        for accepted, positive in pairs:
            counts[accepted, positive] += 1
        return cls(*counts.values())

    @property
    def total(self) -> int:
        """All that were counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """Share of the accepted that are positive."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the positive that were accepted."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def mcc(self) -> float:
        """Matthews correlation coefficient, -1 to 1.

        Source: Matthews (1975), doi:10.1016/0005-2795(75)90109-9.
        """
        return float(matthews(self.tp, self.fp, self.fn, self.tn))

    @property
    def precision_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the precision."""
        return wilson(self.tp, self.tp + self.fp)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the recall."""
        return wilson(self.tp, self.tp + self.fn)

    @property
    def mcc_interval(self) -> tuple[float, float]:
        """95 % credible interval of the coefficient, from Jeffreys' prior on the four shares.

        A bootstrap would have no width where nothing went wrong. The draws are always the same. The
        interval is widened to hold the coefficient itself, which may lie at its very end.
        """
        if math.isnan(self.mcc):
            return math.nan, math.nan
        weights = np.array([self.tp, self.fp, self.fn, self.tn]) + 0.5
        shares = np.random.default_rng(0).dirichlet(weights, DRAWS).T
        low, high = np.quantile(matthews(*shares), [0.025, 0.975])
        return min(float(low), self.mcc), max(float(high), self.mcc)


def wilson(successes: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share; (NaN, NaN) of nothing.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    if total == 0:
        return math.nan, math.nan
    share, z2 = successes / total, TWO_SIDED_95**2
    centre = share + z2 / (2 * total)
    half = TWO_SIDED_95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    scale = 1 + z2 / total
    low = 0.0 if successes == 0 else (centre - half) / scale
    return low, 1.0 if successes == total else (centre + half) / scale


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def matthews(tp: npt.ArrayLike, fp: npt.ArrayLike, fn: npt.ArrayLike, tn: npt.ArrayLike) -> Floats:
    """Matthews correlation coefficient of counts or shares, any shape; NaN where a sum of two is 0."""
    tp, fp, fn, tn = (np.asarray(part, dtype=np.float64) for part in (tp, fp, fn, tn))
    with np.errstate(invalid="ignore"):
        norm = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
        return np.asarray((tp * tn - fp * fn) / norm)


@dataclass(frozen=True, slots=True)
class CriterionUse:
    """What one criterion rejected: micrographs that should be rejected, and such that should not.

    `alone` counts those that nothing else rejected: they would have been accepted without it, as far as is known;
    where a failure came before the fit, the criteria of the fit were never asked.
    """

    criterion: str
    negatives: int
    negatives_alone: int
    positives: int
    positives_alone: int


def criteria_uses(pairs: Sequence[Pair], limits: Sequence[Limit]) -> tuple[CriterionUse, ...]:
    """Uses of each criterion of a run in the order of its limits, and of the lack of a fit; none without limits."""
    if not limits:
        return ()
    told = [pair for pair in pairs if pair.result.failed]
    names = [*(limit.criterion for limit in limits), NO_FIT, FAILED_INPUT]
    uses = [_use(name, [pair for pair in told if name in (pair.result.failed or ())]) for name in names]
    always = {limit.criterion for limit in limits}
    return tuple(use for use in uses if use.criterion in always or use.negatives or use.positives)


def _use(criterion: str, rejected: Sequence[Pair]) -> CriterionUse:
    negatives = [pair for pair in rejected if not pair.positive]
    positives = [pair for pair in rejected if pair.positive]
    return CriterionUse(criterion, len(negatives), _alone(negatives), len(positives), _alone(positives))


def _alone(rejected: Sequence[Pair]) -> int:
    return sum(pair.result.failed is not None and len(pair.result.failed) == 1 for pair in rejected)


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
