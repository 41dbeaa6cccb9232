"""The first guess by matching: which defocus explains the rings of all sectors best.

Each sector's background-free profile is projected on -cos 2χ over a grid of defoci with the true Cs, in
overlapping zones of frequency. Within a zone the projections of all sectors are added along a trial
ellipse; between zones only positive ones are added, as energies: no fall-off of the rings is
assumed, and a zone of bare noise costs little.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from thonring.ctf import phase_aberration, ring_period_per_A
from thonring.fit.candidate import Candidate
from thonring.fit.rebin import FEWEST_BINS_PER_PERIOD, rebin_for_search
from thonring.fit.splines import rotational_mean, smooth_power, spline_basis
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, SectorProfiles
from thonring.settings import Settings

Projections = npt.NDArray[np.float32]

ZONES = 5
SMOOTH_SPLINES = 8
SECTORS_MERGED = 3
STEPS_PER_PEAK = 8
ASTIGMATISM_ANGLES = 8
LOCAL_RINGS = 25
PHASE_SHIFTS_DEG = tuple(15.0 * step for step in range(12))
MOST_ABSORBED = 0.8
"""A template that a smooth background absorbs to more than this share tells nothing in its zone."""

MOSTLY = 0.8
"""Share of a zone whose rings must be resolved for it to count."""

MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class _Bank:
    """Templates: `defocus_A` (defoci,), `cosine` and `sine` of 2χ (defoci, rings), `zones` (zones, rings).

    `kept` (defoci, zones) is the part of each that a smooth background cannot absorb, 0 where its rings are too
    fine to see.
    """

    defocus_A: Floats
    cosine: npt.NDArray[np.float32]
    sine: npt.NDArray[np.float32]
    zones: Floats
    kept: Floats


def match(profiles: SectorProfiles, optics: Optics, settings: Settings) -> tuple[Candidate, ...]:
    """The few best defoci of a spectrum, best first: local maxima of the matching score."""
    profiles = rebin_for_search(profiles, optics, settings.defocus_range_A[1])
    low_A, high_A = settings.defocus_range_A
    step_A = _peak_width_A(profiles, optics) / STEPS_PER_PEAK
    bank = _bank(
        profiles.frequency_per_A.tobytes(), profiles.ring_width_per_A, optics, (low_A, high_A, step_A)
    )
    residual, weights = _residual(profiles)
    trials = _astigmatisms(settings, step_A, high_A)
    found: list[Candidate] = []
    phase_shifts_deg = _phase_shifts_deg(settings)
    cosines, sines, norm = _projections(bank, residual, weights, with_sine=any(phase_shifts_deg))
    angles = profiles.angle_rad.reshape(-1, SECTORS_MERGED).mean(axis=1)
    for shift_deg in phase_shifts_deg:
        twice = 2 * math.radians(shift_deg)
        projected = (
            cosines
            if sines is None
            else np.float32(math.cos(twice)) * cosines - np.float32(math.sin(twice)) * sines
        )
        found += _best_ellipses(bank, projected, norm, angles, trials, float(shift_deg))
    return _distinct(found, 2 * STEPS_PER_PEAK * step_A)


def _peak_width_A(profiles: SectorProfiles, optics: Optics) -> float:
    return 1.0 / (optics.wavelength_A * float(profiles.frequency_per_A[-1]) ** 2)


def _residual(profiles: SectorProfiles) -> tuple[Floats, Floats]:
    """Relative excess over the smooth power in merged sectors (sectors, rings), and weights (rings,).

    The weights are the inverse of the local variance, rings included: strong rings cannot drown the weak.
    """
    mean, _ = rotational_mean(profiles)
    smooth = smooth_power(profiles.frequency_per_A, mean, np.ones_like(mean), SMOOTH_SPLINES)
    pairs = (-1, SECTORS_MERGED, mean.size)
    values = profiles.values.reshape(pairs)
    merged = (profiles.power.reshape(pairs) * values).sum(axis=1) / np.maximum(values.sum(axis=1), 1e-12)
    excess = np.where(values.sum(axis=1) > 0, merged / smooth - 1.0, 0.0)
    deviation = np.sqrt(np.median(excess**2, axis=0) / 0.455)
    excess = np.clip(excess, -4 * deviation, 4 * deviation)
    window = np.ones(min(LOCAL_RINGS, mean.size)) / min(LOCAL_RINGS, mean.size)
    variance = np.convolve((excess**2).mean(axis=0), window, mode="same") / np.convolve(
        np.ones(mean.size), window, mode="same"
    )
    return excess, 1.0 / np.maximum(variance, 1e-12)


@lru_cache(maxsize=8)
def _bank(
    frequencies: bytes, ring_width_per_A: float, optics: Optics, grid_A: tuple[float, float, float]
) -> _Bank:
    frequency = np.frombuffer(frequencies)
    defocus = np.arange(grid_A[0], grid_A[1] + grid_A[2], grid_A[2])
    chi2 = 2.0 * phase_aberration(frequency[None, :] ** 2, defocus[:, None], optics)
    seen = np.stack(
        [ring_period_per_A(frequency, d, optics) > FEWEST_BINS_PER_PERIOD * ring_width_per_A for d in defocus]
    )
    cosine, sine = np.cos(chi2), np.sin(chi2)
    position = (frequency - frequency[0]) / (frequency[-1] - frequency[0]) * (ZONES - 1)
    zones = np.maximum(0.0, 1.0 - np.abs(position[None, :] - np.arange(ZONES)[:, None]))
    sampled = (seen @ zones.T) / zones.sum(axis=1) > MOSTLY
    kept = np.stack([_unabsorbed(cosine * zone, frequency) for zone in zones], axis=1) * sampled
    bank = _Bank(defocus, cosine.astype(np.float32), sine.astype(np.float32), zones, kept)
    for shared in (bank.defocus_A, bank.cosine, bank.sine, bank.zones, bank.kept):
        shared.flags.writeable = False
    return bank


def _unabsorbed(templates: Floats, frequency: Floats) -> Floats:
    """Share of each template's energy (defoci,) that lies outside the smooth curves."""
    smooth, _ = np.linalg.qr(spline_basis(frequency, SMOOTH_SPLINES))
    energy = (templates**2).sum(axis=1)
    absorbed = ((templates @ smooth) ** 2).sum(axis=1)
    share: Floats = np.where(energy > 0, 1.0 - absorbed / np.maximum(energy, 1e-12), 0.0)
    return np.where(share < 1 - MOST_ABSORBED, 0.0, share)


