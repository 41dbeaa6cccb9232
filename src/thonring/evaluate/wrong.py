"""The micrographs worth looking at: wrongly kept, wrongly lost, and the largest errors."""

import math
from collections.abc import Sequence

from thonring.evaluate.pair import Pair

MOST_SHOWN = 10


def worth_a_look(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """False positives, false negatives, then the largest errors of the other usable ones; larger errors first."""
    ranked = sorted(pairs, key=_size, reverse=True)
    wrong = [pair for kind in ("FP", "FN") for pair in ranked if pair.kind == kind]
    rest = [pair for pair in ranked if pair.judged_well and pair.subject.usable and _size(pair) > 0]
    return (*wrong, *rest[:MOST_SHOWN])


def _size(pair: Pair) -> float:
    """Largest error in tolerances; 0 without an estimate or a truth."""
    size = pair.largest_error_A / pair.tolerance_A
    return 0.0 if math.isnan(size) else size
