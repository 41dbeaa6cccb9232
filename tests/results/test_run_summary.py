"""A run in a few numbers."""

import math

import pytest
from made_outcomes import PASSED, REFUSED, accepted, attempt, failed, fit, rejected, without_fit

from thonring.records import CriterionResult
from thonring.run.decision_status import Decision, with_decision
from thonring.run.summary import summary


def test_counts_and_times() -> None:
    outcomes = [accepted(cpu_seconds=0.1), rejected(cpu_seconds=0.2), failed(), accepted(cpu_seconds=0.6)]
    found = summary(outcomes)
    assert (found.accepted, found.rejected, found.failed) == (2, 1, 1)
    assert found.median_cpu_seconds == pytest.approx(0.15)
    assert found.total_cpu_seconds == pytest.approx(0.91)


def test_rejections_are_counted_by_the_criteria_of_the_kept_attempt() -> None:
    blurred = CriterionResult("resolution", 20.0, passed=False, reason="blurred")
    both = rejected(attempts=(attempt(fit(), (PASSED, REFUSED, blurred)),))
    retried = rejected(attempts=(attempt(fit(), (REFUSED,)), attempt(fit(), (blurred,))), chosen=1)
    found = summary([both, retried, without_fit(), rejected(), accepted()])
    assert found.rejected_by == (("ice", 3), ("resolution", 2))


def test_rejections_by_people_are_counted_as_such() -> None:
    decision = Decision("rejected", estimated=False, who="Ana", at="2026-01-02T03:04:05+00:00")
    assert summary([with_decision(accepted(), decision, None)]).rejected_by == (("manual decision", 1),)


def test_failures_are_counted_by_reason_whatever_the_file() -> None:
    outcomes = [failed("x/a.mrc"), failed("x/b.mrc"), failed("c.mrc", "zero size")]
    assert summary(outcomes).failed_by == (("truncated", 2), ("zero size", 1))


def test_an_empty_run() -> None:
    found = summary([])
    assert (found.accepted, found.rejected, found.failed) == (0, 0, 0)
    assert (found.rejected_by, found.failed_by) == ((), ())
    assert math.isnan(found.median_cpu_seconds)
    assert math.isnan(found.total_cpu_seconds)
