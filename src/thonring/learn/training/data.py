"""Training, validation and test data as tensors: examples of data sets, or batches simulated on the fly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, Sampler
from torch.utils.data import Dataset as TorchDataset

from thonring.errors import InputError
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.inputs import SAMPLINGS_A, Indices, optics_input, polar_cells
from thonring.learn.training.config import TrainingPlan, stream_seed
from thonring.learn.training.simulated_batches import SimulatedBatches
from thonring.optics import Optics
from thonring.simulate import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thonring.learn.model_card import Interval, Kind
    from thonring.records import Floats

Tensors = tuple[torch.Tensor, ...]
"""A batch: the inputs of a network, then defocus_A (b,)."""

SPLIT_SEED = 0
"""Sessions are split identically for every training, so that all models have the same test set."""

TRAINING, VALIDATION, TEST = range(3)
TEST_SEED = 0
VOLTAGES_KV = np.linspace(10, 1000, 1981)


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """The test set: batches in order, and the voltages and true defocus values of all examples, (n,) each."""

    batches: Iterable[Tensors]
    voltage_kV: Floats
    defocus_A: Floats


@dataclass(frozen=True, slots=True)
class DataDescription:
    """What a model card states about the training data."""

    text: str
    samplings_A: tuple[float, ...]
    trained_kV: Interval
    trained_defocus_A: Interval
    trained_pixel_A: Interval
    trained_cs_mm: Interval
    trained_amplitude_contrast: Interval


class TrainingData(Protocol):
    """Data on disk or simulated on the fly.

    The test set is the same for every seed, and neither training nor schedule ever uses it.
    """

    @property
    def example_count(self) -> int:
        """Number of examples, by which a resumed training recognises its data; 0 if unlimited."""
        ...

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """Batches of successive epochs, for a training that starts or continues at `first_epoch`."""
        ...

    def validation(self) -> DataLoader[Tensors]:
        """The batches that are used after each epoch, always the same."""
        ...

    def test_set(self) -> EvaluationSet:
        """The test set."""
        ...

    def description(self) -> DataDescription:
        """Where the data come from, and their ranges."""
        ...


def indices_of_process(count: int) -> range:
    """Indices below `count` that this training process validates; all of them if there are fewer than processes."""
    rank, processes = rank_and_processes()
    return range(rank, count, processes) if count >= processes else range(count)


def rank_and_processes() -> tuple[int, int]:
    """Rank of this process in distributed training, and the number of processes."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


class StoredData:
    """Training data in files, read by `workers` processes (0: by this process)."""

    def __init__(self, plan: TrainingPlan, workers: int) -> None:
        self._plan = plan
        self._workers = workers
        self._dataset = open_dataset([Path(path) for path in plan.data])
        self._splits = self._dataset.splits(SPLIT_SEED)
        _check_optics(self._dataset, plan)

    @property
    def example_count(self) -> int:
        """Number of examples in all files."""
        return len(self._dataset)

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """Shuffled in each epoch, depending only on the seed and the number of the epoch."""
        examples = self._examples(self._splits.train)
        order = ShuffledSampler(len(examples), self._plan.seed)
        order.set_epoch(first_epoch)
        return self._loader(examples, order)

    def validation(self) -> DataLoader[Tensors]:
        """In order, divided among the training processes."""
        validation = self._splits.validation
        return self._loader(self._examples(validation[list(indices_of_process(len(validation)))]))

    def test_set(self) -> EvaluationSet:
        """In order, whole in every process."""
        columns, test = self._dataset.columns, self._splits.test
        batches = self._loader(self._examples(test))
        return EvaluationSet(batches, columns.voltage_kV[test], columns.defocus_A[test])

    def description(self) -> DataDescription:
        """Files, and the ranges of the training part."""
        columns, train = self._dataset.columns, self._splits.train
        parts = (self._splits.train, self._splits.validation, self._splits.test)
        counts = " + ".join(f"{len(part)}" for part in parts)
        files = ", ".join(Path(path).name for path in self._plan.data)
        text = f"{files}: {counts} elements for training, validation and test, split by session"
        ranges = (
            columns.voltage_kV,
            columns.defocus_A,
            columns.finest_A,
            columns.cs_mm,
            columns.amplitude_contrast,
        )
        return DataDescription(text, self._dataset.samplings_A, *(_range(column[train]) for column in ranges))

    def _examples(self, indices: Indices) -> _ExampleTensors:
        return _ExampleTensors(self._dataset, indices, self._plan.row.kind)

    def _loader(self, examples: _ExampleTensors, order: ShuffledSampler | None = None) -> DataLoader[Tensors]:
        size, workers = self._plan.recipe.length.batch, min(self._workers, len(examples))
        return DataLoader(examples, size, sampler=order, num_workers=workers, persistent_workers=workers > 0)