def _projections(
    bank: _Bank, residual: Floats, weights: Floats, *, with_sine: bool
) -> tuple[Projections, Projections | None, Floats]:
    """Projections on -cos 2χ and +sin 2χ, (sectors, zones, defoci), and the variance of each, (zones, defoci)."""
    signal = ((bank.zones * weights)[None, :, :] * residual[:, None, :]).astype(np.float32)
    cosines = -(signal @ bank.cosine.T)
    sines = -(signal @ bank.sine.T) if with_sine else None
    energy = (bank.zones**2 * weights).astype(np.float32) @ (bank.cosine**2).T
    norm = len(residual) * energy.astype(np.float64) * bank.kept.T
    return cosines, sines, norm


def _phase_shifts_deg(settings: Settings) -> tuple[float, ...]:
    """Trial phase shifts: those of a grid that lie in the range or are 180° from it, its middle if there are none."""
    if not settings.phase_shift:
        return (settings.phase_shift_deg,)
    if settings.phase_shift_range_deg is None:
        return PHASE_SHIFTS_DEG
    low_deg, high_deg = settings.phase_shift_range_deg
    inside = (shift for shift in PHASE_SHIFTS_DEG if (shift - low_deg) % 180 <= high_deg - low_deg)
    return tuple(inside) or (0.5 * (low_deg + high_deg),)


