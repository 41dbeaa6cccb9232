"""SectorProfiles + starts → CtfFit: maximum likelihood from every start, the best one with its error bars."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from thonring.ctf import from_vector
from thonring.errors import FitError
from thonring.fit.candidate import Candidate
from thonring.fit.likelihood import Parameters, Problem, Solution, maximise, without_rings
from thonring.fit.problem import build_problem, initial_parameters, problem_of
from thonring.fit.radial_profile import dispersion, fit_resolution_A, radial_curve, ring_score, robust_weights
from thonring.fit.rebin import rebin_for_search
from thonring.fit.splines import spline_basis
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, Note, SectorProfiles
from thonring.settings import Settings

COMPARED_SPLINES = (9, 6)
"""Background and ring splines while starts are compared: the same for all, so that likelihoods are comparable.

Hand-tuned; data not recorded.
"""

FIRST_STEPS = 15
"""Steps of each start before they are compared. Hand-tuned; data not recorded."""

WORTH_REFINING = 0.1
"""Starts with less than this share of the best matching score are not refined. Hand-tuned; data not recorded."""

OVERSHOOT = 0.05
"""How far a refined start may be outside the defocus range, relative to its ends, and still be preferred."""

NOISE_GAIN = 40.0
"""Gain that noise alone can reach: the most that a wrong minimum had in 500 simulated spectra of weak rings."""

REACHED_THE_END = 1.1
"""Rings that agree to within a tenth of the band's end may continue beyond it. Hand-tuned; data not recorded."""

OTHER_MINIMUM_RINGS, OTHER_MINIMUM_DEG = 0.25, 10.0
"""Two fits are two minima if they differ by a quarter of a ring at the end of the band, or in phase shift by 10°."""

MAX_OPTIMISM = 4.0
"""Factor on the variance of a fit whose gain does not exceed what noise can reach."""

PHASE_SHIFT_FROM_DEG = -20.0
"""Where the range of 180° of reported phase shifts begins (docs/conventions.md)."""


def refine(
    band: SectorProfiles,
    optics: Optics,
    settings: Settings,
    candidates: Sequence[Candidate],
    wider: SectorProfiles | None = None,
    pixel_variance: float | None = None,
) -> CtfFit:
    """The most likely CTF reached from the candidates, with covariance, dispersion and runner-up.

    Parameters
    ----------
    band
        The frequencies to choose the start on, and to fit.
    candidates
        Starts, at least one; with `settings.fix_defocus` the first is kept fixed.
    wider
        The frequencies to fit if the rings reach the end of `band`.
    pixel_variance
        Relative variance of a pixel of the 512² spectrum that the score refers to; None takes that of the
        profiles themselves, as they scatter.

    Raises
    ------
    FitError
        If there is no candidate.
    """
    if not candidates:
        raise FitError("no defocus in the range explains the spectrum; widen --defocus-range.")
    # 1. Which minimum: every start refined a little, on coarse bins.
    first, runner_up = _best_start(band, optics, settings, candidates)
    # 2. The full problem from the best one, on the wider band if the rings reach the end of this one.
    start, problem, used, notes = _widened(band, wider, optics, settings, first)
    # 3. The maximum, with weights that allow for how the spectrum scatters around it.
    solution, scatter = _converged(problem, used, start)
    if pixel_variance is None:
        pixel_variance = float(np.median(scatter))
    fitted = _fit(used, problem, solution, scatter, pixel_variance)
    return replace(
        fitted,
        start_A=first.mean_A,
        runner_up_A=runner_up.mean_A if runner_up else math.nan,
        runner_up_gap=(first.score - runner_up.score) / fitted.dispersion if runner_up else math.nan,
        notes=(*notes, *_network_start(first, settings)),
    )


