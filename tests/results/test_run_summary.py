"""A run in a few numbers."""

import math

import pytest

from factories.outcomes import (
    PASSED,
    REFUSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from thonring.records import CriterionResult
from thonring.run.decision_status import Decision, with_decision
from thonring.run.summary import summary


def test_counts_and_times() -> None:
    outcomes = [
        make_accepted(cpu_seconds=0.1),
        make_rejected(cpu_seconds=0.2),
        make_failed(),
        make_accepted(cpu_seconds=0.6),
    ]
    found = summary(outcomes)
    assert (found.accepted, found.rejected, found.failed) == (2, 1, 1)
    assert found.median_cpu_seconds == pytest.approx(0.15)
    assert found.total_cpu_seconds == pytest.approx(0.91)


def test_rejections_are_counted_by_the_criteria_of_the_kept_attempt() -> None:
    blurred = CriterionResult("resolution", 20.0, passed=False, reason="blurred")
    both = make_rejected(attempts=(make_attempt(make_fit(), (PASSED, REFUSED, blurred)),))
    retried = make_rejected(
        attempts=(make_attempt(make_fit(), (REFUSED,)), make_attempt(make_fit(), (blurred,))), chosen=1
    )
    found = summary([both, retried, make_without_fit(), make_rejected(), make_accepted()])
    assert found.rejected_by == (("ice", 3), ("resolution", 2))


def test_rejections_by_people_are_counted_as_such() -> None:
    decision = Decision("rejected", estimated=False, who="Ana", at="2026-01-02T03:04:05+00:00")
    assert summary([with_decision(make_accepted(), decision, None)]).rejected_by == (("decision by hand", 1),)


def test_failures_are_counted_by_reason_whatever_the_file() -> None:
    outcomes = [make_failed("x/a.mrc"), make_failed("x/b.mrc"), make_failed("c.mrc", "zero size")]
    assert summary(outcomes).failed_by == (("truncated", 2), ("zero size", 1))


def test_an_empty_run() -> None:
    found = summary([])
    assert (found.accepted, found.rejected, found.failed) == (0, 0, 0)
    assert (found.rejected_by, found.failed_by) == ((), ())
    assert math.isnan(found.median_cpu_seconds)
    assert math.isnan(found.total_cpu_seconds)
