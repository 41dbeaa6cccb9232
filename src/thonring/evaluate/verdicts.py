"""Correct and wrong verdicts: the confusion matrix, criteria and their limits, and two runs by a sign test."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, compress
from typing import Literal

import numpy as np
import numpy.typing as npt

from thonring.evaluate.matching import Pair
from thonring.evaluate.results import FAILED_INPUT, NO_FIT
from thonring.records import Floats
from thonring.settings import Limit, LimitSide

TWO_SIDED_95 = 1.959964
"""Quantile of the standard normal distribution for a two-sided 95 % interval."""

POSTERIOR_SAMPLES = 4000
"""Samples of a credible interval: the standard error of its ends is about 1 % of its width."""

ComparedAspect = Literal["verdict", "estimate"]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Accepted and positive (tp), accepted and negative (fp), not accepted and positive (fn), neither (tn).

    Ratios are NaN where they are undefined: nothing was accepted, or one class is empty.
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
        """Number of micrographs."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """Fraction of the accepted that are positive."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Fraction of the positive that were accepted."""
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
        """95 % credible interval of the coefficient, with Jeffreys' prior on the four fractions.

        A bootstrap would have zero width without errors. The random numbers are always the same. The interval
        is widened to contain the coefficient itself, which may be at one of its ends.
        """
        if math.isnan(self.mcc):
            return math.nan, math.nan
        # Jeffreys' prior of a multinomial distribution is Dirichlet(½, ½, ½, ½), so the posterior is Dirichlet(n + ½).
        weights = np.array([self.tp, self.fp, self.fn, self.tn]) + 0.5
        fractions = np.random.default_rng(0).dirichlet(weights, POSTERIOR_SAMPLES).T
        low, high = np.quantile(matthews(*fractions), [0.025, 0.975])
        return min(float(low), self.mcc), max(float(high), self.mcc)


