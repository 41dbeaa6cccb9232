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

with handlers_kept():  # dask-jobqueue lets Ctrl-C end the process without a word as soon as it is imported
    from dask_jobqueue.slurm import SLURMCluster

LOGS = "jobs"
_TEND_EVERY_S = 30.0
_MOST_EMPTY = 4
"""How often in turn the queue may be seen without a job of ours: lost ones need a moment to be submitted again."""
_LEAVE_BEFORE_S, _STAGGER_S = 150, 30
"""Workers end so long before the time of their job is over, so that what they have in hand is done elsewhere."""


@contextmanager
def cluster_of(
    choice: SlurmJobs, name: str, run: Path, scheduler_options: dict[str, Any]
) -> Iterator[SLURMCluster]:
    """Submit the jobs and give their cluster; they are cancelled when the block ends.

    What jobs say is kept in the folder `LOGS` of the run.

    Raises
    ------
    ClusterError
        If SLURM is not there, or does not take the jobs.
    """
    if shutil.which("sbatch") is None:
        raise ClusterError(
            "--cluster slurm: sbatch is not found. Give the command on a machine from which SLURM jobs are submitted."
        )
    with dask.config.set({"jobqueue.slurm.walltime": None}):
        try:
            cluster = new_cluster(choice, name, run, scheduler_options)
        except (OSError, RuntimeError, ValueError) as problem:
            raise ClusterError(
                f"--cluster slurm: no scheduler for the jobs could be started ({problem})."
            ) from problem
        try:
            _check_taken(cluster.job_script())
            cluster.scale(jobs=choice.jobs)
            yield cluster
        finally:
            _close(cluster)


def _check_taken(script: str) -> None:
    """Ask SLURM whether it would take the job, and submit nothing."""
    command = ["sbatch", "--test-only"]
    answer = subprocess.run(command, input=script, capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode != 0:
        said = " ".join(answer.stderr.split())
        raise ClusterError(
            f"--cluster slurm: the jobs are not taken ({said}). Check --queue and the --job options."
        )


def _close(cluster: SLURMCluster) -> None:
    """Cancel the jobs. dask-jobqueue asserts that all of them were submitted, after it cancelled the others."""
    with suppress(AssertionError):
        cluster.close()


def new_cluster(choice: SlurmJobs, name: str, run: Path, scheduler_options: dict[str, Any]) -> SLURMCluster:
    """A cluster that has not submitted a job."""
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
    """Where a job writes what it says; dask-jobqueue's own way knows no paths with blanks."""
    folder.mkdir(exist_ok=True)
    place = str(folder).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return [f'--output="{place}/%x-%j.out"', f'--error="{place}/%x-%j.err"']


def _lifetime(time_limit: str) -> list[str]:
    if not time_limit:
        return []
    lifetime_s = seconds_of(time_limit) - _LEAVE_BEFORE_S
    if lifetime_s < _LEAVE_BEFORE_S:
        return []
    return ["--lifetime", f"{lifetime_s}s", "--lifetime-stagger", f"{_STAGGER_S}s"]


class SlurmJobMonitor:
    """Submits again what ended in the queue, and tells if nothing is there any more that could become a worker."""

    def __init__(self, cluster: SLURMCluster, choice: SlurmJobs, name: str, run: Path) -> None:
        self._cluster, self._choice, self._name, self._run = cluster, choice, name, run
        self._tended = time.monotonic()
        self._empty = 0

    def tend(self, fit: int, _: float) -> None:
        """Look after the jobs, now and then.

        Raises
        ------
        ClusterError
            If there is no worker, and no job that waits or runs.
        """
        if time.monotonic() - self._tended < _TEND_EVERY_S or fit >= self._choice.jobs * self._choice.cores:
            return
        self._tended = time.monotonic()
        self._empty = 0 if fit or self._queued() else self._empty + 1
        if self._empty >= _MOST_EMPTY:
            raise ClusterError(
                f"no worker is there, and none of its jobs is in the queue; see {self._run / LOGS} for what they said"
            )
        self._cluster.scale(jobs=self._choice.jobs)

    def _queued(self) -> bool:
        command = ["squeue", "--noheader", "--format=%i", f"--name={self._name}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return answer.returncode != 0 or bool(answer.stdout.strip())
