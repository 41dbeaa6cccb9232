"""`thonring train`: a network from data, and trained networks side by side."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.cli.ending import error_exit
from thonring.cli.training_request import TrainingRequest
from thonring.learn.networks import NETWORKS

train = typer.Typer(name="train", invoke_without_command=True)

_KNOWN = ", ".join(NETWORKS)

Network = Annotated[str | None, typer.Option("--network", metavar="NAME", help=f"What to train: {_KNOWN}.")]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FILE|simulated",
        help="A data set of `thonring dataset`, or a folder with files of the thesis; may be repeated. "
        "'simulated' draws on the fly.",
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="New folder for model, card, curves, checkpoints.")
]
Recipe = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="rings, thesis, or a .toml file (docs/training.md).",
        show_default="the network's own",
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        "--resume", metavar="CKPT", help="Go on from a checkpoint (last.ckpt); it knows all the rest."
    ),
]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", min=1, help="Other than the recipe's.")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="S", min=0, help="Seed of all chance.", show_default="0")
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", metavar="N", min=0, help="Processes that read data beside the one that trains."
    ),
]
Devices = Annotated[
    str,
    typer.Option("--devices", metavar="auto|N", help="How many GPUs (or, without one, CPU processes) train."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors only.")]
Models = Annotated[
    list[Path],
    typer.Argument(metavar="MODEL", help="Folders of `thonring train --out`.", show_default=False),
]
Picture = Annotated[
    Path, typer.Option("--out", metavar="FILE.png", help="The figure of all learning curves.")
]


@train.callback()
def train_network(  # noqa: PLR0913 - typer reads the options from the signature
    context: typer.Context,
    *,
    network: Network = None,
    data: Data = None,
    out: Out = None,
    recipe: Recipe = None,
    resume: Resume = None,
    epochs: Epochs = None,
    seed: Seed = None,
    workers: Workers = 0,
    devices: Devices = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a network that reads defocus, and test it; `thonring train compare` puts several side by side.

    Exit codes: 0 done, 2 wrong use, 130 interrupted (go on with --resume).
    """
    if context.invoked_subcommand is not None:
        return
    request = TrainingRequest(
        network, tuple(data or ()), out, recipe, resume, epochs, seed, workers, devices, quiet
    )
    with error_exit():
        from thonring.cli.perform_training import perform_training

        code = perform_training(request)
    raise typer.Exit(code)


@train.command()
def compare(*, models: Models, out: Picture = Path("learning_curves.png")) -> None:
    """Put trained networks side by side: a table, and one figure of their learning curves."""
    from thonring.learn.training.evaluation import comparison_table, draw_comparison, read_models

    with error_exit():
        compared = read_models(models)
        draw_comparison(out, {one.name: one.epochs for one in compared})
    typer.echo(comparison_table(compared))
    typer.echo(f"written: {out}")
