"""Initial estimate by matching: which defocus explains the rings of all sectors best.

Each sector's background-free profile is projected on -cos 2χ over a grid of defocus values with the true Cs, in
overlapping zones of frequency. Within a zone the projections of all sectors are added along a trial
ellipse; between zones only positive ones are added, as energies: no fall-off of the rings is
assumed, and a zone of pure noise costs little.

Rings are sin²χ = ½ - ½ cos 2χ, so -cos 2χ is what remains of them without the smooth part. Matching a model
of the rings over a grid of defocus values is the method of Rohou & Grigorieff (2015), doi:10.1016/j.jsb.2015.08.008;
zones and energies are this program's.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from thonring.ctf import phase_aberration, ring_period_per_A
from thonring.fit.candidate import MAX_CANDIDATES, Candidate
from thonring.fit.rebin import MIN_BINS_PER_PERIOD, rebin_for_search
from thonring.fit.splines import SMOOTH_SPLINES, rotational_mean, smooth_power, spline_basis
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, SectorProfiles
from thonring.settings import KnownAstigmatism, Settings

Projections = npt.NDArray[np.float32]

ZONES = 5
"""Number of overlapping frequency zones. Hand-tuned; data not recorded."""

SECTORS_MERGED = 3
"""Sectors of 5° averaged into one of 15° for the search. Hand-tuned; data not recorded."""

STEPS_PER_PEAK = 8
"""Steps of defocus in which the ring at the end of the band moves on by one period. Hand-tuned; data not recorded."""

ASTIGMATISM_ANGLES = 8
ASTIGMATISM_LEVELS = (0.75, 1.5, 2.5, 4.0, 6.0, 8.5)
LARGEST_ASTIGMATISM = 0.4
"""Trial ellipses: their directions; U - V in periods of the last ring; U - V at most, over the highest defocus.

Hand-tuned; data not recorded.
"""

LOCAL_RINGS = 25
"""Rings over which the variance of the residual is averaged. Hand-tuned; data not recorded."""

CLIP_DEVIATIONS = 4.0
"""Robust standard deviations beyond which a residual is clipped, so that ice spots do not dominate. Hand-tuned."""

CHI2_MEDIAN = 0.455
"""Median of the square of a normal deviate (χ² of one degree of freedom)."""

PHASE_SHIFTS_DEG = tuple(15.0 * step for step in range(12))
"""Trial phase shifts; 180° more gives the same rings. Half a step, 7.5°, costs 1 - cos² 15° = 7 % of the score."""

MAX_ABSORBED = 0.8
"""A template that a smooth background absorbs to more than this fraction carries no information in its zone.

Hand-tuned; data not recorded.
"""

RESOLVED_FRACTION = 0.8
"""Fraction of a zone whose rings must be resolved for it to count. Hand-tuned; data not recorded."""

SEPARATION_PEAKS, SEPARATION_PHASE_DEG = 2.0, 40.0
"""Candidates differ by two periods of the last ring, or by a phase shift beyond 40°. Hand-tuned; data not recorded."""

COARSE_SAMPLING_A = 2.75
"""Sampling of the second search: the coarsest that `Settings.samplings_A` tries by default."""

COARSE_FEWEST_RINGS = 50
"""Minimum rings of pixels for a second search. Hand-tuned; data not recorded."""

STRONG_CANDIDATE_SHARE = 0.5
"""Fraction of the best matching score that makes a second candidate of the coarse search worth comparing.

