"""A spectrum and a start as an optimisation problem: bins, splines, free parameters and priors.

And the smallest such problem: background and ring power of a fixed CTF.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from thonring.errors import FitError
from thonring.fit.candidate import Candidate
from thonring.fit.likelihood import Parameters, Problem, maximise
from thonring.fit.radial_profile import dispersion, fit_resolution_A, radial_curve, ring_score
from thonring.fit.rebin import MIN_RINGS, choose_rebinning, sampled_band
from thonring.fit.splines import rotational_mean, spline_basis
from thonring.optics import Optics
from thonring.records import Floats, Note, RadialCurve, SectorProfiles
from thonring.settings import Settings

PHASE_PRIOR_DEG = (60.0, 60.0)
"""Mean and standard deviation: phase plates are used between 0 and 120 degrees; clear rings override it."""

AMPLITUDE_PRIOR = 0.1
"""Standard deviation, in radians of arcsin A, about the given amplitude contrast. Hand-tuned; data not recorded."""

FIRST_RING_SHARE = 0.2
FIRST_BACKGROUND_FALL = 0.1
"""Where a fit starts: rings of a fifth of the mean power, the background a factor e^-0.1 below the mean.

The mean of B + A sin²χ is B + A/2: the two add up to it.
"""

FIXED_CTF_STEPS = 12
"""Steps in which background and ring power of a fixed CTF are fitted. Hand-tuned; data not recorded."""


def build_problem(
    profiles: SectorProfiles, optics: Optics, settings: Settings, start: Candidate
) -> tuple[Problem, SectorProfiles, tuple[Note, ...]]:
    """The problem of a start, with the profiles in suitable bins, and a note on what was left out."""
    sampled, notes = sampled_band(profiles, optics, start)
    used = choose_rebinning(sampled, optics, start)
    return problem_of(used, optics, settings, _splines(used, optics, start.mean_A)), used, notes


def problem_of(
    profiles: SectorProfiles, optics: Optics, settings: Settings, splines: tuple[int, int]
) -> Problem:
    """The problem on given bins, with the given numbers of splines for background and ring power."""
    prior_mean, prior_deviation = _priors(optics, settings)
    power = np.where(profiles.values > 0, profiles.power, 1.0)
    background_basis = spline_basis(profiles.frequency_per_A, splines[0])
    ring_basis = spline_basis(profiles.frequency_per_A, splines[1])
    mean, _ = rotational_mean(replace(profiles, power=power))
    mean_background = np.linalg.lstsq(
        background_basis, np.log(np.maximum(mean, 1e-9 * mean.max())), rcond=None
    )[0]
    return Problem(
        squared_frequency=profiles.squared_frequency,
        power=power,
        weights=profiles.values,
        angle_rad=profiles.angle_rad,
        background_basis=background_basis,
        ring_basis=ring_basis,
        mean_background=mean_background,
        mean_rings=np.linalg.lstsq(ring_basis, background_basis @ mean_background, rcond=None)[0],
        optics=optics,
        free=_free(settings),
        prior_mean=prior_mean,
        prior_deviation=prior_deviation,
    )


def initial_parameters(problem: Problem, start: Candidate) -> Parameters:
    """Where the maximisation starts: the CTF of a candidate, background and rings that add up to the mean power."""
    ctf = np.array(
        [
            start.mean_A,
            start.astigmatism_x_A,
            start.astigmatism_y_A,
            math.radians(start.phase_shift_deg),
            math.asin(problem.optics.amplitude_contrast),
        ]
    )
    return Parameters(
        ctf,
        problem.mean_background - FIRST_BACKGROUND_FALL,
        problem.mean_rings + math.log(FIRST_RING_SHARE),
    )


def _splines(profiles: SectorProfiles, optics: Optics, defocus_A: float) -> tuple[int, int]:
    """Numbers of splines for background and ring power: too few to follow the rings themselves.

    The band holds λΔf (k₂² - k₁²) rings; there is about one spline of the background per ring, 5 to 12, and fewer of
    the ring power, 4 to 8. Hand-tuned; data not recorded.
    """
    k2 = profiles.frequency_per_A[[0, -1]] ** 2
    rings = optics.wavelength_A * defocus_A * float(k2[1] - k2[0])
    return int(np.clip(round(rings) + 3, 5, 12)), int(np.clip(round(0.6 * rings) + 2, 4, 8))


def _free(settings: Settings) -> tuple[bool, bool, bool, bool, bool]:
    """Which of the CTF parameters are fitted, in the order of `Problem.free`."""
    astigmatism = settings.astigmatism and settings.known_astigmatism is None and not settings.fix_defocus
    return (
        not settings.fix_defocus,
        astigmatism,
        astigmatism,
        settings.phase_shift,
        settings.refine_amplitude_contrast,
    )


def _priors(optics: Optics, settings: Settings) -> tuple[Floats, Floats]:
    """Mean and standard deviation (5,) of the prior on each parameter of the CTF, infinite where there is none."""
    phase_deg, deviation_deg = PHASE_PRIOR_DEG
    if settings.phase_shift_range_deg is not None:
        low_deg, high_deg = settings.phase_shift_range_deg
        phase_deg, deviation_deg = 0.5 * (low_deg + high_deg), 0.5 * (high_deg - low_deg)
    mean = (0.0, 0.0, 0.0, math.radians(phase_deg), math.asin(optics.amplitude_contrast))
    deviation = (np.inf, np.inf, np.inf, math.radians(deviation_deg), AMPLITUDE_PRIOR)
    return np.array(mean), np.array(deviation)


@dataclass(frozen=True, slots=True)
class FixedCtfFit:
    """How well a fixed CTF explains a spectrum: curve, score, and resolution."""

    curve: RadialCurve
    score: float
    fit_resolution_A: float


def evaluate_fixed_ctf(
    band: SectorProfiles, optics: Optics, settings: Settings, ctf: Candidate, pixel_variance: float | None
) -> FixedCtfFit:
    """Fit only background and ring power, in a few steps; `refine` gives the same figures and more, but is slower.

    `pixel_variance` is that of `refine`.

    Raises
    ------
    FitError
        If the band is too narrow.
    """
    rings = band.frequency_per_A.size
    if rings < MIN_RINGS:
        raise FitError(
            f"the band contains only {rings} frequencies, at least {MIN_RINGS} are needed: widen it."
        )
    fixed = replace(
        settings, start="search", fix_defocus=True, phase_shift=False, refine_amplitude_contrast=False
    )
    problem, used, _ = build_problem(band, optics, fixed, ctf)
    solution = maximise(problem, initial_parameters(problem, ctf), FIXED_CTF_STEPS)
    curve = radial_curve(used, problem, solution.parameters)
    if pixel_variance is None:
        pixel_variance = float(np.median(dispersion(used, solution.model)))
    score = ring_score(used, problem, solution.parameters, pixel_variance)
    return FixedCtfFit(curve, score, fit_resolution_A(curve))
