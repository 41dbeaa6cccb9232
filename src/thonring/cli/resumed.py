"""What the user is told of a run folder that was there already."""

from collections.abc import Iterator
from pathlib import Path

import typer

from thonring.batch.resume import ResumePlan
from thonring.run.open import STORE

_TABLE = "results.csv"


def has_tables_alone(run: Path) -> bool:
    """Whether a version of the program without a store made this folder."""
    return (run / _TABLE).exists() and not (run / STORE).exists()


def tell_tables_alone(run: Path) -> None:
    """Say what becomes of tables that an earlier version made."""
    tell_note(
        f"{run} has tables of an earlier version and no {STORE}, so that nothing of it can be kept: all inputs are "
        "estimated, and the tables replaced."
    )


def tell_resumed(run: Path, resumed: ResumePlan, *, tables_alone: bool) -> None:
    """Say what is done again and what is not; nothing where the run is new."""
    if tables_alone:
        tell_tables_alone(run)
    elif resumed.unchanged or resumed.others or resumed.new < len(resumed.due):
        typer.echo(f"{run}: {', '.join(_counted(resumed))}")
    for text in _notes(run, resumed):
        tell_note(text)


def _counted(resumed: ResumePlan) -> Iterator[str]:
    yield f"{resumed.unchanged} unchanged"
    causes = ", ".join(f"{count} {cause}" for cause, count in resumed.changed)
    yield f"{sum(count for _, count in resumed.changed)} changed" + (f" ({causes})" if causes else "")
    yield f"{resumed.new} new"
    if resumed.failed:
        yield f"{resumed.failed} failed before"
    if resumed.forced:
        yield f"{resumed.forced} done again"


def _notes(run: Path, resumed: ResumePlan) -> Iterator[str]:
    if resumed.settings:
        yield f"settings that changed: {', '.join(resumed.settings)}"
    if resumed.gone:
        yield f"the files of {resumed.gone} micrographs are gone; their results are kept"
    if resumed.versions:
        yield (
            f"unchanged ones were estimated by version {', '.join(resumed.versions)} of Thonring; --redo does them "
            "again by this one"
        )
    if resumed.others:
        yield f"{resumed.others} other micrographs of {run} are not among the inputs and stay in its tables"
    if resumed.others_differ:
        yield (
            f"{resumed.others_differ} of them were estimated with other settings; name them too, or take another "
            "folder with --out, where that matters"
        )


def tell_note(text: str) -> None:
    """Tell something beside the results."""
    typer.echo(f"note: {text}", err=True)
