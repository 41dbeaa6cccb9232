"""Summary of a run: how many micrographs were accepted, rejected and failed, and why."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from thonring.records import Outcome

Counts = tuple[tuple[str, int], ...]
MAX_FAILURES = 20
REJECTED_BY_HAND = "manual decision"
"""Listed in place of a criterion if a micrograph that passes all criteria was rejected manually."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over a run.

    `rejected_by` counts criteria that failed in the kept attempts, `failed_by` reasons without the name of
    the file; both most frequent first. A micrograph may count under several criteria. `failures` are the first
    failed files, each with its reasons. CPU seconds are NaN if no outcome has any.
    """

    accepted: int
    rejected: int
    failed: int
    rejected_by: Counts
    failed_by: Counts
    failures: tuple[tuple[Path, str], ...]
    median_cpu_seconds: float
    total_cpu_seconds: float


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """Count the outcomes of a run, reading one at a time."""
    status: Counter[str] = Counter()
    criteria: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    failures: list[tuple[Path, str]] = []
    seconds: list[float] = []
    for outcome in outcomes:
        status[outcome.status] += 1
        if outcome.status == "rejected":
            criteria.update(_failed_criteria(outcome))
        if outcome.status == "failed":
            own = [reason_without_file(outcome, reason) for reason in outcome.reasons]
            reasons.update(own)
            if len(failures) < MAX_FAILURES:
                failures.append((outcome.path, "; ".join(own)))
        if math.isfinite(outcome.cpu_seconds):
            seconds.append(outcome.cpu_seconds)
    return Summary(
        accepted=status["accepted"],
        rejected=status["rejected"],
        failed=status["failed"],
        rejected_by=_ordered(criteria),
        failed_by=_ordered(reasons),
        failures=tuple(failures),
        median_cpu_seconds=statistics.median(seconds) if seconds else math.nan,
        total_cpu_seconds=math.fsum(seconds) if seconds else math.nan,
    )


def _failed_criteria(outcome: Outcome) -> list[str]:
    """Return the failed criteria; a rejected micrograph without any was rejected manually."""
    criteria = () if outcome.attempt is None else outcome.attempt.verdict.criteria
    return [criterion.name for criterion in criteria if not criterion.passed] or [REJECTED_BY_HAND]


def reason_without_file(outcome: Outcome, reason: str) -> str:
    """Remove the file name from the front of a reason that is shown next to it."""
    return reason.removeprefix(str(outcome.path)).removeprefix(outcome.path.name).removeprefix(": ")


def _ordered(counts: Counter[str]) -> Counts:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
