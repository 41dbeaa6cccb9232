"""Progress shown to the user: a bar on a terminal, a line per micrograph in a log."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from thonring.cli.console import print_note
from thonring.records import Note, Outcome
from thonring.run.summary import reason_without_file

OUTCOME_STATUSES = ("accepted", "rejected", "failed")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What to show for one micrograph; counts are kept by `status`, and "failed" is always shown."""

    line: str
    status: str
    notes: tuple[Note, ...] = ()


@contextmanager
def outcome_progress(total: int, *, quiet: bool) -> Iterator[Callable[[Outcome], None]]:
    """Yield a function that shows one of `total` outcomes."""
    with show_progress(total, OUTCOME_STATUSES, quiet=quiet) as show:
        yield lambda outcome: show(status_line(outcome))


@contextmanager
def show_progress(
    total: int, statuses: Sequence[str], *, quiet: bool
) -> Iterator[Callable[[StatusLine], None]]:
    """Yield a function that shows one status line; `statuses` are counted in this order."""
    if quiet:
        yield lambda _: None
        return
    notes = NoteFilter()
    with _bar(total, notes, statuses) if sys.stdout.isatty() else _lines(total, notes) as show:
        yield show
    notes.print_counts()


def status_line(outcome: Outcome) -> StatusLine:
    """Name, verdict, and the main numbers or the main reason of an outcome, with its notes."""
    return StatusLine(_line(outcome), outcome.status, outcome.notes)


def _line(outcome: Outcome) -> str:
    head = f"{outcome.path.name} {outcome.status}"
    fit = outcome.fit
    defocus = "" if fit is None else f" {fit.mean_defocus_A:.0f} Å"
    if outcome.status == "accepted" and fit is not None:
        return f"{head}{defocus}, astigmatism {fit.astigmatism_A:.0f} Å, rings fitted to {fit.fit_resolution_A:.1f} Å"
    return f"{head}{defocus}: {_main_reason(outcome)}"


def _main_reason(outcome: Outcome) -> str:
    if not outcome.reasons:
        return "no reason was given"
    first = reason_without_file(outcome, outcome.reasons[0])
    others = len(outcome.reasons) - 1
    return f"{first} (and {others} more)" if others else first


class NoteFilter:
    """Shows the first note of each kind, and at the end how many there were."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def show(self, status: StatusLine, write: Callable[[str], None]) -> None:
        """Write the notes whose kind has not been shown yet."""
        notes = {note.kind: note.text for note in status.notes}
        for kind, text in notes.items():
            if kind not in self._count:
                write(f"note: {text}")
        self._count.update(notes.keys())

    def print_counts(self) -> None:
        """Print how many micrographs have each kind of note."""
        for kind, count in self._count.items():
            if count > 1:
                print_note(
                    f"{kind.replace('-', ' ')}: {count} micrographs in total, see the table of results"
                )


def _print_error(text: str) -> None:
    typer.echo(text, err=True)


@contextmanager
def _lines(total: int, notes: NoteFilter) -> Iterator[Callable[[StatusLine], None]]:
    width = len(str(total))
    done = 0

    def show(status: StatusLine) -> None:
        nonlocal done
        done += 1
        notes.show(status, _print_error)
        typer.echo(f"[{done:>{width}}/{total}] {status.line}")

    yield show


@contextmanager
def _bar(total: int, notes: NoteFilter, statuses: Sequence[str]) -> Iterator[Callable[[StatusLine], None]]:
    counts: Counter[str] = Counter()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("", total=total)

        def write(text: str) -> None:
            bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

        def show(status: StatusLine) -> None:
            counts[status.status] += 1
            notes.show(status, write)
            if status.status == "failed":
                write(status.line)
            counted = ", ".join(f"{counts[name]} {name}" for name in statuses if counts[name])
            bar.update(task, advance=1, description=counted)

        yield show
