import math
from pathlib import Path

import pytest
from made_rows import every_third_bad, found, numbered, row

from corrections_cache import BLOCK, Held, Made, measure_blocks, open_cache
from corrections_record import Row, from_line, to_line
from corrections_scenes import Numbered, labelled

COUNT = 2 * BLOCK + 6
MADE = Made("corrections", "abc", 2, 512, "all", "one")


def made(count: int = COUNT) -> list[Numbered]:
    return labelled(every_third_bad, count)


def held(folder: Path, count: int = COUNT) -> Held:
    return Held(folder, "labelled", count)


class Worker:
    """Remembers what it was asked to do; dies at one number."""

    def __init__(self, dies_at: int = -1) -> None:
        self.done: list[int] = []
        self.dies_at = dies_at

    def __call__(self, numbered: Numbered) -> Row:
        if numbered.number == self.dies_at:
            raise KeyboardInterrupt
        self.done.append(numbered.number)
        return row(numbered)


def test_a_row_comes_back_as_it_was() -> None:
    there = row(numbered(3), value=math.inf, error_A=17.0)
    assert from_line(to_line(there)) == there


def test_values_that_are_unknown_come_back_unknown() -> None:
    back = from_line(to_line(row(numbered(3), value=math.nan)))
    assert all(math.isnan(value) for value in back.tried[0].values.values())
    assert back.tried[0].found == found()


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    stopped = Worker(dies_at=BLOCK + 3)
    with pytest.raises(KeyboardInterrupt):
        measure_blocks(held(tmp_path), made, 1, work=stopped)
    assert [one.processing.number for one in held(tmp_path).rows()] == list(range(BLOCK))
    resumed = Worker()
    measure_blocks(held(tmp_path), made, 1, work=resumed)
    assert resumed.done == list(range(BLOCK, COUNT))
    assert held(tmp_path).rows() == [row(one) for one in made()]


def test_a_finished_run_draws_and_measures_nothing(tmp_path: Path) -> None:
    measure_blocks(held(tmp_path), made, 1, work=Worker())
    again = Worker()
    measure_blocks(held(tmp_path), list, 1, work=again)
    assert again.done == []


def test_parts_make_the_whole(tmp_path: Path) -> None:
    second = Worker()
    measure_blocks(held(tmp_path), made, 1, (2, 2), work=second)
    assert second.done == list(range(BLOCK, 2 * BLOCK))
    measure_blocks(held(tmp_path), made, 1, (1, 2), work=Worker())
    assert held(tmp_path).rows() == [row(one) for one in made()]


def test_two_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    measure_blocks(held(tmp_path), made, 2, work=row)
    assert held(tmp_path).rows() == [row(one) for one in made()]


def test_a_larger_set_keeps_the_whole_blocks_of_a_smaller_one(tmp_path: Path) -> None:
    measure_blocks(held(tmp_path, BLOCK + 2), made, 1, work=Worker())
    larger = Worker()
    measure_blocks(held(tmp_path, 2 * BLOCK), made, 1, work=larger)
    assert larger.done == list(range(BLOCK, 2 * BLOCK))
    assert [one.processing for one in held(tmp_path, 5).rows()] == made(5)


def test_nothing_measured_is_nothing(tmp_path: Path) -> None:
    assert held(tmp_path).rows() == []


def test_another_set_is_refused(tmp_path: Path) -> None:
    open_cache(tmp_path, MADE)
    open_cache(tmp_path, MADE)
    with pytest.raises(SystemExit, match="seed 2, not 1"):
        open_cache(tmp_path, Made("corrections", "abc", 1, 512, "all", "one"))


def test_another_program_is_refused_or_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_cache(tmp_path, MADE)
    later = Made("corrections", "abc", 2, 512, "all", "two")
    with pytest.raises(SystemExit, match="another version"):
        open_cache(tmp_path, later)
    open_cache(tmp_path, later, any_program=True)
    assert "another version" in capsys.readouterr().out
