"""Spectrum → SectorProfiles: the power averaged over small pieces of rings."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from thonring.records import Floats, SectorProfiles, Spectrum

SECTORS = 36


@dataclass(frozen=True, slots=True)
class _Bins:
    """Pixels sorted by bin: `order` flat pixel indices, `starts` of the occupied bins, `occupied` their numbers."""

    order: npt.NDArray[np.int32]
    starts: npt.NDArray[np.intp]
    occupied: npt.NDArray[np.intp]
    count: Floats
    squared_frequency: Floats
    frequency_per_A: Floats


def sector_profiles(
    spectrum: Spectrum, lowest_per_A: float, highest_per_A: float, ring_width_per_A: float = 0.0
) -> SectorProfiles:
    """Mean power in 36 sectors of 180° and rings of the given width (at least one frequency step).

    Each bin carries the mean k² of its own pixels, so that no bin centre is assumed.
    """
    width = max(spectrum.step_y_per_A, spectrum.step_x_per_A, ring_width_per_A)
    highest = min(highest_per_A, spectrum.nyquist_per_A)
    first, last = math.ceil(lowest_per_A / width - 0.5), math.floor(highest / width - 0.5)
    shape = (spectrum.power.shape[0], spectrum.power.shape[1])
    bins = _bins(shape, spectrum.step_y_per_A, spectrum.step_x_per_A, width, (first, last + 1))
    rings = last + 1 - first
    power = np.zeros(SECTORS * rings)
    power[bins.occupied] = np.add.reduceat(spectrum.power.ravel()[bins.order], bins.starts, dtype=np.float64)
    power[bins.occupied] /= bins.count[bins.occupied]
    return SectorProfiles(
        angle_rad=(np.arange(SECTORS) + 0.5) * np.pi / SECTORS - 0.5 * np.pi,
        frequency_per_A=bins.frequency_per_A,
        squared_frequency=bins.squared_frequency.reshape(SECTORS, rings),
        power=power.reshape(SECTORS, rings),
        values=bins.count.reshape(SECTORS, rings) * spectrum.values_per_pixel,
        ring_width_per_A=width,
        sampling_A=spectrum.sampling_A,
    )


@lru_cache(maxsize=4)
def _bins(
    shape: tuple[int, int], step_y: float, step_x: float, width: float, ring_numbers: tuple[int, int]
) -> _Bins:
    rows, columns = shape
    first, rings = ring_numbers[0], ring_numbers[1] - ring_numbers[0]
    ky = (np.arange(rows) - rows // 2)[:, None] * step_y
    kx = np.arange(columns)[None, :] * step_x
    k2 = kx**2 + ky**2
    ring = np.rint(np.sqrt(k2) / width).astype(np.int32) - first
    sector = np.floor((np.arctan2(ky, kx) / np.pi + 0.5) * SECTORS).astype(np.int32).clip(0, SECTORS - 1)
    wanted = (ring >= 0) & (ring < rings)
    wanted[: rows // 2 + 1, 0] = False
    pixel = np.flatnonzero(wanted)
    number = (sector * rings + ring).ravel()[pixel]
    sorting = np.argsort(number, kind="stable")
    order, number = pixel[sorting].astype(np.int32), number[sorting]
    count = np.bincount(number, minlength=SECTORS * rings).astype(np.float64)
    occupied = np.flatnonzero(count)
    starts = np.searchsorted(number, occupied)
    nominal = ((np.arange(rings) + first) * width) ** 2
    total = np.bincount(number, weights=k2.ravel()[order], minlength=SECTORS * rings)
    squared = np.where(count > 0, total / np.maximum(count, 1), np.tile(nominal, SECTORS))
    per_ring = count.reshape(SECTORS, rings).sum(axis=0)
    frequency = np.sqrt(total.reshape(SECTORS, rings).sum(axis=0) / np.maximum(per_ring, 1))
    return _Bins(order, starts, occupied, count, squared, np.where(per_ring > 0, frequency, np.sqrt(nominal)))
