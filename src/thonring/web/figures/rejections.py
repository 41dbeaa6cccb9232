"""Why micrographs were rejected: how many by each criterion, and how many by it alone."""

from dataclasses import dataclass

import numpy as np

from thonring.plot.caption import shortened
from thonring.quality import CRITERIA
from thonring.run.columns import STATUSES, RunColumns
from thonring.run.summary import REJECTED_BY_HAND

MAX_BARS = 12
MAX_LABEL_LETTERS = 46

_DESCRIPTIONS = {"fit": "No CTF could be fitted", REJECTED_BY_HAND: "Manual decision only"}
"""Descriptions of reasons that are not criteria."""


@dataclass(frozen=True, slots=True)
class RejectionReason:
    """A criterion and how many rejected micrographs failed it; `alone` of them failed nothing else."""

    criterion: str
    micrographs: int
    alone: int

    @property
    def description(self) -> str:
        """What the criterion measures."""
        return describe_criterion(self.criterion)

    @property
    def label(self) -> str:
        """The description, short enough for an axis."""
        return shortened(self.description, MAX_LABEL_LETTERS)


@dataclass(frozen=True, slots=True)
class Rejections:
    """The reasons of a run's rejected micrographs, the most frequent first."""

    reasons: tuple[RejectionReason, ...]

    name = "reasons"
    title = "Rejected micrographs by reason"
    labels = ("only reason", "one of several")
    """Labels of the two parts of a bar."""

    @property
    def bars(self) -> tuple[RejectionReason, ...]:
        """The reasons that are drawn."""
        return self.reasons[:MAX_BARS]

    @property
    def caption(self) -> str:
        """What the figure shows, in words."""
        if not self.reasons:
            return "No micrograph was rejected."
        text = "Dark: the only reason; light: one of several, so a micrograph may count more than once."
        remaining = len(self.reasons) - len(self.bars)
        return f"{text} {remaining} less frequent reasons are in the table." if remaining else text


def rejections(columns: RunColumns) -> Rejections:
    """Count the reasons of a run's rejected micrographs."""
    rejected = columns.status == STATUSES.index("rejected")
    names = columns.criteria
    failing = np.array([columns.failing[name] & rejected for name in names], dtype=bool)
    failing = failing.reshape(len(names), len(columns))
    failed_criteria = failing.sum(axis=0)
    found = [
        RejectionReason(name, int(row.sum()), int((row & (failed_criteria == 1)).sum()))
        for name, row in zip(names, failing, strict=True)
    ]
    # Rejected although every criterion passed: a manual decision.
    manual = int((rejected & (failed_criteria == 0)).sum())
    found.append(RejectionReason(REJECTED_BY_HAND, manual, manual))
    counted = [reason for reason in found if reason.micrographs]
    return Rejections(tuple(sorted(counted, key=lambda reason: (-reason.micrographs, reason.criterion))))


def describe_criterion(criterion: str) -> str:
    """What a criterion measures, as a heading."""
    known = CRITERIA.get(criterion)
    text = _DESCRIPTIONS.get(criterion, criterion.replace("_", " ")) if known is None else known.description
    return text[:1].upper() + text[1:]
