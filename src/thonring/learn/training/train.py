"""A training from its plan to the model with its card."""

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
from thonring.learn.training.config import KEY, TrainingPlan, load_checkpoint
from thonring.learn.training.data import (
    Drawn,
    Material,
    OnDisk,
    Tensors,
    TestSet,
    TrainingSource,
    this_process,
)
from thonring.learn.training.evaluation import (
    LOGS,
    PICTURE,
    TestPredictions,
    by_defocus,
    by_voltage,
    draw_training,
    logged_curves,
    whole,
    write_curves,
)
from thonring.learn.training.export import onnx_bytes
from thonring.learn.training.module import WATCHED, DefocusDataModule, DefocusModule, answer
from thonring.records import Floats

CHECKPOINTS = "checkpoints"
BEST, LAST = "best", "last"
SUFFIX = ".ckpt"
EXAMPLES = 4

_PACKAGES = ("thonring", "torch", "lightning", "onnx", "numpy")
_LIMITS = (
    "Defocus is the mean of both axes: nothing is said of astigmatism or a phase shift.",
    "Outside the trained ranges of voltage, defocus, pixel, Cs and amplitude contrast an answer is a guess.",
    "Where no rings are visible an answer means nothing.",
)
_NO_SIGMA = (
    "The network gives no uncertainty of its own: sigma_A is its RMS error on the test set, for any element."
)


@dataclass(frozen=True, slots=True)
class Machine:
    """How to run: processes that read data, devices ("auto" or a number), and whether to show progress."""

    workers: int = 0
    devices: str = "auto"
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training leaves: the model's path, its card, and the picture of its learning curves."""

    model: Path
    card: Card
    picture: Path


class Interrupted(Exception):  # noqa: N818 - nothing is wrong
    """The user ended a training; its last checkpoint goes on with it, if an epoch was finished."""


def last_checkpoint(out: Path) -> Path:
    """Where the last checkpoint of a training lies."""
    return out / CHECKPOINTS / f"{LAST}{SUFFIX}"


def train(plan: TrainingPlan, out: Path, machine: Machine, checkpoint: Path | None = None) -> Trained | None:
    """Train, or go on from a checkpoint of the same plan, test the best network, and write all of it to `out`.

    Of several training processes only the first gives a result.

    Raises
    ------
    InputError, SettingsError, OutputError
        If data, recipe or folder cannot be used, or the loss is no number any more.
    Interrupted
        If the user ends it.
    """
    if checkpoint is None:
        _check_new(out)
    lightning.seed_everything(plan.seed, workers=True, verbose=False)
    with _fewer_words():
        trainer = _trainer(plan, out, machine)
        material = _material(plan, trainer, machine)
        lesson = DefocusModule(plan)
        lesson.elements = material.elements
        first_epoch = 0 if checkpoint is None else _epochs_done(checkpoint, material)
        _fit(trainer, lesson, DefocusDataModule(material, first_epoch), checkpoint)
    if not trainer.is_global_zero:
        return None
    return _finished(trainer, lesson, material, out)


def _check_new(out: Path) -> None:
    """Refuse to mix two trainings; only the first of several processes finds the folder as it was."""
    if this_process()[0] == 0 and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out}: there is something already, expected a new or empty folder. Choose another --out, or go on with "
            f"`thonring train --resume {last_checkpoint(out)}`."
        )


def _trainer(plan: TrainingPlan, out: Path, machine: Machine) -> lightning.Trainer:
    recipe = plan.recipe
    return lightning.Trainer(
        accelerator="auto",
        devices="auto" if machine.devices == "auto" else int(machine.devices),
        precision=recipe.precision,
        max_epochs=recipe.length.epochs,
        gradient_clip_val=recipe.gradient_clip or None,
        logger=[CSVLogger(out, LOGS), TensorBoardLogger(out, "tensorboard")],
        callbacks=_checkpoints(out) if machine.quiet else [*_checkpoints(out), RichProgressBar()],
        enable_progress_bar=not machine.quiet,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=1,
    )


