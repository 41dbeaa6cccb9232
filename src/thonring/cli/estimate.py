"""`thonring estimate`: micrographs in, graded CTFs out."""

import sys

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.ending import error_exit
from thonring.cli.estimation import EstimationOptions
from thonring.cli.executor_options import ExecutorOptions
from thonring.cli.executor_request import executor_of
from thonring.cli.request import Request
from thonring.cli.shared import with_shared_options


@with_shared_options
def estimate(
    *,
    files: opt.Files,
    out: opt.Out,
    estimation: EstimationOptions,
    workers: ExecutorOptions,
    redo: opt.Redo = False,
) -> None:
    """Estimate the CTF of micrographs and judge each, with reasons.

    On a folder of an earlier run only new, changed and failed micrographs are done.

    Exit codes: 0 all inputs were processed, 1 some failed (see results.csv), 2 wrong use or no workers, 130 or 143
    interrupted.
    """
    with error_exit():
        code = _perform(Request(tuple(files), estimation.estimation(out, executor_of(workers)), redo=redo))
    raise typer.Exit(code)


def _perform(request: Request) -> int:
    one_thread_each()
    keep_freed_memory()
    from thonring.cli.perform import perform

    return perform(request, sys.argv)
