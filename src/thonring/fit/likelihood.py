"""The likelihood of a power spectrum with rings, and its maximum.

Source: Whittle (1953), Ark. Mat. 2, 423: a periodogram's values are Gamma distributed around the model S,
so the efficient estimator minimises Σ w (log S + P/S), here with S = B(|k|) + A(|k|) sin²χ. Fisher scoring
(Osborne 1992, doi:10.2307/1403652) with analytic derivatives; log B and log A are splines.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from thonring.ctf import phase_aberration, phase_per_defocus
from thonring.fit.splines import roughness
from thonring.optics import Optics
from thonring.records import Floats

PRIOR_CURVATURE = 1.0
PRIOR_RING_CURVATURE = 10.0
"""Precision of the second differences of the coefficients of log B and log A about 0."""

PRIOR_RING_LEVEL = 0.02
PRIOR_RING_LOGARITHM = -4.6
"""Precision of the coefficients of log A about a hundredth of the mean power: it only holds rings that are absent."""

STEPS = 40
CONVERGED = 1e-2


@dataclass(frozen=True, slots=True)
class Problem:
    """A spectrum to explain: `squared_frequency`, `power`, `weights` (sectors, rings), `angle_rad` (sectors,).

    `background_basis` and `ring_basis` are (rings, splines); `free` marks which of the five CTF parameters
    (mean defocus Å, astigmatism x and y Å, phase shift rad, arcsin of the amplitude contrast rad) may move;
    `prior_deviation` their prior standard deviations (inf: none) around `prior_mean`. `mean_background` and
    `mean_rings` are the coefficients, in the two bases, of the logarithm of the mean power.
    """

    squared_frequency: Floats
    power: Floats
    weights: Floats
    angle_rad: Floats
    background_basis: Floats
    ring_basis: Floats
    mean_background: Floats
    mean_rings: Floats
    optics: Optics
    free: tuple[bool, bool, bool, bool, bool]
    prior_mean: Floats
    prior_deviation: Floats


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the model: `ctf` (5,), log-spline coefficients of background and ring power."""

    ctf: Floats
    background: Floats
    rings: Floats


@dataclass(frozen=True, slots=True)
class Solution:
    """A maximum: the point, its deviance Σ w (log S + P/S) and `model` S (sectors, rings).

    `information` is Fisher's over the free CTF parameters, the splines projected out, embedded in (5, 5).
    """

    point: Parameters
    deviance: float
    information: Floats
    model: Floats


@dataclass(frozen=True, slots=True)
class _Phase:
    """What the phase is made of: χ = `fixed` + φ + `per_defocus` · (mean + ½(x cos 2α + y sin 2α))."""

    fixed: Floats
    per_defocus: Floats
    half_cosine: Floats
    half_sine: Floats


@dataclass(frozen=True, slots=True)
class _Terms:
    model: Floats
    background_share: Floats
    ring_share: Floats
    phase_slope: Floats
    objective: float
    deviance: float


def maximise(problem: Problem, start: Parameters, steps: int = STEPS) -> Solution:
    """Fisher scoring with Levenberg's damping from `start`; never returns a worse point than it was given.

    It ends when the next step promises less than a hundredth of a unit of log-likelihood.
    """
    phase = _phase(problem)
    point, terms, damping = start, _evaluate(problem, phase, start), 1e-4
    information, gradient = _fisher(problem, phase, point, terms)
    for _ in range(steps):
        step = _damped_step(information, gradient, damping)
        promise = float(gradient @ step)
        trial = _moved(problem, point, step)
        trial_terms = _evaluate(problem, phase, trial)
        if trial_terms.objective > terms.objective:
            damping *= 10.0
            if damping > 1e6 or promise < CONVERGED:
                break
            continue
        point, terms, damping = trial, trial_terms, max(damping * 0.1, 1e-7)
        information, gradient = _fisher(problem, phase, point, terms)
        if promise < CONVERGED:
            break
    sober = _downweight_uncertain_rings(problem, information)
    information, _ = _fisher(sober, phase, point, terms)
    return Solution(point, terms.deviance, _marginal(sober, information), terms.model)


