"""A run in a few numbers."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from thonring.records import Outcome

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How many micrographs came out how.

    `rejected_by` counts criteria that failed in the kept attempts, `failed_by` reasons without the name of
    the file; both most frequent first. A micrograph may count under several criteria.
    CPU seconds are NaN where no outcome has any.
    """

    accepted: int
    rejected: int
    failed: int
    rejected_by: Counts
    failed_by: Counts
    median_cpu_seconds: float
    total_cpu_seconds: float


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Count the outcomes of a run."""
    status = Counter(outcome.status for outcome in outcomes)
    rejected = [outcome for outcome in outcomes if outcome.status == "rejected"]
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    seconds = [outcome.cpu_seconds for outcome in outcomes if math.isfinite(outcome.cpu_seconds)]
    return Summary(
        accepted=status["accepted"],
        rejected=status["rejected"],
        failed=status["failed"],
        rejected_by=_counted([name for outcome in rejected for name in _failed_criteria(outcome)]),
        failed_by=_counted(
            [reason_without_file(outcome, reason) for outcome in failed for reason in outcome.reasons]
        ),
        median_cpu_seconds=statistics.median(seconds) if seconds else math.nan,
        total_cpu_seconds=math.fsum(seconds) if seconds else math.nan,
    )


def _failed_criteria(outcome: Outcome) -> list[str]:
    if outcome.attempt is None:
        return []
    return [criterion.name for criterion in outcome.attempt.verdict.criteria if not criterion.passed]


def reason_without_file(outcome: Outcome, reason: str) -> str:
    """Cut the name of the file off the front of a reason that stands beside it."""
    return reason.removeprefix(str(outcome.path)).removeprefix(outcome.path.name).removeprefix(": ")


def _counted(names: Sequence[str]) -> Counts:
    return tuple(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
