"""Training on data sets on disk: elements read one by one, by several processes if asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from thonring.errors import InputError
from thonring.learn.card import Interval, Kind
from thonring.learn.data.dataset import Dataset as Elements
from thonring.learn.data.dataset import open_dataset
from thonring.learn.seen.network_input import optics_input
from thonring.learn.seen.polar import polar
from thonring.learn.training.material import HeldOut, Origin, Tensors, shared, this_process
from thonring.learn.training.plan import Plan
from thonring.records import Floats

SPLIT_SEED = 0
"""Sessions are divided alike for every training, so that the test sets of several models are one."""

Indices = npt.NDArray[np.intp]


class OnDisk:
    """The `Material` of a plan whose data are files, read by so many `workers` (0: by this process)."""

    def __init__(self, plan: Plan, workers: int) -> None:
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

    def held_out(self) -> HeldOut:
        """In order, all of it."""
        columns, test = self._dataset.columns, self._splits.test
        return HeldOut(self._loader(self._items(test)), columns.voltage_kV[test], columns.defocus_A[test])

    def origin(self) -> Origin:
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
        return Origin(words, self._dataset.samplings_A, *(_range(column[train]) for column in covered))

    def _items(self, indices: Indices) -> "_Items":
        return _Items(self._dataset, indices, self._plan.row.kind)

    def _loader(self, items: "_Items", order: "Shuffled | None" = None) -> DataLoader[Tensors]:
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


def _check_known(dataset: Elements, plan: Plan) -> None:
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
