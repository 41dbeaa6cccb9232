"""`thonring simulate`: micrographs whose CTF and defects are known."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.ending import error_exit
from thonring.cli.request import SimulationRequest

_RECIPES = Path(__file__).parents[1] / "simulate" / "recipes"
_PACKAGED = ", ".join(sorted(path.stem for path in _RECIPES.glob("*.toml")))

Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the set: new, empty, or the same set.")
]
Count = Annotated[
    int, typer.Option("--count", metavar="N", min=1, max=1_000_000, help="How many micrographs.")
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size", metavar="PX", min=64, max=16_384, help="Pixels of a side; the recipe's (4096) if not given."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="S", min=0, help="Another seed makes another set of the same recipe.")
]
Recipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help=f"What the micrographs are drawn from: {_PACKAGED}, or a .toml file (docs/simulate.md).",
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
    """Make micrographs with known CTFs and named defects, and the tables of their truth.

    Exit codes: 0 all were made, 1 some failed, 2 wrong use, 130 interrupted.
    """
    request = SimulationRequest(count, out, size, seed, recipe, workers, quiet)
    with error_exit():
        code = _perform(request)
    raise typer.Exit(code)


def _perform(request: SimulationRequest) -> int:
    one_thread_each()
    keep_freed_memory()
    from thonring.cli.perform_simulation import perform_simulation

    return perform_simulation(request)
