"""Why micrographs were rejected."""

from dataclasses import dataclass

import numpy as np

from thonring.plot.caption import shortened
from thonring.quality import CRITERIA
from thonring.results import REJECTED_BY_HAND, STATUSES, RunColumns

MOST_LETTERS = 46

_WORDS = {"fit": "No CTF could be fitted", REJECTED_BY_HAND: "By a person's decision alone"}


@dataclass(frozen=True, slots=True)
class Reason:
    """A criterion with the rejected micrographs that it failed; `alone` had no other reason."""

    criterion: str
    micrographs: int
    alone: int

    @property
    def words(self) -> str:
        """What the criterion measures, for people."""
        return words_of(self.criterion)

    @property
    def label(self) -> str:
        """The same, short enough for an axis."""
        return shortened(self.words, MOST_LETTERS)


def words_of(criterion: str) -> str:
    """Describe a criterion for people."""
    known = CRITERIA.get(criterion)
    words = _WORDS.get(criterion, criterion.replace("_", " ")) if known is None else known.description
    return words[:1].upper() + words[1:]


def reasons(columns: RunColumns) -> tuple[Reason, ...]:
    """Count the reasons of a run's rejected micrographs, the most frequent first."""
    rejected = columns.status == STATUSES.index("rejected")
    names = columns.criteria
    failing = np.array([columns.failing[name] & rejected for name in names], dtype=bool)
    failing = failing.reshape(len(names), len(columns))
    how_many = failing.sum(axis=0)
    found = [
        Reason(name, int(row.sum()), int((row & (how_many == 1)).sum()))
        for name, row in zip(names, failing, strict=True)
    ]
    without = int((rejected & (how_many == 0)).sum())
    found.append(Reason(REJECTED_BY_HAND, without, without))
    some = [reason for reason in found if reason.micrographs]
    return tuple(sorted(some, key=lambda reason: (-reason.micrographs, reason.criterion)))
