"""Whole commands on a real cluster: the same results as without one, and what ends them early."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from factories import noise_runs
from factories.dask_cluster import Cluster, cluster_in
from thonring.cli.app import app

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    noise_runs.write_noise(folder / "raw")
    return folder


@pytest.fixture(scope="module")
def undisturbed(project: Path) -> dict[str, object]:
    words = ["estimate", "../raw", "--out", "run", *noise_runs.OPTIONS, "--executor", "inline"]
    (project / "inline").mkdir()
    done = subprocess.run([sys.executable, "-m", "thonring", *words], cwd=project / "inline", check=False)
    assert done.returncode == 1
    return noise_runs.content_of(project / "inline" / "run")


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_results_are_the_same_to_the_bit_whoever_works(
    kind: str,
    project: Path,
    undisturbed: dict[str, object],
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (project / kind).mkdir()
    monkeypatch.chdir(project / kind)
    who = ["--workers", "2"] if kind == "processes" else ["--scheduler", cluster.address]
    words = ["estimate", "../raw", "--out", "run", *noise_runs.OPTIONS, *who]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1, done.output
    assert noise_runs.content_of(Path("run")) == undisturbed
    assert [path.name for path in Path("run").rglob(".*")] == []


def start(project: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return noise_runs.start(
        folder, ["estimate", project / "raw", "--out", folder / "run", *options], own_session=True
    )


def test_a_scheduler_that_goes_away_costs_nothing_that_was_finished(project: Path, tmp_path: Path) -> None:
    with cluster_in(tmp_path, "--nthreads", "1", "--no-nanny") as own:
        process = start(project, tmp_path / "place", "--scheduler", own.address)
        noise_runs.await_more(process, tmp_path / "place" / "run")
        own.scheduler.kill()
        _, said = process.communicate()
    kept = noise_runs.names_in(tmp_path / "place" / "run")
    assert process.returncode == 2, said
    assert (
        "the scheduler is no longer running. Finished micrographs are kept; run the same command again to continue."
        in said
    )
    assert f"{len(kept)} of {noise_runs.COUNT} micrographs are finished." in said
    assert "Traceback" not in said
    assert 1 <= len(kept) < noise_runs.COUNT


def test_sigterm_gives_up_what_is_in_work_and_leaves_the_cluster_as_it_was(
    project: Path, cluster: Cluster, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    process = start(project, tmp_path / "place", "--scheduler", cluster.address)
    noise_runs.await_more(process, tmp_path / "place" / "run")
    process.terminate()
    said, complaints = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, complaints
    assert "Run the same command again to continue" in said
    assert complaints.count("\n") <= 2
    kept = noise_runs.names_in(tmp_path / "place" / "run")
    assert 1 <= len(kept) < noise_runs.COUNT
    assert [path.name for path in (tmp_path / "place" / "run").glob(".*")] == []
    with distributed.Client(cluster.address, set_as_default=False) as client:
        assert len(client.nthreads()) == 2
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0


def test_ctrl_c_of_a_terminal_reaches_workers_of_this_machine_too_and_is_left_to_the_command(
    project: Path, tmp_path: Path
) -> None:
    process = start(project, tmp_path / "place", "--executor", "dask", "--workers", "2")
    noise_runs.await_more(process, tmp_path / "place" / "run")
    os.killpg(process.pid, signal.SIGINT)
    said, complaints = process.communicate()
    assert process.returncode == 128 + signal.SIGINT, complaints
    assert "Run the same command again to continue" in said
    assert "Traceback" not in complaints
    assert 1 <= len(noise_runs.names_in(tmp_path / "place" / "run")) < noise_runs.COUNT
