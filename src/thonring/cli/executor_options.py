"""The options that say who does the work."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from thonring.batch.executors.choice import CORES, MEMORY_PER_CORE_GB

_PANEL = "Workers"

Name = Literal["inline", "processes", "dask"]

Executor = Annotated[
    Name | None,
    typer.Option(
        "--executor",
        help="Who works: this process, processes of this machine, or a Dask cluster.",
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
        help="Processes on this machine.",
        show_default="1",
        rich_help_panel=_PANEL,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Work on the Dask cluster whose scheduler is there, as tcp://HOST:8786.",
        rich_help_panel=_PANEL,
    ),
]
Cluster = Annotated[
    Literal["slurm"] | None,
    typer.Option("--cluster", help="Work on jobs of this queueing system.", rich_help_panel=_PANEL),
]
Queue = Annotated[
    str | None,
    typer.Option(
        "--queue",
        metavar="NAME",
        help="Queue (partition) of the jobs.",
        show_default="the site's",
        rich_help_panel=_PANEL,
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", min=1, help="Jobs to submit.", rich_help_panel=_PANEL)
]
JobCores = Annotated[
    int | None,
    typer.Option(
        "--job-cores",
        metavar="N",
        min=1,
        help="Cores of a job, each a worker.",
        show_default=str(CORES),
        rich_help_panel=_PANEL,
    ),
]
JobMemory = Annotated[
    str | None,
    typer.Option(
        "--job-memory",
        metavar="SIZE",
        help="Memory of a job, as 16GB; its workers share it.",
        show_default=f"{MEMORY_PER_CORE_GB}GB a core",
        rich_help_panel=_PANEL,
    ),
]
JobTime = Annotated[
    str | None,
    typer.Option(
        "--job-time",
        metavar="TIME",
        help="Time limit of a job, as 8:00:00.",
        show_default="the queue's",
        rich_help_panel=_PANEL,
    ),
]
JobDirective = Annotated[
    list[str] | None,
    typer.Option(
        "--job-directive",
        metavar="TEXT",
        help="Another option for sbatch, as --account=em; may be given again.",
        rich_help_panel=_PANEL,
    ),
]
Dashboard = Annotated[
    str | None,
    typer.Option(
        "--dashboard",
        metavar="ADDRESS",
        help="Serve Dask's page there, as localhost:8787 (needs bokeh).",
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """The options as the command line gives them, see `with_shared_options`; None, or no directive: not given."""

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
