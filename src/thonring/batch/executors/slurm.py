"""Dask workers as jobs of a SLURM queue, by dask-jobqueue."""

import logging
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask

from thonring.batch.executors.choice import SlurmJobs, seconds_of
from thonring.batch.interrupts import handlers_kept
from thonring.errors import ClusterError

with handlers_kept():  # dask-jobqueue makes Ctrl-C end the process silently as soon as it is imported
    from dask_jobqueue.slurm import SLURMCluster

LOGS = "jobs"
_CHECK_EVERY_S = 30.0
_MAX_EMPTY = 4
"""Checks in a row that may find none of our jobs in the queue: lost jobs take a moment to be resubmitted."""
_LEAVE_BEFORE_S, _STAGGER_S = 150, 30
"""Workers end this long before the time limit of their job, so that another worker takes over."""


@contextmanager
def cluster_of(
    choice: SlurmJobs, name: str, run: Path, scheduler_options: dict[str, Any]
) -> Iterator[SLURMCluster]:
    """Submit the jobs and yield their cluster; the jobs are cancelled when the block ends.

    The logs of the jobs are kept in the folder `LOGS` of the run.

    Raises
    ------
    ClusterError
        If SLURM is not installed, or does not accept the jobs.
    """
    if shutil.which("sbatch") is None:
        raise ClusterError(
            "--cluster slurm: sbatch was not found. Run the command on a machine from which SLURM jobs are submitted."
        )
    with dask.config.set({"jobqueue.slurm.walltime": None}):
        try:
            cluster = new_cluster(choice, name, run, scheduler_options)
        except (OSError, RuntimeError, ValueError) as problem:
            raise ClusterError(
                f"--cluster slurm: the scheduler for the jobs could not be started ({problem})."
            ) from problem
        try:
            _check_accepted(cluster.job_script())
            cluster.scale(jobs=choice.jobs)
            yield cluster
        finally:
            _close(cluster)


def _check_accepted(script: str) -> None:
    """Ask SLURM whether it would accept the job, and submit nothing."""
    command = ["sbatch", "--test-only"]
    answer = subprocess.run(command, input=script, capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode != 0:
        message = " ".join(answer.stderr.split())
        raise ClusterError(
            f"--cluster slurm: SLURM did not accept the jobs ({message}). Check --queue and the --job options."
        )


def _close(cluster: SLURMCluster) -> None:
    """Cancel the jobs. dask-jobqueue asserts that all of them were submitted, after it has cancelled the others."""
    with suppress(AssertionError):
        cluster.close()


def new_cluster(choice: SlurmJobs, name: str, run: Path, scheduler_options: dict[str, Any]) -> SLURMCluster:
    """A cluster that has not submitted any job yet."""
    return SLURMCluster(
        name=name,
        job_name=name,
        queue=choice.queue or None,
        cores=choice.cores,
        processes=choice.cores,
        memory=choice.memory_of_job,
        walltime=choice.time or None,
        job_extra_directives=[*_logs(run.absolute() / LOGS), *choice.directives],
        worker_extra_args=["--no-dashboard", *_lifetime(choice.time)],
        scheduler_options=scheduler_options,
        silence_logs=logging.CRITICAL,
    )


def _logs(folder: Path) -> list[str]:
    """Where a job writes its log; dask-jobqueue's own option does not support paths with spaces."""
    folder.mkdir(exist_ok=True)
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return [f'--output="{quoted}/%x-%j.out"', f'--error="{quoted}/%x-%j.err"']


def _lifetime(time_limit: str) -> list[str]:
    if not time_limit:
        return []
    lifetime_s = seconds_of(time_limit) - _LEAVE_BEFORE_S
    if lifetime_s < _LEAVE_BEFORE_S:
        return []
    return ["--lifetime", f"{lifetime_s}s", "--lifetime-stagger", f"{_STAGGER_S}s"]


class SlurmJobMonitor:
    """Resubmits jobs that have ended, and detects when none is left that could become a worker."""

    def __init__(self, cluster: SLURMCluster, choice: SlurmJobs, name: str, run: Path) -> None:
        self._cluster, self._choice, self._name, self._run = cluster, choice, name, run
        self._checked_s = time.monotonic()
        self._empty = 0

    def check(self, workers: int, _: float) -> None:
        """Check the jobs, every half minute; `workers` is the number of usable workers.

        Raises
        ------
        ClusterError
            If there is no worker and no job is pending or running.
        """
        if (
            time.monotonic() - self._checked_s < _CHECK_EVERY_S
            or workers >= self._choice.jobs * self._choice.cores
        ):
            return
        self._checked_s = time.monotonic()
        self._empty = 0 if workers or self._has_jobs() else self._empty + 1
        if self._empty >= _MAX_EMPTY:
            raise ClusterError(
                f"no worker is running and none of its jobs is in the queue; see {self._run / LOGS} for the job logs"
            )
        self._cluster.scale(jobs=self._choice.jobs)

    def _has_jobs(self) -> bool:
        """Whether any job is pending or running; assumed to be so while squeue fails."""
        command = ["squeue", "--noheader", "--format=%i", f"--name={self._name}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return answer.returncode != 0 or bool(answer.stdout.strip())
