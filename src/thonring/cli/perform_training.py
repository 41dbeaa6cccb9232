"""What `thonring train` does once its options are read."""

from pathlib import Path

import typer

from thonring.cli.training_request import TrainingRequest
from thonring.errors import SettingsError
from thonring.learn.model_card import require_training
from thonring.learn.networks import network
from thonring.learn.training.config import SIMULATED, TrainingPlan, load_training_recipe, plan_from_checkpoint

INTERRUPTED = 130


def perform_training(request: TrainingRequest) -> int:
    """Train as asked and say what came of it; the result is the exit code.

    Raises
    ------
    ThonringError
        If anything asked for cannot be done.
    """
    _check(request)
    require_training()
    plan = (
        _new_plan(request) if request.resume is None else plan_from_checkpoint(request.resume, request.epochs)
    )
    from thonring.learn.training.train import TrainerOptions, TrainingInterrupted, last_checkpoint, train

    machine = TrainerOptions(request.workers, request.devices, request.quiet)
    try:
        trained = train(plan, _folder(request), machine, request.resume)
    except TrainingInterrupted:
        last = last_checkpoint(_folder(request))
        go_on = f": go on with --resume {last}" if last.is_file() else " in its first epoch: begin anew"
        typer.echo(f"thonring: interrupted{go_on}", err=True)
        return INTERRUPTED
    if trained is not None and not request.quiet:
        from thonring.learn.training.evaluation import error_table

        typer.echo(error_table(trained.card))
        typer.echo(f"written: {trained.model} with its card, {trained.picture}")
    return 0


def _check(request: TrainingRequest) -> None:
    """New trainings need a network, data and a folder; resumed ones have them."""
    asked = {
        "--network": request.network,
        "--data": request.data or None,
        "--out": request.out,
        "--recipe": request.recipe,
        "--seed": request.seed,
    }
    if request.resume is not None:
        given = [option for option, value in asked.items() if value is not None]
        if given:
            raise SettingsError(
                f"--resume takes network, data, recipe, seed and folder from the checkpoint: drop {', '.join(given)}."
            )
    missing = [option for option in ("--network", "--data", "--out") if asked[option] is None]
    if request.resume is None and missing:
        raise SettingsError(
            f"{', '.join(missing)} missing: a new training needs --network, --data and --out."
        )
    if SIMULATED in request.data and len(request.data) > 1:
        raise SettingsError("--data simulated stands alone: drop the other --data.")
    if request.devices != "auto" and not (request.devices.isdecimal() and int(request.devices) > 0):
        raise SettingsError(f"--devices {request.devices}: expected 'auto' or a number from 1.")


def _new_plan(request: TrainingRequest) -> TrainingPlan:
    assert request.network is not None
    row = network(request.network)
    recipe = load_training_recipe(request.recipe or row.recipe, row.recipe)
    if request.epochs is not None:
        recipe = recipe.with_epochs(request.epochs)
    data = tuple(name if name == SIMULATED else str(Path(name).resolve()) for name in request.data)
    return TrainingPlan(row.name, recipe, data, request.seed or 0)


def _folder(request: TrainingRequest) -> Path:
    """Where the training lies: that of a checkpoint is two folders up."""
    if request.resume is not None:
        return request.resume.resolve().parents[1]
    assert request.out is not None
    return request.out