def wilson(successes: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a fraction; (NaN, NaN) if `total` is 0.

    The fractions p that a score test does not reject: |p̂ - p| ≤ z √(p(1 - p)/n), solved for p.
    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    if total == 0:
        return math.nan, math.nan
    fraction, z2 = successes / total, TWO_SIDED_95**2
    # The ends are (p̂ + z²/2n ± z √(p̂(1 - p̂)/n + z²/4n²)) / (1 + z²/n).
    centre = fraction + z2 / (2 * total)
    half_width = TWO_SIDED_95 * math.sqrt(fraction * (1 - fraction) / total + z2 / (4 * total**2))
    scale = 1 + z2 / total
    # At 0 and n one end is exactly 0 or 1; rounding must not move it.
    low = 0.0 if successes == 0 else (centre - half_width) / scale
    return low, 1.0 if successes == total else (centre + half_width) / scale


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def matthews(tp: npt.ArrayLike, fp: npt.ArrayLike, fn: npt.ArrayLike, tn: npt.ArrayLike) -> Floats:
    """Matthews correlation coefficient of counts or fractions, any shape; NaN where a row or column sum is 0.

    (TP·TN - FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)): the correlation of verdict and label.
    Source: Matthews (1975), doi:10.1016/0005-2795(75)90109-9.
    """
    tp, fp, fn, tn = (np.asarray(part, dtype=np.float64) for part in (tp, fp, fn, tn))
    with np.errstate(invalid="ignore"):
        # Four roots, not one of the product, which overflows for large counts and underflows for small fractions.
        norm = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
        return np.asarray((tp * tn - fp * fn) / norm)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often two runs, given by index, are right about one aspect: the verdict, or the estimate of the usable.

    `differing` are the indices of the micrographs that only one run gets right, those of the first run first.
    """

    first: int
    second: int
    about: ComparedAspect
    both: int
    only_first: int
    only_second: int
    neither: int
    differing: tuple[int, ...]

    @property
    def chance(self) -> float:
        """Probability of a split `only_first` : `only_second` at least this uneven between two equally good runs.

        Exact two-sided sign test; 1 where the runs never differ. Source: McNemar (1947), doi:10.1007/BF02295996.
        """
        total, fewer = self.only_first + self.only_second, min(self.only_first, self.only_second)
        # Each difference favours either run with probability ½: twice the lower tail of the binomial distribution.
        tail = sum(math.comb(total, count) for count in range(fewer + 1))
        return min(1.0, float(2 * tail / 2**total))


def compare_verdicts(pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[Comparison, ...]:
    """Compare every two runs: their verdicts, and their estimates where the true CTF is known."""
    has_truth = any(pair.reference.truth is not None for pair in pairs_by_run[0])
    comparisons = []
    for runs in combinations(range(len(pairs_by_run)), 2):
        by_micrograph = list(zip(*(pairs_by_run[run] for run in runs), strict=True))
        comparisons.append(_compare(runs, "verdict", by_micrograph, lambda pair: pair.verdict_correct))
        if has_truth:
            comparisons.append(_compare(runs, "estimate", by_micrograph, lambda pair: bool(pair.right)))
    return tuple(comparisons)


def _compare(
    runs: tuple[int, int],
    about: ComparedAspect,
    by_micrograph: Sequence[Sequence[Pair]],
    is_correct: Callable[[Pair], bool],
) -> Comparison:
    correct = {
        index: (is_correct(first), is_correct(second))
        for index, (first, second) in enumerate(by_micrograph)
        if about == "verdict" or first.reference.usable
    }
    indices = {
        outcome: [index for index, found in correct.items() if found == outcome]
        for outcome in ((True, True), (True, False), (False, True), (False, False))
    }
    both, only_first, only_second, neither = map(len, indices.values())
    differing = (*indices[True, False], *indices[False, True])
    return Comparison(*runs, about, both, only_first, only_second, neither, differing)


@dataclass(frozen=True, slots=True)
class CriterionUse:
    """Micrographs that one criterion rejected: those that should be rejected (negatives), and those that should not.

    `…_alone` counts those that no other criterion rejected: without this one they would have been accepted, as far as
    is known; after a failure before the fit, the criteria of the fit are not evaluated.
    """

    criterion: str
    negatives: int
    negatives_alone: int
    positives: int
    positives_alone: int


def criteria_uses(pairs: Sequence[Pair], limits: Sequence[Limit]) -> tuple[CriterionUse, ...]:
    """The effect of each criterion of a run in the order of its limits, and of a missing fit; none without limits."""
    if not limits:
        return ()
    criteria = [limit.criterion for limit in limits]
    uses = [
        _use(name, [pair for pair in pairs if name in _failed(pair)])
        for name in (*criteria, NO_FIT, FAILED_INPUT)
    ]
    return tuple(use for use in uses if use.criterion in criteria or use.negatives or use.positives)


def _use(criterion: str, rejected: Sequence[Pair]) -> CriterionUse:
    negatives = [pair for pair in rejected if not pair.positive]
    positives = [pair for pair in rejected if pair.positive]
    return CriterionUse(criterion, len(negatives), _alone(negatives), len(positives), _alone(positives))


def _alone(rejected: Sequence[Pair]) -> int:
    return sum(len(_failed(pair)) == 1 for pair in rejected)


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Confusion matrix as a function of the limit on one side of a criterion, with all other limits fixed.

    `limits` (n,) ascend: the values themselves, the current limit (`present`), and one that accepts none. The columns
    of `counts` (4, n) are the TP, FP, FN and TN of each limit; between two limits they are those of the stricter.
    `best` is the limit with the highest Matthews coefficient: among equals the one nearest to the current limit, in the
    middle of its interval. `undecided` counts rejected micrographs without a fit, which stay rejected here.
    """

    criterion: str
    side: LimitSide
    unit: str
    limits: Floats
    counts: Floats
    present: float
    best: float
    undecided: int

    def at(self, limit: float) -> Confusion:
        """Confusion matrix at any limit."""
        if self.side == "at most":
            column = int(np.searchsorted(self.limits, limit, side="right")) - 1
        else:
            column = int(np.searchsorted(self.limits, limit, side="left"))
        return Confusion(*(int(count) for count in self.counts[:, min(max(column, 0), self.limits.size - 1)]))


def threshold_curves(pairs: Sequence[Pair], limits: Sequence[Limit]) -> tuple[ThresholdCurve, ...]:
    """Curves for each finite side of each limit that alone decides the verdict of some micrograph."""
    known = [pair for pair in pairs if pair.result.failed is not None]
    curves = (_curve(known, limit, side) for limit in limits for side in _sides(limit))
    return tuple(curve for curve in curves if curve is not None)


def _sides(limit: Limit) -> Iterator[LimitSide]:
    if math.isfinite(limit.at_least):
        yield "at least"
    if math.isfinite(limit.at_most):
        yield "at most"


def _curve(pairs: Sequence[Pair], limit: Limit, side: LimitSide) -> ThresholdCurve | None:
    is_free = [_is_free(pair, limit, side) for pair in pairs]
    if not any(is_free):
        return None
    free = list(compress(pairs, is_free))
    fixed = list(compress(pairs, [not free for free in is_free]))
    # With the sign changed, "at least" becomes "at most": values up to a threshold are accepted.
    sign, present = (1.0, limit.at_most) if side == "at most" else (-1.0, limit.at_least)
    values = sign * np.array([pair.result.criteria[limit.criterion] for pair in free])
    positive = np.array([pair.positive for pair in free])
    thresholds = _thresholds(values, sign * present)
    base = Confusion.of((not _failed(pair), pair.positive) for pair in fixed)
    counts = _counts(values, positive, thresholds, base)
    order = np.argsort(sign * thresholds)
    return ThresholdCurve(
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
    """TP, FP, FN and TN, (4, n), if values up to each threshold are accepted; `base` counts the other micrographs."""
    tp, fp = (
        np.searchsorted(np.sort(values[label]), thresholds, side="right").astype(np.float64)
        for label in (positive, ~positive)
    )
    fn, tn = positive.sum() - tp, (~positive).sum() - fp
    return np.stack([base.tp + tp, base.fp + fp, base.fn + fn, base.tn + tn])


def _is_free(pair: Pair, limit: Limit, side: LimitSide) -> bool:
    """Whether the verdict depends on this side of the limit alone."""
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
    """The values, the current limit, and one below all values; ascending."""
    lowest = min(float(values.min()), present)
    margin = 0.02 * (max(float(values.max()), present) - lowest or abs(lowest) or 1.0)
    if lowest > 0:
        margin = min(margin, 0.1 * lowest)
    return np.unique(np.append(values, [present, lowest - margin]))


def _best(thresholds: Floats, present: float, counts: Floats) -> float:
    """The threshold with the highest Matthews coefficient, or with the fewest errors where that is undefined."""
    # An undefined coefficient counts as below all others; equal ones are ranked by their number of errors, FP + FN.
    score = np.nan_to_num(matthews(*counts), nan=-2.0) - 1e-9 * (counts[1] + counts[2])
    is_best = score >= score.max() - 1e-12
    if is_best[thresholds == present].any():
        return present
    # The counts stay the same up to the next threshold: a limit in the middle is farthest from any value.
    middles = np.append(0.5 * (thresholds[1:] + thresholds[:-1]), thresholds[-1])[is_best]
    return float(middles[np.argmin(np.abs(middles - present))])
