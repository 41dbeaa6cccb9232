"""Errors counted by hand."""

import numpy as np
import pytest

from thonring.learn.training.evaluation import TestPredictions as Predictions
from thonring.learn.training.evaluation import by_defocus, by_voltage, whole

_TRUTH_A = np.array([4000.0, 5000.0, 12_000.0, 13_000.0])
_SAID_A = np.array([4010.0, 4970.0, 12_000.0, 15_000.0])
_KV = np.array([300.0, 200.0, 300.0, np.nan])


def test_mean_median_and_far() -> None:
    row = whole(Predictions(_KV, _TRUTH_A, _SAID_A))
    assert (row.low, row.high, row.count) == (4000, 13_000, 4)
    assert (row.mean_A, row.median_A, row.beyond_1000A, row.held_95) == (510, 20, 0.25, None)


def test_by_voltage_leaves_out_what_is_not_known() -> None:
    rows = by_voltage(Predictions(_KV, _TRUTH_A, _SAID_A))
    assert {name: (row.count, row.mean_A) for name, row in rows.items()} == {"200": (1, 30), "300": (2, 5)}


def test_by_defocus_a_border_belongs_to_the_range_above() -> None:
    rows = by_defocus(Predictions(_KV, _TRUTH_A, _SAID_A))
    assert {name: row.count for name, row in rows.items()} == {
        "3000-5000": 1,
        "5000-10000": 1,
        "10000-15000": 2,
    }


def test_a_normal_error_is_held_95_times_of_100() -> None:
    random = np.random.default_rng(1)
    truth_A, sigma_A = np.full(20_000, 1e4), random.uniform(5, 50, 20_000)
    said_A = truth_A + sigma_A * random.standard_normal(20_000)
    row = whole(Predictions(np.full(20_000, 300.0), truth_A, said_A, sigma_A))
    assert row.held_95 == pytest.approx(0.95, abs=0.005)
    halved = whole(Predictions(np.full(20_000, 300.0), truth_A, said_A, sigma_A / 2))
    assert halved.held_95 == pytest.approx(0.673, abs=0.01)
