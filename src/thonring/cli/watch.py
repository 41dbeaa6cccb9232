"""`thonring watch`: micrographs estimated as a microscope records them."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.durations import seconds_of, until_of
from thonring.cli.ending import error_exit
from thonring.cli.estimation import EstimationOptions
from thonring.cli.executor_options import ExecutorOptions
from thonring.cli.executor_request import executor_of
from thonring.cli.request import WatchRequest
from thonring.cli.shared import with_shared_options

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where images come, at any depth.")]
Pattern = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern",
        metavar="PATTERN",
        help="Names to take, or paths below FOLDER where it has a slash; may be given several times.",
        show_default="*.mrc",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="PATTERN", help="Names or paths to leave; may be given several times."),
]
UntilOption = Annotated[
    list[str] | None,
    typer.Option(
        "--until",
        metavar="END",
        help="'idle 30m', 18:00, 2026-03-01T18:00 or '500 files'; may be given several times.",
        show_default="Ctrl-C",
    ),
]
Every = Annotated[str, typer.Option("--every", metavar="TIME", help="How often to look, as 10s or 1m.")]
Stable = Annotated[
    str,
    typer.Option("--stable", metavar="TIME", help="How long a file's size and time must stay as they are."),
]


@with_shared_options
def watch(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    folder: Folder,
    out: opt.Out,
    pattern: Pattern = None,
    ignore: Ignore = None,
    until: UntilOption = None,
    every: Every = "10s",
    stable: Stable = "20s",
    estimation: EstimationOptions,
    workers: ExecutorOptions,
) -> None:
    """Watch a folder and estimate what comes into it, as `thonring estimate` does, until the end.

    The run folder is that of `thonring estimate`: either command goes on where the other one ended.

    Exit codes: 0 it ended by --until, 1 and some failed (see results.csv), 2 wrong use, 130 or 143 ended by Ctrl-C or
    SIGTERM.
    """
    with error_exit():
        request = WatchRequest(
            folder=folder,
            patterns=tuple(pattern or ("*.mrc",)),
            ignored=tuple(ignore or ()),
            until=until_of(until or (), datetime.now().astimezone(), "--until"),
            every_s=seconds_of(every, "--every"),
            stable_s=seconds_of(stable, "--stable"),
            estimation=estimation.estimation(out, executor_of(workers)),
        )
        code = _perform(request)
    raise typer.Exit(code)


def _perform(request: WatchRequest) -> int:
    one_thread_each()
    keep_freed_memory()
    from thonring.cli.perform_watch import perform_watch

    return perform_watch(request, sys.argv)
