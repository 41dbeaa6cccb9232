"""Training recipes: how long, with which optimiser and schedule, and what is drawn on the fly.

A recipe is a TOML file. A user's file states only what differs: a table in it replaces the whole table of the packaged
recipe that it `extends`, which is the network's own unless it says so.
"""

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thonring.errors import SettingsError, UnreadableFile, UnreadableTable
from thonring.learn.networks import Network, network

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Length(_Part):
    """Elements in a batch; epochs. An epoch is the training data once, or so many draws."""

    batch: Count
    epochs: Count


class Optimiser(_Part):
    """The optimiser of PyTorch of that name."""

    name: Literal["adam", "adamw"]
    learning_rate: Positive
    weight_decay: NotNegative
    epsilon: Positive


class Plateau(_Part):
    """Learning rate times `factor` after `patience` epochs in which the validation loss fell by no `least_gain`."""

    name: Literal["plateau"]
    factor: Annotated[float, Field(gt=0, lt=1)]
    patience: Annotated[int, Field(ge=0)]
    least_gain: NotNegative


class OneCycle(_Part):
    """Learning rate up during the first `rising_share` of all batches, then down to nothing. Smith (2018)."""

    name: Literal["one-cycle"]
    rising_share: Annotated[float, Field(gt=0, lt=1)]


class Draws(_Part):
    """Data drawn on the fly: from a pool of `scenes` of a recipe of `thonring simulate`."""

    recipe: str
    scenes: Count
    batches_per_epoch: Count
    validation_batches: Count
    test_batches: Count


class TrainingRecipe(_Part):
    """Everything that training does, but the network and the data; `gradient_clip` 0 clips nothing."""

    precision: Literal["32-true", "bf16-mixed", "16-mixed"]
    gradient_clip: NotNegative
    length: Length
    optimiser: Optimiser
    schedule: Annotated[Plateau | OneCycle, Field(discriminator="name")]
    draws: Draws

    def of_epochs(self, epochs: int) -> "TrainingRecipe":
        """Return the same recipe for another number of epochs."""
        return self.model_copy(update={"length": Length(batch=self.length.batch, epochs=epochs)})


def packaged_recipes() -> tuple[str, ...]:
    """Names of the packaged recipes."""
    folder = resources.files("thonring.learn.training") / "recipes"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()))


def load_training_recipe(name_or_path: str, own: str) -> TrainingRecipe:
    """Load a packaged recipe by name, or a TOML file laid over the one it extends (`own` unless it says so).

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
    base = _packaged(str(table.pop("extends", own)))
    return checked_recipe({**base, **table}, name_or_path)


def checked_recipe(table: dict[str, Any], where: str) -> TrainingRecipe:
    """Make a recipe of its table, which stands in the file `where`.

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
            f"training recipe {name!r} is unknown: expected one of {', '.join(packaged_recipes())}, or a file "
            "ending in .toml."
        )
    file = resources.files("thonring.learn.training") / "recipes" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UnreadableFile(
            f"{path}: cannot be read ({problem.strerror}). Expected a TOML file with a training recipe."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UnreadableTable(
            f"{path}: not TOML ({problem}). Expected a training recipe: docs/training.md."
        ) from None


KEY = "thonring_plan"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A network, its recipe, its data (files, or ("simulated",)) and the seed of all chance."""

    network: str
    recipe: TrainingRecipe
    data: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        if self.is_drawn and self.row.kind != "polar":
            raise SettingsError(
                f"--data {SIMULATED}: what is drawn on the fly is polar cells, and {self.network} reads enhanced "
                "images. Make a file with `thonring dataset simulate` and give that."
            )

    @property
    def row(self) -> Network:
        """The network's row of the table."""
        return network(self.network)

    @property
    def is_drawn(self) -> bool:
        """Whether the data are drawn on the fly."""
        return self.data == (SIMULATED,)

    def as_table(self) -> dict[str, Any]:
        """Nothing but plain values, for a checkpoint that loads without unpickling objects."""
        return {
            "network": self.network,
            "recipe": self.recipe.model_dump(mode="json"),
            "data": list(self.data),
            "seed": self.seed,
        }


def stream_seed(*purpose: int) -> int:
    """Make a seed of its own for each purpose, named by numbers."""
    return int(np.random.SeedSequence(purpose).generate_state(1)[0])


def plan_of_checkpoint(checkpoint: Path, epochs: int | None = None) -> TrainingPlan:
    """Read from a checkpoint what its training is to do, for other epochs if they are given.

    Raises
    ------
    UnreadableFile
        If it is missing, damaged or not a checkpoint of `thonring train`.
    SettingsError
        If its schedule knew its end beforehand, and another one is asked.
    """
    table = load_checkpoint(checkpoint)[KEY]
    recipe = checked_recipe(table["recipe"], str(checkpoint))
    plan = TrainingPlan(table["network"], recipe, tuple(table["data"]), table["seed"])
    if epochs is None or epochs == recipe.length.epochs:
        return plan
    if recipe.schedule.name == "one-cycle":
        raise SettingsError(
            f"--epochs {epochs}: {checkpoint} is in one cycle of {recipe.length.epochs} epochs, which cannot change. "
            "Drop --epochs, or train anew."
        )
    return replace(plan, recipe=recipe.of_epochs(epochs))


def load_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """Load a checkpoint without unpickling anything but tensors and plain values.

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
