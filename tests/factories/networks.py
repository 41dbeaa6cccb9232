"""Networks, data and recipes so small that a training takes a second."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from thonring.learn.dataset.example import Example
from thonring.learn.dataset.hdf5 import writing
from thonring.learn.inputs import SpectrumPyramid
from thonring.learn.networks import Network
from thonring.learn.training.config import TrainingPlan, TrainingRecipe, load_training_recipe
from thonring.optics import Optics

DEFOCUS_A = 20_000.0
"""What the tiny networks say before they have learnt."""

VOLTAGES_KV = (200.0, 300.0)
COUNT = 12
"""Elements of a set, in as many sessions: 10 for training, 1 for validation, 1 for the test."""


class TinyEnhanced(nn.Module):
    """Answers by the mean brightness of four rows."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(12, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = images[:, :, 100:104].mean(dim=3).flatten(1)
        return DEFOCUS_A + 1e3 * self.linear(seen)[:, 0]

    def loss(self, images: torch.Tensor, defocus_A: torch.Tensor) -> torch.Tensor:
        return nn.functional.l1_loss(self(images), defocus_A)


class TinyPolar(nn.Module):
    """Answers by the first cells and the optics, some forgotten while it learns, with one sigma for all."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(7, 1)
        self.log_sigma = nn.Parameter(torch.tensor([9.0]))

    def forward(self, cells: torch.Tensor, optics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = torch.cat([cells[:, :, 0, 200], optics], dim=1)
        said = DEFOCUS_A + 1e3 * self.linear(self.dropout(seen))[:, 0]
        return said, torch.exp(self.log_sigma).expand(said.shape)

    def loss(self, cells: torch.Tensor, optics: torch.Tensor, defocus_A: torch.Tensor) -> torch.Tensor:
        said, sigma = self(cells, optics)
        return (0.5 * ((said - defocus_A) / sigma) ** 2 + torch.log(sigma)).mean()


ENHANCED = Network("tiny-enhanced", "enhanced", "thesis", TinyEnhanced)
POLAR = Network("tiny-polar", "polar", "rings", TinyPolar)

RECIPE = """
[length]
batch = 4
epochs = {epochs}
[draws]
recipe = "session"
scenes = 3
batches_per_epoch = 2
validation_batches = 1
test_batches = 2
"""


def make_recipe(folder: Path, own: str, epochs: int, more: str = "") -> TrainingRecipe:
    """A packaged recipe made short; `more` is TOML."""
    path = folder / "tiny.toml"
    path.write_text(RECIPE.format(epochs=epochs) + more, encoding="utf-8")
    return load_training_recipe(str(path), own)


def make_set(path: Path, count: int = COUNT) -> Path:
    """A data set of noise whose mean in a view tells the defocus a little; each element a session."""
    random = np.random.default_rng(5)
    with writing(path) as store:
        for number in range(count):
            power = random.exponential(size=(3, 512, 257)).astype(np.float32)
            optics = Optics(VOLTAGES_KV[number % 2], 2.7, 0.1)
            views = SpectrumPyramid(power, 1.0, (1.0, 1.0, 1.0))
            store.append(
                Example(views, 10_000.0 + 1000 * number, optics, f"day {number}", f"{number}.mrc", "run")
            )
    return path


def make_plan(recipe: TrainingRecipe, row: Network, *data: Path, seed: int = 3) -> TrainingPlan:
    """A training of a tiny network, on the fly where no data are given."""
    return TrainingPlan(row.name, recipe, tuple(map(str, data)) or ("simulated",), seed)
