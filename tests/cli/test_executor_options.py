"""Who works, as the options say it; what does not go together is refused with what to do."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from factories.commands import Command
from thonring.batch.executors import open as opening
from thonring.batch.executors.base import Inline
from thonring.batch.executors.choice import OwnCluster, RunningCluster, SlurmJobs
from thonring.batch.executors.open import ExecutorChoice, open_executor
from thonring.batch.executors.processes import Processes
from thonring.cli.executor_options import ExecutorOptions, executor_choice
from thonring.errors import ClusterError

if TYPE_CHECKING:
    from factories.commands import Method

ADDRESS = "tcp://head:8786"


@pytest.mark.parametrize(
    ("options", "choice"),
    [
        (ExecutorOptions(), Inline()),
        (ExecutorOptions(workers=1), Inline()),
        (ExecutorOptions(workers=3), Processes(3)),
        (ExecutorOptions(executor="processes"), Processes(1)),
        (ExecutorOptions(executor="inline", workers=1), Inline()),
        (ExecutorOptions(executor="dask", workers=4, dashboard=":8787"), OwnCluster(4, ":8787")),
        (ExecutorOptions(scheduler=ADDRESS), RunningCluster(ADDRESS)),
        (ExecutorOptions(executor="dask", scheduler=ADDRESS), RunningCluster(ADDRESS)),
        (ExecutorOptions(cluster="slurm", jobs=5), SlurmJobs(5)),
        (
            ExecutorOptions(
                cluster="slurm",
                queue="micro",
                jobs=5,
                job_cores=8,
                job_memory="32 GB",
                job_time="8:00:00",
                job_directive=("--account=em",),
            ),
            SlurmJobs(5, "micro", 8, "32 GB", "8:00:00", ("--account=em",)),
        ),
    ],
)
def test_options_mean_an_executor(options: ExecutorOptions, choice: ExecutorChoice) -> None:
    assert executor_choice(options) == choice


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--executor inline --workers 2",
            "--executor inline: uses this process only, but --workers asks for 2",
        ),
        (f"--scheduler {ADDRESS} --workers 2", "--workers: sets processes on this machine"),
        (
            f"--scheduler {ADDRESS} --executor processes",
            "cannot be combined with --scheduler, which implies --executor dask",
        ),
        (f"--scheduler {ADDRESS} --cluster slurm --jobs 2", "those of a running cluster: choose one"),
        (f"--scheduler {ADDRESS} --dashboard :8787", "must be set on the scheduler that is already running"),
        (
            "--cluster slurm --jobs 2 --executor inline",
            "cannot be combined with --cluster, which implies --executor dask",
        ),
        ("--cluster slurm --jobs 2 --workers 2", "use --jobs N, and --job-cores N"),
        ("--cluster slurm", "needs --jobs N"),
        (
            "--cluster slurm --jobs 2 --job-memory lots",
            "found 'lots', expected a number and a unit, such as 16GB",
        ),
        ("--cluster slurm --jobs 2 --job-time 8h", "found '8h', expected minutes, HH:MM:SS or D-HH:MM:SS"),
        ("--queue micro", "--queue: only applies to queue jobs: add --cluster slurm"),
        ("--jobs 2", "--jobs: only applies to queue jobs"),
        ("--job-directive=--account=em", "--job-directive: only applies to queue jobs"),
        ("--dashboard :8787 --workers 2", "is for Dask only: add --executor dask"),
        ("--executor threads", "'threads' is not one of 'inline', 'processes', 'dask'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: str, said: str, command: Command, tmp_path: Path
) -> None:
    result = command("estimate", tmp_path, "--out", tmp_path / "run", *words.split())
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_a_missing_extra_is_one_sentence(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == "dask_jobqueue" else name)
    words = ("--voltage", 300, "--cs", 2.7, "--scheduler", ADDRESS)
    result = command("estimate", micrographs, "--out", tmp_path / "run", *words)
    assert result.exit_code == 2
    assert (
        "thonring: Dask clusters need dask-jobqueue, which is not installed: pip install 'thonring[cluster]'."
        in result.stderr
    )
    assert method.calls == []


def test_nothing_to_do_needs_no_cluster(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    words = ("estimate", micrographs, "--out", tmp_path / "run", "--voltage", 300, "--cs", 2.7)
    assert command(*words).exit_code == 0
    again = command(*words, "--scheduler", "tcp://127.0.0.1:9")
    assert again.exit_code == 0, again.output
    assert len(method.calls) == 3


def test_a_dashboard_without_bokeh_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == "bokeh" else name)
    with (
        pytest.raises(
            ClusterError, match=r"--dashboard needs bokeh, which is not installed: pip install bokeh\."
        ),
        open_executor(OwnCluster(1, ":8787"), tmp_path, [], lambda _: None),
    ):
        pass
