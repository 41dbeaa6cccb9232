"""Criteria of the image: crystalline ice, the ring of ice, support film, and double exposure.

docs/criteria.md explains each of them. Those of ice judge the full band of the micrograph at any sampling.
A value that cannot be computed is NaN.
"""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special
from scipy.fft import irfft2

from thonring.ctf import half_plane_grid, sin2_half_plane
from thonring.quality.attempt_data import AttemptData
from thonring.records import Floats, Image, SectorProfiles, Spectrum

Rings = npt.NDArray[np.intp]

# Crystalline ice

ICE_A = 3.6
"""A spectrum must reach this resolution in Å to show ice (hexagonal ice: 3.90, 3.67 and 3.44 Å)."""

SPOT_BAND_A = (4.2, 3.2)
"""Band about the three spacings of hexagonal ice, with a margin of 7 % for an error of the pixel size."""

VALUES_PER_BLOCK = 16
"""Minimum independent values in a block, so that noise has no single strong pixels. Hand-tuned."""

FALSE_ALARM = 1e-3
"""Fraction of noise spectra whose strongest block exceeds 1."""


def crystalline_spots(data: AttemptData) -> float:
    """Excess of the strongest spot between 4.2 and 3.2 Å over its ring, in units of what noise could reach.

    Pixels are averaged in blocks with 16 or more independent values and divided by the median of their ring.
    Noise alone, averages of exponential values, follows a Gamma distribution, and exceeds its quantile q in
    one spectrum of a thousand; the value is (P / ring - 1) / (q - 1), with q - 1 taken as at least 1, so that
    uneven rings of a well averaged spectrum are not spots. Noise stays below 1 whatever the size; the axes,
    where detector lines lie, are left out. NaN if the micrograph's Nyquist frequency is below 1/3.6 Å.
    """
    spectrum = data.evidence.measured
    if spectrum.nyquist_per_A < 1.0 / ICE_A:
        return math.nan
    # Blocks of enough values, and the number of the ring of each.
    block = math.ceil(math.sqrt(VALUES_PER_BLOCK / spectrum.values_per_pixel))
    power, ring = _rings_of_blocks(spectrum, block)
    if power.size == 0:
        return math.nan
    values = spectrum.values_per_pixel * block**2
    # The mean of a ring from its median, which spots do not move: a Gamma distribution's median over its mean.
    level = _median_by_ring(power, ring)[ring] / (special.gammaincinv(values, 0.5) / values)
    strongest = float(np.max(np.divide(power, level, out=np.ones_like(level), where=level > 0)))
    # The value that the strongest of this many noise blocks exceeds in one spectrum of a thousand.
    reach_of_noise = float(special.gammainccinv(values, FALSE_ALARM / power.size)) / values
    return (strongest - 1.0) / max(reach_of_noise - 1.0, 1.0)


