"""What a training is to do, as its checkpoint remembers it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from thonring.errors import SettingsError, UnreadableFile
from thonring.learn.networks import Network, network
from thonring.learn.training.recipe import TrainingRecipe, checked_recipe

KEY = "thonring_plan"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Plan:
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


def plan_of_checkpoint(checkpoint: Path, epochs: int | None = None) -> Plan:
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
    plan = Plan(table["network"], recipe, tuple(table["data"]), table["seed"])
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
