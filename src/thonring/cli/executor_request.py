"""What the options that say who works come to, or why they do not go together."""

import re

import typer

from thonring.batch.executors.base import Inline
from thonring.batch.executors.choice import CORES, OwnCluster, RunningCluster, SlurmJobs, seconds_of
from thonring.batch.executors.open import ExecutorChoice
from thonring.batch.executors.processes import Processes
from thonring.cli.executor_options import ExecutorOptions

_OF_JOBS = ("queue", "jobs", "job_cores", "job_memory", "job_time", "job_directive")
_MEMORY = re.compile(r"\d+(\.\d+)?\s*[kMGT]i?B?", re.IGNORECASE)


def executor_of(options: ExecutorOptions) -> ExecutorChoice:
    """Find out what the user chose.

    Raises
    ------
    typer.BadParameter
        If options contradict each other, or one lacks another that it needs.
    """
    if options.cluster is None:
        _refuse_any(options, _OF_JOBS, "is about the jobs of a queue: add --cluster slurm, or leave it out.")
    if options.scheduler is not None:
        return _running(options, options.scheduler)
    if options.cluster is not None:
        return _slurm(options)
    return _here(options)


def _running(options: ExecutorOptions, address: str) -> RunningCluster:
    _check_dask(options, "--scheduler")
    _refuse_any(
        options,
        ("cluster",),
        "submits workers of its own, --scheduler takes those of a running cluster: choose one.",
    )
    _refuse_any(
        options,
        ("workers",),
        "counts processes of this machine, and --scheduler has its own workers: leave it out.",
    )
    _refuse_any(options, ("dashboard",), "is the business of the scheduler that runs already: leave it out.")
    return RunningCluster(address)


def _slurm(options: ExecutorOptions) -> SlurmJobs:
    _check_dask(options, "--cluster")
    _refuse_any(
        options,
        ("workers",),
        "counts processes of this machine; with --cluster say --jobs N, and --job-cores N for the workers of each.",
    )
    if options.jobs is None:
        raise typer.BadParameter("needs --jobs N, how many jobs to submit.", param_hint="--cluster")
    if options.job_memory is not None and _MEMORY.fullmatch(options.job_memory) is None:
        raise typer.BadParameter(
            f"found {options.job_memory!r}, expected a number and its unit, as 16GB.",
            param_hint="--job-memory",
        )
    if options.job_time is not None:
        _check_time(options.job_time)
    return SlurmJobs(
        jobs=options.jobs,
        queue=options.queue or "",
        cores=options.job_cores or CORES,
        memory=options.job_memory or "",
        time=options.job_time or "",
        directives=tuple(options.job_directive or ()),
        dashboard=options.dashboard or "",
    )


def _check_time(text: str) -> None:
    try:
        seconds_of(text)
    except ValueError:
        raise typer.BadParameter(
            f"found {text!r}, expected minutes, HH:MM:SS or D-HH:MM:SS, as SLURM reads it.",
            param_hint="--job-time",
        ) from None


def _here(options: ExecutorOptions) -> ExecutorChoice:
    workers = options.workers or 1
    if options.executor == "dask":
        return OwnCluster(workers, options.dashboard or "")
    _refuse_any(
        options, ("dashboard",), "is Dask's page: add --executor dask or --cluster slurm, or leave it out."
    )
    if options.executor == "inline" and workers > 1:
        raise typer.BadParameter(
            f"works in this process alone, and --workers asks for {workers}: leave one of them out.",
            param_hint="--executor inline",
        )
    if options.executor == "processes" or workers > 1:
        return Processes(workers)
    return Inline()


def _check_dask(options: ExecutorOptions, by: str) -> None:
    if options.executor not in (None, "dask"):
        raise typer.BadParameter(
            f"does not go with {by}, which means --executor dask: leave one of them out.",
            param_hint=f"--executor {options.executor}",
        )


def _refuse_any(options: ExecutorOptions, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if getattr(options, name) not in (None, []):
            raise typer.BadParameter(why, param_hint="--" + name.replace("_", "-"))
