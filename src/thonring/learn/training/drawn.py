"""Training on polar cells that are drawn on the fly, on the device that trains."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from thonring.learn.draws.polar_draws import PolarDraws
from thonring.learn.seen.views import SAMPLINGS_A
from thonring.learn.training.material import HeldOut, Origin, Tensors, shared, this_process
from thonring.learn.training.plan import Plan, stream_seed
from thonring.optics import Optics
from thonring.records import Floats
from thonring.simulate import load_recipe

TRAINING, VALIDATION, TEST = range(3)
TEST_SEED = 0

VOLTAGES_KV = np.linspace(10, 1000, 1981)


class Drawn:
    """The `Material` of a plan whose data are simulated on the fly."""

    def __init__(self, plan: Plan, device: torch.device) -> None:
        self._plan = plan
        self._device = device
        self._draws = plan.recipe.draws
        self._recipe = load_recipe(plan.recipe.draws.recipe)

    @property
    def elements(self) -> int:
        """Without end."""
        return 0

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """So many batches an epoch; a training that goes on draws from another pool than the one it left."""
        rank, _ = this_process()
        source = self._source(self._draws.scenes, self._plan.seed, TRAINING, first_epoch, rank)
        batches = _Endless(source, self._plan.recipe.length.batch, self._draws.batches_per_epoch)
        return DataLoader(batches, batch_size=None)

    def validation(self) -> DataLoader[Tensors]:
        """Drawn once."""
        drawn = self._fixed(self._draws.validation_batches, self._plan.seed, VALIDATION)
        return DataLoader(_Kept([drawn[number] for number in shared(len(drawn))]), batch_size=None)

    def held_out(self) -> HeldOut:
        """Drawn by a seed of its own, the same for every training with this recipe."""
        batches = self._fixed(self._draws.test_batches, TEST_SEED, TEST)
        wavelength_A = torch.cat([constants[:, 0] for _, constants, _ in batches])
        defocus_A = torch.cat([truth for *_, truth in batches])
        return HeldOut(batches, _voltage(_as_numpy(wavelength_A)), _as_numpy(defocus_A))

    def origin(self) -> Origin:
        """Recipe and its ranges."""
        microscope, draws = self._recipe.microscope, self._draws
        words = (
            f"drawn on the fly, {draws.batches_per_epoch} batches of {self._plan.recipe.length.batch} an epoch, from "
            f"{draws.scenes} scenes of the recipe {draws.recipe}; validation and test from scenes of their own"
        )
        voltages = microscope.voltage_kV
        return Origin(
            words,
            SAMPLINGS_A,
            trained_kV=(min(voltages), max(voltages)),
            trained_defocus_A=self._recipe.ctf.defocus_A,
            trained_pixel_A=microscope.pixel_A,
            trained_cs_mm=(min(microscope.cs_mm), max(microscope.cs_mm)),
            trained_amplitude_contrast=microscope.amplitude_contrast,
        )

    def _fixed(self, count: int, *purpose: int) -> list[Tensors]:
        size = self._plan.recipe.length.batch
        source = self._source(min(self._draws.scenes, count * size), *purpose)
        return [_tensors(source, size) for _ in range(count)]

    def _source(self, scenes: int, *purpose: int) -> PolarDraws:
        """Draws with a seed of their own for each purpose: no scene serves two of them."""
        return PolarDraws(self._recipe, scenes, stream_seed(*purpose), str(self._device))


class _Endless(IterableDataset[Tensors]):
    def __init__(self, source: PolarDraws, size: int, batches: int) -> None:
        self._source = source
        self._size = size
        self._batches = batches

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[Tensors]:
        return (_tensors(self._source, self._size) for _ in range(self._batches))


class _Kept(Dataset[Tensors]):
    def __init__(self, batches: list[Tensors]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Tensors:
        return self._batches[number]


def _tensors(source: PolarDraws, size: int) -> Tensors:
    batch = source.batch(size)
    return batch.cells, batch.optics, batch.defocus_A


def _as_numpy(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.cpu().numpy(), dtype=np.float64)


def _voltage(wavelength_A: Floats) -> Floats:
    """Voltages in kV, to the nearest whole one, of wavelengths."""
    known = np.array([Optics(float(voltage), 0.0).wavelength_A for voltage in VOLTAGES_KV])
    return np.asarray(np.round(np.interp(-wavelength_A, -known, VOLTAGES_KV)))
