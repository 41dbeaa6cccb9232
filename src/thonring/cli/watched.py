"""What the user sees of a watch: a table that changes on a terminal, a line now and then in a log."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from thonring.batch.resume import ResumePlan
from thonring.batch.watch import WatchReporter, WatchState
from thonring.cli.durations import duration_text
from thonring.cli.progress import Notes, status_line
from thonring.cli.request import WatchRequest
from thonring.cli.resumed import tell_resumed
from thonring.records import Outcome

STEP = timedelta(minutes=10)
"""Between two lines in a log while there is something to say."""

HEARTBEAT = timedelta(hours=1)
"""Between two lines in a log while there is not."""

MOST_FAILURES = 5
"""Failed files that a log names one by one between two lines."""

SHOWN_VERDICTS = 8
_COLOURS = {"accepted": "green", "rejected": "yellow", "failed": "red"}


@contextmanager
def watch_display(request: WatchRequest) -> Iterator[WatchReporter]:
    """Give the one who tells the user, whichever suits where the output goes."""
    if request.estimation.quiet:
        yield Silence()
        return
    notes = Notes()
    run = request.estimation.out
    if sys.stdout.isatty():
        with Live(auto_refresh=False) as live:
            yield Screen(live, request, notes)
    else:
        typer.echo(f"{_now()} watching {request.folder}; results go into {run}")
        yield Log(run, notes)
    notes.tell_how_often()


class Silence:
    """Tells nothing."""

    def resumed(self, resumed: ResumePlan) -> None:
        """Nothing."""

    def outcome(self, outcome: Outcome) -> None:
        """Nothing."""

    def problem(self, text: str) -> None:
        """Nothing."""

    def state(self, state: WatchState) -> None:
        """Nothing."""


class Resumption:
    """What of the files is done already, told at the beginning; later only what is done again."""

    def __init__(self, run: Path) -> None:
        self._run, self._is_first = run, True

    def tell(self, resumed: ResumePlan) -> None:
        """Say it, if there is anything to say."""
        again = sum(count for _, count in resumed.changed) + resumed.failed
        if self._is_first:
            tell_resumed(self._run, resumed, tables_alone=False)
        elif again:
            typer.echo(f"{_now()} {again} changed and {'is' if again == 1 else 'are'} done again")
        self._is_first = False


class Log:
    """Lines: how things stand every ten minutes, if nothing happens every hour; failed files, but not hundreds."""

    def __init__(self, run: Path, notes: Notes) -> None:
        self._notes = notes
        self._resumed = Resumption(run)
        self._verdict = ""
        self._failures = 0
        self._began: datetime | None = None
        self._told: WatchState | None = None

    def resumed(self, resumed: ResumePlan) -> None:
        """Say what of the files is done already, and what again."""
        self._resumed.tell(resumed)

    def outcome(self, outcome: Outcome) -> None:
        """Remember the verdict; tell it of a failed file."""
        told = status_line(outcome)
        self._notes.tell(told, lambda text: typer.echo(text, err=True))
        self._verdict = told.line
        if outcome.status == "failed":
            self._failures += 1
            if self._failures <= MOST_FAILURES:
                typer.echo(f"{_now()} {told.line}")

    def problem(self, text: str) -> None:
        """Say it, with the time."""
        typer.echo(f"{_now()} note: {text}", err=True)

    def state(self, state: WatchState) -> None:
        """Say how things stand, if it is time."""
        if not self._is_time(state):
            return
        typer.echo(f"{_stamp(state.at)} {'; '.join(_parts(state))}")
        if self._verdict:
            typer.echo(f"  last: {self._verdict}")
        if self._failures > MOST_FAILURES:
            typer.echo(f"  {self._failures - MOST_FAILURES} more failed, see results.csv")
        self._failures, self._verdict, self._told = 0, "", state

    def _is_time(self, state: WatchState) -> bool:
        self._began = self._began or state.at
        if self._told is None:
            return _done(state) > 0 or state.at - self._began >= HEARTBEAT
        pause = HEARTBEAT if _done(state) == _done(self._told) else STEP
        return state.at - self._told.at >= pause


class Screen:
    """A table of how things stand and the last verdicts, drawn anew as they change; notes stay above it."""

    def __init__(self, live: Live, request: WatchRequest, notes: Notes) -> None:
        self._live, self._notes = live, notes
        self._folder, self._run = request.folder, request.estimation.out
        self._resumed = Resumption(self._run)
        self._verdicts: deque[Text] = deque(maxlen=SHOWN_VERDICTS)
        self._began: datetime | None = None

    def resumed(self, resumed: ResumePlan) -> None:
        """Say what of the files is done already, and what again."""
        self._resumed.tell(resumed)

    def outcome(self, outcome: Outcome) -> None:
        """Add the verdict to the last ones."""
        told = status_line(outcome)
        self._notes.tell(told, self._write)
        self._verdicts.append(Text(told.line, style=_COLOURS[told.status], overflow="ellipsis", no_wrap=True))

    def problem(self, text: str) -> None:
        """Say it, with the time."""
        self._write(f"{_now()} note: {text}")

    def _write(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def state(self, state: WatchState) -> None:
        """Draw how things stand."""
        self._began = self._began or state.at
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        lasted = duration_text((state.at - self._began).total_seconds())
        for name, told in (
            ("watching", f"{self._folder}, for {lasted}"),
            ("results", str(self._run)),
            ("verdicts", _verdicts(state)),
            ("to do", _to_do(state)),
            ("an hour", _rates(state)),
            ("last file", _last(state)),
        ):
            table.add_row(name, Text(told))
        if state.away:
            table.add_row("folder", Text("cannot be listed", style="red"))
        self._live.update(Group(table, *self._verdicts), refresh=True)


def _parts(state: WatchState) -> Iterator[str]:
    yield _verdicts(state)
    yield _to_do(state)
    yield _rates(state)
    if state.last_file is not None:
        yield f"last file {_last(state)}"
    if state.away:
        yield "the folder cannot be listed"


def _verdicts(state: WatchState) -> str:
    return f"{state.accepted} accepted, {state.rejected} rejected, {state.failed} failed"


def _to_do(state: WatchState) -> str:
    parts = [f"{state.backlog} to do"]
    if state.backlog and state.done_per_h:
        parts[0] += f" (about {duration_text(3600 * state.backlog / state.done_per_h)})"
    if state.settling:
        parts.append(f"{state.settling} not stable yet")
    if state.waiting:
        parts.append(f"{state.waiting} without a voltage")
    return ", ".join(parts)


def _rates(state: WatchState) -> str:
    return f"{_rate(state.arriving_per_h)} come, {_rate(state.done_per_h)} done"


def _rate(per_hour: float | None) -> str:
    return "–" if per_hour is None else f"{per_hour:.0f}/h"


def _last(state: WatchState) -> str:
    if state.last_file is None or state.last_arrival is None:
        return "none yet"
    same_day = state.last_arrival.date() == state.at.date()
    form = "%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S"
    return f"{state.last_arrival.strftime(form)} {Path(state.last_file).name}"


def _done(state: WatchState) -> int:
    return state.accepted + state.rejected + state.failed


def _now() -> str:
    return _stamp(datetime.now().astimezone())


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
