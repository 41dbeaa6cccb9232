"""A set of simulated micrographs made, the user told."""

import time
from collections import Counter
from importlib.metadata import version

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.batch.simulation import SceneJob, SimulatedMicrograph, SimulatedSet, simulate_all
from thonring.cli.progress import StatusLine, shown
from thonring.cli.request import SimulationRequest
from thonring.simulate import Recipe, draw, load_recipe
from thonring.simulate.output import RECIPE, prepare_set, recipe_text

_STATUSES = ("usable", "spoiled", "failed")
_MOST_FAILED_SHOWN = 20
_WIDTH_IN_A_LOG = 120


def perform_simulation(request: SimulationRequest) -> int:
    """Make what was asked for and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: a recipe that is unknown or impossible, a folder with something else in it.
    """
    recipe = load_recipe(request.recipe)
    if request.size is not None:
        recipe = recipe.model_copy(update={"size": request.size})
    draw(recipe, request.seed, 0)
    prepare_set(request.out, recipe_text(recipe.model_dump(), _remarks(request, recipe)))
    jobs = [SceneJob(request.out, recipe, request.seed, index) for index in range(request.count)]
    started = time.monotonic()
    with shown(len(jobs), _STATUSES, quiet=request.quiet) as show:
        done = simulate_all(request.out, jobs, request.workers, lambda made: show(told(made)))
    if not request.quiet:
        _print_summary(request, done, time.monotonic() - started)
    if done.interrupted:
        return 130
    return 1 if any(made.truth is None for made in done.made) else 0


def _remarks(request: SimulationRequest, recipe: Recipe) -> list[str]:
    options = f"--count {request.count} --size {recipe.size} --seed {request.seed}"
    return [
        f"A set of Thonring {version('thonring')} with numpy {version('numpy')}. The same again:",
        f"thonring simulate --recipe {RECIPE} {options} --out DIR",
    ]


def told(made: SimulatedMicrograph) -> StatusLine:
    """Name, label, and what the micrograph is."""
    if made.truth is None:
        return StatusLine(f"{made.file} failed: {made.reason}", "failed")
    truth = made.truth
    label = "usable" if truth.usable else f"spoiled by {truth.defect} ({_rounded(truth.defect_dose)})"
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    line = f"{made.file} {label}: {mean_A:.0f} Å, {truth.pixel_A:.3f} Å/px, {truth.voltage_kV:.0f} kV"
    return StatusLine(line, "usable" if truth.usable else "spoiled")


def _rounded(dose: float) -> str:
    return f"{dose:.0f}" if dose >= 100 else f"{dose:.2g}"


def _print_summary(request: SimulationRequest, done: SimulatedSet, seconds: float) -> None:
    """Print counts, failures, time and where everything is."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_A_LOG
    console.print()
    if done.interrupted:
        console.print(
            f"Interrupted: {len(done.made)} of {request.count} micrographs are made and in the tables."
        )
    console.print(_counts_table(done))
    places = _table()
    places.add_row("time", f"{seconds:.1f} s in all, {seconds / max(1, len(done.made)):.2f} s a micrograph")
    places.add_row("truth", escape(f"{request.out / 'truth.csv'}, truth.star; {RECIPE} makes the set again"))
    places.add_row("next", escape(f"thonring estimate {request.out / 'micrographs.star'} --out RUN"))
    console.print(places)


def _counts_table(done: SimulatedSet) -> Table:
    truths = [made.truth for made in done.made if made.truth is not None]
    failed = [made for made in done.made if made.truth is None]
    spoiled = Counter(truth.defect for truth in truths if not truth.usable)
    table = _table()
    table.columns[0].justify = "right"
    table.add_row(f"[bold]{len(truths) - spoiled.total()}[/]", "[bold]usable[/]")
    table.add_row(f"[bold]{spoiled.total()}[/]", "[bold]spoiled[/]" + (", by" if spoiled else ""))
    for defect, count in spoiled.most_common():
        table.add_row("", f"{count} × {defect}")
    if failed:
        table.add_row(f"[bold]{len(failed)}[/]", "[bold]failed[/]")
    for made in failed[:_MOST_FAILED_SHOWN]:
        table.add_row("", escape(f"{made.file}: {made.reason}"))
    if len(failed) > _MOST_FAILED_SHOWN:
        table.add_row("", f"and {len(failed) - _MOST_FAILED_SHOWN} more")
    return table


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    return table
