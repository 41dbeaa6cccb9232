"""`thonring watch`: micrographs estimated as a microscope records them."""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import console
from thonring.cli import options as opt
from thonring.cli.estimation_options import EstimationOptions
from thonring.cli.executor_options import ExecutorOptions, executor_choice
from thonring.errors import InputError

if TYPE_CHECKING:
    from thonring.batch.executors.open import ExecutorChoice
    from thonring.batch.watch import WatchOptions, WatchResult
    from thonring.files.text import TableReport

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to watch, with all its subfolders.")]
Pattern = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern",
        metavar="PATTERN",
        help="File names to process, or, with a slash, paths below FOLDER; may be repeated.",
        show_default="*.mrc",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="PATTERN", help="File names or paths to ignore; may be repeated."),
]
UntilOption = Annotated[
    list[str] | None,
    typer.Option(
        "--until",
        metavar="END",
        help="When to stop: 'idle 30m', 18:00, 2026-03-01T18:00 or '500 files'; may be repeated.",
        show_default="Ctrl-C",
    ),
]
Every = Annotated[str, typer.Option("--every", metavar="TIME", help="Scan interval, such as 10s or 1m.")]
Stable = Annotated[
    str,
    typer.Option(
        "--stable",
        metavar="TIME",
        help="How long a file's size and time must be unchanged before it is processed.",
    ),
]


@opt.with_shared_options
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
    """Watch a folder and estimate new images as they arrive, as `thonring estimate` does, until it is stopped.

    The run folder is the same as that of `thonring estimate`: either command continues what the other began.

    Exit codes: 0 stopped by --until, 1 some files failed (see results.csv) or rows of tables were left out,
    2 usage error, 130 or 143 stopped by Ctrl-C or SIGTERM.
    """
    one_thread_each()
    keep_freed_memory()
    with console.error_exit():
        estimation.check()
        choice = executor_choice(workers)
        every_s, stable_s = (
            console.parse_duration(every, "--every"),
            console.parse_duration(stable, "--stable"),
        )
        end = console.parse_until(until or (), datetime.now().astimezone(), "--until")
        from thonring.batch.folder_scan import ScanPattern
        from thonring.batch.watch import WatchOptions
        from thonring.files.text import TableReport

        report = TableReport()
        code = _watch(
            WatchOptions(
                ScanPattern(
                    folder,
                    tuple(pattern or ("*.mrc",)),
                    tuple(ignore or ()),
                    metadata=not estimation.no_metadata,
                ),
                estimation.optics(),
                estimation.run_options(out),
                end,
                estimation.known_defocus(report),
                every_s=every_s,
                stable_s=stable_s,
            ),
            choice,
            report,
            quiet=estimation.quiet,
        )
    raise typer.Exit(code)


def _watch(plan: "WatchOptions", choice: "ExecutorChoice", report: "TableReport", *, quiet: bool) -> int:
    """Watch until the end and give the exit code.

    Raises
    ------
    ThonringError
        If the watch cannot run: no folder, a constant missing, an unusable run folder, or one that another process
        is using; no workers, or unsuitable ones; or if the disk is full.
    """
    from thonring.batch.executors.open import open_executor
    from thonring.batch.watch import watch as watch_folder
    from thonring.cli.summary import lacks_database, print_summary, print_tables_replaced
    from thonring.cli.watch_display import watch_display
    from thonring.files.entry import is_folder
    from thonring.formats.run_tables import prepare_run
    from thonring.read import check_optics
    from thonring.run.open import open_run
    from thonring.run.settings_file import write_settings
    from thonring.run.summary import summary

    folder, run = plan.pattern.folder, plan.run_options.run
    if not is_folder(folder):
        raise InputError(f"folder {folder}: not found. Check the path, or create it first.")
    check_optics(plan.optics, metadata=plan.pattern.metadata)
    prepare_run(run)
    is_old = lacks_database(run)
    with open_run(run) as store:
        write_settings(run, plan.run_options.settings, sys.argv, plan.optics, report.left_out)
        console.print_table_report(report, quiet=quiet)
        if is_old and not quiet:
            print_tables_replaced(run)
        started = time.monotonic()
        with (
            open_executor(choice, run, [folder], console.print_note) as executor,
            watch_display(folder, run, quiet=quiet) as display,
        ):
            watched = watch_folder(store, plan, executor, display)
        if not quiet:
            took = console.duration_text(time.monotonic() - started)
            counts = summary(one.outcome for one in store)
            print_summary(watched.run, plan.run_options, counts, _ending(watched), took)
    return watched.run.exit_code or int(bool(report.left_out))


def _ending(result: "WatchResult") -> str:
    interrupted = "Interrupted. " if result.run.interrupted else ""
    files = "file" if result.left == 1 else "files"
    left = f"{result.left} {files} not processed yet. " if result.left else ""
    if not (interrupted or left):
        return ""
    return f"{interrupted}{left}Run the same command again, or `thonring estimate`, to continue."