Hand-tuned; data not recorded.
"""


@dataclass(frozen=True, slots=True)
class _Bank:
    """Templates: `defocus_A` (defocus values,), `cosine` and `sine` of 2χ (defocus values, rings).

    `zones` (zones, rings) are the weights of the zones. `kept` (defocus values, zones) is the part of each template
    that a smooth background cannot absorb, 0 where its rings are too fine for the spectrum.
    """

    defocus_A: Floats
    cosine: npt.NDArray[np.float32]
    sine: npt.NDArray[np.float32]
    zones: Floats
    kept: Floats


@dataclass(frozen=True, slots=True)
class _Ellipses:
    """Ellipses to try: `sectors_rad` (sectors,) are directions of sectors, `trials` pairs of U - V (Å) and θ (rad)."""

    sectors_rad: Floats
    trials: tuple[tuple[float, float], ...]


def match(profiles: SectorProfiles, optics: Optics, settings: Settings) -> tuple[Candidate, ...]:
    """The best few defocus values of a spectrum, best first: local maxima of the matching score."""
    profiles = rebin_for_search(profiles, optics, settings.defocus_range_A[1])
    low_A, high_A = settings.defocus_range_A
    step_A = _peak_width_A(profiles, optics) / STEPS_PER_PEAK
    bank = _bank(
        profiles.frequency_per_A.tobytes(), profiles.ring_width_per_A, optics, (low_A, high_A, step_A)
    )
    residual, weights = _residual(profiles)
    phase_shifts_deg = _phase_shifts_deg(settings)
    cosines, sines, norm = _projections(bank, residual, weights, with_sine=any(phase_shifts_deg))
    ellipses = _Ellipses(
        profiles.angle_rad.reshape(-1, SECTORS_MERGED).mean(axis=1), _astigmatisms(settings, step_A, high_A)
    )
    found: list[Candidate] = []
    for shift_deg in phase_shifts_deg:
        # cos 2(χ + φ) = cos 2φ cos 2χ - sin 2φ sin 2χ: one bank serves all phase shifts.
        twice = 2 * math.radians(shift_deg)
        projected = (
            cosines
            if sines is None
            else np.float32(math.cos(twice)) * cosines - np.float32(math.sin(twice)) * sines
        )
        found += _best_ellipses(bank, projected, norm, ellipses, float(shift_deg))
    return _distinct(found, SEPARATION_PEAKS * STEPS_PER_PEAK * step_A)


def with_coarse_search(
    fitted: CtfFit, profiles: SectorProfiles, optics: Optics, settings: Settings
) -> CtfFit:
    """The fit with the strong candidate of a search at the coarser sampling that comes nearest to it.

    Unchanged where the fit is at that sampling or coarser already, or where too few rings of pixels are left.
    """
    coarse = profiles.within(0.0, 0.5 / COARSE_SAMPLING_A)
    if fitted.sampling_A >= COARSE_SAMPLING_A or coarse.frequency_per_A.size < COARSE_FEWEST_RINGS:
        return fitted
    candidates = match(coarse, optics, settings)
    strong = [c.mean_A for c in candidates if c.score >= STRONG_CANDIDATE_SHARE * candidates[0].score]
    nearest_A = min(strong, key=lambda mean_A: abs(mean_A - fitted.mean_defocus_A), default=math.nan)
    return replace(
        fitted, coarse_defocus_A=nearest_A, coarse_resolution_A=1.0 / float(coarse.frequency_per_A[-1])
    )


def _peak_width_A(profiles: SectorProfiles, optics: Optics) -> float:
    """Change of defocus that moves the last ring on by one period: λ ΔΔf k² = 1."""
    return 1.0 / (optics.wavelength_A * float(profiles.frequency_per_A[-1]) ** 2)


def _residual(profiles: SectorProfiles) -> tuple[Floats, Floats]:
    """Relative excess over the smooth power in merged sectors (sectors, rings), and weights (rings,).

    The weights are the inverse of the local variance, rings included: strong rings cannot drown the weak.
    """
    # Excess P/S - 1 of each merged sector over the smooth rotational mean.
    mean, _ = rotational_mean(profiles)
    smooth = smooth_power(profiles.frequency_per_A, mean, np.ones_like(mean), SMOOTH_SPLINES)
    merged_shape = (-1, SECTORS_MERGED, mean.size)
    values = profiles.values.reshape(merged_shape)
    merged = (profiles.power.reshape(merged_shape) * values).sum(axis=1) / np.maximum(
        values.sum(axis=1), 1e-12
    )
    excess = np.where(values.sum(axis=1) > 0, merged / smooth - 1.0, 0.0)
    # Clip spots at four standard deviations of their ring, taken from the median so that they do not count.
    deviation = np.sqrt(np.median(excess**2, axis=0) / CHI2_MEDIAN)
    excess = np.clip(excess, -CLIP_DEVIATIONS * deviation, CLIP_DEVIATIONS * deviation)
    # Variance in a window of rings, which is shorter at the ends of the band.
    window = np.ones(min(LOCAL_RINGS, mean.size)) / min(LOCAL_RINGS, mean.size)
    variance = np.convolve((excess**2).mean(axis=0), window, mode="same") / np.convolve(
        np.ones(mean.size), window, mode="same"
    )
    return excess, 1.0 / np.maximum(variance, 1e-12)


@lru_cache(maxsize=8)
def _bank(
    frequencies: bytes, ring_width_per_A: float, optics: Optics, grid_A: tuple[float, float, float]
) -> _Bank:
    """Templates of a grid of defocus values (lowest, highest, step); cached, as images of a session share them."""
    frequency = np.frombuffer(frequencies)
    defocus = np.arange(grid_A[0], grid_A[1] + grid_A[2], grid_A[2])
    # 2χ of a round CTF of each defocus; an ellipse is put together from several of them (`_best_ellipses`).
    chi2 = 2.0 * phase_aberration(frequency[None, :] ** 2, defocus[:, None], optics)
    cosine, sine = np.cos(chi2), np.sin(chi2)
    # Zones: triangles that overlap by half and add up to 1 at each frequency.
    position = (frequency - frequency[0]) / (frequency[-1] - frequency[0]) * (ZONES - 1)
    zones = np.maximum(0.0, 1.0 - np.abs(position[None, :] - np.arange(ZONES)[:, None]))
    # A zone counts for a defocus if most of its rings are resolved and are not themselves smooth.
    resolved = np.stack(
        [ring_period_per_A(frequency, d, optics) > MIN_BINS_PER_PERIOD * ring_width_per_A for d in defocus]
    )
    sampled = (resolved @ zones.T) / zones.sum(axis=1) > RESOLVED_FRACTION
    kept = np.stack([_unabsorbed(cosine * zone, frequency) for zone in zones], axis=1) * sampled
    bank = _Bank(defocus, cosine.astype(np.float32), sine.astype(np.float32), zones, kept)
    for shared in (bank.defocus_A, bank.cosine, bank.sine, bank.zones, bank.kept):
        shared.flags.writeable = False
    return bank


def _unabsorbed(templates: Floats, frequency: Floats) -> Floats:
    """Share of each template's energy (defocus values,) outside the space of the background's splines.

    The residual lacks whatever the background took, so a template's norm may count only this share. Set to 0 where
    the background takes most of it.
    """
    smooth, _ = np.linalg.qr(spline_basis(frequency, SMOOTH_SPLINES))
    energy = (templates**2).sum(axis=1)
    absorbed = ((templates @ smooth) ** 2).sum(axis=1)
    share: Floats = np.where(energy > 0, 1.0 - absorbed / np.maximum(energy, 1e-12), 0.0)
    return np.where(share < 1 - MAX_ABSORBED, 0.0, share)


def _projections(
    bank: _Bank, residual: Floats, weights: Floats, *, with_sine: bool
) -> tuple[Projections, Projections | None, Floats]:
    """Projections on -cos 2χ and -sin 2χ, (sectors, zones, defocus values), and their norm, (zones, defocus values).

    The norm is the variance that the sum over all sectors has in noise: Σ weight · template², since the weights are
    inverse variances. The sine is None unless requested.
    """
    signal = ((bank.zones * weights)[None, :, :] * residual[:, None, :]).astype(np.float32)
    cosines = -(signal @ bank.cosine.T)
    sines = -(signal @ bank.sine.T) if with_sine else None
    energy = (bank.zones**2 * weights).astype(np.float32) @ (bank.cosine**2).T
    norm = len(residual) * energy.astype(np.float64) * bank.kept.T
    return cosines, sines, norm


def _phase_shifts_deg(settings: Settings) -> tuple[float, ...]:
    """Trial phase shifts: those of a grid in the range or 180° from it; the middle of the range if there are none."""
    if not settings.phase_shift:
        return (settings.phase_shift_deg,)
    if settings.phase_shift_range_deg is None:
        return PHASE_SHIFTS_DEG
    low_deg, high_deg = settings.phase_shift_range_deg
    inside = (shift for shift in PHASE_SHIFTS_DEG if (shift - low_deg) % 180 <= high_deg - low_deg)
    return tuple(inside) or (0.5 * (low_deg + high_deg),)


def _astigmatisms(settings: Settings, step_A: float, high_A: float) -> tuple[tuple[float, float], ...]:
    """Trial values of U - V in Å and directions of U in rad: none, then so that no ellipse lies far from one."""
    if settings.known_astigmatism is not None:
        return (_in_radians(settings.known_astigmatism),)
    if not settings.astigmatism:
        return ((0.0, 0.0),)
    spacing_A = STEPS_PER_PEAK * step_A
    levels = (spacing_A * f for f in ASTIGMATISM_LEVELS if spacing_A * f < LARGEST_ASTIGMATISM * high_A)
    axes = np.arange(ASTIGMATISM_ANGLES) * np.pi / ASTIGMATISM_ANGLES
    return ((0.0, 0.0), *((level, float(axis)) for level in levels for axis in axes))


def _in_radians(known: KnownAstigmatism) -> tuple[float, float]:
    return known.astigmatism_A, math.radians(known.angle_deg)


def _best_ellipses(
    bank: _Bank, projected: Projections, norm: Floats, ellipses: _Ellipses, phase_shift_deg: float
) -> list[Candidate]:
    """The best local maxima of the score along the mean defocus, each with its best trial astigmatism.

    `projected` and `norm` are those of `_projections`, with the phase shift applied.
    """
    defocus, step_A = bank.defocus_A, bank.defocus_A[1] - bank.defocus_A[0]
    best_score = np.full(defocus.size, -np.inf)
    best_vector_A = np.zeros((defocus.size, 2))
    with np.errstate(divide="ignore"):
        inverse = np.where(norm > 0, 1.0 / norm, 0.0)
    for astigmatism_A, axis_rad in ellipses.trials:
        # 1. Sector α has the defocus mean + ½(U - V) cos 2(α - θ): it is read that many steps further along the grid.
        shifts = np.rint(0.5 * astigmatism_A * np.cos(2 * (ellipses.sectors_rad - axis_rad)) / step_A).astype(
            int
        )
        # 2. Sectors add up with their signs: they share one CTF, and the phase of its rings is known.
        total = _shifted_sum(projected, shifts)
        # 3. Zones add up as energies, (projection)² / variance, positive ones only: a negative projection means bright
        #    where the model is dark, and counts no more than a zone without rings.
        score = (np.maximum(total, 0.0) ** 2 * inverse).sum(axis=0)
        # 4. Keep the ellipse where it is the best so far; V must stay clearly underfocus.
        better = (score > best_score) & (defocus > 2 * astigmatism_A)
        best_score[better] = score[better]
        best_vector_A[better] = astigmatism_A * math.cos(2 * axis_rad), astigmatism_A * math.sin(2 * axis_rad)
    # 5. Local maxima along the mean defocus, the highest first.
    padded = np.pad(best_score, 1, constant_values=-np.inf)
    peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    top = peaks[np.argsort(best_score[peaks])[::-1][: 3 * MAX_CANDIDATES]]
    return [
        Candidate(
            float(defocus[i]),
            float(best_vector_A[i, 0]),
            float(best_vector_A[i, 1]),
            phase_shift_deg,
            float(best_score[i]),
        )
        for i in top
    ]


def _shifted_sum(projected: Projections, shifts: npt.NDArray[np.int_]) -> Projections:
    """Σ over sectors of projections read `shifts` further along the defocus axis, (zones, defocus values)."""
    reach = int(np.abs(shifts).max())
    size = projected.shape[2]
    total: Projections = np.zeros((projected.shape[1], size + 2 * reach), np.float32)
    for sector, shift in zip(projected, shifts, strict=True):
        total[:, reach - shift : reach - shift + size] += sector
    return total[:, reach : reach + size]


def _distinct(found: list[Candidate], apart_A: float) -> tuple[Candidate, ...]:
    """The best candidates of all phase shifts, none of them close to a better one."""
    chosen: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.score):
        if all(candidate.differs_from(other, apart_A, SEPARATION_PHASE_DEG) for other in chosen):
            chosen.append(candidate)
        if len(chosen) == MAX_CANDIDATES:
            break
    return tuple(chosen)
