"""What a training learns from and is tested on, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch.utils.data import DataLoader

    from thonring.learn.card import Interval
    from thonring.records import Floats

Tensors = tuple[torch.Tensor, ...]
"""A batch: a network's inputs, then defocus_A (b,)."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The test set: batches in order, and of all their elements together (n,) voltage and true defocus."""

    batches: Iterable[Tensors]
    voltage_kV: Floats
    defocus_A: Floats


@dataclass(frozen=True, slots=True)
class Origin:
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

    def held_out(self) -> HeldOut:
        """The test set."""
        ...

    def origin(self) -> Origin:
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
