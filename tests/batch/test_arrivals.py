"""A file is given when nobody changed it for long enough, once for each state it comes to rest in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.batch.folder_scan import Arrivals, FolderListing, FoundFile

STABLE_S = 20.0
histories = st.lists(
    st.tuples(st.floats(0.1, 30), st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)),
    max_size=30,
)


def seen(**sizes: int) -> FolderListing:
    return FolderListing({path: FoundFile(size, 0) for path, size in sizes.items()})


def at(arrivals: Arrivals, now_s: float, look: FolderListing) -> list[str]:
    arrivals.update(look, now_s)
    return arrivals.take_stable(now_s)


def test_a_growing_file_is_not_taken_early() -> None:
    arrivals = Arrivals(STABLE_S, 0.0)
    for second in range(0, 100, 10):
        assert at(arrivals, second, seen(a=second)) == []
    assert at(arrivals, 100, seen(a=90)) == []
    assert at(arrivals, 109.9, seen(a=90)) == []
    assert arrivals.settling == 1
    assert at(arrivals, 110, seen(a=90)) == ["a"]
    assert arrivals.settling == 0


def test_size_time_and_metadata_each_are_a_change() -> None:
    states = [
        FoundFile(1, 1),
        FoundFile(2, 1),
        FoundFile(2, 2),
        FoundFile(2, 2, (1, 1)),
        FoundFile(2, 2, (1, 2)),
        FoundFile(2, 2),
    ]
    arrivals = Arrivals(STABLE_S, 0.0)
    for number, state in enumerate(states):
        look = FolderListing({"a": state})
        assert at(arrivals, 100 * number, look) == []
        assert at(arrivals, 100 * number + 50, look) == ["a"]
        assert at(arrivals, 100 * number + 90, look) == []
        assert arrivals.changed_s == 100 * number


def test_one_look_is_never_enough() -> None:
    assert at(Arrivals(0.5, 0.0), 1e6, seen(a=1)) == []


def test_what_came_back_to_the_state_it_was_taken_in_is_not_taken_again() -> None:
    arrivals = Arrivals(STABLE_S, 0.0)
    at(arrivals, 0, seen(a=1))
    assert at(arrivals, 20, seen(a=1)) == ["a"]
    assert at(arrivals, 30, seen(a=2)) == []
    assert at(arrivals, 40, seen(a=1)) == []
    assert arrivals.settling == 0
    assert at(arrivals, 100, seen(a=1)) == []


@pytest.mark.parametrize(("unlisted", "again"), [({}, ["d/e/a"]), ({"d": "away"}, [])])
def test_a_file_that_comes_again_is_new_unless_its_folder_was_away(
    unlisted: dict[str, str], again: list[str]
) -> None:
    arrivals = Arrivals(STABLE_S, 0.0)
    there = FolderListing({"d/e/a": FoundFile(1, 1)})
    at(arrivals, 0, there)
    assert at(arrivals, 20, there) == ["d/e/a"]
    assert at(arrivals, 30, FolderListing({}, unreadable=unlisted)) == []
    assert at(arrivals, 40, there) == []
    assert at(arrivals, 60, there) == again


def test_fresh_are_those_never_seen() -> None:
    arrivals = Arrivals(STABLE_S, 0.0)
    assert arrivals.update(seen(a=1), 0) == ["a"]
    assert arrivals.update(seen(a=2, b=1), 1) == ["b"]
    assert arrivals.update(seen(), 2) == []
    assert arrivals.update(seen(a=1, b=1), 3) == []


@given(histories)
def test_whatever_happens_only_rested_states_are_taken_and_none_twice_running(
    history: list[tuple[float, dict[str, int]]],
) -> None:
    arrivals, now_s = Arrivals(STABLE_S, 0.0), 0.0
    looks: list[tuple[float, dict[str, int]]] = []
    for pause_s, sizes in history:
        now_s += pause_s
        looks.append((now_s, sizes))
        for path in at(arrivals, now_s, seen(**sizes)):
            before = [one for moment_s, one in looks if now_s - moment_s >= STABLE_S]
            since = [one for moment_s, one in looks if now_s - moment_s < STABLE_S]
            assert before, "seen once only, or not for long enough"
            assert {one.get(path) for one in [before[-1], *since]} == {sizes[path]}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_every_state_that_rests_is_taken(sizes: list[int]) -> None:
    arrivals, taken = Arrivals(STABLE_S, 0.0), []
    for number, size in enumerate(sizes):
        for now_s in (100.0 * number, 100.0 * number + 50):
            taken += [size for _ in at(arrivals, now_s, seen(a=size))]
    assert taken == [sizes[0], *(after for before, after in pairwise(sizes) if after != before)]
