"""Console output shared by all commands: errors and exit codes, tables, and durations."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.batch.interrupts import signal_of, terminable
from thonring.errors import ThonringError

if TYPE_CHECKING:
    from thonring.batch.watch import Until
    from thonring.files.text import TableReport

USAGE_ERROR = 2

LOG_WIDTH = 120
"""Width in columns of output that does not go to a terminal."""

MAX_LISTED = 20
"""Files that failed are listed one by one up to this many."""

_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
_FILES = re.compile(r"(\d+)\s+(?:files|micrographs)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@contextmanager
def error_exit() -> Iterator[None]:
    """End the command with exit code 2 and the error's message, or after a signal with 130 or 143.

    Open resources are closed first, on Ctrl-C as on SIGTERM.

    Raises
    ------
    typer.Exit
        In place of a `ThonringError` or an interrupt.
    """
    try:
        with terminable():
            yield
    except ThonringError as problem:
        typer.echo(f"thonring: {problem}", err=True)
        raise typer.Exit(USAGE_ERROR) from None
    except KeyboardInterrupt as stop:
        raise typer.Exit(128 + signal_of(stop)) from None


def print_note(text: str) -> None:
    """Print something that is not a result to standard error."""
    typer.echo(f"note: {text}", err=True)


def print_table_report(report: "TableReport", *, quiet: bool) -> None:
    """Say which rows of tables were left out, and, unless `quiet`, what else there is to know of the tables."""
    for text in report.lines()[len(report.notes) if quiet else 0 :]:
        print_note(text)


def output_console() -> Console:
    """Standard output for tables, with a fixed width unless it is a terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


def two_columns(*, counts: bool = False) -> Table:
    """An empty table without lines: names and texts, or, with `counts`, numbers and texts."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right" if counts else "left")
    table.add_column()
    return table


def add_lines(table: Table, lines: Sequence[str], total: int | None = None, more: str = "more") -> None:
    """Add the first lines to the second column, and how many more there are.

    Parameters
    ----------
    total
        Number of all lines, if `lines` holds only some of them.
    more
        The words after "and 17".
    """
    listed = lines[:MAX_LISTED]
    for line in listed:
        table.add_row("", escape(line))
    left = (len(lines) if total is None else total) - len(listed)
    if left > 0:
        table.add_row("", f"and {left} {more}")


def parse_duration(text: str, option: str) -> float:
    """Read a duration such as `10s`, `30m` or `1.5h`, in seconds.

    Raises
    ------
    typer.BadParameter
        If it is not a duration above zero.
    """
    match = _LENGTH.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS_S[match[2]] if match else 0.0
    if seconds <= 0:
        raise typer.BadParameter(
            f"found {text!r}, expected a number above 0 followed by s, m, h or d, such as 30m.",
            param_hint=option,
        )
    return seconds


def parse_until(texts: Sequence[str], now: datetime, option: str) -> "Until":
    """Read when to stop: `idle 30m`, a time of day (its next occurrence), a date and time, `500 files`.

    Several may be given; of two of the same kind the last one is used.

    Raises
    ------
    typer.BadParameter
        If a text is none of these, or is in the past.
    """
    idle_s = at = files = None
    for text in (text.strip().lower() for text in texts):
        if text.startswith("idle"):
            idle_s = parse_duration(text.removeprefix("idle"), option)
        elif match := _FILES.fullmatch(text):
            files = int(match[1])
        else:
            at = _moment(text, now, option)
    from thonring.batch.watch import Until

    return Until(idle_s, at, files)


def _moment(text: str, now: datetime, option: str) -> datetime:
    if match := _CLOCK.fullmatch(text):
        at = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = (
            f"found {text!r}, expected 'idle 30m', a time such as 18:00 or 2026-03-01T18:00, or '500 files'."
        )
        raise typer.BadParameter(message, param_hint=option) from None
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    if at <= now:
        raise typer.BadParameter(f"{text!r} is in the past.", param_hint=option)
    return at


def duration_text(seconds: float) -> str:
    """A duration in its two largest units, such as `6 h 12 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days {minutes % 1440 // 60} h"
