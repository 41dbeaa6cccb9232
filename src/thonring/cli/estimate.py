"""`thonring estimate`: micrographs in, graded CTFs out."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.console import error_exit, print_note, print_table_report
from thonring.cli.estimation_options import EstimationOptions
from thonring.cli.executor_options import ExecutorOptions, executor_choice

if TYPE_CHECKING:
    from thonring.batch.executors.open import ExecutorChoice
    from thonring.batch.jobs import RunOptions
    from thonring.batch.resume import PendingJob
    from thonring.batch.run import RunResult
    from thonring.run.store import Store


@opt.with_shared_options
def estimate(
    *,
    files: opt.Files,
    out: opt.Out,
    estimation: EstimationOptions,
    workers: ExecutorOptions,
    redo: opt.Redo = False,
) -> None:
    """Estimate the CTF of micrographs and accept or reject each one, with reasons.

    In an existing run folder, only new, changed and failed micrographs are processed.

    Exit codes: 0 all inputs were processed, 1 some failed (see results.csv) or rows of tables were left out,
    2 usage error or no workers, 130 or 143 interrupted.
    """
    with error_exit():
        estimation.check()
        code = _estimate(files, out, estimation, executor_choice(workers), redo=redo)
    raise typer.Exit(code)


def _estimate(
    files: Sequence[str],
    out: Path,
    estimation: EstimationOptions,
    choice: "ExecutorChoice",
    *,
    redo: bool,
) -> int:
    """Estimate what a run folder lacks and return the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no inputs, a constant missing, an unknown profile, an unusable folder,
        or one in use by another process; no workers, or unsuitable ones; or if the disk is full.
    """
    one_thread_each()
    keep_freed_memory()
    from thonring.batch.jobs import plan
    from thonring.batch.resume import plan_resume
    from thonring.batch.threads import garbage_collection_paused
    from thonring.cli.summary import lacks_database, print_resume_plan, print_tables_replaced
    from thonring.files.text import TableReport
    from thonring.formats.run_tables import prepare_run
    from thonring.read import sources
    from thonring.run.open import open_run
    from thonring.run.settings_file import write_settings

    options, optics, report = estimation.run_options(out), estimation.optics(), TableReport()
    with garbage_collection_paused():
        are_spectra = options.spectrum_kind is not None
        inputs = sources(
            files, optics, spectra=are_spectra, metadata=not estimation.no_metadata, report=report
        )
    known = estimation.known_defocus(report)
    prepare_run(out)
    is_old = lacks_database(out)
    with open_run(out) as store:
        with garbage_collection_paused():
            jobs = plan(inputs, options, known, store.register([source.path for source in inputs]))
            resumed = plan_resume(store, jobs, options, redo=redo)
        write_settings(out, options.settings, sys.argv, optics, report.left_out)
        if not estimation.quiet:
            if is_old:
                print_tables_replaced(out)
            print_resume_plan(out, resumed)
        code = _work(store, options, resumed.pending, choice, quiet=estimation.quiet)
    print_table_report(report, quiet=estimation.quiet)
    return code or int(bool(report.left_out))


def _work(
    store: "Store",
    options: "RunOptions",
    pending: "Sequence[PendingJob]",
    choice: "ExecutorChoice",
    *,
    quiet: bool,
) -> int:
    """Run the jobs, show progress, print the summary and return the exit code."""
    from thonring.batch.estimation import estimate_all
    from thonring.batch.executors.base import Inline
    from thonring.batch.executors.open import open_executor
    from thonring.cli.progress import outcome_progress
    from thonring.cli.summary import print_summary, time_text
    from thonring.run.summary import summary

    started = time.monotonic()
    paths = [pending_job.job.source.path for pending_job in pending]
    with (
        open_executor(choice if pending else Inline(), options.run, paths, print_note) as executor,
        outcome_progress(len(pending), quiet=quiet) as show,
    ):
        result = estimate_all(store, pending, executor, show)
    if not quiet:
        counts = summary(record.outcome for record in store)
        duration = time_text(result, counts, time.monotonic() - started)
        print_summary(result, options, counts, _ending(result, len(pending)), duration)
    return result.exit_code


def _ending(result: "RunResult", total: int) -> str:
    if not result.interrupted:
        return ""
    done = f"{result.done} of {total} micrographs are finished and in the tables"
    return f"Interrupted: {done}. Run the same command again to continue."
