"""Training, from the plan to the model with its card."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from thonring.errors import OutputError, UnreadableTable
from thonring.files.atomic import replacing
from thonring.learn.model_card import Card, sha256, write_card
from thonring.learn.networks import count_parameters
from thonring.learn.training import evaluation
from thonring.learn.training.config import KEY, TrainingPlan, load_checkpoint
from thonring.learn.training.data import (
    DataDescription,
    EvaluationSet,
    SimulatedData,
    StoredData,
    Tensors,
    TrainingData,
    rank_and_processes,
)
from thonring.learn.training.export import onnx_bytes
from thonring.learn.training.module import MONITORED, DefocusDataModule, DefocusModule, network_outputs
from thonring.records import Floats

CHECKPOINTS = "checkpoints"
BEST, LAST = "best", "last"
SUFFIX = ".ckpt"
EXAMPLES = 4

_PACKAGES = ("thonring", "torch", "lightning", "onnx", "numpy")
_LIMITS = (
    "The defocus is the mean of both axes; astigmatism and phase shift are not predicted.",
    (
        "Outside the training ranges of voltage, defocus, pixel size, Cs and amplitude contrast, predictions are "
        "unreliable."
    ),
    "Where no rings are visible, predictions are meaningless.",
)
_NO_SIGMA = (
    "The network reports no uncertainty of its own: sigma_A is its RMS error on the test set, the same for every "
    "element."
)


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """Processes that read data, devices ("auto" or a number), and whether to hide the progress."""

    workers: int = 0
    devices: str = "auto"
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The path of the model, its card, and the picture of the learning curves."""

    model: Path
    card: Card
    picture: Path


class TrainingInterrupted(Exception):  # noqa: N818 - nothing is wrong
    """The user ended a training; it can be resumed from its last checkpoint, if an epoch was finished."""


def last_checkpoint(out: Path) -> Path:
    """The path of the last checkpoint of a training."""
    return out / CHECKPOINTS / f"{LAST}{SUFFIX}"


def train(
    plan: TrainingPlan, out: Path, options: TrainerOptions, checkpoint: Path | None = None
) -> TrainingResult | None:
    """Train, or resume from a checkpoint of the same plan, test the best network, and write everything to `out`.

    With several training processes, only the first returns a result.

    Raises
    ------
    InputError, SettingsError, OutputError
        If data, recipe or folder cannot be used, or the loss is no longer finite.
    TrainingInterrupted
        If the user ends it.
    """
    if checkpoint is None:
        _check_new(out)
    lightning.seed_everything(plan.seed, workers=True, verbose=False)
    with _quiet_lightning():
        trainer = _trainer(plan, out, options)
        data = _training_data(plan, trainer, options)
        module = DefocusModule(plan)
        module.example_count = data.example_count
        first_epoch = 0 if checkpoint is None else _epochs_done(checkpoint, data)
        _fit(trainer, module, DefocusDataModule(data, first_epoch), checkpoint)
    if not trainer.is_global_zero:
        return None
    return _write_result(trainer, module, data, out)


def _check_new(out: Path) -> None:
    """Reject a folder with contents, so that two trainings are not mixed; only the first process can check this."""
    if rank_and_processes()[0] == 0 and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out}: already exists and is not empty, expected a new or empty folder. Choose another --out, or "
            f"continue with `thonring train --resume {last_checkpoint(out)}`."
        )


def _trainer(plan: TrainingPlan, out: Path, options: TrainerOptions) -> lightning.Trainer:
    recipe = plan.recipe
    return lightning.Trainer(
        accelerator="auto",
        devices="auto" if options.devices == "auto" else int(options.devices),
        precision=recipe.precision,
        max_epochs=recipe.length.epochs,
        gradient_clip_val=recipe.gradient_clip or None,
        logger=[CSVLogger(out, evaluation.LOGS), TensorBoardLogger(out, "tensorboard")],
        callbacks=_checkpoints(out) if options.quiet else [*_checkpoints(out), RichProgressBar()],
        enable_progress_bar=not options.quiet,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=1,
    )


