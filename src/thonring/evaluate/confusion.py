"""Counts of right and wrong verdicts, and what follows from them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Floats

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
