"""What a training learns from and is tested on, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from thonring.errors import InputError
from thonring.learn.dataset.dataset import Dataset as Elements
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.inputs import SAMPLINGS_A, optics_input, polar
from thonring.learn.training.config import TrainingPlan, stream_seed
from thonring.learn.training.simulated_batches import SimulatedBatches
from thonring.optics import Optics
from thonring.simulate import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thonring.learn.model_card import Interval, Kind
    from thonring.records import Floats


Tensors = tuple[torch.Tensor, ...]
"""A batch: a network's inputs, then defocus_A (b,)."""


@dataclass(frozen=True, slots=True)
class TestSet:
    """The test set: batches in order, and of all their elements together (n,) voltage and true defocus."""

    batches: Iterable[Tensors]
    voltage_kV: Floats
    defocus_A: Floats


@dataclass(frozen=True, slots=True)
class TrainingSource:
    """What a card tells of the training data."""

    words: str
    samplings_A: tuple[float, ...]
    trained_kV: Interval
    trained_defocus_A: Interval
    trained_pixel_A: Interval
    trained_cs_mm: Interval
    trained_amplitude_contrast: Interval


class Material(Protocol):
    """Data on disk or drawn on the fly. The test set is the same for every seed, and no schedule ever sees it."""

    @property
    def elements(self) -> int:
        """How many elements there are, for a training to know its data again; 0 where they never end."""
        ...

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """Batches of one epoch after the other, of a training that starts or goes on at `first_epoch`."""
        ...

    def validation(self) -> DataLoader[Tensors]:
        """The same batches after each epoch."""
        ...

    def held_out(self) -> TestSet:
        """The test set."""
        ...

    def origin(self) -> TrainingSource:
        """Where the data come from, and what they cover."""
        ...


def shared(count: int) -> range:
    """Numbers below `count` that this process checks; all of them where there are too few for each to have one."""
    rank, world = this_process()
    return range(rank, count, world) if count >= world else range(count)