def _rings_of_blocks(spectrum: Spectrum, block: int) -> tuple[Image, npt.NDArray[np.intp]]:
    """Mean power of the blocks in the band and the number, from 0, of each block's ring; both (blocks,)."""
    inner_per_A, outer_per_A = 1.0 / SPOT_BAND_A[0], min(1.0 / SPOT_BAND_A[1], spectrum.nyquist_per_A)
    # The block of pixels that covers the band, in whole blocks about the centre, without the column kx = 0.
    middle = spectrum.power.shape[0] // 2
    reach = min(middle, math.ceil(outer_per_A / spectrum.step_y_per_A) + block) // block
    columns = (
        min(spectrum.power.shape[1] - 1, math.ceil(outer_per_A / spectrum.step_x_per_A) + block) // block
    )
    rows = min(2 * reach, (spectrum.power.shape[0] - middle + reach * block) // block)
    first = middle - reach * block
    blocks = _block_means(spectrum.power[first : first + rows * block, 1 : 1 + columns * block], block)
    # Frequencies of the blocks' centres.
    within = 0.5 * (block - 1)
    ky = ((np.arange(rows) - reach) * block + within) * spectrum.step_y_per_A
    kx = (np.arange(columns) * block + 1 + within) * spectrum.step_x_per_A
    k = np.hypot(ky[:, None].astype(np.float32), kx[None, :].astype(np.float32))
    # A block is chosen inside the band and more than a block and a half from the axes.
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
    """Median of each ring (rings,): one sort of ring number plus power scaled to below ½, instead of one a ring."""
    scale = 2.0 * float(power.max()) or 1.0
    key = np.sort(ring + power / scale)
    ends = np.cumsum(np.bincount(ring))
    starts = np.concatenate([[0], ends[:-1]])
    middle = np.minimum((starts + ends) // 2, len(key) - 1)
    return np.asarray((key[middle] - np.arange(len(ends))) * scale, dtype=np.float64)


# The ring of ice

RING_EDGES_A = (4.0, 3.85, 3.7, 3.6, 3.5)
"""Annuli about the ring at 3.7 Å, narrow enough not to dilute it (limits.toml has measured values)."""

COARSER_NEIGHBOUR_A, FINER_NEIGHBOUR_A = (4.6, 4.25), (3.3, 3.1)
"""Annuli on either side that the ring is compared with."""


def ice_ring(data: AttemptData) -> float:
    """Strongest power of narrow annuli between 4.0 and 3.5 Å over what both neighbours predict there.

    The prediction is interpolated linearly in log power against frequency between 4.6-4.25 and 3.3-3.1 Å: 1 without
    ice, up to a tenth more for vitreous water. NaN if the micrograph's Nyquist frequency is below 1/3.1 Å or a
    neighbour has no power.
    """
    profiles = data.evidence.profiles
    if profiles.frequency_per_A.size == 0 or profiles.frequency_per_A[-1] < 0.99 / FINER_NEIGHBOUR_A[1]:
        return math.nan
    below, below_per_A = _annulus_mean(profiles, *COARSER_NEIGHBOUR_A)
    above, above_per_A = _annulus_mean(profiles, *FINER_NEIGHBOUR_A)
    if not (below > 0 and above > 0):
        return math.nan
    # A straight line through log power against frequency.
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


# Support film

SMALLEST_STEP = 0.085
"""Carbon of 150 Å takes some 15 % of the beam; crowds of particles and unevenness of the ice make up to 7 %."""

MIN_STEP_TO_SCATTER = 4.5
"""Step over scatter; two halves of an even slope reach 3.5, of a normal distribution 2.7."""

NEIGHBOURS = 5
"""Blocks along each side of the median filter, so that isolated dark particles do not form an area."""

MAX_SPLITS = 8
"""Maximum number of splits; the last one is used even if it still changes."""


def support_film_fraction(data: AttemptData) -> float:
    """Fraction of the image covered by the smaller of two areas of different brightness; 0 if there is only one level.

    Medians of 5 x 5 blocks are split in two classes by Otsu's threshold (1979), doi:10.1109/TSMC.1979.4310076, a plane
    and a step between the classes are fitted to them, and they are split again by the residual of the plane, until
    nothing changes. NaN for a spectrum without its image.
    """
    brightness = data.evidence.brightness
    if brightness is None:
        return math.nan
    # Medians of blocks, unaffected by single particles; a first split by Otsu's threshold.
    values = ndimage.median_filter(np.asarray(brightness, dtype=np.float64), NEIGHBOURS, mode="nearest")
    plane = _plane_axes(values.shape)
    flat, bright = values.ravel(), values.ravel() > _otsu(values.ravel())
    step = scatter = 0.0
    for _ in range(MAX_SPLITS):
        if bright.all() or not bright.any():
            return 0.0
        # Plane and step together by least squares; then split again at half a step above the plane.
        design = np.column_stack([plane, bright])
        solution = np.linalg.lstsq(design, flat, rcond=None)[0]
        step, scatter = float(solution[-1]), float(np.std(flat - design @ solution))
        level = flat - plane @ solution[:-1]
        again = level > 0.5 * step
        if np.array_equal(again, bright):
            break
        bright = again
    # A step counts if it is both deep and clear of the scatter about it.
    if not (step > SMALLEST_STEP and step > MIN_STEP_TO_SCATTER * scatter):
        return 0.0
    share = float(np.mean(bright))
    return min(share, 1.0 - share)


def _plane_axes(shape: tuple[int, ...]) -> Floats:
    """Columns 1, x and y of each block, (blocks, 3)."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.column_stack([np.ones(x.size), x.ravel(), y.ravel()])


def _otsu(values: Floats) -> float:
    """The threshold that makes the variance between the two classes largest."""
    # The variance between the classes, w₁ w₂ (μ₁ - μ₂)², of every split of the sorted values from its sum T₁ alone:
    # (w₁ T - T₁)² / (n₁ n₂).
    ordered = np.sort(values)
    below = np.arange(1, len(ordered))
    total = np.cumsum(ordered)
    between = (total[-1] * below / len(ordered) - total[:-1]) ** 2 / (below * (len(ordered) - below))
    best = int(np.argmax(between))
    return 0.5 * float(ordered[best] + ordered[best + 1])


# Double exposure

SHORTEST_A = 14.0
"""Shorter jumps act like drift, and are judged as such."""

LONGEST_SHARE = 0.45
"""Longest jump searched for, relative to the length that corresponds to the spectrum."""

FINEST_A = 3.5
"""Pixel size whose Nyquist frequency ends the band: the rings are strongest inside."""

SIGNIFICANT = 6.5
"""Standard deviations; among 100,000 shifts noise reaches 4.5."""

NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def double_exposure(data: AttemptData) -> float:
    """Contrast c of the strongest fringes across the rings, 0 to about 1; 0 if noise could cause them.

    The residual of the spectrum, P / model - 1, without its rotational mean, is weighted by the
    rings' share of the model and Fourier transformed: fringes of a jump s are a peak at s, of height c under this
    weight. The scatter of all shifts shows how high noise and misfit reach. A crystal of particles would show its
    lattice here too. NaN without rings in the band.
    """
    # 1. The residual, and the rings' share s of the model at each pixel.
    spectrum = _inner(data.spectrum())
    residual, share, ring = _residual(data, spectrum)
    power = float((share * share).sum())
    if power == 0:
        return math.nan
    # 2. Minus its rotational mean: an error of background or envelope is not a fringe.
    residual = np.where(share > 0, residual - _mean_of_rings(residual, share > 0, ring), 0.0)
    # 3. Fringes multiply the rings: the residual is s · c cos 2πk·s₀. Projected on s cos 2πk·s₀ for all shifts at once,
    #    over Σ s², a peak has the height c (cos² is ½ on average, and the plane has twice the half plane).
    contrast = _transform(residual * share) / power
    shift_A = _shifts(contrast.shape[0], spectrum.sampling_A * residual.shape[0] / contrast.shape[0])
    longest_A = LONGEST_SHARE / spectrum.step_x_per_A
    # 4. The strongest shift in the range, if it stands out from all.
    in_range = contrast[(shift_A > SHORTEST_A) & (shift_A < longest_A)]
    scatter = NORMAL_MAD * float(np.median(np.abs(in_range)))
    strongest = float(in_range.max())
    return strongest if strongest > SIGNIFICANT * scatter else 0.0


def _inner(spectrum: Spectrum) -> Spectrum:
    """The part of a spectrum up to the Nyquist frequency of 3.5 Å/px, of even size."""
    middle = spectrum.power.shape[0] // 2
    half = min(middle, math.ceil(0.5 / FINEST_A / spectrum.step_x_per_A))
    power = spectrum.power[middle - half : middle + half, : half + 1]
    return replace(spectrum, power=power, sampling_A=spectrum.sampling_A * middle / half)


def _residual(data: AttemptData, spectrum: Spectrum) -> tuple[Floats, Floats, Rings]:
    """P / model - 1, the rings' share of the model (0 outside the band and on the axes) and the ring's number."""
    fit, curve = data.fitted, data.fitted.curve
    k2, _ = half_plane_grid(spectrum)
    k = np.sqrt(k2)
    background = np.interp(k, curve.frequency_per_A, curve.background)
    rings = np.interp(k, curve.frequency_per_A, curve.ring_power)
    signal = rings * sin2_half_plane(spectrum, fit, data.fitted_optics)
    model = background + signal
    rows = np.abs(np.arange(k.shape[0]) - k.shape[0] // 2)[:, None]
    off_axes = (rows > 1) & (np.arange(k.shape[1])[None, :] > 1)
    inside = off_axes & (k >= curve.frequency_per_A[0]) & (k <= curve.frequency_per_A[-1])
    share: Floats = np.where(inside, signal / model, 0.0)
    residual: Floats = spectrum.power / model - 1.0
    return residual, share, np.rint(k / spectrum.step_x_per_A).astype(np.intp)


def _mean_of_rings(values: Floats, inside: npt.NDArray[np.bool_], ring: Rings) -> Floats:
    """Mean over the pixels inside, ring by ring, at each pixel."""
    count = np.bincount(ring.ravel(), weights=inside.ravel())
    total = np.bincount(ring.ravel(), weights=np.where(inside, values, 0.0).ravel())
    mean: Floats = total / np.maximum(count, 1)
    return np.asarray(mean[ring])


def _transform(weighted: Floats) -> Floats:
    """Sum of a half plane against cos 2πk·s at all shifts s, twice as fine as the band needs, (2 size, 2 size)."""
    half = weighted.shape[0] // 2
    padded = np.zeros((4 * half, 2 * half + 1), dtype=np.float32)
    padded[:half, : half + 1] = weighted[half:]
    padded[-half:, : half + 1] = weighted[:half]
    total: Floats = irfft2(padded, s=(4 * half, 4 * half), overwrite_x=True)
    return np.asarray(total * (4 * half) ** 2, dtype=np.float64)


def _shifts(size: int, sampling_A: float) -> Floats:
    """Length in Å of the shift at each pixel of the transform, (size, size)."""
    axis = np.fft.fftfreq(size, 1 / (size * sampling_A))
    return np.asarray(np.hypot(axis[:, None], axis[None, :]), dtype=np.float64)