def _checkpoints(out: Path) -> list[lightning.Callback]:
    """Save the best network, then the last one, whose checkpoint refers to the best.

    One callback for both would not save a last network that is no better than earlier ones.
    """
    return [
        ModelCheckpoint(
            out / CHECKPOINTS,
            name,
            monitored,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        for name, monitored in ((BEST, MONITORED), (LAST, None))
    ]


def _training_data(plan: TrainingPlan, trainer: lightning.Trainer, options: TrainerOptions) -> TrainingData:
    return (
        SimulatedData(plan, trainer.strategy.root_device)
        if plan.is_simulated
        else StoredData(plan, options.workers)
    )


def _epochs_done(checkpoint: Path, data: TrainingData) -> int:
    """Epochs that a checkpoint has completed, on the same data."""
    content = load_checkpoint(checkpoint)
    plan = content[KEY]
    if plan["elements"] != data.example_count:
        raise UnreadableTable(
            f"{', '.join(plan['data'])}: contains {data.example_count} elements, but {checkpoint} was trained on "
            f"{plan['elements']}. Restore the data, or start a new training run."
        )
    return int(content["epoch"]) + 1


def _fit(
    trainer: lightning.Trainer, module: DefocusModule, data: DefocusDataModule, checkpoint: Path | None
) -> None:
    try:
        trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
    except (KeyboardInterrupt, SystemExit) as stop:
        raise TrainingInterrupted from stop


def _write_result(
    trainer: lightning.Trainer, module: DefocusModule, data: TrainingData, out: Path
) -> TrainingResult:
    """Test the best network, and write model, card, curves and picture."""
    best = load_checkpoint(out / CHECKPOINTS / f"{BEST}{SUFFIX}")
    module.load_state_dict(best["state_dict"])
    test_set = data.test_set()
    result = _test(module.network, test_set, trainer.strategy.root_device)
    content = onnx_bytes(module.network, module.plan.row.kind, _example(test_set))
    model = out / f"{module.plan.network}.onnx"
    epochs = evaluation.logged_curves(out)
    card = _card(module, data.description(), result, sha256(content), int(best["epoch"]) + 1)
    with replacing(model) as temporary:
        temporary.write_bytes(content)
    write_card(model, card)
    evaluation.write_curves(out, epochs)
    picture = out / evaluation.PICTURE
    evaluation.draw_training(
        picture, f"{module.plan.network}: {card.errors.mean_A:.0f} Å mean error on the test set", epochs
    )
    return TrainingResult(model, card, picture)


def _test(
    network: torch.nn.Module, test_set: EvaluationSet, device: torch.device
) -> evaluation.EvaluationResult:
    network.to(device).eval()
    predicted: list[Tensors] = []
    with torch.inference_mode():
        for *inputs, _ in test_set.batches:
            predicted.append(network_outputs(network, [tensor.to(device) for tensor in inputs]))
    defocus_A, *sigma_A = (_concatenate(parts) for parts in zip(*predicted, strict=True))
    return evaluation.EvaluationResult(
        test_set.voltage_kV, test_set.defocus_A, defocus_A, sigma_A[0] if sigma_A else None
    )


def _concatenate(parts: tuple[torch.Tensor, ...]) -> Floats:
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def _example(test_set: EvaluationSet) -> Tensors:
    """Inputs of a few examples; a single one is repeated, since the export needs two."""
    *inputs, _ = next(iter(test_set.batches))
    return tuple(torch.cat([tensor, tensor])[:EXAMPLES] for tensor in inputs)


def _card(
    module: DefocusModule,
    description: DataDescription,
    result: evaluation.EvaluationResult,
    checksum: str,
    epochs: int,
) -> Card:
    plan = module.plan
    has_sigma = result.sigma_A is not None
    return Card(
        network=plan.network,
        kind=plan.row.kind,
        parameters=count_parameters(module.network),
        samplings_A=description.samplings_A,
        sha256=checksum,
        trained_kV=description.trained_kV,
        trained_defocus_A=description.trained_defocus_A,
        trained_pixel_A=description.trained_pixel_A,
        trained_cs_mm=description.trained_cs_mm if plan.row.kind == "polar" else None,
        trained_amplitude_contrast=description.trained_amplitude_contrast
        if plan.row.kind == "polar"
        else None,
        data=description.text,
        seed=plan.seed,
        epochs=epochs,
        limits=_LIMITS if has_sigma else (*_LIMITS, _NO_SIGMA),
        errors=evaluation.overall_errors(result),
        errors_by_voltage=evaluation.errors_by_voltage(result),
        errors_by_defocus=evaluation.errors_by_defocus(result),
        recipe=plan.recipe.model_dump(mode="json"),
        versions={name: version(name) for name in _PACKAGES},
        sigma_A=None if has_sigma else round(result.rms_A, 1),
    )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Hide Lightning's hints about speed, which are for developers."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        yield
