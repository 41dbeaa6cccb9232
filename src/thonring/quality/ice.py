"""Ice: crystalline spots, and the ring of water. Both judge the full band of the micrograph."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

from thonring.quality.case import Case
from thonring.records import Floats, Image, SectorProfiles, Spectrum

ICE_A = 3.6
"""A spectrum must reach this resolution in Å to show ice (hexagonal ice: 3.90, 3.67 and 3.44 Å)."""

SPOT_BAND_A = (4.2, 3.2)
RING_EDGES_A = (4.0, 3.85, 3.7, 3.6, 3.5)
VALUES_PER_BLOCK = 16
FALSE_ALARM = 1e-3


def crystalline_spots(case: Case) -> float:
    """Excess of the strongest spot between 4.2 and 3.2 Å over its ring, in units of what noise could reach.

    Pixels are averaged in blocks with 16 or more independent values and divided by the median of their ring.
    Noise alone, averages of exponential values, follows a Gamma distribution, and exceeds its quantile q in
    one spectrum of a thousand; the value is (P / ring - 1) / (q - 1), with q - 1 taken as at least 1, so that
    uneven rings of a well averaged spectrum are not spots. Noise stays below 1 whatever the size; the axes,
    where detector lines lie, are left out. NaN if the micrograph's Nyquist frequency is below 1/3.6 Å.
    """
    spectrum = case.evidence.measured
    if spectrum.nyquist_per_A < 1.0 / ICE_A:
        return math.nan
    block = math.ceil(math.sqrt(VALUES_PER_BLOCK / spectrum.values_per_pixel))
    power, ring = _rings_of_blocks(spectrum, block)
    if power.size == 0:
        return math.nan
    values = spectrum.values_per_pixel * block**2
    level = _median_by_ring(power, ring)[ring] / (special.gammaincinv(values, 0.5) / values)
    strongest = float(np.max(np.divide(power, level, out=np.ones_like(level), where=level > 0)))
    reach_of_noise = float(special.gammainccinv(values, FALSE_ALARM / power.size)) / values
    return (strongest - 1.0) / max(reach_of_noise - 1.0, 1.0)


def _rings_of_blocks(spectrum: Spectrum, block: int) -> tuple[Image, npt.NDArray[np.intp]]:
    """Mean power of the blocks in the band and the number, from 0, of each block's ring; both (blocks,)."""
    inner_per_A, outer_per_A = 1.0 / SPOT_BAND_A[0], min(1.0 / SPOT_BAND_A[1], spectrum.nyquist_per_A)
    middle = spectrum.power.shape[0] // 2
    reach = min(middle, math.ceil(outer_per_A / spectrum.step_y_per_A) + block) // block
    columns = (
        min(spectrum.power.shape[1] - 1, math.ceil(outer_per_A / spectrum.step_x_per_A) + block) // block
    )
    rows = min(2 * reach, (spectrum.power.shape[0] - middle + reach * block) // block)
    first = middle - reach * block
    blocks = _block_means(spectrum.power[first : first + rows * block, 1 : 1 + columns * block], block)
    within = 0.5 * (block - 1)
    ky = ((np.arange(rows) - reach) * block + within) * spectrum.step_y_per_A
    kx = (np.arange(columns) * block + 1 + within) * spectrum.step_x_per_A
    k = np.hypot(ky[:, None].astype(np.float32), kx[None, :].astype(np.float32))
    off_axes = (np.abs(ky) > 1.5 * block * spectrum.step_y_per_A)[:, None] & (
        kx > 1.5 * block * spectrum.step_x_per_A
    )
    chosen = (k >= inner_per_A) & (k < outer_per_A) & off_axes
    ring_width_per_A = 2.0 * block * max(spectrum.step_x_per_A, spectrum.step_y_per_A)
    return blocks[chosen], ((k[chosen] - inner_per_A) / ring_width_per_A).astype(np.intp)


def _block_means(power: Image, block: int) -> Image:
    parts = [power[i::block, j::block] for i in range(block) for j in range(block)]
    total: Image = np.add.reduce(parts)
    return total / np.float32(block**2)


def _median_by_ring(power: Image, ring: npt.NDArray[np.intp]) -> Floats:
    """Median of each ring (rings,), by one sort of ring number plus scaled power."""
    scale = 2.0 * float(power.max()) or 1.0
    key = np.sort(ring + power / scale)
    ends = np.cumsum(np.bincount(ring))
    starts = np.concatenate([[0], ends[:-1]])
    middle = np.minimum((starts + ends) // 2, len(key) - 1)
    return np.asarray((key[middle] - np.arange(len(ends))) * scale, dtype=np.float64)


def ice_ring(case: Case) -> float:
    """Strongest power of narrow annuli between 4.0 and 3.5 Å over what both neighbours let expect there.

    The expectation is interpolated linearly in log power against frequency between 4.6-4.25 and 3.3-3.1 Å: 1 without
    ice, up to a tenth more for vitreous water. NaN if the micrograph's Nyquist frequency is below 1/3.1 Å or a
    neighbour has no power.
    """
    profiles = case.evidence.profiles
    if profiles.frequency_per_A.size == 0 or profiles.frequency_per_A[-1] < 0.99 / 3.1:
        return math.nan
    below, below_per_A = _annulus_mean(profiles, 4.6, 4.25)
    above, above_per_A = _annulus_mean(profiles, 3.3, 3.1)
    if not (below > 0 and above > 0):
        return math.nan
    slope = math.log(above / below) / (above_per_A - below_per_A)
    ratios = []
    for coarse_A, fine_A in pairwise(RING_EDGES_A):
        ring, ring_per_A = _annulus_mean(profiles, coarse_A, fine_A)
        ratios.append(ring / (below * math.exp(slope * (ring_per_A - below_per_A))))
    return float(np.nanmax(ratios)) if np.isfinite(ratios).any() else math.nan


def _annulus_mean(profiles: SectorProfiles, coarse_A: float, fine_A: float) -> tuple[float, float]:
    """Mean power and frequency (1/Å) between two resolutions in Å; NaN where there is none."""
    annulus = profiles.within(1.0 / coarse_A, 1.0 / fine_A)
    total = float(annulus.values.sum())
    if total == 0:
        return math.nan, math.nan
    frequency = float((annulus.values * annulus.frequency_per_A).sum()) / total
    return float((annulus.values * annulus.power).sum()) / total, frequency
