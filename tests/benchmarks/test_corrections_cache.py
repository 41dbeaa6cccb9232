import math
from pathlib import Path

import pytest
from correction_rows import every_third_unusable, fit_summary, numbered, row

from benchmarks.corrections import cache
from benchmarks.corrections.cache import (
    BLOCK,
    MicrographRow,
    RowCache,
    SetDescription,
    from_line,
    measure_blocks,
    open_cache,
    program_digest,
    to_line,
)
from benchmarks.corrections.scenes import NumberedScene, labelled_scenes

COUNT = 2 * BLOCK + 6
DESCRIPTION = SetDescription("corrections", "abc", 2, 512, "all", "one")


def scenes(count: int = COUNT) -> list[NumberedScene]:
    return labelled_scenes(every_third_unusable, count)


def row_cache(folder: Path, count: int = COUNT) -> RowCache:
    return RowCache(folder, "labelled", count)


class Worker:
    """Records the numbers that it computed; stops at one number."""

    def __init__(self, stops_at: int = -1) -> None:
        self.done: list[int] = []
        self.stops_at = stops_at

    def __call__(self, numbered: NumberedScene) -> MicrographRow:
        if numbered.number == self.stops_at:
            raise KeyboardInterrupt
        self.done.append(numbered.number)
        return row(numbered)


def test_a_row_survives_a_round_trip() -> None:
    original = row(numbered(3), value=math.inf, error_A=17.0)
    assert from_line(to_line(original)) == original


def test_missing_values_survive_a_round_trip() -> None:
    back = from_line(to_line(row(numbered(3), value=math.nan)))
    assert all(math.isnan(value) for value in back.attempts[0].values.values())
    assert back.attempts[0].fit == fit_summary()


def test_a_stopped_run_is_resumed(tmp_path: Path) -> None:
    stopped = Worker(stops_at=BLOCK + 3)
    with pytest.raises(KeyboardInterrupt):
        measure_blocks(row_cache(tmp_path), scenes, 1, work=stopped)
    assert [one.micrograph.number for one in row_cache(tmp_path).rows()] == list(range(BLOCK))
    resumed = Worker()
    measure_blocks(row_cache(tmp_path), scenes, 1, work=resumed)
    assert resumed.done == list(range(BLOCK, COUNT))
    assert row_cache(tmp_path).rows() == [row(one) for one in scenes()]


def test_a_complete_run_computes_nothing(tmp_path: Path) -> None:
    measure_blocks(row_cache(tmp_path), scenes, 1, work=Worker())
    again = Worker()
    measure_blocks(row_cache(tmp_path), list, 1, work=again)
    assert again.done == []


def test_parts_complete_a_run(tmp_path: Path) -> None:
    second = Worker()
    measure_blocks(row_cache(tmp_path), scenes, 1, second, (2, 2))
    assert second.done == list(range(BLOCK, 2 * BLOCK))
    measure_blocks(row_cache(tmp_path), scenes, 1, Worker(), (1, 2))
    assert row_cache(tmp_path).rows() == [row(one) for one in scenes()]


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    measure_blocks(row_cache(tmp_path), scenes, 2, work=row)
    assert row_cache(tmp_path).rows() == [row(one) for one in scenes()]


def test_a_larger_set_keeps_the_whole_blocks_of_a_smaller_one(tmp_path: Path) -> None:
    measure_blocks(row_cache(tmp_path, BLOCK + 2), scenes, 1, work=Worker())
    larger = Worker()
    measure_blocks(row_cache(tmp_path, 2 * BLOCK), scenes, 1, work=larger)
    assert larger.done == list(range(BLOCK, 2 * BLOCK))
    assert [one.micrograph for one in row_cache(tmp_path, 5).rows()] == scenes(5)


def test_an_empty_folder_has_no_rows(tmp_path: Path) -> None:
    assert row_cache(tmp_path).rows() == []


def test_another_set_is_refused(tmp_path: Path) -> None:
    open_cache(tmp_path, DESCRIPTION)
    open_cache(tmp_path, DESCRIPTION)
    with pytest.raises(SystemExit, match="seed 2, not 1"):
        open_cache(tmp_path, SetDescription("corrections", "abc", 1, 512, "all", "one"))


def test_another_program_is_refused_or_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_cache(tmp_path, DESCRIPTION)
    later = SetDescription("corrections", "abc", 2, 512, "all", "two")
    with pytest.raises(SystemExit, match="another version"):
        open_cache(tmp_path, later)
    open_cache(tmp_path, later, any_program=True)
    assert "another version" in capsys.readouterr().out


def test_all_sources_of_the_rows_exist() -> None:
    assert len(program_digest()) == 16


def test_a_missing_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PACKAGE_SOURCES", (*cache.PACKAGE_SOURCES, "no_such_module.py"))
    with pytest.raises(FileNotFoundError, match="no_such_module"):
        program_digest()
