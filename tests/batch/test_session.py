"""The tables of a run hold what is finished, in the order of the input, however the run ends."""

import csv
from collections.abc import Iterator
from pathlib import Path

import fake_tasks
import pytest

from thonring.batch import session
from thonring.batch.session import estimate_all
from thonring.errors import OutputError
from thonring.records import Outcome
from thonring.results import prepare_run

NAMES = tuple(f"m{i}" for i in range(6))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    prepare_run(tmp_path / "run")
    return tmp_path / "run"


def rows(run: Path) -> list[str]:
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        return [Path(row["file"]).stem for row in csv.DictReader(table)]


def shuffled(jobs: list, _: int, task: object) -> Iterator[tuple[int, Outcome]]:
    """All jobs, finishing in some other order."""
    yield from ((index, task(jobs[index])) for index in (3, 0, 5, 1, 4, 2))


def test_outcomes_and_tables_are_in_the_order_of_the_input(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "run", shuffled)
    told: list[str] = []
    jobs = fake_tasks.jobs_of(run, *NAMES)
    done = estimate_all(jobs, 1, lambda outcome: told.append(outcome.path.stem), fake_tasks.accept)
    assert told != list(NAMES)
    assert sorted(told) == sorted(NAMES)
    assert [outcome.path.stem for outcome in done.outcomes] == rows(run) == list(NAMES)
    assert not done.interrupted


def test_an_interrupted_run_keeps_what_is_finished(run: Path) -> None:
    def interrupt(outcome: Outcome) -> None:
        if outcome.path.stem == "m2":
            raise KeyboardInterrupt

    done = estimate_all(fake_tasks.jobs_of(run, *NAMES), 1, interrupt, fake_tasks.accept)
    assert done.interrupted
    assert [outcome.path.stem for outcome in done.outcomes] == rows(run) == ["m0", "m1", "m2"]


def test_an_interrupted_run_of_processes_ends_too(run: Path) -> None:
    def interrupt(_: Outcome) -> None:
        raise KeyboardInterrupt

    done = estimate_all(fake_tasks.jobs_of(run, *NAMES), 2, interrupt, fake_tasks.accept)
    assert done.interrupted
    assert len(rows(run)) == 1


def test_tables_are_written_on_the_way(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WRITE_EVERY_S", 0.0)
    seen: list[int] = []
    jobs = fake_tasks.jobs_of(run, *NAMES)
    estimate_all(jobs, 1, lambda _: seen.append(len(rows(run))), fake_tasks.accept)
    assert seen == [1, 2, 3, 4, 5, 6]


def test_tables_are_not_rewritten_for_every_micrograph(run: Path) -> None:
    seen: list[bool] = []
    jobs = fake_tasks.jobs_of(run, *NAMES)
    estimate_all(jobs, 1, lambda _: seen.append((run / "results.csv").exists()), fake_tasks.accept)
    assert seen == [False] * 6


def test_a_table_that_cannot_be_written_ends_the_run_with_its_reason(run: Path) -> None:
    (run / "results.csv").mkdir()
    with pytest.raises(OutputError, match=r"results\.csv"):
        estimate_all(fake_tasks.jobs_of(run, "a"), 1, lambda _: None, fake_tasks.accept)
