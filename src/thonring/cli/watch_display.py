"""The display of a watch: a live table on a terminal, an occasional line in a log."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from thonring.batch.resume import ResumePlan
from thonring.batch.watch import WatchReporter, WatchState
from thonring.cli.console import duration_text, two_columns
from thonring.cli.progress import NoteFilter, status_line
from thonring.cli.summary import print_resume_plan
from thonring.records import Outcome

LOG_INTERVAL = timedelta(minutes=10)
"""Time between two lines in a log while micrographs are being processed."""

HEARTBEAT = timedelta(hours=1)
"""Time between two lines in a log while nothing happens."""

MAX_FAILURES = 5
"""Failed files listed individually between two lines of a log."""

LATEST_VERDICTS = 8
"""Number of verdicts shown below the table on a terminal."""

_COLOURS = {"accepted": "green", "rejected": "yellow", "failed": "red"}


@contextmanager
def watch_display(folder: Path, run: Path, *, quiet: bool) -> Iterator[WatchReporter]:
    """Yield the display that suits the output: a terminal, a log, or none."""
    if quiet:
        yield SilentDisplay()
        return
    notes = NoteFilter()
    if sys.stdout.isatty():
        with Live(auto_refresh=False) as live:
            yield TableDisplay(live, folder, run, notes)
    else:
        typer.echo(f"{_now()} watching {folder}; results are written to {run}")
        yield LogDisplay(run, notes)
    notes.print_counts()


class SilentDisplay:
    """Shows nothing."""

    def resumed(self, resumed: ResumePlan) -> None:
        """Nothing."""

    def outcome(self, outcome: Outcome) -> None:
        """Nothing."""

    def problem(self, text: str) -> None:
        """Nothing."""

    def state(self, state: WatchState) -> None:
        """Nothing."""


class ResumeNotice:
    """Announces once what an earlier run has finished; later only what is processed again."""

    def __init__(self, run: Path) -> None:
        self._run, self._is_first = run, True

    def show(self, plan: ResumePlan) -> None:
        """Print it, if there is anything to say."""
        again = sum(count for _, count in plan.changed) + plan.failed
        if self._is_first:
            print_resume_plan(self._run, plan)
        elif again:
            typer.echo(f"{_now()} {again} changed; processing {'it' if again == 1 else 'them'} again")
        self._is_first = False


class LogDisplay:
    """Lines in a log: the state every ten minutes, or hourly while nothing happens; and failed files, up to a limit."""

    def __init__(self, run: Path, notes: NoteFilter) -> None:
        self._notes = notes
        self._notice = ResumeNotice(run)
        self._verdict = ""
        self._failures = 0
        self._began: datetime | None = None
        self._printed: WatchState | None = None

    def resumed(self, resumed: ResumePlan) -> None:
        """Print which files are finished already, and which are processed again."""
        self._notice.show(resumed)

    def outcome(self, outcome: Outcome) -> None:
        """Remember the verdict; print that of a failed file."""
        status = status_line(outcome)
        self._notes.show(status, lambda text: typer.echo(text, err=True))
        self._verdict = status.line
        if outcome.status == "failed":
            self._failures += 1
            if self._failures <= MAX_FAILURES:
                typer.echo(f"{_now()} {status.line}")

    def problem(self, text: str) -> None:
        """Print it, with the time."""
        typer.echo(f"{_now()} note: {text}", err=True)

    def state(self, state: WatchState) -> None:
        """Print the state, if it is time."""
        if not self._is_time(state):
            return
        typer.echo(f"{_stamp(state.at)} {'; '.join(_parts(state))}")
        if self._verdict:
            typer.echo(f"  latest: {self._verdict}")
        if self._failures > MAX_FAILURES:
            typer.echo(f"  {self._failures - MAX_FAILURES} more failed, see results.csv")
        self._failures, self._verdict, self._printed = 0, "", state

    def _is_time(self, state: WatchState) -> bool:
        self._began = self._began or state.at
        if self._printed is None:
            return _done(state) > 0 or state.at - self._began >= HEARTBEAT
        pause = HEARTBEAT if _done(state) == _done(self._printed) else LOG_INTERVAL
        return state.at - self._printed.at >= pause


class TableDisplay:
    """A table of the state and the latest verdicts, redrawn as they change; notes stay above it."""

    def __init__(self, live: Live, folder: Path, run: Path, notes: NoteFilter) -> None:
        self._live, self._notes = live, notes
        self._folder, self._run = folder, run
        self._notice = ResumeNotice(run)
        self._verdicts: deque[Text] = deque(maxlen=LATEST_VERDICTS)
        self._began: datetime | None = None

    def resumed(self, resumed: ResumePlan) -> None:
        """Print which files are finished already, and which are processed again."""
        self._notice.show(resumed)

    def outcome(self, outcome: Outcome) -> None:
        """Add the verdict to the latest ones."""
        status = status_line(outcome)
        self._notes.show(status, self._write)
        colour = _COLOURS[status.status]
        self._verdicts.append(Text(status.line, style=colour, overflow="ellipsis", no_wrap=True))

    def problem(self, text: str) -> None:
        """Print it, with the time."""
        self._write(f"{_now()} note: {text}")

    def _write(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def state(self, state: WatchState) -> None:
        """Draw the state."""
        self._began = self._began or state.at
        table = two_columns()
        duration = duration_text((state.at - self._began).total_seconds())
        for name, text in (
            ("watching", f"{self._folder}, for {duration}"),
            ("results", str(self._run)),
            ("verdicts", _verdicts(state)),
            ("queue", _queue(state)),
            ("rate", _rates(state)),
            ("latest file", _latest(state)),
        ):
            table.add_row(name, Text(text))
        if state.folder_unreadable:
            table.add_row("folder", Text("cannot be listed", style="red"))
        self._live.update(Group(table, *self._verdicts), refresh=True)


def _parts(state: WatchState) -> Iterator[str]:
    yield _verdicts(state)
    yield _queue(state)
    yield _rates(state)
    if state.last_file is not None:
        yield f"latest file {_latest(state)}"
    if state.folder_unreadable:
        yield "the folder cannot be listed"


def _verdicts(state: WatchState) -> str:
    return f"{state.accepted} accepted, {state.rejected} rejected, {state.failed} failed"


def _queue(state: WatchState) -> str:
    parts = [f"{state.backlog} to process"]
    if state.backlog and state.done_per_h:
        parts[0] += f" (about {duration_text(3600 * state.backlog / state.done_per_h)})"
    if state.settling:
        parts.append(f"{state.settling} still being written")
    if state.waiting:
        parts.append(f"{state.waiting} waiting for metadata")
    return ", ".join(parts)


def _rates(state: WatchState) -> str:
    return f"arriving {_rate(state.arriving_per_h)}, processed {_rate(state.done_per_h)}"


def _rate(per_hour: float | None) -> str:
    return "–" if per_hour is None else f"{per_hour:.0f}/h"


def _latest(state: WatchState) -> str:
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
