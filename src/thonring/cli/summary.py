"""What the user reads at the end of a run."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.batch.jobs import Recipe
from thonring.batch.session import Session
from thonring.results import reason_without_file, summary

_MOST_FAILED_SHOWN = 20
_WIDTH_IN_A_LOG = 120


def print_summary(session: Session, recipe: Recipe, total: int, seconds: float) -> None:
    """Print counts, reasons, time and where everything is."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_A_LOG
    console.print()
    if session.interrupted:
        console.print(
            f"Interrupted: {len(session.outcomes)} of {total} micrographs are done and in the tables."
        )
    console.print(counts_table(session))
    console.print(_places_table(session, recipe, seconds))


def counts_table(session: Session) -> Table:
    """Count accepted, rejected by criterion, and failed with the files' reasons."""
    counts = summary(session.outcomes)
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
    failed = [outcome for outcome in session.outcomes if outcome.status == "failed"]
    for outcome in failed[:_MOST_FAILED_SHOWN]:
        reason = reason_without_file(outcome, "; ".join(outcome.reasons))
        table.add_row("", escape(f"{outcome.path}: {reason}"))
    if len(failed) > _MOST_FAILED_SHOWN:
        table.add_row("", f"and {len(failed) - _MOST_FAILED_SHOWN} more, see results.csv")
    return table


def _places_table(session: Session, recipe: Recipe, seconds: float) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("time", _times(session, seconds))
    run = recipe.run
    table.add_row(
        "results", escape(f"{run / 'results.csv'}, micrographs_ctf.star, rejected_ctf.star, micrographs.xmd")
    )
    if recipe.plots or recipe.signals:
        table.add_row("pictures", escape(f"{run / 'plots'}"))
    if recipe.ctffind_text:
        table.add_row("texts", escape(f"{run / 'ctffind'}"))
    return table


def _times(session: Session, seconds: float) -> str:
    each = summary(session.outcomes).median_cpu_seconds
    took = f"{seconds:.1f} s in all"
    if session.outcomes:
        took += f", {seconds / len(session.outcomes):.2f} s a micrograph"
    return took if math.isnan(each) else f"{took} (estimation alone: {each:.2f} CPU-s, median)"
