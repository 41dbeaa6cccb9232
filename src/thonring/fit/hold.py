"""A CTF held against a spectrum, quickly: for the eye, while a hand moves it."""

from dataclasses import dataclass, replace

import numpy as np

from thonring.errors import FitError
from thonring.fit.bins import FEWEST_RINGS
from thonring.fit.candidate import Candidate
from thonring.fit.curve import fit_resolution_A, radial_curve, ring_score
from thonring.fit.dispersion import dispersion
from thonring.fit.posed import posed, start_point
from thonring.fit.whittle import maximise
from thonring.optics import Optics
from thonring.records import RadialCurve, SectorProfiles
from thonring.settings import Settings

STEPS = 12


@dataclass(frozen=True, slots=True)
class Held:
    """What a CTF that is held explains: its curve, its score, and to what resolution."""

    curve: RadialCurve
    score: float
    fit_resolution_A: float


def hold(
    band: SectorProfiles, optics: Optics, settings: Settings, ctf: Candidate, pixel_variance: float | None
) -> Held:
    """Fit background and ring power alone, in a few steps; `refine` gives the same figures, and more, in more time.

    `pixel_variance` is that of `refine`.

    Raises
    ------
    FitError
        If the band is too narrow.
    """
    rings = band.frequency_per_A.size
    if rings < FEWEST_RINGS:
        raise FitError(
            f"only {rings} frequencies lie in the band, at least {FEWEST_RINGS} are needed: widen it."
        )
    fixed = replace(
        settings, start="search", fix_defocus=True, phase_shift=False, refine_amplitude_contrast=False
    )
    problem, used, _ = posed(band, optics, fixed, ctf)
    solution = maximise(problem, start_point(problem, ctf), STEPS)
    curve = radial_curve(used, problem, solution.point)
    if pixel_variance is None:
        pixel_variance = float(np.median(dispersion(used, solution.model)))
    score = ring_score(used, problem, solution.point, pixel_variance)
    return Held(curve, score, fit_resolution_A(curve))
