"""What the user reads at the end of a run."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.batch.jobs import Recipe
from thonring.batch.run import Session
from thonring.run.summary import Summary

_WIDTH_IN_A_LOG = 120


def print_summary(session: Session, recipe: Recipe, counts: Summary, ended: str, took: str) -> None:
    """Print counts, reasons, time and where everything is.

    Parameters
    ----------
    counts
        Of the whole run folder.
    ended
        What is to be said first of how it ended, if anything.
    took
        How long all that lasted.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_A_LOG
    console.print()
    if ended:
        console.print(ended)
    in_tables = counts.accepted + counts.rejected + counts.failed
    if in_tables != session.done:
        console.print("In the tables is the whole run:")
    console.print(counts_table(counts))
    console.print(_places_table(recipe, took))


def counts_table(counts: Summary) -> Table:
    """Count accepted, rejected by criterion, and failed with the files' reasons."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"[bold]{counts.accepted}[/]", "[bold]accepted[/]")
    table.add_row(
        f"[bold]{counts.rejected}[/]", "[bold]rejected[/]" + (", because of" if counts.rejected else "")
    )
    for criterion, count in counts.rejected_by:
        table.add_row("", f"{count} × {escape(criterion.replace('_', ' '))}")
    table.add_row(f"[bold]{counts.failed}[/]", "[bold]failed[/]")
    for path, reason in counts.failures:
        table.add_row("", escape(f"{path}: {reason}"))
    if counts.failed > len(counts.failures):
        table.add_row("", f"and {counts.failed - len(counts.failures)} more, see results.csv")
    return table


def _places_table(recipe: Recipe, took: str) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("time", took)
    run = recipe.run
    table.add_row(
        "results", escape(f"{run / 'results.csv'}, micrographs_ctf.star, rejected_ctf.star, micrographs.xmd")
    )
    if recipe.plots or recipe.signals:
        table.add_row("pictures", escape(f"{run / 'plots'}"))
    if recipe.ctffind_text:
        table.add_row("texts", escape(f"{run / 'ctffind'}"))
    return table


def times(session: Session, counts: Summary, seconds: float) -> str:
    """How long a run took, as a whole and for each micrograph."""
    each = counts.median_cpu_seconds
    took = f"{seconds:.1f} s in all"
    if session.done:
        took += f", {seconds / session.done:.2f} s a micrograph"
    return took if math.isnan(each) else f"{took} (estimation alone: {each:.2f} CPU-s, median)"