class ShuffledSampler(Sampler[int]):
    """A random order of `count` examples for each epoch, divided among the training processes."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count // rank_and_processes()[1] or self._count

    def __iter__(self) -> Iterator[int]:
        rank, processes = rank_and_processes()
        order = np.random.default_rng((self._seed, self._epoch)).permutation(self._count)
        return iter(order[rank::processes][: len(self)].tolist())


class _ExampleTensors(TorchDataset[Tensors]):
    """Examples as tensors: the inputs of a network, then the defocus."""

    def __init__(self, dataset: Dataset, indices: Indices, kind: Kind) -> None:
        self._dataset = dataset
        self._indices = indices
        self._kind = kind

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, number: int) -> Tensors:
        index = int(self._indices[number])
        defocus_A = torch.tensor(self._dataset.columns.defocus_A[index], dtype=torch.float32)
        if self._kind == "enhanced":
            return torch.from_numpy(self._dataset.enhanced(index)), defocus_A
        return *self._cells(index), defocus_A

    def _cells(self, index: int) -> Tensors:
        pyramid = self._dataset.pyramid(index)
        optics = self._dataset.columns.optics(index)
        finest_A = max(pyramid.finest_A, min(pyramid.samplings_A))
        constants = torch.tensor(optics_input(optics, finest_A), dtype=torch.float32)
        return torch.from_numpy(polar_cells(pyramid)), constants


def _check_optics(dataset: Dataset, plan: TrainingPlan) -> None:
    """Check that a polar network gets its constants and spectra, which thesis-format files do not contain."""
    if plan.row.kind == "polar" and not np.isfinite(dataset.columns.cs_mm).all():
        raise InputError(
            f"{', '.join(plan.data)}: some elements have no Cs and no spectra, which {plan.network} needs. "
            "Build the data set with `thonring dataset build`, or train one of the thesis networks."
        )


def _range(column: Floats) -> Interval:
    """Smallest and largest known value; (0, 0) if none is known."""
    known = column[np.isfinite(column)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


class SimulatedData:
    """Training data simulated on the fly."""

    def __init__(self, plan: TrainingPlan, device: torch.device) -> None:
        self._plan = plan
        self._device = device
        self._draws = plan.recipe.draws
        self._recipe = load_recipe(plan.recipe.draws.recipe)

    @property
    def example_count(self) -> int:
        """0: unlimited."""
        return 0

    def training(self, first_epoch: int) -> DataLoader[Tensors]:
        """Endless batches; a resumed training has another pool of scenes than before."""
        rank, _ = rank_and_processes()
        source = self._source(self._draws.scenes, self._plan.seed, TRAINING, first_epoch, rank)
        epoch = _SimulatedEpoch(source, self._plan.recipe.length.batch, self._draws.batches_per_epoch)
        return DataLoader(epoch, batch_size=None)

    def validation(self) -> DataLoader[Tensors]:
        """Simulated once, divided among the training processes."""
        batches = self._fixed(self._draws.validation_batches, self._plan.seed, VALIDATION)
        own = [batches[index] for index in indices_of_process(len(batches))]
        return DataLoader(_FixedBatches(own), batch_size=None)

    def test_set(self) -> EvaluationSet:
        """Simulated with a seed of its own, the same for every training with this recipe."""
        batches = self._fixed(self._draws.test_batches, TEST_SEED, TEST)
        wavelength_A = torch.cat([constants[:, 0] for _, constants, _ in batches])
        defocus_A = torch.cat([truth for *_, truth in batches])
        return EvaluationSet(batches, _voltage(_as_numpy(wavelength_A)), _as_numpy(defocus_A))

    def description(self) -> DataDescription:
        """The recipe and its ranges."""
        microscope, draws = self._recipe.microscope, self._draws
        text = (
            f"simulated on the fly, {draws.batches_per_epoch} batches of {self._plan.recipe.length.batch} per epoch, "
            f"from {draws.scenes} scenes of the recipe {draws.recipe}; validation and test from separate scenes"
        )
        voltages = microscope.voltage_kV
        return DataDescription(
            text,
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
        """Batches with a separate seed for each purpose, so that they share no scenes."""
        return SimulatedBatches(self._recipe, scenes, stream_seed(*purpose), str(self._device))


class _SimulatedEpoch(IterableDataset[Tensors]):
    """A number of batches of `size`, new ones in each epoch."""

    def __init__(self, source: SimulatedBatches, size: int, batches: int) -> None:
        self._source = source
        self._size = size
        self._batches = batches

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[Tensors]:
        return (_tensors(self._source, self._size) for _ in range(self._batches))


class _FixedBatches(TorchDataset[Tensors]):
    """Batches that are the same in each epoch."""

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
    """Voltages in kV of wavelengths, rounded to whole ones, by interpolation."""
    known = np.array([Optics(float(voltage), 0.0).wavelength_A for voltage in VOLTAGES_KV])
    return np.asarray(np.round(np.interp(-wavelength_A, -known, VOLTAGES_KV)))