def this_process() -> tuple[int, int]:
    """Number of this process among those that train together, and how many they are."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


TRAINING, VALIDATION, TEST = range(3)
TEST_SEED = 0

VOLTAGES_KV = np.linspace(10, 1000, 1981)


class Drawn:
    """The `Material` of a plan whose data are simulated on the fly."""

    def __init__(self, plan: TrainingPlan, device: torch.device) -> None:
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

    def held_out(self) -> TestSet:
        """Drawn by a seed of its own, the same for every training with this recipe."""
        batches = self._fixed(self._draws.test_batches, TEST_SEED, TEST)
        wavelength_A = torch.cat([constants[:, 0] for _, constants, _ in batches])
        defocus_A = torch.cat([truth for *_, truth in batches])
        return TestSet(batches, _voltage(_as_numpy(wavelength_A)), _as_numpy(defocus_A))

    def origin(self) -> TrainingSource:
        """Recipe and its ranges."""
        microscope, draws = self._recipe.microscope, self._draws
        words = (
            f"drawn on the fly, {draws.batches_per_epoch} batches of {self._plan.recipe.length.batch} an epoch, from "
            f"{draws.scenes} scenes of the recipe {draws.recipe}; validation and test from scenes of their own"
        )
        voltages = microscope.voltage_kV
        return TrainingSource(
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

    def _source(self, scenes: int, *purpose: int) -> SimulatedBatches:
        """Draws with a seed of their own for each purpose: no scene serves two of them."""
        return SimulatedBatches(self._recipe, scenes, stream_seed(*purpose), str(self._device))


class _Endless(IterableDataset[Tensors]):
    def __init__(self, source: SimulatedBatches, size: int, batches: int) -> None:
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


def _tensors(source: SimulatedBatches, size: int) -> Tensors:
    batch = source.batch(size)
    return batch.cells, batch.optics, batch.defocus_A


def _as_numpy(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.cpu().numpy(), dtype=np.float64)


def _voltage(wavelength_A: Floats) -> Floats:
    """Voltages in kV, to the nearest whole one, of wavelengths."""
    known = np.array([Optics(float(voltage), 0.0).wavelength_A for voltage in VOLTAGES_KV])
    return np.asarray(np.round(np.interp(-wavelength_A, -known, VOLTAGES_KV)))


SPLIT_SEED = 0
"""Sessions are divided alike for every training, so that the test sets of several models are one."""

Indices = npt.NDArray[np.intp]


class OnDisk:
    """The `Material` of a plan whose data are files, read by so many `workers` (0: by this process)."""

    def __init__(self, plan: TrainingPlan, workers: int) -> None:
        self._plan = plan
        self._workers = workers
        self._dataset = open_dataset([Path(path) for path in plan.data])
        self._splits = self._dataset.splits(SPLIT_SEED)
        _check_known(self._dataset, plan)

    @property
    def elements(self) -> int:
        """How many elements all files hold."""
        return len(self._dataset)

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """Shuffled anew each epoch, by seed and number of the epoch alone."""
        items = self._items(self._splits.train)
        order = Shuffled(len(items), self._plan.seed)
        order.set_epoch(first_epoch)
        return self._loader(items, order)

    def validation(self) -> DataLoader[Tensors]:
        """In order; several training processes share them."""
        mine = self._splits.validation[list(shared(len(self._splits.validation)))]
        return self._loader(self._items(mine))

    def held_out(self) -> TestSet:
        """In order, all of it."""
        columns, test = self._dataset.columns, self._splits.test
        return TestSet(self._loader(self._items(test)), columns.voltage_kV[test], columns.defocus_A[test])

    def origin(self) -> TrainingSource:
        """Files, and the ranges of the training's own part."""
        columns, train = self._dataset.columns, self._splits.train
        parts = (self._splits.train, self._splits.validation, self._splits.test)
        counts = " + ".join(f"{len(part)}" for part in parts)
        files = ", ".join(Path(path).name for path in self._plan.data)
        words = f"{files}: {counts} elements for training, validation and test, divided by session"
        covered = (
            columns.voltage_kV,
            columns.defocus_A,
            columns.finest_A,
            columns.cs_mm,
            columns.amplitude_contrast,
        )
        return TrainingSource(
            words, self._dataset.samplings_A, *(_range(column[train]) for column in covered)
        )

    def _items(self, indices: Indices) -> _Items:
        return _Items(self._dataset, indices, self._plan.row.kind)

    def _loader(self, items: _Items, order: Shuffled | None = None) -> DataLoader[Tensors]:
        size, workers = self._plan.recipe.length.batch, min(self._workers, len(items))
        return DataLoader(items, size, sampler=order, num_workers=workers, persistent_workers=workers > 0)


class Shuffled(Sampler[int]):
    """An order of `count` items for each epoch; processes that train together deal it out."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Tell which epoch is next; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count // this_process()[1] or self._count

    def __iter__(self) -> Iterator[int]:
        rank, world = this_process()
        order = np.random.default_rng((self._seed, self._epoch)).permutation(self._count)
        return iter(order[rank::world][: len(self)].tolist())


class _Items(Dataset[Tensors]):
    """Elements as tensors: a network's inputs, then the defocus."""

    def __init__(self, elements: Elements, indices: Indices, kind: Kind) -> None:
        self._elements = elements
        self._indices = indices
        self._kind = kind

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, number: int) -> Tensors:
        index = int(self._indices[number])
        defocus_A = torch.tensor(self._elements.columns.defocus_A[index], dtype=torch.float32)
        if self._kind == "enhanced":
            return torch.from_numpy(self._elements.enhanced(index)), defocus_A
        return *self._cells(index), defocus_A

    def _cells(self, index: int) -> Tensors:
        views = self._elements.views(index)
        optics = self._elements.columns.optics(index)
        finest_A = max(views.finest_A, min(views.samplings_A))
        constants = torch.tensor(optics_input(optics, finest_A), dtype=torch.float32)
        return torch.from_numpy(polar(views)), constants


def _check_known(dataset: Elements, plan: TrainingPlan) -> None:
    """Polar networks need what thesis files do not hold."""
    if plan.row.kind == "polar" and not np.isfinite(dataset.columns.cs_mm).all():
        raise InputError(
            f"{', '.join(plan.data)}: some elements have no Cs and no spectra, which {plan.network} needs. "
            "Build the data set with `thonring dataset build`, or train a network of the thesis."
        )


def _range(column: Floats) -> Interval:
    """Least and greatest of what is known; (0, 0) if nothing is."""
    known = column[np.isfinite(column)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
