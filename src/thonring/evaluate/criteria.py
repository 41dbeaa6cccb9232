"""Which criterion rejected what, and what would have slipped through without it."""

from collections.abc import Sequence
from dataclasses import dataclass

from thonring.evaluate.limits import NO_FIT
from thonring.evaluate.pair import Pair
from thonring.evaluate.results_csv import FAILED_INPUT
from thonring.settings import Limit


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
