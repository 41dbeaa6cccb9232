"""`thonring train`: a network from data, and trained networks compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.cli import options as opt
from thonring.cli.console import error_exit
from thonring.errors import SettingsError
from thonring.learn.networks import NETWORKS

if TYPE_CHECKING:
    from thonring.learn.training.config import TrainingPlan

train = typer.Typer(name="train", invoke_without_command=True)

Network = Annotated[
    str | None,
    typer.Option("--network", metavar="NAME", help=f"Network to train: {', '.join(NETWORKS)}."),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FILE|simulated",
        help="A data set of `thonring dataset`, or a folder with thesis-format files; may be repeated. "
        "'simulated' generates training data on the fly.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="New folder for the model, its card, the curves and checkpoints."
    ),
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
        "--resume",
        metavar="CKPT",
        help="Continue from a checkpoint (last.ckpt), which holds all other settings.",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", metavar="N", min=1, help="Number of epochs, instead of the recipe's."),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="S", min=0, help="Random seed.", show_default="0")
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", metavar="N", min=0, help="Data-loading processes, in addition to the training process."
    ),
]
Devices = Annotated[
    str,
    typer.Option(
        "--devices",
        metavar="auto|N",
        help="Number of GPUs (or, without one, CPU processes) to train on.",
    ),
]
Models = Annotated[
    list[Path],
    typer.Argument(metavar="MODEL", help="Folders of `thonring train --out`.", show_default=False),
]
Picture = Annotated[Path, typer.Option("--out", metavar="FILE.png", help="Figure with all learning curves.")]


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
    quiet: opt.PlainQuiet = False,
) -> None:
    """Train a network that predicts the defocus, and test it; `thonring train compare` compares several.

    Exit codes: 0 done, 2 usage error, 130 or 143 interrupted (continue with --resume).
    """
    if context.invoked_subcommand is not None:
        return
    with error_exit():
        given = {
            "--network": network,
            "--data": data or None,
            "--out": out,
            "--recipe": recipe,
            "--seed": seed,
        }
        _check_new_or_resumed([option for option, value in given.items() if value is not None], resume)
        _check_devices(devices)
        from thonring.learn.model_card import require_training
        from thonring.learn.training.config import plan_from_checkpoint

        if resume is not None:
            require_training()
            plan, folder = plan_from_checkpoint(resume, epochs), resume.resolve().parents[1]
        else:
            assert network is not None
            assert out is not None
            _check_data(data or ())
            require_training()
            plan, folder = _new_plan(network, data or (), recipe, epochs, seed or 0), out
        code = _train(plan, folder, resume, workers, devices, quiet=quiet)
    raise typer.Exit(code)


@train.command()
def compare(*, models: Models, out: Picture = Path("learning_curves.png")) -> None:
    """Compare trained networks: a table, and a figure of their learning curves."""
    from thonring.learn.training.evaluation import comparison_table, draw_comparison, read_models

    with error_exit():
        compared = read_models(models)
        draw_comparison(out, {model.name: model.epochs for model in compared})
    typer.echo(comparison_table(compared))
    typer.echo(f"written: {out}")


def _train(
    plan: "TrainingPlan", folder: Path, resume: Path | None, workers: int, devices: str, *, quiet: bool
) -> int:
    """Train, print the result and return the exit code.

    After an interrupt the last checkpoint exists if an epoch was finished; how to continue is printed.

    Raises
    ------
    ThonringError
        If data, recipe or folder cannot be used.
    """
    from thonring.batch.interrupts import signal_of
    from thonring.learn.training.train import TrainerOptions, TrainingInterrupted, last_checkpoint, train

    try:
        trained = train(plan, folder, TrainerOptions(workers, devices, quiet), resume)
    except (TrainingInterrupted, KeyboardInterrupt) as stop:
        last = last_checkpoint(folder)
        advice = (
            f": continue with --resume {last}" if last.is_file() else " during the first epoch: start again"
        )
        typer.echo(f"thonring: interrupted{advice}", err=True)
        return 128 + signal_of(stop)
    if trained is not None and not quiet:
        from thonring.learn.training.evaluation import error_table

        typer.echo(error_table(trained.card))
        typer.echo(f"written: {trained.model} with its model card, {trained.picture}")
    return 0


def _check_new_or_resumed(given: Sequence[str], resume: Path | None) -> None:
    """Check that a new training has a network, data and a folder; a resumed one takes them from its checkpoint."""
    if resume is not None and given:
        raise SettingsError(
            f"--resume takes network, data, recipe, seed and folder from the checkpoint: drop {', '.join(given)}."
        )
    missing = [option for option in ("--network", "--data", "--out") if option not in given]
    if resume is None and missing:
        raise SettingsError(
            f"missing {', '.join(missing)}: a new training run needs --network, --data and --out."
        )


def _check_data(data: Sequence[str]) -> None:
    from thonring.learn.training.config import SIMULATED

    if SIMULATED in data and len(data) > 1:
        raise SettingsError("--data simulated cannot be combined with other data: drop the other --data.")


def _check_devices(devices: str) -> None:
    if devices != "auto" and not (devices.isdecimal() and int(devices) > 0):
        raise SettingsError(f"--devices {devices}: expected 'auto' or a number of at least 1.")


def _new_plan(
    name: str, data: Sequence[str], recipe: str | None, epochs: int | None, seed: int
) -> "TrainingPlan":
    from thonring.learn.networks import network
    from thonring.learn.training.config import SIMULATED, TrainingPlan, load_training_recipe

    row = network(name)
    chosen = load_training_recipe(recipe or row.recipe, row.recipe)
    if epochs is not None:
        chosen = chosen.with_epochs(epochs)
    paths = tuple(name if name == SIMULATED else str(Path(name).resolve()) for name in data)
    return TrainingPlan(row.name, chosen, paths, seed)
