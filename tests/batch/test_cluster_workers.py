"""Workers of a real cluster that die, come late, or do not belong to it."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from factories import tasks
from factories.dask_cluster import PATIENCE_S, Cluster, cluster_in
from thonring.batch.estimation import estimate_all, run_jobs
from thonring.batch.executors import dask as connection
from thonring.batch.executors.base import Executor
from thonring.batch.executors.choice import RunningCluster
from thonring.batch.executors.open import open_executor
from thonring.batch.resume import plan_resume
from thonring.errors import ClusterError
from thonring.formats.run_tables import prepare_run
from thonring.run.open import open_run

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

NAMES = ("a", "b", "slow", "d", "e", "f", "g")
OTHER_VERSION = "Metadata-Version: 2.1\nName: thonring\nVersion: 9.9.9\n"


def kill_when_told(told: Path) -> threading.Thread:
    """SIGKILL to the process that a job names, in the middle of it."""

    def kill() -> None:
        ends = time.monotonic() + PATIENCE_S
        while not told.exists() and time.monotonic() < ends:
            time.sleep(0.02)
        os.kill(int(told.read_text(encoding="utf-8")), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_worker_killed_in_a_job_costs_no_result_and_gives_none_twice(
    cluster: Cluster, tmp_path: Path
) -> None:
    prepare_run(tmp_path)
    jobs = tasks.jobs_of(tmp_path, *NAMES)
    told: list[str] = []
    with (
        open_run(tmp_path) as store,
        open_executor(RunningCluster(cluster.address), tmp_path, [], lambda _: None) as executor,
    ):
        store.register([job.source.path for job in jobs])
        due = plan_resume(store, jobs, jobs[0].options).pending
        killer = kill_when_told(tmp_path / "pid")
        session = estimate_all(
            store, due, executor, lambda outcome: told.append(outcome.path.stem), tasks.stall_once
        )
        killer.join()
        assert [one.outcome.path.stem for one in store] == list(NAMES)
        assert {one.outcome.status for one in store} == {"accepted"}
    assert sorted(told) == sorted(NAMES)
    assert (session.done, session.failed) == (7, 0)


def test_a_job_that_kills_its_workers_fails_alone(dask_executor: Executor, tmp_path: Path) -> None:
    jobs = tasks.jobs_of(tmp_path, "a", "b", "bad", "d", "e", "f", "g")
    finished = list(run_jobs(jobs, dask_executor, tasks.die))
    assert sorted(index for index, _ in finished) == list(range(7))
    failed = {index: outcome.reasons for index, outcome in finished if outcome.status != "accepted"}
    assert list(failed) == [2]
    assert failed[2][0].startswith("raw/bad.mrc: the worker processing it died, and died again when")


def test_paths_begin_where_the_command_was_given(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    with open_executor(
        RunningCluster(cluster.address), Path("run"), [Path("raw/m.mrc")], lambda _: None
    ) as executor:
        ((_, outcome),) = run_jobs(tasks.jobs_of(Path("run"), "a"), executor, tasks.report_folder)
    assert outcome.reasons == (str(tmp_path),)


def test_the_mark_in_the_run_folder_goes_with_the_executor(cluster: Cluster, tmp_path: Path) -> None:
    with open_executor(RunningCluster(cluster.address), tmp_path, [], lambda _: None):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_unfit_workers_are_refused_at_the_start_and_get_nothing_later(
    cluster: Cluster, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "thonring-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(OTHER_VERSION, encoding="utf-8")
    notes: list[str] = []
    with open_executor(RunningCluster(cluster.address), tmp_path, [], notes.append) as executor:
        cluster.add("--nthreads", "2", "--no-nanny")
        cluster.add("--nthreads", "1", "--no-nanny", first_on_path=other.parent)
        strangers = cluster.workers[-2:]
        ends = time.monotonic() + PATIENCE_S
        processes: set[str] = set()
        while len(notes) < 2 and time.monotonic() < ends:
            jobs = tasks.jobs_of(tmp_path, *NAMES, "h", "i", "k")
            processes |= {outcome.reasons[0] for _, outcome in run_jobs(jobs, executor, tasks.nap)}
    with (
        pytest.raises(ClusterError, match=r"(runs 2 threads|has thonring 9\.9\.9).*1 more worker failed"),
        open_executor(RunningCluster(cluster.address), tmp_path, [], notes.append),
    ):
        pass
    for process in strangers:
        process.terminate()
        process.wait()
    told = " ".join(notes)
    assert "gets no micrographs: it runs 2 threads, expected 1" in told
    assert "it has thonring 9.9.9, expected 0.1.0 as on this machine" in told
    assert not processes & {str(process.pid) for process in strangers}


def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_WITHIN_S", 0.5)
    with (
        pytest.raises(
            ClusterError, match=r"--scheduler tcp://127\.0\.0\.1:9: no Dask scheduler is running there"
        ),
        open_executor(RunningCluster("tcp://127.0.0.1:9"), tmp_path, [], lambda _: None),
    ):
        pass


def test_a_scheduler_that_goes_while_nothing_is_done_is_told_at_the_next_jobs(tmp_path: Path) -> None:
    with (
        cluster_in(tmp_path, "--nthreads", "1", "--no-nanny") as own,
        open_executor(RunningCluster(own.address), tmp_path, [], lambda _: None) as executor,
    ):
        assert len(list(run_jobs(tasks.jobs_of(tmp_path, "a"), executor, tasks.accept))) == 1
        own.scheduler.kill()
        own.scheduler.wait()
        with pytest.raises(
            ClusterError,
            match=r"at tcp://.*: the scheduler is no longer running\. Finished micrographs are kept",
        ):
            list(run_jobs(tasks.jobs_of(tmp_path, "b"), executor, tasks.accept))