def _checkpoints(out: Path) -> list[lightning.Callback]:
    """Keep the best network, then the last one, which knows of the best.

    One callback for both would not save a last network that is no better than those before.
    """
    return [
        ModelCheckpoint(
            out / CHECKPOINTS,
            name,
            watched,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        for name, watched in ((BEST, WATCHED), (LAST, None))
    ]


def _material(plan: TrainingPlan, trainer: lightning.Trainer, machine: Machine) -> Material:
    return Drawn(plan, trainer.strategy.root_device) if plan.is_drawn else OnDisk(plan, machine.workers)


def _epochs_done(checkpoint: Path, material: Material) -> int:
    """Epochs behind a checkpoint, whose data must be what they were."""
    content = load_checkpoint(checkpoint)
    plan = content[KEY]
    if plan["elements"] != material.elements:
        raise UnreadableTable(
            f"{', '.join(plan['data'])}: holds {material.elements} elements, but {checkpoint} was trained on "
            f"{plan['elements']}. Put the data back as they were, or train anew."
        )
    return int(content["epoch"]) + 1


def _fit(
    trainer: lightning.Trainer, lesson: DefocusModule, lessons: DefocusDataModule, checkpoint: Path | None
) -> None:
    try:
        trainer.fit(lesson, lessons, ckpt_path=checkpoint, weights_only=True)
    except (KeyboardInterrupt, SystemExit) as stop:
        raise Interrupted from stop


def _finished(trainer: lightning.Trainer, lesson: DefocusModule, material: Material, out: Path) -> Trained:
    """Test the best network, and write model, card, curves and picture."""
    best = load_checkpoint(out / CHECKPOINTS / f"{BEST}{SUFFIX}")
    lesson.load_state_dict(best["state_dict"])
    held_out = material.held_out()
    answers = _tested(lesson.network, held_out, trainer.strategy.root_device)
    content = onnx_bytes(lesson.network, lesson.plan.row.kind, _example(held_out))
    model = out / f"{lesson.plan.network}.onnx"
    epochs = logged_curves(out)
    card = _card(lesson, material.origin(), answers, sha256(content), int(best["epoch"]) + 1)
    with replacing(model) as temporary:
        temporary.write_bytes(content)
    write_card(model, card)
    write_curves(out, epochs)
    picture = out / PICTURE
    draw_training(
        picture, f"{lesson.plan.network}: {card.errors.mean_A:.0f} Å mean error on the test set", epochs
    )
    return Trained(model, card, picture)


def _tested(network: torch.nn.Module, held_out: TestSet, device: torch.device) -> TestPredictions:
    network.to(device).eval()
    said: list[Tensors] = []
    with torch.inference_mode():
        for *inputs, _ in held_out.batches:
            said.append(answer(network, [tensor.to(device) for tensor in inputs]))
    defocus_A, *sigma_A = (_joined(parts) for parts in zip(*said, strict=True))
    return TestPredictions(
        held_out.voltage_kV, held_out.defocus_A, defocus_A, sigma_A[0] if sigma_A else None
    )


def _joined(parts: tuple[torch.Tensor, ...]) -> Floats:
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def _example(held_out: TestSet) -> Tensors:
    """Inputs of a few elements; one alone is shown twice, since exporting needs two."""
    *inputs, _ = next(iter(held_out.batches))
    return tuple(torch.cat([tensor, tensor])[:EXAMPLES] for tensor in inputs)


def _card(
    lesson: DefocusModule, origin: TrainingSource, answers: TestPredictions, checksum: str, epochs: int
) -> Card:
    plan = lesson.plan
    has_sigma = answers.sigma_A is not None
    return Card(
        network=plan.network,
        kind=plan.row.kind,
        parameters=count_parameters(lesson.network),
        samplings_A=origin.samplings_A,
        sha256=checksum,
        trained_kV=origin.trained_kV,
        trained_defocus_A=origin.trained_defocus_A,
        trained_pixel_A=origin.trained_pixel_A,
        trained_cs_mm=origin.trained_cs_mm if plan.row.kind == "polar" else None,
        trained_amplitude_contrast=origin.trained_amplitude_contrast if plan.row.kind == "polar" else None,
        data=origin.words,
        seed=plan.seed,
        epochs=epochs,
        limits=_LIMITS if has_sigma else (*_LIMITS, _NO_SIGMA),
        errors=whole(answers),
        errors_by_voltage=by_voltage(answers),
        errors_by_defocus=by_defocus(answers),
        recipe=plan.recipe.model_dump(mode="json"),
        versions={name: version(name) for name in _PACKAGES},
        sigma_A=None if has_sigma else round(answers.rms_A, 1),
    )


@contextmanager
def _fewer_words() -> Iterator[None]:
    """Lightning's advice about speed is for programmers."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        yield
