"""What a criterion did, and what another limit would have done: against judging everything again."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.outcomes import make_failed
from factories.runs import (
    LIMITS,
    VALUES,
    make_close_fit,
    make_graded,
    make_truth,
    make_unfitted,
    write_run,
    write_set,
)
from thonring.evaluate.matching import Pair, Reference
from thonring.evaluate.report import EvaluationRequest, evaluate
from thonring.evaluate.results import Result, failed_criteria
from thonring.evaluate.verdicts import Confusion, criteria_uses, threshold_curves
from thonring.records import KnownDefocus
from thonring.settings import Limit

ESTIMATE = KnownDefocus(15200, 14800, 30)
BOTH_SIDES = (*LIMITS[:2], replace(LIMITS[2], at_least=100.0), LIMITS[3])


def pair_of(values: dict[str, float], *, positive: bool, limits: tuple[Limit, ...] = BOTH_SIDES) -> Pair:
    """Judged as a run judges: without an estimate where the spectrum alone is refused."""
    failures = failed_criteria(values, limits, has_fit=True)
    estimate = None if "ice_ring" in failures else ESTIMATE
    result = Result(
        "a.mrc", "rejected" if failures else "accepted", estimate, criteria=values, failed=failures
    )
    return Pair(Reference("a.mrc", positive, make_truth("a.mrc")), result, True if estimate else None, 406.0)


@cache
def many() -> tuple[Pair, ...]:
    random = np.random.default_rng(8)
    made = []
    for _ in range(300):
        positive = bool(random.random() < 0.7)
        shift = 0.0 if positive else 1.0
        values = {
            "ice_ring": float(random.normal(1.0 + 0.2 * shift, 0.1)),
            "score": float(random.normal(0.12 - 0.05 * shift, 0.05)),
            "astigmatism": float(random.gamma(2.0, 400.0 + 600.0 * shift)),
            "runner_up_gap": float("nan") if random.random() < 0.3 else float(random.gamma(2.0, 20.0)),
        }
        made.append(pair_of(values, positive=positive))
    return tuple(made)


def judged_again(limits: tuple[Limit, ...]) -> Confusion:
    """Confusion of the same micrographs under other limits; what had no fit stays rejected."""

    def accepted(pair: Pair) -> bool:
        has_fit = pair.result.estimate is not None
        return has_fit and not failed_criteria(pair.result.criteria, limits, has_fit=True)

    return Confusion.of((accepted(pair), pair.positive) for pair in many())


@given(place=st.integers(0, 3), quantile=st.floats(-0.1, 1.1), side=st.sampled_from(["at least", "at most"]))
def test_a_point_of_a_curve_is_what_judging_again_gives(place: int, quantile: float, side: str) -> None:
    limit = BOTH_SIDES[place]
    curves = {(curve.criterion, curve.side): curve for curve in threshold_curves(many(), BOTH_SIDES)}
    curve = next((c for (name, one), c in curves.items() if (name, one) == (limit.criterion, side)), None)
    if curve is None:
        return
    low, high = float(curve.limits[0]), float(curve.limits[-1])
    moved_to = low + quantile * (high - low)
    moved = replace(limit, at_least=moved_to) if side == "at least" else replace(limit, at_most=moved_to)
    limits = tuple(moved if one is limit else one for one in BOTH_SIDES)
    if low <= moved_to <= high:
        assert curve.at(moved_to) == judged_again(limits)


def test_the_present_limit_gives_the_confusion_of_the_run() -> None:
    now = Confusion.of((pair.accepted, pair.positive) for pair in many())
    curves = threshold_curves(many(), BOTH_SIDES)
    assert [(curve.criterion, curve.side) for curve in curves] == [
        ("ice_ring", "at most"),
        ("score", "at least"),
        ("astigmatism", "at least"),
        ("astigmatism", "at most"),
        ("runner_up_gap", "at least"),
    ]
    for curve in curves:
        assert curve.at(curve.present) == now
        assert (curve.counts.sum(axis=0) == len(many())).all()


def test_no_limit_is_better_than_the_best() -> None:
    for curve in threshold_curves(many(), BOTH_SIDES):
        every = [curve.at(float(limit)).mcc for limit in curve.limits]
        assert curve.at(curve.best).mcc == pytest.approx(np.nanmax(every))


def test_the_present_limit_is_kept_where_no_other_is_better() -> None:
    pairs = [
        pair_of({**VALUES, "score": score}, positive=score > 0.1, limits=LIMITS)
        for score in (0.01, 0.02, 0.3, 0.4)
    ]
    (curve,) = (one for one in threshold_curves(pairs, LIMITS) if one.criterion == "score")
    assert curve.best == curve.present == 0.03


def test_the_best_limit_lies_between_the_kinds() -> None:
    pairs = [
        pair_of({**VALUES, "score": score}, positive=score > 0.1, limits=LIMITS)
        for score in (0.05, 0.08, 0.3, 0.4)
    ]
    (curve,) = (one for one in threshold_curves(pairs, LIMITS) if one.criterion == "score")
    assert 0.08 < curve.best < 0.3
    assert curve.at(curve.best) == Confusion(2, 0, 0, 2)


def test_what_was_rejected_before_a_fit_is_undecided() -> None:
    pairs = [pair_of({**VALUES, "ice_ring": ice}, positive=True, limits=LIMITS) for ice in (1.0, 1.5, 1.6)]
    (curve,) = (one for one in threshold_curves(pairs, LIMITS) if one.criterion == "ice_ring")
    assert curve.undecided == 2
    assert curve.counts[0].max() == 1


def test_uses_count_who_rejected_and_who_alone(tmp_path: Path) -> None:
    wrong = make_close_fit(defocus_u_A=20000.0, defocus_v_A=20000.0)
    outcomes = [
        make_graded("good.mrc"),
        make_graded("lost.mrc", values={"score": 0.0}),
        make_graded("both.mrc", wrong, {"score": 0.0, "astigmatism": 9999.0}),
        make_graded("alone.mrc", wrong, {"astigmatism": 9999.0}),
        make_graded("icy.mrc", values={"ice_ring": 2.0, "score": 0.0}),
        make_unfitted("blank.mrc"),
        make_failed("broken.mrc"),
    ]
    truth = write_set(tmp_path / "set", [make_truth(outcome.path.name) for outcome in outcomes])
    (run,) = evaluate(EvaluationRequest((write_run(tmp_path / "run", outcomes),), truth)).runs
    found = {
        use.criterion: (use.negatives, use.negatives_alone, use.positives, use.positives_alone)
        for use in run.criteria
    }
    assert found == {
        "ice_ring": (0, 0, 1, 1),
        "score": (1, 0, 1, 1),
        "astigmatism": (2, 1, 0, 0),
        "runner_up_gap": (0, 0, 0, 0),
        "fit": (0, 0, 1, 1),
        "failed input": (0, 0, 1, 1),
    }
    assert run.confusion == Confusion(1, 0, 4, 2)
    assert (run.usable, run.wrong_usable, run.unfitted_usable) == (7, 2, 3)


def test_a_run_without_limits_has_no_uses() -> None:
    assert criteria_uses(many(), ()) == ()
    assert threshold_curves(many(), ()) == ()


def test_removing_who_is_alone_accepts_exactly_those() -> None:
    for limit, use in zip(BOTH_SIDES[1:], criteria_uses(many(), BOTH_SIDES)[1:], strict=True):
        without = judged_again(tuple(one for one in BOTH_SIDES if one is not limit))
        now = judged_again(BOTH_SIDES)
        assert without.fp - now.fp == use.negatives_alone
        assert without.tp - now.tp == use.positives_alone
