"""The options that set where jobs run, and the executor they select."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from thonring.batch.executors import choice

if TYPE_CHECKING:
    from thonring.batch.executors.open import ExecutorChoice

_PANEL = "Workers"

Name = Literal["inline", "processes", "dask"]

_JOB_OPTIONS = ("queue", "jobs", "job_cores", "job_memory", "job_time", "job_directive")
_MEMORY = re.compile(r"\d+(\.\d+)?\s*[kMGT]i?B?", re.IGNORECASE)

Executor = Annotated[
    Name | None,
    typer.Option(
        "--executor",
        help="Where to run: this process, several processes on this machine, or a Dask cluster.",
        show_default="inline for one worker, else processes",
        rich_help_panel=_PANEL,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Number of processes on this machine.",
        show_default="1",
        rich_help_panel=_PANEL,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Use the running Dask cluster with this scheduler address, such as tcp://HOST:8786.",
        rich_help_panel=_PANEL,
    ),
]
Cluster = Annotated[
    Literal["slurm"] | None,
    typer.Option("--cluster", help="Use jobs of this queueing system.", rich_help_panel=_PANEL),
]
Queue = Annotated[
    str | None,
    typer.Option(
        "--queue",
        metavar="NAME",
        help="Queue (partition) for the jobs.",
        show_default="the site's",
        rich_help_panel=_PANEL,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Number of jobs to submit.", rich_help_panel=_PANEL),
]
JobCores = Annotated[
    int | None,
    typer.Option(
        "--job-cores",
        metavar="N",
        min=1,
        help="Cores per job; one worker runs on each.",
        show_default=str(choice.CORES),
        rich_help_panel=_PANEL,
    ),
]
JobMemory = Annotated[
    str | None,
    typer.Option(
        "--job-memory",
        metavar="SIZE",
        help="Memory per job, such as 16GB, shared by its workers.",
        show_default=f"{choice.MEMORY_PER_CORE_GB}GB per core",
        rich_help_panel=_PANEL,
    ),
]
JobTime = Annotated[
    str | None,
    typer.Option(
        "--job-time",
        metavar="TIME",
        help="Time limit per job, such as 8:00:00.",
        show_default="the queue's",
        rich_help_panel=_PANEL,
    ),
]
JobDirective = Annotated[
    list[str] | None,
    typer.Option(
        "--job-directive",
        metavar="TEXT",
        help="Additional sbatch option, such as --account=em; may be repeated.",
        rich_help_panel=_PANEL,
    ),
]
Dashboard = Annotated[
    str | None,
    typer.Option(
        "--dashboard",
        metavar="ADDRESS",
        help="Serve Dask's dashboard at this address, such as localhost:8787 (needs bokeh).",
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """The options as given on the command line, see `with_shared_options`; None, or no directive: not given."""

    executor: Executor = None
    workers: Workers = None
    scheduler: Scheduler = None
    cluster: Cluster = None
    queue: Queue = None
    jobs: Jobs = None
    job_cores: JobCores = None
    job_memory: JobMemory = None
    job_time: JobTime = None
    job_directive: JobDirective = None
    dashboard: Dashboard = None


def executor_choice(options: ExecutorOptions) -> "ExecutorChoice":
    """Return the executor that the options select.

    Raises
    ------
    typer.BadParameter
        If options contradict each other, or one requires another that is missing.
    """
    if options.cluster is None:
        _reject_any(options, _JOB_OPTIONS, "only applies to queue jobs: add --cluster slurm, or drop it.")
    if options.scheduler is not None:
        return _running_cluster(options, options.scheduler)
    if options.cluster is not None:
        return _slurm_jobs(options)
    return _on_this_machine(options)


def _running_cluster(options: ExecutorOptions, address: str) -> choice.RunningCluster:
    _check_dask(options, "--scheduler")
    _reject_any(
        options,
        ("cluster",),
        "submits its own workers, whereas --scheduler uses those of a running cluster: choose one.",
    )
    _reject_any(
        options,
        ("workers",),
        "sets processes on this machine, but --scheduler brings its own workers: drop it.",
    )
    _reject_any(options, ("dashboard",), "must be set on the scheduler that is already running: drop it.")
    return choice.RunningCluster(address)


def _slurm_jobs(options: ExecutorOptions) -> choice.SlurmJobs:
    _check_dask(options, "--cluster")
    _reject_any(
        options,
        ("workers",),
        "sets processes on this machine; with --cluster use --jobs N, and --job-cores N for the workers of each job.",
    )
    if options.jobs is None:
        raise typer.BadParameter("needs --jobs N, the number of jobs to submit.", param_hint="--cluster")
    if options.job_memory is not None and _MEMORY.fullmatch(options.job_memory) is None:
        raise typer.BadParameter(
            f"found {options.job_memory!r}, expected a number and a unit, such as 16GB.",
            param_hint="--job-memory",
        )
    if options.job_time is not None:
        _check_time(options.job_time)
    return choice.SlurmJobs(
        jobs=options.jobs,
        queue=options.queue or "",
        cores=options.job_cores or choice.CORES,
        memory=options.job_memory or "",
        time=options.job_time or "",
        directives=tuple(options.job_directive or ()),
        dashboard=options.dashboard or "",
    )


def _check_time(text: str) -> None:
    try:
        choice.seconds_of(text)
    except ValueError:
        raise typer.BadParameter(
            f"found {text!r}, expected minutes, HH:MM:SS or D-HH:MM:SS, the formats SLURM accepts.",
            param_hint="--job-time",
        ) from None


def _on_this_machine(options: ExecutorOptions) -> "ExecutorChoice":
    from thonring.batch.executors.base import Inline
    from thonring.batch.executors.processes import Processes

    workers = options.workers or 1
    if options.executor == "dask":
        return choice.OwnCluster(workers, options.dashboard or "")
    _reject_any(
        options, ("dashboard",), "is for Dask only: add --executor dask or --cluster slurm, or drop it."
    )
    if options.executor == "inline" and workers > 1:
        raise typer.BadParameter(
            f"uses this process only, but --workers asks for {workers}: drop one of them.",
            param_hint="--executor inline",
        )
    if options.executor == "processes" or workers > 1:
        return Processes(workers)
    return Inline()


def _check_dask(options: ExecutorOptions, by: str) -> None:
    if options.executor not in (None, "dask"):
        raise typer.BadParameter(
            f"cannot be combined with {by}, which implies --executor dask: drop one of them.",
            param_hint=f"--executor {options.executor}",
        )


def _reject_any(options: ExecutorOptions, names: tuple[str, ...], reason: str) -> None:
    for name in names:
        if getattr(options, name) not in (None, []):
            raise typer.BadParameter(reason, param_hint="--" + name.replace("_", "-"))
