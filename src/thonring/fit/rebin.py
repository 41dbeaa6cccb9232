"""How finely a fit needs the spectrum: bins are joined where the rings stay resolved, and cut where they are not."""

import math
from dataclasses import replace

import numpy as np

from thonring.ctf import phase_per_defocus, ring_period_per_A
from thonring.fit.candidate import Candidate
from thonring.optics import Optics
from thonring.records import Floats, Note, SectorProfiles

BINS_PER_PERIOD = 8.0
FEWEST_BINS_PER_PERIOD = 2.2
MOST_TURN_RAD = 1.0
ROUND_MARGIN_A = 50.0
FEWEST_RINGS = 45


def rebin(profiles: SectorProfiles, sectors: int, rings: int) -> SectorProfiles:
    """Neighbouring bins joined, `sectors` by `rings`; the number of sectors must be a multiple of `sectors`."""
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
    """Bins as coarse as trying many starts allows: sectors as told, rings in pairs where they stay resolved."""
    period = float(ring_period_per_A(profiles.frequency_per_A[-1], highest_defocus_A, optics))
    resolved = period >= 2 * FEWEST_BINS_PER_PERIOD * profiles.ring_width_per_A
    enough = profiles.frequency_per_A.size > 2 * FEWEST_RINGS
    return rebin(profiles, sectors, 2 if enough and resolved else 1)


def choose_rebinning(profiles: SectorProfiles, optics: Optics, start: Candidate) -> SectorProfiles:
    """The coarsest bins, up to four by two, that still resolve rings and astigmatism of a start."""
    period = float(ring_period_per_A(profiles.frequency_per_A[-1], start.mean_A, optics))
    fits = int(period / (BINS_PER_PERIOD * profiles.ring_width_per_A))
    rings = min(max(fits, 1), 4, max(profiles.frequency_per_A.size // (2 * FEWEST_RINGS), 1))
    sectors = 2 if _is_round(profiles, optics, start) else 1
    return profiles if rings == sectors == 1 else rebin(profiles, sectors, rings)


def _is_round(profiles: SectorProfiles, optics: Optics, start: Candidate) -> bool:
    """Whether the phase of the rings turns so little along an arc that sectors can be joined in pairs."""
    astigmatism_A = math.hypot(start.astigmatism_x_A, start.astigmatism_y_A)
    finest = float(profiles.frequency_per_A[-1])
    arc_rad = 2.0 * math.pi / len(profiles.angle_rad)
    turn = 2.0 * float(phase_per_defocus(finest**2, optics)) * (astigmatism_A + ROUND_MARGIN_A) * arc_rad
    return turn < MOST_TURN_RAD


def sampled_band(
    profiles: SectorProfiles, optics: Optics, start: Candidate
) -> tuple[SectorProfiles, tuple[Note, ...]]:
    """The band without the frequencies at which the rings are too fine for the spectrum, and a note if any were.

    Some frequencies are always kept: a fit needs them, and the criterion of aliasing refuses it.
    """
    period = ring_period_per_A(profiles.frequency_per_A, start.mean_A, optics)
    aliased = np.flatnonzero(period < FEWEST_BINS_PER_PERIOD * profiles.ring_width_per_A)
    if aliased.size == 0:
        return profiles, ()
    last = min(max(int(aliased[0]), FEWEST_RINGS), profiles.frequency_per_A.size) - 1
    limit_per_A = float(profiles.frequency_per_A[last])
    text = f"rings finer than {1 / limit_per_A:.2f} Å are not sampled by this spectrum and were left out"
    return profiles.within(0.0, limit_per_A), (Note("aliasing", text),)
