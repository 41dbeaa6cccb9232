"""Workers as SLURM jobs: what is submitted, and a real SLURM on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
from typer.testing import CliRunner

from factories import noise_runs, slurm_cluster, tasks
from thonring.batch.estimation import run_jobs
from thonring.batch.executors import slurm
from thonring.batch.executors.choice import SlurmJobs, seconds_of
from thonring.batch.executors.open import open_executor
from thonring.cli.app import app
from thonring.errors import ClusterError

NO_PAGE = {"dashboard": False, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}


def script_of(choice: SlurmJobs, run: Path) -> list[str]:
    with (
        dask.config.set({"jobqueue.slurm.walltime": None}),
        slurm.new_cluster(choice, "thonring-1", run, NO_PAGE) as cluster,
    ):
        return str(cluster.job_script()).splitlines()


def test_a_job_asks_for_what_the_options_say(tmp_path: Path) -> None:
    choice = SlurmJobs(3, "micro", 6, "24GB", "1-02:00:00", ("--account=em", "--exclude=node7"))
    script = script_of(choice, tmp_path)
    assert [line for line in script if line.startswith("#SBATCH")] == [
        "#SBATCH -J thonring-1",
        "#SBATCH -p micro",
        "#SBATCH -n 1",
        "#SBATCH --cpus-per-task=6",
        "#SBATCH --mem=23G",
        "#SBATCH -t 1-02:00:00",
        f'#SBATCH --output="{tmp_path}/jobs/%x-%j.out"',
        f'#SBATCH --error="{tmp_path}/jobs/%x-%j.err"',
        "#SBATCH --account=em",
        "#SBATCH --exclude=node7",
    ]
    command = script[-1]
    assert command.startswith(f"{sys.executable} -m distributed.cli.dask_worker tcp://127.0.0.1:")
    assert "--nthreads 1 --memory-limit 3.73GiB --nworkers 6 --nanny" in command
    assert "--no-dashboard --lifetime 93450s --lifetime-stagger 30s" in command


def test_without_options_queue_and_time_are_the_sites_and_memory_goes_by_the_cores(tmp_path: Path) -> None:
    script = script_of(SlurmJobs(1), tmp_path)
    asked = [line for line in script if line.startswith(("#SBATCH -p", "#SBATCH -t", "#SBATCH --mem"))]
    assert asked == ["#SBATCH --mem=15G"]
    assert "--lifetime" not in script[-1]
    assert "--nworkers 4" in script[-1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("90:30", 5430),
        ("8:00:00", 28800),
        ("2-12", 216000),
        ("1-0:30", 88200),
        ("1-2:3:4", 93784),
    ],
)
def test_times_are_read_as_slurm_reads_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "8h", "1:2:3:4", "-5", "tomorrow"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text or "^$"):
        seconds_of(text)


def test_without_slurm_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ClusterError, match="sbatch was not found"),
        open_executor(SlurmJobs(1), tmp_path, [], lambda _: None),
    ):
        pass


@pytest.fixture(scope="module")
def real_slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    missing = slurm_cluster.missing()
    if missing:
        pytest.skip(missing)
    with slurm_cluster.slurm_in(tmp_path_factory.mktemp("slurm")) as configuration:
        yield configuration


@pytest.fixture
def submitting(real_slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real SLURM is the one that its commands find, and jobs import the tasks of tests."""
    monkeypatch.setenv("SLURM_CONF", str(real_slurm))
    monkeypatch.setenv("PYTHONPATH", ":".join([str(Path(__file__).parents[1]), *filter(None, sys.path)]))


def squeue(*options: str) -> list[str]:
    done = subprocess.run(
        ["squeue", "--noheader", *options, "--format=%i"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.usefixtures("submitting")
def test_a_command_on_real_jobs_gives_the_results_of_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_runs.write_noise(tmp_path / "raw")
    for name, who in (
        ("alone", ["--executor", "inline"]),
        (
            "by jobs",
            f"--cluster slurm --queue {slurm_cluster.QUEUE} --jobs 1 --job-cores 1 --job-memory 2GB".split(),
        ),
    ):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        done = CliRunner().invoke(app, ["estimate", "../raw", "--out", "run", *noise_runs.OPTIONS, *who])
        assert done.exit_code == 1, done.output
    assert noise_runs.content_of(tmp_path / "by jobs" / "run") == noise_runs.content_of(
        tmp_path / "alone" / "run"
    )
    assert squeue("--states=running,pending") == []
    assert len(list((tmp_path / "by jobs" / "run" / "jobs").glob("*.err"))) == 1


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.usefixtures("submitting")
def test_a_queue_that_is_not_there_is_told_in_slurms_words(tmp_path: Path) -> None:
    with (
        pytest.raises(
            ClusterError, match=r"SLURM did not accept the jobs \(.*[Ii]nvalid partition.*Check --queue"
        ),
        open_executor(SlurmJobs(1, "no-such-queue"), tmp_path, [], lambda _: None),
    ):
        pass


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.usefixtures("submitting")
def test_a_job_that_ends_early_is_submitted_again_and_costs_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "_CHECK_EVERY_S", 1.0)
    jobs = tasks.jobs_of(tmp_path, *(f"m{index:02}" for index in range(12)))
    choice = SlurmJobs(1, slurm_cluster.QUEUE, 1, "1GB")
    finished = []
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "500ms"}),
        open_executor(choice, tmp_path, [], lambda _: None) as executor,
    ):
        for index, outcome in run_jobs(jobs, executor, tasks.nap):
            finished.append((index, outcome.status, outcome.reasons[0]))
            if len(finished) == 2:
                subprocess.run(["scancel", *squeue("--states=running")], check=True)
    assert sorted(index for index, *_ in finished) == list(range(12))
    assert {status for _, status, _ in finished} == {"rejected"}
    assert len({process for *_, process in finished}) == 2
