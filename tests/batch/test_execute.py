"""Every job comes back exactly once, whoever does it, whatever happens to the processes."""

import os
import signal
from pathlib import Path

import pytest

from factories import tasks
from thonring.batch.estimation import Task, run_jobs
from thonring.batch.executors.base import Executor, Inline
from thonring.batch.executors.processes import Processes, local, persistent_processes
from thonring.batch.threads import one_thread_each

NAMES = tuple(f"m{i}" for i in range(7))


@pytest.mark.slow
def test_every_job_gives_one_outcome_of_its_own_file(tmp_path: Path, executor: Executor) -> None:
    jobs = tasks.jobs_of(tmp_path, *NAMES)
    finished = dict(run_jobs(jobs, executor, tasks.accept))
    assert sorted(finished) == list(range(7))
    assert all(finished[index].path == job.source.path for index, job in enumerate(jobs))


def test_no_jobs_no_outcomes(executor: Executor) -> None:
    assert list(run_jobs([], executor, tasks.accept)) == []


@pytest.mark.slow
def test_a_fault_nobody_foresaw_fails_one_micrograph(tmp_path: Path, executor: Executor) -> None:
    jobs = tasks.jobs_of(tmp_path, "a", "bad", "c")
    finished = dict(run_jobs(jobs, executor, tasks.raise_error))
    assert [finished[index].status for index in range(3)] == ["accepted", "failed", "accepted"]
    assert finished[1].reasons == ("raw/bad.mrc: unexpected ZeroDivisionError: no such luck",)


@pytest.mark.slow
@pytest.mark.kills
def test_a_killed_process_fails_one_micrograph_and_no_other(tmp_path: Path) -> None:
    jobs = tasks.jobs_of(tmp_path, "a", "b", "bad", "d", "e", "f", "g")
    finished = dict(run_jobs(jobs, Processes(2), tasks.die))
    assert len(finished) == len(jobs)
    assert [index for index, outcome in finished.items() if outcome.status != "accepted"] == [2]
    assert "raw/bad.mrc: the process working on it died twice" in finished[2].reasons[0]


@pytest.mark.slow
@pytest.mark.kills
def test_a_process_killed_once_costs_nothing(tmp_path: Path) -> None:
    jobs = tasks.jobs_of(tmp_path, "a", "bad", "c", "d", "e")
    finished = dict(run_jobs(jobs, Processes(2), tasks.die_once))
    assert (tmp_path / "died").exists()
    assert [finished[index].status for index in range(5)] == ["accepted"] * 5


def test_two_workers_are_other_processes_with_one_thread_each(tmp_path: Path) -> None:
    finished = dict(run_jobs(tasks.jobs_of(tmp_path, *NAMES), Processes(2), tasks.report_process))
    processes = {outcome.reasons[0] for outcome in finished.values()}
    assert str(os.getpid()) not in processes
    assert 1 <= len(processes) <= 2
    assert {outcome.reasons[1] for outcome in finished.values()} == {os.environ["OMP_NUM_THREADS"]}


def test_inline_is_this_process(tmp_path: Path) -> None:
    finished = dict(run_jobs(tasks.jobs_of(tmp_path, "a"), Inline(), tasks.report_process))
    assert finished[0].reasons[0] == str(os.getpid())


@pytest.mark.slow
def test_processes_may_be_one_that_is_another(tmp_path: Path) -> None:
    jobs = tasks.jobs_of(tmp_path, "a", "bad", "c")
    finished = dict(run_jobs(jobs, Processes(1), tasks.die))
    assert [finished[index].status for index in range(3)] == ["accepted", "failed", "accepted"]


def test_one_worker_of_a_command_that_has_no_executors_is_this_process() -> None:
    assert local(1) == Inline()
    assert local(3) == Processes(3)


def test_an_executor_finishes_again_and_again(tmp_path: Path, executor: Executor) -> None:
    for name in NAMES[:3]:
        finished = list(run_jobs(tasks.jobs_of(tmp_path, name, "b"), executor, tasks.accept))
        assert sorted((index, outcome.path.stem) for index, outcome in finished) == [(0, name), (1, "b")]


@pytest.mark.slow
@pytest.mark.kills
def test_processes_stay_between_calls_and_are_replaced_when_they_died(tmp_path: Path) -> None:
    def process_of(name: str, task: Task) -> str:
        ((_, outcome),) = run_jobs(tasks.jobs_of(tmp_path, name), executor, task)
        return outcome.reasons[0]

    with persistent_processes(1) as executor:
        first = process_of("a", tasks.report_process)
        assert process_of("b", tasks.report_process) == first
        os.kill(int(first), signal.SIGKILL)
        second = process_of("c", tasks.report_process)
        assert second != first
        assert "died twice" in process_of("bad", tasks.die)
        assert process_of("d", tasks.report_process) != second


def test_a_closed_iterator_gives_nothing_more_and_leaves_the_executor_to_others(
    tmp_path: Path, executor: Executor
) -> None:
    finished = run_jobs(tasks.jobs_of(tmp_path, *NAMES), executor, tasks.accept)
    next(finished)
    finished.close()
    assert list(finished) == []
    ((_, outcome),) = run_jobs(tasks.jobs_of(tmp_path, "another"), executor, tasks.accept)
    assert outcome.path.stem == "another"


def test_threads_are_limited_unless_the_user_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    one_thread_each()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
