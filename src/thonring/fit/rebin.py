"""The bins a fit needs: merged where the rings stay resolved, excluded where they are not."""

import math
from dataclasses import replace

import numpy as np

from thonring.ctf import phase_per_defocus, ring_period_per_A
from thonring.fit.candidate import Candidate
from thonring.optics import Optics
from thonring.records import Floats, Note, SectorProfiles

BINS_PER_PERIOD = 8.0
"""Bins per ring that a fit keeps: the mean of sin²χ over a bin then loses 2.6 % of its contrast, sinc(1/8).

Hand-tuned; data not recorded.
"""

MIN_BINS_PER_PERIOD = 2.2
"""Bins per ring below which rings count as too fine for the spectrum: a tenth above Nyquist's two."""

MAX_TURN_RAD = 1.0
"""Change of 2χ along the arc of a sector up to which sectors are merged in pairs. Hand-tuned; data not recorded."""

ROUND_MARGIN_A = 50.0
"""Added to the astigmatism of a start, which the fit may still change. Hand-tuned; data not recorded."""

MIN_RINGS = 45
"""Minimum rings of bins for a fit: splines and CTF have up to 25 parameters. Hand-tuned; data not recorded."""

MAX_RINGS_MERGED, MAX_SECTORS_MERGED = 4, 2
"""Maximum bins merged for a fit. Hand-tuned; data not recorded."""


def rebin(profiles: SectorProfiles, sectors: int, rings: int) -> SectorProfiles:
    """Neighbouring bins merged, `sectors` by `rings`; the number of sectors must be a multiple of `sectors`.

    k², power and frequency are means weighted by the number of values, so that no bin centre is assumed. Rings that do
    not fill a bin at the end of the band are left out.
    """
    count = profiles.frequency_per_A.size // rings
    shape = (-1, sectors, count, rings)
    values = profiles.values[:, : count * rings].reshape(shape)
    total = values.sum(axis=(1, 3))

    def mean(bins: Floats) -> Floats:
        weighted = (bins[:, : count * rings].reshape(shape) * values).sum(axis=(1, 3))
        average: Floats = weighted / np.maximum(total, 1e-12)
        return average

    per_ring = values.sum(axis=(0, 1))
    frequency = profiles.frequency_per_A[: count * rings].reshape(count, rings)
    return replace(
        profiles,
        angle_rad=profiles.angle_rad.reshape(-1, sectors).mean(axis=1),
        frequency_per_A=(frequency * per_ring).sum(axis=1) / np.maximum(per_ring.sum(axis=1), 1e-12),
        squared_frequency=np.where(total > 0, mean(profiles.squared_frequency), frequency.mean(axis=1) ** 2),
        power=mean(profiles.power),
        values=total,
        ring_width_per_A=profiles.ring_width_per_A * rings,
    )


def rebin_for_search(
    profiles: SectorProfiles, optics: Optics, highest_defocus_A: float, sectors: int = 1
) -> SectorProfiles:
    """Bins as coarse as trying many starts allows: `sectors` at a time, rings in pairs where they stay resolved."""
    period = float(ring_period_per_A(profiles.frequency_per_A[-1], highest_defocus_A, optics))
    resolved = period >= 2 * MIN_BINS_PER_PERIOD * profiles.ring_width_per_A
    enough = profiles.frequency_per_A.size > 2 * MIN_RINGS
    return rebin(profiles, sectors, 2 if enough and resolved else 1)


def choose_rebinning(profiles: SectorProfiles, optics: Optics, start: Candidate) -> SectorProfiles:
    """The coarsest bins, up to four by two, that still resolve the rings and the astigmatism of a start."""
    period = float(ring_period_per_A(profiles.frequency_per_A[-1], start.mean_A, optics))
    resolving = int(period / (BINS_PER_PERIOD * profiles.ring_width_per_A))
    enough = profiles.frequency_per_A.size // (2 * MIN_RINGS)
    rings = min(max(resolving, 1), MAX_RINGS_MERGED, max(enough, 1))
    sectors = MAX_SECTORS_MERGED if _is_round(profiles, optics, start) else 1
    return profiles if rings == sectors == 1 else rebin(profiles, sectors, rings)


def _is_round(profiles: SectorProfiles, optics: Optics, start: Candidate) -> bool:
    """Whether the phase of the rings turns so little along an arc that sectors can be merged in pairs.

    Along the direction α, 2χ changes by at most ∂(2χ)/∂Δf · (U - V) per radian, since |∂Δf/∂α| <= U - V.
    """
    astigmatism_A = math.hypot(start.astigmatism_x_A, start.astigmatism_y_A)
    finest = float(profiles.frequency_per_A[-1])
    arc_rad = 2.0 * math.pi / len(profiles.angle_rad)
    turn = 2.0 * float(phase_per_defocus(finest**2, optics)) * (astigmatism_A + ROUND_MARGIN_A) * arc_rad
    return turn < MAX_TURN_RAD


def sampled_band(
    profiles: SectorProfiles, optics: Optics, start: Candidate
) -> tuple[SectorProfiles, tuple[Note, ...]]:
    """The band without the frequencies at which the rings are too fine for the spectrum, and a note if any were.

    A minimum is always kept, as a fit needs it; the aliasing criterion then rejects the fit.
    """
    period = ring_period_per_A(profiles.frequency_per_A, start.mean_A, optics)
    aliased = np.flatnonzero(period < MIN_BINS_PER_PERIOD * profiles.ring_width_per_A)
    if aliased.size == 0:
        return profiles, ()
    last = min(max(int(aliased[0]), MIN_RINGS), profiles.frequency_per_A.size) - 1
    limit_per_A = float(profiles.frequency_per_A[last])
    text = (
        f"rings finer than {1 / limit_per_A:.2f} Å are not resolved by the sampling of this spectrum and were "
        "excluded from the fit"
    )
    return profiles.within(0.0, limit_per_A), (Note("aliasing", text),)
