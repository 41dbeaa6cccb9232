"""Counts of verdicts against published numbers and their definitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.evaluate import Confusion, wilson

COUNTS = st.integers(0, 5000)
THESIS_BEFORE, THESIS_AFTER = Confusion(1457, 236, 1, 98), Confusion(1622, 10, 0, 160)


@pytest.mark.parametrize(
    ("counts", "f1", "mcc"), [(THESIS_BEFORE, 0.9248, 0.4990), (THESIS_AFTER, 0.9969, 0.9672)]
)
def test_scores_are_those_published_for_these_counts(counts: Confusion, f1: float, mcc: float) -> None:
    assert counts.total == 1792
    assert round(counts.f1, 4) == f1
    assert round(counts.mcc, 4) == mcc


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombe_1998(
    successes: int, total: int, low: float, high: float
) -> None:
    assert wilson(successes, total) == pytest.approx((low, high), abs=5e-5)


@given(total=st.integers(1, 3000), share=st.floats(0, 1))
def test_wilson_holds_the_share_and_mirrors_with_it(total: int, share: float) -> None:
    successes = round(share * total)
    low, high = wilson(successes, total)
    assert 0 <= low <= successes / total <= high <= 1
    assert wilson(total - successes, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(tp=COUNTS, fp=COUNTS, fn=COUNTS, tn=COUNTS)
def test_mcc_changes_its_sign_when_every_verdict_is_turned(tp: int, fp: int, fn: int, tn: int) -> None:
    one, turned = Confusion(tp, fp, fn, tn), Confusion(fn, tn, tp, fp)
    assert one.mcc == pytest.approx(-turned.mcc, nan_ok=True)
    assert one.mcc == pytest.approx(Confusion(tn, fn, fp, tp).mcc, nan_ok=True)


@given(tp=st.integers(1, 3000), tn=st.integers(1, 3000))
def test_without_errors_all_scores_are_one(tp: int, tn: int) -> None:
    perfect = Confusion(tp, 0, 0, tn)
    assert (perfect.precision, perfect.recall, perfect.f1) == (1, 1, 1)
    assert perfect.mcc == pytest.approx(1)


def test_mcc_is_the_correlation_of_verdicts_and_labels() -> None:
    import numpy as np

    pairs = [(True, True)] * 7 + [(True, False)] * 2 + [(False, True)] * 3 + [(False, False)] * 5
    correlation = np.corrcoef(np.array(pairs, dtype=float).T)[0, 1]
    assert Confusion.of(pairs) == Confusion(7, 2, 3, 5)
    assert Confusion.of(pairs).mcc == pytest.approx(correlation)


@pytest.mark.parametrize("counts", [THESIS_BEFORE, THESIS_AFTER, Confusion(40, 0, 0, 4)])
def test_interval_of_mcc_holds_it_and_has_a_width(counts: Confusion) -> None:
    low, high = counts.mcc_interval
    assert -1 <= low <= counts.mcc <= high <= 1
    assert high - low > 0.005
    assert counts.mcc_interval == (low, high)


@pytest.mark.parametrize("seed", range(3))
def test_interval_of_mcc_agrees_with_a_bootstrap(seed: int) -> None:
    import numpy as np

    shares = np.array([1457, 236, 1, 98]) / 1792
    drawn = np.random.default_rng(seed).multinomial(1792, shares, size=2000)
    low, high = np.quantile([Confusion(*map(int, row)).mcc for row in drawn], [0.025, 0.975])
    assert THESIS_BEFORE.mcc_interval == pytest.approx((low, high), abs=0.01)


def test_what_has_no_meaning_is_nan() -> None:
    nothing_accepted = Confusion(0, 0, 5, 5)
    assert math.isnan(nothing_accepted.precision)
    assert math.isnan(nothing_accepted.mcc)
    assert math.isnan(Confusion(5, 0, 0, 0).mcc_interval[0])
    assert math.isnan(Confusion(0, 3, 0, 3).recall)
    assert all(map(math.isnan, wilson(0, 0)))