def without_rings(problem: Problem, background: Floats) -> float:
    """Deviance Σ w (log S + P/S) of the best smooth model, its basis that of `background` (rings, splines)."""
    values = problem.weights.sum(axis=0)
    power = (problem.weights * problem.power).sum(axis=0) / np.maximum(values, 1e-12)
    coefficients = np.linalg.lstsq(background, np.log(np.maximum(power, 1e-12 * power.max())), rcond=None)[0]
    penalty = PRIOR_CURVATURE * roughness(background.shape[1])
    for _ in range(STEPS):
        excess = values * (power * np.exp(-background @ coefficients) - 1.0)
        information = (background.T * values) @ background + penalty
        step = np.linalg.solve(information, background.T @ excess - penalty @ coefficients)
        coefficients = coefficients + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-5:
            break
    logarithm = background @ coefficients
    return float(values @ (logarithm + power * np.exp(-logarithm)))


def _phase(problem: Problem) -> _Phase:
    nominal = math.asin(problem.optics.amplitude_contrast)
    twice = 2.0 * problem.angle_rad[:, None]
    return _Phase(
        fixed=phase_aberration(problem.squared_frequency, 0.0, problem.optics) - nominal,
        per_defocus=phase_per_defocus(problem.squared_frequency, problem.optics),
        half_cosine=0.5 * np.cos(twice),
        half_sine=0.5 * np.sin(twice),
    )


def _evaluate(problem: Problem, phase: _Phase, point: Parameters) -> _Terms:
    """The model and its likelihood; sines and logarithms in single precision, good to 3e-5 rad, sums in double."""
    mean_A, x_A, y_A, shift, amplitude = point.ctf
    defocus = mean_A + x_A * phase.half_cosine + y_A * phase.half_sine
    chi = (phase.fixed + (shift + amplitude) + phase.per_defocus * defocus).astype(np.float32)
    sine, cosine = np.sin(chi), np.cos(chi)
    background = np.exp(np.clip(problem.background_basis @ point.background, -60, 60))
    ring_power = np.exp(np.clip(problem.ring_basis @ point.rings, -60, 60))
    ring_part = ring_power * (sine * sine)
    model = background + ring_part
    inverse = 1.0 / model
    logarithm = np.log((model / background).astype(np.float32)) + np.log(background)
    deviance = float(np.vdot(problem.weights, logarithm + problem.power * inverse))
    return _Terms(
        model=model,
        background_share=background * inverse,
        ring_share=ring_part * inverse,
        phase_slope=(2.0 * ring_power) * (sine * cosine) * inverse,
        objective=deviance + _penalty(problem, point),
        deviance=deviance,
    )


def _penalty(problem: Problem, point: Parameters) -> float:
    background, rings = point.background, point.rings
    smooth = PRIOR_CURVATURE * background @ roughness(len(background)) @ background
    smooth += PRIOR_RING_CURVATURE * rings @ roughness(len(rings)) @ rings
    level = rings - problem.mean_rings - PRIOR_RING_LOGARITHM
    prior = ((point.ctf - problem.prior_mean) / problem.prior_deviation) ** 2
    return float(0.5 * (smooth + PRIOR_RING_LEVEL * (level @ level) + prior.sum()))


def _fisher(problem: Problem, phase: _Phase, point: Parameters, terms: _Terms) -> tuple[Floats, Floats]:
    """Information matrix and descent direction over (free CTF, background splines, ring splines).

    Sectors are summed first: what is left is radial and small.
    """
    slopes = np.stack([*_ctf_slopes(problem, phase, terms), terms.background_share, terms.ring_share])
    excess = problem.weights * (problem.power / terms.model - 1.0)
    radial_gradient = np.einsum("sr,isr->ir", excess, slopes)
    radial = np.einsum("isr,jsr->ijr", slopes * problem.weights, slopes)
    n, background, rings = len(slopes) - 2, problem.background_basis, problem.ring_basis
    spline = n + background.shape[1]
    information = np.empty((spline + rings.shape[1], spline + rings.shape[1]))
    information[:n, :n] = radial[:n, :n].sum(axis=2)
    information[:n, n:spline] = radial[:n, n] @ background
    information[:n, spline:] = radial[:n, n + 1] @ rings
    information[n:spline, n:spline] = background.T @ (radial[n, n][:, None] * background)
    information[n:spline, spline:] = background.T @ (radial[n, n + 1][:, None] * rings)
    information[spline:, spline:] = rings.T @ (radial[n + 1, n + 1][:, None] * rings)
    information[n:, :n] = information[:n, n:].T
    information[spline:, n:spline] = information[n:spline, spline:].T
    ctf_gradient = radial_gradient[:n].sum(axis=1)
    gradient = np.concatenate([ctf_gradient, radial_gradient[n] @ background, radial_gradient[n + 1] @ rings])
    _add_priors(problem, point, information, gradient)
    return information, gradient


