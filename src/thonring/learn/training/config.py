"""Training recipes and plans: length, optimiser, schedule and simulated data; network, recipe, data and seed.

A recipe is a TOML file. A user's file states only the differences: a table in it replaces the whole table of the
packaged recipe that it `extends`, by default that of the network. A plan is stored in each checkpoint, from which the
training can be resumed.
"""

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thonring.errors import SettingsError, UnreadableFile
from thonring.files.text import read_toml
from thonring.learn.networks import Network, network

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]

KEY = "thonring_plan"
"""Key under which a checkpoint stores its plan."""

SIMULATED = "simulated"
"""Given in place of files: data simulated on the fly."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Length(_Section):
    """Examples per batch, and epochs. An epoch is one pass over the training data, or a number of simulated batches."""

    batch: Count
    epochs: Count


class Optimiser(_Section):
    """The optimiser of PyTorch of that name."""

    name: Literal["adam", "adamw"]
    learning_rate: Positive
    weight_decay: NotNegative
    epsilon: Positive


class Plateau(_Section):
    """Learning rate times `factor` after `patience` epochs without the validation loss falling by `least_gain`."""

    name: Literal["plateau"]
    factor: Annotated[float, Field(gt=0, lt=1)]
    patience: Annotated[int, Field(ge=0)]
    least_gain: NotNegative


class OneCycle(_Section):
    """Learning rate rising over the first `rising_share` of all batches, then falling to zero. Smith (2018)."""

    name: Literal["one-cycle"]
    rising_share: Annotated[float, Field(gt=0, lt=1)]


class SimulatedPool(_Section):
    """Data simulated on the fly, from a pool of `scenes` of a recipe of `thonring simulate`."""

    recipe: str
    scenes: Count
    batches_per_epoch: Count
    validation_batches: Count
    test_batches: Count


class TrainingRecipe(_Section):
    """All settings of a training except the network and the data; `gradient_clip` 0 means no clipping."""

    precision: Literal["32-true", "bf16-mixed", "16-mixed"]
    gradient_clip: NotNegative
    length: Length
    optimiser: Optimiser
    schedule: Annotated[Plateau | OneCycle, Field(discriminator="name")]
    draws: SimulatedPool

    def with_epochs(self, epochs: int) -> "TrainingRecipe":
        """Return the same recipe for another number of epochs."""
        return self.model_copy(update={"length": Length(batch=self.length.batch, epochs=epochs)})


def packaged_recipes() -> tuple[str, ...]:
    """Names of the packaged recipes."""
    folder = resources.files("thonring.learn.training") / "recipes"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()))


def load_training_recipe(name_or_path: str, default: str) -> TrainingRecipe:
    """Load a packaged recipe by name, or a TOML file with the recipe that it extends (`default` if it names none).

    Raises
    ------
    SettingsError
        If the name is unknown or a value is impossible.
    UnreadableFile, UnreadableTable
        If the file cannot be read or is not TOML.
    """
    if not name_or_path.endswith(".toml"):
        return checked_recipe(_packaged(name_or_path), name_or_path)
    table = _parsed(Path(name_or_path))
    base = _packaged(str(table.pop("extends", default)))
    return checked_recipe({**base, **table}, name_or_path)


def checked_recipe(table: dict[str, Any], where: str) -> TrainingRecipe:
    """The recipe in a table of the file `where`.

    Raises
    ------
    SettingsError
        If an entry is unknown, missing or impossible.
    """
    try:
        return TrainingRecipe.model_validate(table)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{where}: {place}: {first['msg']}. Entries of a training recipe: docs/training.md."
        ) from None


def _packaged(name: str) -> dict[str, Any]:
    if name not in packaged_recipes():
        raise SettingsError(
            f"unknown training recipe {name!r}: expected one of {', '.join(packaged_recipes())}, or a file "
            "ending in .toml."
        )
    file = resources.files("thonring.learn.training") / "recipes" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _parsed(path: Path) -> dict[str, Any]:
    return read_toml(path, "Expected a TOML file with a training recipe: docs/training.md.")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A network, its recipe, its data (files, or ("simulated",)) and the seed of all random numbers."""

    network: str
    recipe: TrainingRecipe
    data: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        if self.is_simulated and self.row.kind != "polar":
            raise SettingsError(
                f"--data {SIMULATED}: on-the-fly data are polar spectra, but {self.network} reads enhanced images. "
                "Create a file with `thonring dataset simulate` and use that."
            )

    @property
    def row(self) -> Network:
        """The row of the network in the table of networks."""
        return network(self.network)

    @property
    def is_simulated(self) -> bool:
        """Whether the data are simulated on the fly."""
        return self.data == (SIMULATED,)

    def as_table(self) -> dict[str, Any]:
        """Plain values only, for a checkpoint that loads without unpickling objects."""
        return {
            "network": self.network,
            "recipe": self.recipe.model_dump(mode="json"),
            "data": list(self.data),
            "seed": self.seed,
        }


def stream_seed(*purpose: int) -> int:
    """An independent seed for each purpose, given by numbers."""
    return int(np.random.SeedSequence(purpose).generate_state(1)[0])


def plan_from_checkpoint(checkpoint: Path, epochs: int | None = None) -> TrainingPlan:
    """The plan of the training that wrote a checkpoint, for another number of epochs if given.

    Raises
    ------
    UnreadableFile
        If it is missing, damaged or not a checkpoint of `thonring train`.
    SettingsError
        If the number of epochs differs and the schedule depends on it.
    """
    table = load_checkpoint(checkpoint)[KEY]
    recipe = checked_recipe(table["recipe"], str(checkpoint))
    plan = TrainingPlan(table["network"], recipe, tuple(table["data"]), table["seed"])
    if epochs is None or epochs == recipe.length.epochs:
        return plan
    if recipe.schedule.name == "one-cycle":
        raise SettingsError(
            f"--epochs {epochs}: {checkpoint} is part of a one-cycle schedule of {recipe.length.epochs} epochs, which "
            "cannot be changed. Drop --epochs, or start a new training run."
        )
    return replace(plan, recipe=recipe.with_epochs(epochs))


def load_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """Load a checkpoint, unpickling only tensors and plain values.

    Raises
    ------
    UnreadableFile
        If it is missing, damaged or not a checkpoint of `thonring train`.
    """
    import torch

    try:
        content = dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    except OSError as problem:
        raise UnreadableFile(
            f"{checkpoint}: cannot be read ({problem.strerror}). Expected a last.ckpt of `thonring train`."
        ) from None
    except Exception as problem:  # noqa: BLE001 - what torch raises on damaged files is not documented
        raise UnreadableFile(
            f"{checkpoint}: not a checkpoint ({type(problem).__name__}). Expected a last.ckpt of `thonring train`."
        ) from None
    if KEY not in content:
        raise UnreadableFile(
            f"{checkpoint}: a checkpoint, but not one of `thonring train`. Expected its last.ckpt."
        )
    return content
