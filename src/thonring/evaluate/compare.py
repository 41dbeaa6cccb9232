"""Two runs on the same micrographs: where one is right and the other wrong."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from thonring.evaluate.matched import Matched
from thonring.evaluate.pair import Pair

About = Literal["verdict", "estimate"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often two runs, by their place, are right about one thing: the verdict, or the estimate of the usable.

    `chance` is the two-sided probability of a split as uneven as `only_first` : `only_second`, or more, if both
    were equally good (exact sign test; McNemar 1947, doi:10.1007/BF02295996). `differing` are the places of the
    micrographs where only one is right, those of the first run first.
    """

    first: int
    second: int
    about: About
    both: int
    only_first: int
    only_second: int
    neither: int
    differing: tuple[int, ...]

    @property
    def chance(self) -> float:
        """Probability of such a split by chance; 1 where they never differ."""
        total, fewer = self.only_first + self.only_second, min(self.only_first, self.only_second)
        tail = sum(math.comb(total, count) for count in range(fewer + 1))
        return min(1.0, float(2 * tail / 2**total))


def comparisons(matched: Matched, pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[Comparison, ...]:
    """Every two runs: their verdicts, and their estimates where the truth of the CTF is known."""
    has_truth = any(subject.truth is not None for subject in matched.subjects)
    found = []
    for first, second in combinations(range(len(matched.runs)), 2):
        sides = list(zip(pairs_by_run[first], pairs_by_run[second], strict=True))
        found.append(_compare((first, second), "verdict", sides, lambda pair: pair.judged_well))
        if has_truth:
            found.append(_compare((first, second), "estimate", sides, lambda pair: bool(pair.right)))
    return tuple(found)


def _compare(
    runs: tuple[int, int],
    about: About,
    sides: Sequence[tuple[Pair, Pair]],
    is_good: Callable[[Pair], bool],
) -> Comparison:
    asked = {
        place: (is_good(one), is_good(other))
        for place, (one, other) in enumerate(sides)
        if about == "verdict" or one.subject.usable
    }
    places = {
        kind: [place for place, found in asked.items() if found == kind]
        for kind in ((True, True), (True, False), (False, True), (False, False))
    }
    both, only_first, only_second, neither = (len(found) for found in places.values())
    differing = (*places[True, False], *places[False, True])
    return Comparison(*runs, about, both, only_first, only_second, neither, differing)