def _ctf_slopes(problem: Problem, phase: _Phase, terms: _Terms) -> list[Floats]:
    """∂ log S of the free CTF parameters, each (sectors, rings)."""
    per_defocus = terms.phase_slope * phase.per_defocus
    every = [
        per_defocus,
        per_defocus * phase.half_cosine,
        per_defocus * phase.half_sine,
        terms.phase_slope,
        terms.phase_slope,
    ]
    return [slope for slope, free in zip(every, problem.free, strict=True) if free]


def _add_priors(problem: Problem, point: Parameters, information: Floats, gradient: Floats) -> None:
    free = np.flatnonzero(problem.free)
    precision = 1.0 / problem.prior_deviation[free] ** 2
    ctf = len(free)
    information[np.arange(ctf), np.arange(ctf)] += precision
    gradient[:ctf] -= precision * (point.ctf - problem.prior_mean)[free]
    nb, na = len(point.background), len(point.rings)
    b, a = slice(ctf, ctf + nb), slice(ctf + nb, ctf + nb + na)
    information[b, b] += PRIOR_CURVATURE * roughness(nb)
    information[a, a] += PRIOR_RING_CURVATURE * roughness(na) + PRIOR_RING_LEVEL * np.eye(na)
    gradient[b] -= PRIOR_CURVATURE * roughness(nb) @ point.background
    gradient[a] -= PRIOR_RING_CURVATURE * roughness(na) @ point.rings
    gradient[a] -= PRIOR_RING_LEVEL * (point.rings - problem.mean_rings - PRIOR_RING_LOGARITHM)


def _damped_step(information: Floats, gradient: Floats, damping: float) -> Floats:
    diagonal = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(diagonal, diagonal) + damping * np.eye(len(diagonal))
    step: Floats = np.linalg.solve(scaled, gradient / diagonal) / diagonal
    return step


def _moved(problem: Problem, point: Parameters, step: Floats) -> Parameters:
    free = np.flatnonzero(problem.free)
    ctf = point.ctf.copy()
    ctf[free] += step[: len(free)]
    if problem.free[4]:
        ctf[4] = np.clip(ctf[4], 0.0, 0.5)
    nb = len(point.background)
    splines = np.clip(step[len(free) :], -3.0, 3.0)
    return Parameters(ctf, point.background + splines[:nb], point.rings + splines[nb:])


def _downweight_uncertain_rings(problem: Problem, information: Floats) -> Problem:
    """The problem with less weight where the ring power A is itself uncertain, for an honest information matrix.

    Information goes with A², and the square of an estimate is too large by its variance: with a variance v of
    log A the weight is divided by 1 + v.
    """
    splines = problem.ring_basis.shape[1]
    covariance = np.linalg.inv(information)[-splines:, -splines:]
    variance = np.einsum("ri,ij,rj->r", problem.ring_basis, covariance, problem.ring_basis)
    return replace(problem, weights=problem.weights / (1.0 + variance))


def _marginal(problem: Problem, information: Floats) -> Floats:
    """Information about the free CTF parameters with the splines unknown: the Schur complement."""
    free = np.flatnonzero(problem.free)
    n = len(free)
    cross = information[:n, n:]
    marginal = information[:n, :n] - cross @ np.linalg.solve(information[n:, n:], cross.T)
    embedded = np.zeros((5, 5))
    embedded[np.ix_(free, free)] = marginal
    return embedded
