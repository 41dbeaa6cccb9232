"""Spectrum → SectorProfiles: the power averaged over small pieces of rings."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from thonring.records import Floats, SectorProfiles, Spectrum

Indices = npt.NDArray[np.int32]

SECTORS = 36
"""Sectors of the half plane, 5° each."""

ROWS_AT_ONCE = 128
"""Rows of the plane sorted at a time, so that not all its frequencies are in memory at once."""


@dataclass(frozen=True, slots=True)
class _Bins:
    """Pixels sorted by bin: `order` flat pixel indices, `starts` of the occupied bins, `occupied` their numbers."""

    order: npt.NDArray[np.intp]
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
    # Ring n covers (n - ½) to (n + ½) widths: the first holds the lowest frequency, the last ends before the highest.
    width = max(spectrum.step_y_per_A, spectrum.step_x_per_A, ring_width_per_A)
    highest = min(highest_per_A, spectrum.nyquist_per_A)
    first, last = math.ceil(lowest_per_A / width - 0.5), math.floor(highest / width - 0.5)
    shape = (spectrum.power.shape[0], spectrum.power.shape[1])
    bins = _bins(shape, spectrum.step_y_per_A, spectrum.step_x_per_A, width, (first, last + 1))
    rings = last + 1 - first
    # Mean power of each bin: sums over the runs of pixels, sorted by bin.
    power = np.zeros(SECTORS * rings)
    power[bins.occupied] = np.add.reduceat(
        np.take(spectrum.power, bins.order, mode="clip"), bins.starts, dtype=np.float64
    )
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
    """Sort the pixels by bin, a few rows at a time: the whole plane's frequencies are never in memory."""
    rows, columns = shape
    first, rings = ring_numbers[0], ring_numbers[1] - ring_numbers[0]
    bins = SECTORS * rings
    count, total = np.zeros(bins), np.zeros(bins)
    pixels: list[Indices] = []
    numbers: list[Indices] = []
    kx = np.arange(columns)[None, :] * step_x
    for start in range(0, rows, ROWS_AT_ONCE):
        ky = (np.arange(start, min(start + ROWS_AT_ONCE, rows)) - rows // 2)[:, None] * step_y
        # Ring and sector of each pixel; the axis kx = 0 has both halves, of which ky > 0 is taken.
        k2 = kx**2 + ky**2
        ring = np.rint(np.sqrt(k2) / width).astype(np.int32) - first
        inside = (ring >= 0) & (ring < rings)
        inside[ky[:, 0] <= 0, 0] = False
        row, column = np.nonzero(inside)
        direction = np.arctan2(ky[row, 0], kx[0, column])
        sector = np.floor((direction / np.pi + 0.5) * SECTORS).astype(np.int32).clip(0, SECTORS - 1)
        number = sector * rings + ring[inside]
        # Number of pixels of each bin and the sum of their k².
        count += np.bincount(number, minlength=bins)
        total += np.bincount(number, weights=k2[inside], minlength=bins)
        pixels.append(((row + start) * columns + column).astype(np.int32))
        numbers.append(number)
    # Pixels sorted by bin, and where each bin that has any begins.
    number = np.concatenate(numbers)
    sorting = np.argsort(number, kind="stable")
    occupied = np.flatnonzero(count)
    starts = np.concatenate(([0], np.cumsum(count[occupied])[:-1])).astype(np.intp)
    # Mean k² of each bin and mean frequency of each ring; empty ones have their nominal radius.
    nominal = ((np.arange(rings) + first) * width) ** 2
    squared = np.where(count > 0, total / np.maximum(count, 1), np.tile(nominal, SECTORS))
    per_ring = count.reshape(SECTORS, rings).sum(axis=0)
    frequency = np.sqrt(total.reshape(SECTORS, rings).sum(axis=0) / np.maximum(per_ring, 1))
    frequency = np.where(per_ring > 0, frequency, np.sqrt(nominal))
    order = np.concatenate(pixels)[sorting].astype(np.intp)
    for shared in (order, starts, occupied, count, squared, frequency):
        shared.flags.writeable = False
    return _Bins(order, starts, occupied, count, squared, frequency)