def _network_start(first: Candidate, settings: Settings) -> tuple[Note, ...]:
    """A note if the network's start gave a better fit than those of the search."""
    if not (first.from_network and settings.start == "network"):
        return ()
    text = (
        f"the fit started from the network's defocus ({first.mean_A:.0f} Å after initial refinement), which explains "
        "the rings better than any the search found"
    )
    return (Note("network-start", text),)


def _widened(
    band: SectorProfiles, wider: SectorProfiles | None, optics: Optics, settings: Settings, first: Candidate
) -> tuple[Parameters, Problem, SectorProfiles, tuple[Note, ...]]:
    """The final problem to solve, with its profiles and parameters close to the solution."""
    problem, used, notes = build_problem(band, optics, settings, first)
    parameters = maximise(problem, initial_parameters(problem, first)).parameters
    if wider is None or wider.frequency_per_A.size == band.frequency_per_A.size:
        return parameters, problem, used, notes
    end_A = 1.0 / float(band.frequency_per_A[-1])
    if fit_resolution_A(radial_curve(used, problem, parameters)) > REACHED_THE_END * end_A:
        return parameters, problem, used, notes
    start = _as_candidate(parameters, first.score)
    problem, used, notes = build_problem(wider, optics, settings, start)
    return maximise(problem, initial_parameters(problem, start)).parameters, problem, used, notes


def _as_candidate(parameters: Parameters, score: float, *, from_network: bool = False) -> Candidate:
    mean_A, x_A, y_A, shift_rad = (float(value) for value in parameters.ctf[:4])
    return Candidate(mean_A, x_A, y_A, math.degrees(shift_rad), score, from_network=from_network)


def _best_start(
    profiles: SectorProfiles, optics: Optics, settings: Settings, candidates: Sequence[Candidate]
) -> tuple[Candidate, Candidate | None]:
    """The best start and the best in another minimum, None if there is no other; `score` is minus twice the deviance.

    Each candidate is refined on merged sectors with a common basis, so that their deviances can be compared. The best
    counts as the network's only if no start of the search led to the same minimum. A single start is used as it is;
    that of a network, which has no astigmatism, is still refined.
    """
    candidates = [c for c in candidates if c.score >= WORTH_REFINING * candidates[0].score]
    if len(candidates) == 1 and not candidates[0].from_network:
        return candidates[0], None
    merged = rebin_for_search(profiles, optics, settings.defocus_range_A[1], sectors=2)
    refined: list[Candidate] = []
    for candidate in candidates:
        problem = problem_of(merged, optics, settings, COMPARED_SPLINES)
        solution = maximise(problem, initial_parameters(problem, candidate), FIRST_STEPS)
        score = -2.0 * solution.deviance
        refined.append(_as_candidate(solution.parameters, score, from_network=candidate.from_network))
    # Those that ended in the defocus range, or all if none did, best first.
    low_A, high_A = settings.defocus_range_A
    inside = [c for c in refined if (1 - OVERSHOOT) * low_A <= c.mean_A <= (1 + OVERSHOOT) * high_A]
    ranked = sorted(inside or refined, key=lambda c: -c.score)
    # A quarter of a ring at the end of the band: λ ΔΔf k² = ¼.
    apart_A = OTHER_MINIMUM_RINGS / (optics.wavelength_A * float(profiles.frequency_per_A[-1]) ** 2)
    best = ranked[0]
    elsewhere = [c.differs_from(best, apart_A, OTHER_MINIMUM_DEG) for c in ranked]
    runner_up = next((c for c, other in zip(ranked, elsewhere, strict=True) if other), None)
    by_search = any(not (c.from_network or other) for c, other in zip(ranked, elsewhere, strict=True))
    return replace(best, from_network=not by_search and best.from_network), runner_up


