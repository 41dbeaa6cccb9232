"""Columns of a run hold what its micrographs hold, and follow a run as it grows."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
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
from factories.stores import make_provenance
from thonring.records import CriterionResult, Outcome
from thonring.run import columns
from thonring.run.columns import STATUSES, RunColumns, read_columns
from thonring.run.open import decide_in, open_run, read_run
from thonring.run.quantities import FIT_QUANTITIES

OUTCOMES = (
    make_accepted("a.mrc"),
    make_rejected("b.mrc", make_fit(defocus_u_A=30000.0, covariance=np.diag([25.0, 4.0, 9.0, 0.0, 0.0]))),
    make_without_fit("c.mrc"),
    make_failed("d.mrc"),
    make_accepted(
        "e.mrc", attempts=(make_attempt(make_fit(), (CriterionResult("film", math.inf, passed=True),)),)
    ),
)


def add(run: Path, *outcomes: Outcome) -> None:
    run.mkdir(exist_ok=True)
    with open_run(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, make_provenance())


def read(run: Path, known: RunColumns | None = None) -> RunColumns:
    with read_run(run) as store:
        return read_columns(store, known)


def assert_same(one: RunColumns, other: RunColumns) -> None:
    assert (one.revision, one.file, one.name) == (other.revision, other.file, other.name)
    for name in ("number", "status", "recorded_at", "decided", "by_hand"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("values", "failing"):
        assert set(getattr(one, name)) == set(getattr(other, name))
        for column, cells in getattr(one, name).items():
            np.testing.assert_array_equal(cells, getattr(other, name)[column])


def test_every_cell_is_that_of_the_micrograph(tmp_path: Path) -> None:
    add(tmp_path, *OUTCOMES)
    found = read(tmp_path)
    assert found.file == ("a.mrc", "b.mrc", "c.mrc", "d.mrc", "e.mrc")
    assert [STATUSES[code] for code in found.status] == [outcome.status for outcome in OUTCOMES]
    for column, attribute in ((one.name, one.fit_attribute) for one in FIT_QUANTITIES):
        if column not in found.values:
            continue
        expected = [getattr(one.fit, attribute) if one.fit else math.nan for one in OUTCOMES]
        if column == "sampling_A":
            expected[2] = 1.75
        np.testing.assert_array_equal(found.values[column][[0, 1, 3, 4]], np.array(expected)[[0, 1, 3, 4]])
    np.testing.assert_array_equal(found.values["ice"], [math.nan, 1.5, 1.5, math.nan, math.nan])
    np.testing.assert_array_equal(found.values["film"], [math.nan] * 4 + [math.inf])
    np.testing.assert_array_equal(found.failing["ice"], [False, True, True, False, False])
    assert not found.failing["fit_quality"].any()
    assert found.recorded_at[0] == pytest.approx(1_700_000_000.123)


def test_columns_that_follow_a_run_are_those_read_anew(tmp_path: Path) -> None:
    add(tmp_path, *OUTCOMES[:2])
    followed = read(tmp_path)
    add(tmp_path, *OUTCOMES[2:])
    followed = read(tmp_path, followed)
    assert_same(followed, read(tmp_path))
    add(tmp_path, replace(OUTCOMES[0], status="rejected", reasons=("done again",)))
    with decide_in(tmp_path) as decisions:
        decisions.judge([5], "rejected", "Ana")
        decisions.estimate(2, make_attempt(make_fit(defocus_u_A=40000.0), (PASSED, REFUSED)), "Ana")
    followed = read(tmp_path, followed)
    assert_same(followed, read(tmp_path))
    assert [STATUSES[code] for code in followed.status] == [
        "rejected",
        "rejected",
        "rejected",
        "failed",
        "rejected",
    ]
    assert followed.values["defocus_u_A"][1] == 40000.0
    np.testing.assert_array_equal(followed.by_hand, [False, True, False, False, False])
    np.testing.assert_array_equal(followed.decided, [False, True, False, False, True])


def test_nothing_new_is_nothing_read(tmp_path: Path) -> None:
    add(tmp_path, *OUTCOMES)
    found = read(tmp_path)
    assert read(tmp_path, found) is found


def test_a_run_without_micrographs_has_columns_without_rows(tmp_path: Path) -> None:
    add(tmp_path)
    found = read(tmp_path)
    assert len(found) == 0
    assert found.values["defocus_A"].shape == (0,)


def test_large_runs_are_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, *OUTCOMES)
    whole = read(tmp_path)
    monkeypatch.setattr(columns, "_AT_ONCE", 2)
    assert_same(read(tmp_path), whole)


def test_of_a_run_that_knows_no_times_only_what_is_decided_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, *OUTCOMES)
    with open_run(tmp_path) as store:
        store._connection.execute("UPDATE micrograph SET finished_at = NULL")
    before = read(tmp_path)
    read_again: list[int] = []
    plainly = columns._columns

    def counted(rows: Sequence[object], *others: Any) -> RunColumns:
        read_again.append(len(rows))
        return plainly(rows, *others)

    monkeypatch.setattr(columns, "_columns", counted)
    with decide_in(tmp_path) as decisions:
        decisions.judge([2], "accepted", "Ana")
    after = read(tmp_path, before)
    assert read_again == [1]
    assert_same(after, read(tmp_path))


def test_a_clock_that_is_set_back_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, *OUTCOMES[:2])
    followed = read(tmp_path)
    monkeypatch.setattr("time.time", lambda: 1000.0)
    add(tmp_path, *OUTCOMES[2:])
    assert_same(read(tmp_path, followed), read(tmp_path))


def test_a_run_made_anew_is_read_anew(tmp_path: Path) -> None:
    add(tmp_path / "one", *OUTCOMES)
    add(tmp_path / "other", *OUTCOMES[:2])
    assert_same(read(tmp_path / "other", read(tmp_path / "one")), read(tmp_path / "other"))
