"""`thonring simulate`: micrographs whose CTF and defects are known."""

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.console import add_lines, error_exit, output_console, two_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thonring.batch.simulation import SceneJob, SimulatedMicrograph, SimulatedSet
    from thonring.cli.progress import StatusLine
    from thonring.simulate import Recipe as SimulationRecipe

_RECIPES = Path(__file__).parents[1] / "simulate" / "recipes"
_PACKAGED = ", ".join(sorted(path.stem for path in _RECIPES.glob("*.toml")))
_STATUSES = ("usable", "spoiled", "failed")

Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder for the set: new, empty, or holding the same set."),
]
Count = Annotated[
    int, typer.Option("--count", metavar="N", min=1, max=1_000_000, help="Number of micrographs.")
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        metavar="PX",
        min=64,
        max=16_384,
        help="Width and height in pixels; default: the recipe's (4096).",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="S", min=0, help="A different seed gives a different set from the same recipe."
    ),
]
Recipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help=f"Recipe to simulate from: {_PACKAGED}, or a .toml file (docs/simulate.md).",
    ),
]


def simulate(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    count: Count,
    out: Out,
    size: Size = None,
    seed: Seed = 0,
    recipe: Recipe = "session",
    workers: opt.Workers = 1,
    quiet: opt.Quiet = False,
) -> None:
    """Simulate micrographs with known CTFs and named defects, together with their ground-truth tables.

    Exit codes: 0 all were written, 1 some failed, 2 usage error, 130 or 143 interrupted: what is finished is in the
    tables.
    """
    one_thread_each()
    keep_freed_memory()
    with error_exit():
        jobs = _prepare(out, _load(recipe, size), seed, count)
        code = _simulate(out, jobs, workers, quiet=quiet)
    raise typer.Exit(code)


def _load(name_or_path: str, size_px: int | None) -> "SimulationRecipe":
    """Load the recipe, with another micrograph size if one is given.

    Raises
    ------
    ThonringError
        If it is unknown or impossible.
    """
    from thonring.simulate import load_recipe

    recipe = load_recipe(name_or_path)
    return recipe if size_px is None else recipe.model_copy(update={"size": size_px})


def _prepare(out: Path, recipe: "SimulationRecipe", seed: int, count: int) -> "list[SceneJob]":
    """Create the folder with the recipe of the set, and return the jobs.

    Raises
    ------
    ThonringError
        If no scene can be drawn from the recipe, or the folder contains something other than this set.
    """
    from importlib.metadata import version

    from thonring.batch.simulation import SceneJob
    from thonring.simulate import draw
    from thonring.simulate.output import RECIPE, prepare_set, recipe_text

    draw(recipe, seed, 0)
    remarks = [
        f"Simulated by Thonring {version('thonring')} with numpy {version('numpy')}. To make the same set again:",
        f"thonring simulate --recipe {RECIPE} --count {count} --size {recipe.size} --seed {seed} --out DIR",
    ]
    prepare_set(out, recipe_text(recipe.model_dump(), remarks))
    return [SceneJob(out, recipe, seed, index) for index in range(count)]


def _simulate(out: Path, jobs: "Sequence[SceneJob]", workers: int, *, quiet: bool) -> int:
    """Simulate the scenes, show progress, print the summary and return the exit code.

    Raises
    ------
    ThonringError
        If a table cannot be written.
    """
    from thonring.batch.simulation import simulate_all
    from thonring.cli.progress import show_progress

    started = time.monotonic()
    with show_progress(len(jobs), _STATUSES, quiet=quiet) as show:
        done = simulate_all(out, jobs, workers, lambda micrograph: show(_status_line(micrograph)))
    if not quiet:
        _print_summary(out, done, len(jobs), time.monotonic() - started)
    return done.run.exit_code


def _status_line(micrograph: "SimulatedMicrograph") -> "StatusLine":
    """Name, label, and the main parameters of the micrograph."""
    from thonring.cli.progress import StatusLine

    if micrograph.truth is None:
        return StatusLine(f"{micrograph.file} failed: {micrograph.reason}", "failed")
    truth = micrograph.truth
    label = "usable" if truth.usable else f"with {truth.defect} ({_rounded(truth.defect_dose)})"
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    line = f"{micrograph.file} {label}: {mean_A:.0f} Å, {truth.pixel_A:.3f} Å/px, {truth.voltage_kV:.0f} kV"
    return StatusLine(line, "usable" if truth.usable else "spoiled")


def _rounded(dose: float) -> str:
    return f"{dose:.0f}" if dose >= 100 else f"{dose:.2g}"


def _print_summary(out: Path, done: "SimulatedSet", total: int, seconds: float) -> None:
    """Print counts, failures, time and file locations."""
    from thonring.simulate.output import RECIPE

    console = output_console()
    console.print()
    count = len(done.micrographs)
    if done.run.interrupted:
        console.print(f"Interrupted: {count} of {total} micrographs are finished and in the tables.")
    console.print(_counts_table(done))
    places = two_columns()
    places.add_row("time", f"{seconds:.1f} s in all, {seconds / max(1, count):.2f} s per micrograph")
    places.add_row("truth", escape(f"{out / 'truth.csv'}, truth.star; {RECIPE} reproduces the set"))
    places.add_row("next", escape(f"thonring estimate {out / 'micrographs.star'} --out RUN"))
    console.print(places)


def _counts_table(done: "SimulatedSet") -> Table:
    truths = [micrograph.truth for micrograph in done.micrographs if micrograph.truth is not None]
    failed = [
        f"{micrograph.file}: {micrograph.reason}"
        for micrograph in done.micrographs
        if micrograph.truth is None
    ]
    spoiled = Counter(truth.defect for truth in truths if not truth.usable)
    table = two_columns(counts=True)
    table.add_row(f"[bold]{len(truths) - spoiled.total()}[/]", "[bold]usable[/]")
    table.add_row(f"[bold]{spoiled.total()}[/]", "[bold]spoiled[/]" + (", by" if spoiled else ""))
    for defect, count in spoiled.most_common():
        table.add_row("", f"{count} × {defect}")
    if failed:
        table.add_row(f"[bold]{len(failed)}[/]", "[bold]failed[/]")
        add_lines(table, failed)
    return table
