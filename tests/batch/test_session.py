"""The store and the tables of a run hold what is finished, in the order of the input, however the run ends."""

import csv
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factories import tasks
from thonring.batch import estimation
from thonring.batch import run as tables
from thonring.batch.estimation import estimate_all
from thonring.batch.executors.base import Executor, Inline
from thonring.batch.jobs import Job
from thonring.batch.resume import plan_resume
from thonring.batch.run import RunResult
from thonring.errors import OutputError
from thonring.records import Outcome
from thonring.run.store import Store

NAMES = tuple(f"m{i}" for i in range(6))
Tell = Callable[[Outcome], None]


def estimate(store: Store, jobs: list[Job], tell: Tell, executor: Executor | None = None) -> RunResult:
    store.register([job.source.path for job in jobs])
    due = plan_resume(store, jobs, jobs[0].options).pending
    return estimate_all(store, due, executor or Inline(), tell, tasks.accept)


def rows(run: Path) -> list[str]:
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        return [Path(row["file"]).stem for row in csv.DictReader(table)]


def kept(store: Store) -> list[str]:
    return [one.outcome.path.stem for one in store]


def shuffled(jobs: list[Job], _: Executor, task: Callable[[Job], Outcome]) -> Iterator[tuple[int, Outcome]]:
    """All jobs, finishing in some other order."""
    yield from ((index, task(jobs[index])) for index in (3, 0, 5, 1, 4, 2))


def test_store_and_tables_are_in_the_order_of_the_input(
    run: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimation, "run_jobs", shuffled)
    told: list[str] = []
    done = estimate(store, tasks.jobs_of(run, *NAMES), lambda outcome: told.append(outcome.path.stem))
    assert told != list(NAMES)
    assert sorted(told) == sorted(NAMES)
    assert kept(store) == rows(run) == list(NAMES)
    assert (done.done, done.failed, done.interrupted) == (6, 0, False)


def test_an_outcome_is_in_the_store_before_it_is_told(run: Path, store: Store) -> None:
    seen: list[int] = []
    estimate(store, tasks.jobs_of(run, *NAMES), lambda _: seen.append(len(store)))
    assert seen == [1, 2, 3, 4, 5, 6]


def test_an_interrupted_run_keeps_what_is_finished(run: Path, store: Store) -> None:
    def interrupt(outcome: Outcome) -> None:
        if outcome.path.stem == "m2":
            raise KeyboardInterrupt

    done = estimate(store, tasks.jobs_of(run, *NAMES), interrupt)
    assert (done.done, done.stopped_by) == (3, signal.SIGINT)
    assert kept(store) == rows(run) == ["m0", "m1", "m2"]


def test_a_terminated_run_keeps_what_is_finished(run: Path, store: Store) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def terminate(outcome: Outcome) -> None:
        if outcome.path.stem == "m1":
            os.kill(os.getpid(), signal.SIGTERM)

    done = estimate(store, tasks.jobs_of(run, *NAMES), terminate)
    assert done.stopped_by == signal.SIGTERM
    assert kept(store) == rows(run) == ["m0", "m1"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_interrupted_run_ends_whoever_works(run: Path, store: Store, executor: Executor) -> None:
    def interrupt(_: Outcome) -> None:
        raise KeyboardInterrupt

    done = estimate(store, tasks.jobs_of(run, *NAMES), interrupt, executor)
    assert done.interrupted
    assert len(rows(run)) == len(store) == 1


def test_tables_are_written_on_the_way(run: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(tables, "WRITING_SHARE", float("inf"))
    seen: list[int] = []
    estimate(store, tasks.jobs_of(run, *NAMES), lambda _: seen.append(len(rows(run))))
    assert seen == [1, 2, 3, 4, 5, 6]


def test_tables_are_not_rewritten_for_every_micrograph(run: Path, store: Store) -> None:
    seen: list[bool] = []
    estimate(store, tasks.jobs_of(run, *NAMES), lambda _: seen.append((run / "results.csv").exists()))
    assert seen == [False] * 6


def test_tables_that_take_long_are_written_less_often(
    run: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(tables, "WRITING_SHARE", 1e-9)
    seen: list[int] = []
    estimate(store, tasks.jobs_of(run, *NAMES), lambda _: seen.append(len(rows(run))))
    assert seen == [1] * 6
    assert rows(run) == list(NAMES)


def test_a_table_that_cannot_be_written_ends_the_run_with_its_reason_and_keeps_the_outcomes(
    run: Path, store: Store
) -> None:
    (run / "results.csv").mkdir()
    with pytest.raises(OutputError, match=r"results\.csv"):
        estimate(store, tasks.jobs_of(run, "a"), lambda _: None)
    assert kept(store) == ["a"]
