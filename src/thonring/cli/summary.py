"""Summaries of a run folder: what a resumed run will process, and its state at the end."""

import math
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from thonring.batch.jobs import RunOptions
from thonring.batch.resume import ResumePlan
from thonring.batch.run import RunResult
from thonring.cli.console import add_lines, output_console, print_note, two_columns
from thonring.run.open import STORE
from thonring.run.summary import Summary

_TABLE = "results.csv"


def lacks_database(run: Path) -> bool:
    """Whether a version of the program without a database wrote this folder."""
    return (run / _TABLE).exists() and not (run / STORE).exists()


def print_tables_replaced(run: Path) -> None:
    """Print what happens to the tables of a folder without a database."""
    print_note(
        f"{run} has tables from an earlier version but no {STORE}, so earlier results cannot be reused: all inputs are "
        "estimated again and the tables replaced."
    )


def print_resume_plan(run: Path, plan: ResumePlan) -> None:
    """Print what is processed again and what is not; nothing for a new run."""
    if plan.unchanged or plan.others or plan.new < len(plan.pending):
        typer.echo(f"{run}: {', '.join(_plan_counts(plan))}")
    for text in _plan_notes(run, plan):
        print_note(text)


def _plan_counts(plan: ResumePlan) -> Iterator[str]:
    yield f"{plan.unchanged} unchanged"
    causes = ", ".join(f"{count} {cause}" for cause, count in plan.changed)
    yield f"{sum(count for _, count in plan.changed)} changed" + (f" ({causes})" if causes else "")
    yield f"{plan.new} new"
    if plan.failed:
        yield f"{plan.failed} failed before"
    if plan.forced:
        yield f"{plan.forced} repeated"


def _plan_notes(run: Path, plan: ResumePlan) -> Iterator[str]:
    if plan.settings:
        yield f"changed settings: {', '.join(plan.settings)}"
    if plan.missing_files:
        yield f"the files of {plan.missing_files} micrographs no longer exist; their results are kept"
    if plan.versions:
        yield (
            f"unchanged micrographs were estimated by Thonring {', '.join(plan.versions)}; --redo estimates them again "
            "with this version"
        )
    if plan.others:
        yield f"{plan.others} other micrographs of {run} are not among the inputs and stay in its tables"
    if plan.other_settings:
        yield (
            f"{plan.other_settings} of them were estimated with other settings; if that matters, add them to the "
            "inputs, or use another folder with --out"
        )


def print_summary(result: RunResult, options: RunOptions, counts: Summary, ended: str, duration: str) -> None:
    """Print counts, reasons, time and file locations.

    Parameters
    ----------
    counts
        Of the whole run folder.
    ended
        A first line on how the run ended; may be empty.
    duration
        The duration, as text.
    """
    console = output_console()
    console.print()
    if ended:
        console.print(ended)
    in_tables = counts.accepted + counts.rejected + counts.failed
    if in_tables != result.done:
        console.print("The tables hold the whole run:")
    console.print(counts_table(counts))
    console.print(_places_table(options, duration))


def counts_table(counts: Summary) -> Table:
    """Count accepted, rejected (by criterion) and failed micrographs, the latter with their reasons."""
    table = two_columns(counts=True)
    table.add_row(f"[bold]{counts.accepted}[/]", "[bold]accepted[/]")
    table.add_row(f"[bold]{counts.rejected}[/]", "[bold]rejected[/]" + (", for" if counts.rejected else ""))
    for criterion, count in counts.rejected_by:
        table.add_row("", f"{count} × {escape(criterion.replace('_', ' '))}")
    table.add_row(f"[bold]{counts.failed}[/]", "[bold]failed[/]")
    failures = [f"{path}: {reason}" for path, reason in counts.failures]
    add_lines(table, failures, counts.failed, "more, see results.csv")
    return table


def _places_table(options: RunOptions, duration: str) -> Table:
    table = two_columns()
    table.add_row("time", duration)
    run = options.run
    table.add_row(
        "results", escape(f"{run / _TABLE}, micrographs_ctf.star, rejected_ctf.star, micrographs.xmd")
    )
    if options.artefacts & {"plots", "signals"}:
        table.add_row("pictures", escape(f"{run / 'plots'}"))
    if "ctffind_text" in options.artefacts:
        table.add_row("texts", escape(f"{run / 'ctffind'}"))
    return table


def time_text(result: RunResult, counts: Summary, seconds: float) -> str:
    """Duration of a run, in total and per micrograph."""
    each = counts.median_cpu_seconds
    duration = f"{seconds:.1f} s in all"
    if result.done:
        duration += f", {seconds / result.done:.2f} s per micrograph"
    return duration if math.isnan(each) else f"{duration} (estimation alone: median {each:.2f} CPU-s)"