def _astigmatisms(settings: Settings, step_A: float, high_A: float) -> list[tuple[float, float]]:
    """Trial values of U - V in Å and directions of U in rad: none, then so that no ellipse lies far from one."""
    if settings.known_astigmatism is not None:
        return [(settings.known_astigmatism[0], math.radians(settings.known_astigmatism[1]))]
    if not settings.astigmatism:
        return [(0.0, 0.0)]
    spacing = STEPS_PER_PEAK * step_A
    levels = (spacing * f for f in (0.75, 1.5, 2.5, 4.0, 6.0, 8.5) if spacing * f < 0.4 * high_A)
    axes = np.arange(ASTIGMATISM_ANGLES) * np.pi / ASTIGMATISM_ANGLES
    return [(0.0, 0.0), *((level, float(axis)) for level in levels for axis in axes)]


def _best_ellipses(
    bank: _Bank,
    projected: Projections,
    norm: Floats,
    angles: Floats,
    trials: list[tuple[float, float]],
    shift_deg: float,
) -> list[Candidate]:
    defocus, step = bank.defocus_A, bank.defocus_A[1] - bank.defocus_A[0]
    best = np.full(defocus.size, -np.inf)
    vector = np.zeros((defocus.size, 2))
    with np.errstate(divide="ignore"):
        inverse = np.where(norm > 0, 1.0 / norm, 0.0)
    for level, axis in trials:
        shifts = np.rint(0.5 * level * np.cos(2 * (angles - axis)) / step).astype(int)
        added = _shifted_sum(projected, shifts)
        score = (np.maximum(added, 0.0) ** 2 * inverse).sum(axis=0)
        better = (score > best) & (defocus > 2 * level)
        best[better] = score[better]
        vector[better] = level * math.cos(2 * axis), level * math.sin(2 * axis)
    inner = np.pad(best, 1, constant_values=-np.inf)
    peaks = np.flatnonzero((inner[1:-1] >= inner[:-2]) & (inner[1:-1] > inner[2:]))
    top = peaks[np.argsort(best[peaks])[::-1][: 3 * MOST_CANDIDATES]]
    return [
        Candidate(float(defocus[i]), float(vector[i, 0]), float(vector[i, 1]), shift_deg, float(best[i]))
        for i in top
    ]


def _shifted_sum(projected: Projections, shifts: npt.NDArray[np.int_]) -> Projections:
    """Σ over sectors of projections read `shifts` further along the defocus axis, (zones, defoci)."""
    reach = int(np.abs(shifts).max())
    size = projected.shape[2]
    total: Projections = np.zeros((projected.shape[1], size + 2 * reach), np.float32)
    for sector, shift in zip(projected, shifts, strict=True):
        total[:, reach - shift : reach - shift + size] += sector
    return total[:, reach : reach + size]


def _distinct(found: list[Candidate], apart_A: float) -> tuple[Candidate, ...]:
    chosen: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.score):
        if all(_differs(candidate, other, apart_A) for other in chosen):
            chosen.append(candidate)
        if len(chosen) == MOST_CANDIDATES:
            break
    return tuple(chosen)


def _differs(one: Candidate, two: Candidate, apart_A: float) -> bool:
    turned = abs((one.phase_shift_deg - two.phase_shift_deg + 90) % 180 - 90)
    return abs(one.mean_A - two.mean_A) > apart_A or turned > 40


COARSE_SAMPLING_A = 2.75
FEWEST_RINGS = 50
STRONG = 0.5
"""Share of the best matching score that makes a second candidate of the coarse search worth comparing."""


def with_coarse_search(
    fitted: CtfFit, profiles: SectorProfiles, optics: Optics, settings: Settings
) -> CtfFit:
    """The fit with the strong candidate of a search at the coarser sampling that comes nearest to it."""
    coarse = profiles.within(0.0, 0.5 / COARSE_SAMPLING_A)
    if fitted.sampling_A >= COARSE_SAMPLING_A or coarse.frequency_per_A.size < FEWEST_RINGS:
        return fitted
    candidates = match(coarse, optics, settings)
    strong = [c.mean_A for c in candidates if c.score >= STRONG * candidates[0].score]
    nearest_A = min(strong, key=lambda mean_A: abs(mean_A - fitted.mean_defocus_A), default=math.nan)
    return replace(
        fitted, coarse_defocus_A=nearest_A, coarse_resolution_A=1.0 / float(coarse.frequency_per_A[-1])
    )
