"""No session in two sets, every element in one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import InputError
from thonring.learn.dataset.dataset import split_by_session
from thonring.learn.dataset.example import SIMULATED, Columns


def columns(sessions: list[str], source: str = "run") -> Columns:
    count = len(sessions)
    one = np.ones(count)
    files = tuple(f"{session}/{index}" for index, session in enumerate(sessions))
    return Columns(one, one, one, one, one, np.ones((count, 3)), tuple(sessions), files, (source,) * count)


@given(sizes=st.lists(st.integers(1, 60), min_size=3, max_size=30), seed=st.integers(0, 9))
def test_whole_sessions_all_of_them_and_none_twice(sizes: list[int], seed: int) -> None:
    names = [f"s{number}" for number, size in enumerate(sizes) for _ in range(size)]
    splits = split_by_session(columns(names), seed)
    parts = [{names[index] for index in part} for part in (splits.train, splits.validation, splits.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(sizes)
    together = np.concatenate([splits.train, splits.validation, splits.test])
    assert np.array_equal(np.sort(together), np.arange(len(names)))


@given(seed=st.integers(0, 50))
def test_of_many_sessions_a_tenth_is_held_out_twice(seed: int) -> None:
    names = [f"s{number}" for number in range(100) for _ in range(8)]
    splits = split_by_session(columns(names), seed)
    assert len(splits.validation) == len(splits.test) == 80


@given(seed=st.integers(0, 50))
def test_the_largest_session_trains(seed: int) -> None:
    names = ["large"] * 80 + ["middle"] * 15 + ["small"] * 5
    splits = split_by_session(columns(names), seed)
    assert {names[index] for index in splits.train} == {"large"}


def test_the_seed_alone_decides() -> None:
    names = [f"s{number}" for number in range(40)]
    first, again, other = (split_by_session(columns(names), seed) for seed in (1, 1, 2))
    assert np.array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


@pytest.mark.parametrize("sessions", [["a"] * 9, ["a", "b"] * 5])
def test_too_few_sessions_are_refused(sessions: list[str]) -> None:
    with pytest.raises(InputError, match="at least three are needed"):
        split_by_session(columns(sessions), 0)


def test_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        split_by_session(columns([]), 0)


def test_few_simulated_scenes_are_divided_one_by_one() -> None:
    splits = split_by_session(columns(["block_0"] * 20, SIMULATED), 0)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (16, 2, 2)


def test_many_simulated_blocks_stay_whole() -> None:
    names = [f"block_{number}" for number in range(30) for _ in range(4)]
    splits = split_by_session(columns(names, SIMULATED), 0)
    assert not {names[index] for index in splits.train} & {names[index] for index in splits.test}


def test_simulated_and_real_are_no_excuse() -> None:
    mixed = replace(columns(["a"] * 4), source=("run", *(SIMULATED,) * 3))
    with pytest.raises(InputError, match="one session"):
        split_by_session(mixed, 0)
