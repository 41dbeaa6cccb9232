"""Every job comes back exactly once, whatever happens to the processes."""

import os
from pathlib import Path

import fake_tasks
import pytest

from thonring.batch.execute import run
from thonring.batch.threads import one_thread_each

NAMES = tuple(f"m{i}" for i in range(7))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_gives_one_outcome_of_its_own_file(tmp_path: Path, workers: int) -> None:
    jobs = fake_tasks.jobs_of(tmp_path, *NAMES)
    finished = dict(run(jobs, workers, fake_tasks.accept))
    assert sorted(finished) == list(range(7))
    assert all(finished[index].path == job.source.path for index, job in enumerate(jobs))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_jobs_no_outcomes(workers: int) -> None:
    assert list(run([], workers, fake_tasks.accept)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_nobody_foresaw_fails_one_micrograph(tmp_path: Path, workers: int) -> None:
    jobs = fake_tasks.jobs_of(tmp_path, "a", "bad", "c")
    finished = dict(run(jobs, workers, fake_tasks.stumble))
    assert [finished[index].status for index in range(3)] == ["accepted", "failed", "accepted"]
    assert finished[1].reasons == ("raw/bad.mrc: unexpected ZeroDivisionError: no such luck",)


def test_a_killed_process_fails_one_micrograph_and_no_other(tmp_path: Path) -> None:
    jobs = fake_tasks.jobs_of(tmp_path, "a", "b", "bad", "d", "e", "f", "g")
    finished = dict(run(jobs, 2, fake_tasks.die))
    assert len(finished) == len(jobs)
    assert [index for index, outcome in finished.items() if outcome.status != "accepted"] == [2]
    assert "raw/bad.mrc: the process that worked on it died, twice" in finished[2].reasons[0]


def test_a_process_killed_once_costs_nothing(tmp_path: Path) -> None:
    jobs = fake_tasks.jobs_of(tmp_path, "a", "bad", "c", "d", "e")
    finished = dict(run(jobs, 2, fake_tasks.die_once))
    assert (tmp_path / "died").exists()
    assert [finished[index].status for index in range(5)] == ["accepted"] * 5


def test_two_workers_are_other_processes_with_one_thread_each(tmp_path: Path) -> None:
    finished = dict(run(fake_tasks.jobs_of(tmp_path, *NAMES), 2, fake_tasks.tell_process))
    processes = {outcome.reasons[0] for outcome in finished.values()}
    assert str(os.getpid()) not in processes
    assert 1 <= len(processes) <= 2
    assert {outcome.reasons[1] for outcome in finished.values()} == {os.environ["OMP_NUM_THREADS"]}


def test_one_worker_is_this_process(tmp_path: Path) -> None:
    finished = dict(run(fake_tasks.jobs_of(tmp_path, "a"), 1, fake_tasks.tell_process))
    assert finished[0].reasons[0] == str(os.getpid())


def test_a_closed_iterator_starts_nothing_more(tmp_path: Path) -> None:
    finished = run(fake_tasks.jobs_of(tmp_path, *NAMES), 2, fake_tasks.accept)
    next(finished)
    finished.close()
    assert list(finished) == []


def test_threads_are_limited_unless_the_user_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    one_thread_each()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
