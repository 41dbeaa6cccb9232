"""A data set made or looked into, the user told."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.batch.dataset import DrawnJob, Filled, Found, Job, fill, measured_jobs, planned
from thonring.cli.dataset_request import BuildRequest, DrawRequest
from thonring.cli.progress import StatusLine, shown
from thonring.errors import InputError, OutputError
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.dataset.example import accepted_of
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.learn.dataset.overview import overview, write_histograms
from thonring.learn.dataset.thesis_export import LIMIT_GB, check_size, write_thesis_files
from thonring.simulate import draw, load_recipe
from thonring.simulate.output import recipe_text

STATUSES = ("added", "failed")
_MOST_FAILED_SHOWN = 20
_WIDTH_IN_A_LOG = 120


@dataclass(frozen=True, slots=True)
class _Work:
    """Elements for a data set of this recipe; it will hold at least so many as the jobs have `files`."""

    request: BuildRequest | DrawRequest
    recipe: str
    jobs: Sequence[Job]
    files: int


def perform_build(request: BuildRequest) -> int:
    """Make a data set of runs and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no run, nothing accepted, a file that is no data set.
    """
    accepted = [one for run in request.runs for one in accepted_of(run)]
    if not accepted:
        raise InputError(
            f"{', '.join(map(str, request.runs))}: no micrograph is accepted, expected some. Look at results.csv."
        )
    jobs = measured_jobs(accepted, request.session)
    return _perform(_Work(request, "", jobs, len({one.path for one in accepted})))


def perform_drawing(request: DrawRequest) -> int:
    """Make a data set of simulated spectra and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: a recipe that is unknown or impossible, a file that is no such data set.
    """
    recipe = load_recipe(request.recipe).model_copy(update={"defective_share": 0.0})
    draw(recipe, request.seed, 0)
    jobs = [DrawnJob(recipe, request.seed, index) for index in range(request.count)]
    return _perform(_Work(request, recipe_text(recipe.model_dump(), ()), jobs, request.count))


def perform_info(data: Sequence[Path], picture: Path | None) -> None:
    """Print what data sets hold and draw their histograms.

    Raises
    ------
    ThonringError
        If one cannot be used, or the picture cannot be written.
    """
    dataset = open_dataset(data)
    path = data[0].with_name(f"{data[0].stem}_info.png") if picture is None else picture
    write_histograms(dataset, path)
    table = _table()
    for name, text in (*overview(dataset), ("picture", str(path))):
        table.add_row(f"[bold]{name}[/]", escape(text))
    _console().print(table)


def _perform(work: _Work) -> int:
    request = work.request
    limit_GB = math.inf if request.yes else LIMIT_GB
    if request.thesis_files is not None:
        check_size(work.files, request.thesis_files, limit_GB)
    filled = _fill(work)
    if request.thesis_files is not None and not filled.interrupted:
        written = write_thesis_files(open_dataset([request.out]), request.thesis_files, limit_GB)
        if not request.quiet:
            _console().print(escape(f"written: {', '.join(map(str, written))}"))
    return _exit_code(filled)


def _fill(work: _Work) -> Filled:
    request = work.request
    if not request.out.absolute().parent.is_dir():
        raise OutputError(
            f"{request.out}: the folder above it does not exist. Create it, or choose another with --out."
        )
    started = time.monotonic()
    with dataset_writer(request.out, work.recipe) as store:
        plan = planned(store, work.jobs)
        with shown(plan.count, STATUSES, quiet=request.quiet) as show:
            filled = fill(store, plan, request.workers, lambda found: show(told(found)))
        places = (("were there already", plan.present), (f"in {request.out}", len(store)))
    if not request.quiet:
        _print_summary(filled, places, time.monotonic() - started)
    return filled


def told(found: Found) -> StatusLine:
    """Name and defocus, or what is wrong."""
    if found.reason:
        return StatusLine(f"failed: {found.reason}", "failed")
    return StatusLine(f"{found.file} {found.defocus_A:.0f} Å", "added")


def _exit_code(filled: Filled) -> int:
    if filled.interrupted:
        return 130
    return 1 if any(found.reason for found in filled.found) else 0


def _print_summary(filled: Filled, places: tuple[tuple[str, int], ...], seconds: float) -> None:
    reasons = [found.reason for found in filled.found if found.reason]
    counts = (("added", len(filled.found) - len(reasons)), ("failed", len(reasons)), *places)
    table = _table()
    table.columns[0].justify = "right"
    for text, count in counts:
        if count or text == "added":
            table.add_row(f"[bold]{count}[/]", escape(text))
    for reason in reasons[:_MOST_FAILED_SHOWN]:
        table.add_row("", escape(reason))
    if len(reasons) > _MOST_FAILED_SHOWN:
        table.add_row("", f"and {len(reasons) - _MOST_FAILED_SHOWN} more failed")
    table.add_row("", f"{seconds:.1f} s")
    console = _console()
    console.print()
    if filled.interrupted:
        console.print("Interrupted: what is added stays; the same command goes on from there.")
    console.print(table)


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_A_LOG
    return console


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    return table
