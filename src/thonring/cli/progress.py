"""What the user sees while work goes on: a bar on a terminal, a line a micrograph in a log."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from thonring.records import Note, Outcome
from thonring.run.summary import reason_without_file

STATUSES = ("accepted", "rejected", "failed")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What there is to say of one micrograph; those of a `status` are counted, "failed" is always told."""

    line: str
    status: str
    notes: tuple[Note, ...] = ()


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[Outcome], None]]:
    """Give a function to be called with each outcome."""
    with shown(total, STATUSES, quiet=quiet) as show:
        yield lambda outcome: show(status_line(outcome))


def status_line(outcome: Outcome) -> StatusLine:
    """What there is to say of an outcome."""
    return StatusLine(line_of(outcome), outcome.status, outcome.notes)


@contextmanager
def shown(total: int, statuses: Sequence[str], *, quiet: bool) -> Iterator[Callable[[StatusLine], None]]:
    """Give a function that shows what it is called with; `statuses` are counted in this order."""
    if quiet:
        yield lambda _: None
        return
    notes = Notes()
    with _bar(total, notes, statuses) if sys.stdout.isatty() else _lines(total, notes) as show:
        yield show
    notes.tell_how_often()


def line_of(outcome: Outcome) -> str:
    """Name, verdict, and the numbers or the reason that matter most."""
    head = f"{outcome.path.name} {outcome.status}"
    found = "" if outcome.fit is None else f" {outcome.fit.mean_defocus_A:.0f} Å"
    if outcome.status == "accepted" and outcome.fit is not None:
        fit = outcome.fit
        return f"{head}{found}, astigmatism {fit.astigmatism_A:.0f} Å, rings to {fit.fit_resolution_A:.1f} Å"
    return f"{head}{found}: {_main_reason(outcome)}"


def _main_reason(outcome: Outcome) -> str:
    if not outcome.reasons:
        return "no reason was given"
    first = reason_without_file(outcome, outcome.reasons[0])
    others = len(outcome.reasons) - 1
    return f"{first} (and {others} more)" if others else first


class Notes:
    """Each kind of note is told when it first comes, and at the end how often it came."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def tell(self, told: StatusLine, write: Callable[[str], None]) -> None:
        """Write those of a kind that was not told yet."""
        notes = {note.kind: note.text for note in told.notes}
        for kind, text in notes.items():
            if kind not in self._count:
                write(f"note: {text}")
        self._count.update(notes.keys())

    def tell_how_often(self) -> None:
        """Say how many there were of each kind."""
        for kind, count in self._count.items():
            if count > 1:
                typer.echo(
                    f"note: {kind.replace('-', ' ')}: {count} micrographs in all, see results.csv", err=True
                )


@contextmanager
def _lines(total: int, notes: Notes) -> Iterator[Callable[[StatusLine], None]]:
    width = len(str(total))
    done = 0

    def show(told: StatusLine) -> None:
        nonlocal done
        done += 1
        notes.tell(told, lambda text: typer.echo(text, err=True))
        typer.echo(f"[{done:>{width}}/{total}] {told.line}")

    yield show


@contextmanager
def _bar(total: int, notes: Notes, statuses: Sequence[str]) -> Iterator[Callable[[StatusLine], None]]:
    counts: Counter[str] = Counter()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("", total=total)

        def write(text: str) -> None:
            bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

        def show(told: StatusLine) -> None:
            counts[told.status] += 1
            notes.tell(told, write)
            if told.status == "failed":
                write(told.line)
            counted = ", ".join(f"{counts[status]} {status}" for status in statuses if counts[status])
            bar.update(task, advance=1, description=counted)

        yield show
