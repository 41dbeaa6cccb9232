"""What a search at a coarser sampling says of a fit: right ones are found again there."""

import math
from dataclasses import replace

from thonring.fit.match import match
from thonring.optics import Optics
from thonring.records import CtfFit, SectorProfiles
from thonring.settings import Settings

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