def _converged(problem: Problem, profiles: SectorProfiles, parameters: Parameters) -> tuple[Solution, Floats]:
    """The maximum, its weights corrected for dispersion and outliers, and the dispersion (rings,)."""
    solution = maximise(problem, parameters, steps=0)
    scatter = dispersion(profiles, solution.model)
    weights = robust_weights(profiles, solution.model, scatter)
    solution = maximise(replace(problem, weights=weights), parameters)
    return solution, dispersion(profiles, solution.model)


def _fit(
    profiles: SectorProfiles, problem: Problem, solution: Solution, scatter: Floats, pixel_variance: float
) -> CtfFit:
    """The record of a solution; start and runner-up are added by `refine`."""
    ctf = solution.parameters.ctf
    u, v, angle = from_vector(float(ctf[0]), float(ctf[1]), float(ctf[2]))
    curve = radial_curve(profiles, problem, solution.parameters)
    gain = _gain(profiles, problem, solution, scatter)
    mean_scatter = float(np.average(scatter, weights=profiles.values.sum(axis=0)))
    return CtfFit(
        defocus_u_A=u,
        defocus_v_A=v,
        angle_deg=angle,
        phase_shift_deg=_principal_deg(math.degrees(ctf[3])),
        amplitude_contrast=math.sin(ctf[4]),
        covariance=_covariance(solution, float(ctf[4])) * _optimism(gain),
        score=ring_score(profiles, problem, solution.parameters, pixel_variance),
        fit_resolution_A=fit_resolution_A(curve),
        resolution_range_A=(1 / float(profiles.frequency_per_A[0]), 1 / float(profiles.frequency_per_A[-1])),
        sampling_A=profiles.sampling_A,
        log_likelihood_gain=gain,
        dispersion=mean_scatter,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=curve,
        start_A=math.nan,
    )


def _gain(profiles: SectorProfiles, problem: Problem, solution: Solution, scatter: Floats) -> float:
    """Twice the log-likelihood ratio against a smooth spectrum with as many splines.

    Wilks' statistic (1938), doi:10.1214/aoms/1177732360: the deviance is minus the log-likelihood, up to what both have
    in common. The weights are divided by the dispersion, so the ratio is that of a spectrum that scatters as it does.
    """
    weighted = replace(problem, weights=robust_weights(profiles, solution.model, scatter))
    with_rings = float(np.vdot(weighted.weights, np.log(solution.model) + problem.power / solution.model))
    splines = problem.background_basis.shape[1] + problem.ring_basis.shape[1]
    smooth = spline_basis(profiles.frequency_per_A, splines)
    return 2.0 * (without_rings(weighted, smooth) - with_rings)


def _principal_deg(phase_shift_deg: float) -> float:
    """The same phase shift in [-20, 160) degrees: values around 0 stay near 0, although 180° more fits as well."""
    return (phase_shift_deg - PHASE_SHIFT_FROM_DEG) % 180.0 + PHASE_SHIFT_FROM_DEG


def _optimism(gain: float) -> float:
    """How much larger the variance is than the information implies, because search and splines also fit noise.

    The information is proportional to the gain, and noise alone can reach a gain of 40, so the variance grows by
    gain / (gain - 40); by a factor of 4 at most.
    """
    return gain / max(gain - NOISE_GAIN, gain / MAX_OPTIMISM) if gain > 0 else MAX_OPTIMISM


def _covariance(solution: Solution, amplitude_phase_rad: float) -> Floats:
    """(5, 5) over (mean Å, astigmatism x Å, y Å, phase shift deg, amplitude contrast); zeros where fixed."""
    free = np.flatnonzero(np.diag(solution.information))
    covariance = np.zeros((5, 5))
    if free.size:
        covariance[np.ix_(free, free)] = np.linalg.inv(solution.information[np.ix_(free, free)])
    # Change of units: degrees for the phase shift, and dA = cos(arcsin A) d(arcsin A) for the amplitude contrast.
    units = np.array([1.0, 1.0, 1.0, math.degrees(1.0), math.cos(amplitude_phase_rad)])
    return covariance * np.outer(units, units)
