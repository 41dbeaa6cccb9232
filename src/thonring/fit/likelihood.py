"""The likelihood of a power spectrum with rings, and its maximum.

Source: Whittle (1953), Ark. Mat. 2, 423: a periodogram's values are Gamma distributed around the model S,
so the efficient estimator minimises Σ w (log S + P/S), here with S = B(|k|) + A(|k|) sin²χ. Fisher scoring
(Osborne 1992, doi:10.2307/1403652) with analytic derivatives; log B and log A are splines.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from thonring.ctf import phase_aberration, phase_per_defocus
from thonring.fit.splines import Iterations, fit_log_spline, roughness
from thonring.optics import Optics
from thonring.records import Floats

PRIOR_CURVATURE = 1.0
PRIOR_RING_CURVATURE = 10.0
"""Precision of the second differences of the coefficients of log B and log A about 0.

Hand-tuned; data not recorded.
"""

PRIOR_RING_LEVEL = 0.02
PRIOR_RING_LOGARITHM = -4.6
"""Precision of the coefficients of log A about a hundredth (e^-4.6) of the mean power.

So weak that it matters only without rings, whose logarithm would be unbounded. Hand-tuned; data not recorded.
"""

MAX_STEPS = 40
"""Maximum number of Fisher scoring steps. Hand-tuned; data not recorded."""

CONVERGED_GAIN = 1e-2
"""A step with a smaller predicted gain is the last one: of a single parameter, a tenth of its standard error."""

FIRST_DAMPING, MIN_DAMPING, MAX_DAMPING = 1e-4, 1e-7, 1e6
"""Levenberg's damping, relative to the diagonal: multiplied by ten after a failed step, divided by ten after others.

Hand-tuned; data not recorded.
"""

LARGEST_LOGARITHM = 60.0
"""Bound on log B and log A, so that no trial step overflows."""

LARGEST_SPLINE_STEP = 3.0
"""Bound on the change of a coefficient of log B or log A in one step. Hand-tuned; data not recorded."""


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
    """A maximum: the parameters, their deviance Σ w (log S + P/S) and `model` S (sectors, rings).

    `information` is Fisher's over the free CTF parameters, the splines projected out, embedded in (5, 5).
    """

    parameters: Parameters
    deviance: float
    information: Floats
    model: Floats


@dataclass(frozen=True, slots=True)
class _Phase:
    """The parts of the phase: χ = `fixed` + φ + arcsin A + `per_defocus` · (mean + ½(x cos 2α + y sin 2α)).

    (x, y) is the astigmatism vector, α the sector's direction: Δf(α) in terms of `ctf.to_vector`.
    """

    fixed: Floats
    per_defocus: Floats
    half_cosine: Floats
    half_sine: Floats


@dataclass(frozen=True, slots=True)
class _Terms:
    """The model S at some parameters and its logarithmic derivatives, each (sectors, rings).

    `background_share` = ∂ log S/∂ log B = B/S, `ring_share` = ∂ log S/∂ log A = A sin²χ/S, `phase_slope` =
    ∂ log S/∂χ = A sin 2χ/S. `deviance` is Σ w (log S + P/S), `objective` the same with the priors.
    """

    model: Floats
    background_share: Floats
    ring_share: Floats
    phase_slope: Floats
    objective: float
    deviance: float


def maximise(problem: Problem, start: Parameters, steps: int = MAX_STEPS) -> Solution:
    """Fisher scoring with Levenberg's damping from `start`; never returns worse parameters than `start`.

    It ends when the next step is predicted to gain less than a hundredth of a unit of log-likelihood.
    """
    phase = _phase(problem)
    parameters, terms, damping = start, _evaluate(problem, phase, start), FIRST_DAMPING
    information, gradient = _fisher(problem, phase, parameters, terms)
    for _ in range(steps):
        step = _damped_step(information, gradient, damping)
        predicted_gain = float(gradient @ step)
        trial = _stepped(problem, parameters, step)
        trial_terms = _evaluate(problem, phase, trial)
        if trial_terms.objective > terms.objective:
            damping *= 10.0
            if damping > MAX_DAMPING or predicted_gain < CONVERGED_GAIN:
                break
            continue
        parameters, terms, damping = trial, trial_terms, max(damping * 0.1, MIN_DAMPING)
        information, gradient = _fisher(problem, phase, parameters, terms)
        if predicted_gain < CONVERGED_GAIN:
            break
    reweighted = _downweight_uncertain_rings(problem, information)
    information, _ = _fisher(reweighted, phase, parameters, terms)
    return Solution(parameters, terms.deviance, _marginal(reweighted, information), terms.model)


def without_rings(problem: Problem, background: Floats) -> float:
    """Deviance Σ w (log S + P/S) of the best smooth model, its basis that of `background` (rings, splines)."""
    values = problem.weights.sum(axis=0)
    power = (problem.weights * problem.power).sum(axis=0) / np.maximum(values, 1e-12)
    start = np.linalg.lstsq(background, np.log(np.maximum(power, 1e-12 * power.max())), rcond=None)[0]
    coefficients = fit_log_spline(
        background, power, values, PRIOR_CURVATURE, start, Iterations(MAX_STEPS, 1e-5)
    )
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


def _evaluate(problem: Problem, phase: _Phase, parameters: Parameters) -> _Terms:
    """The model and its likelihood; sines and logarithms in single precision, good to 3e-5 rad, sums in double."""
    # χ of each bin.
    mean_A, x_A, y_A, shift_rad, amplitude_rad = parameters.ctf
    defocus = mean_A + x_A * phase.half_cosine + y_A * phase.half_sine
    chi = (phase.fixed + (shift_rad + amplitude_rad) + phase.per_defocus * defocus).astype(np.float32)
    sine, cosine = np.sin(chi), np.cos(chi)
    # S = B + A sin²χ; B and A depend on the ring alone, (rings,).
    background = _bounded_exp(problem.background_basis @ parameters.background)
    ring_power = _bounded_exp(problem.ring_basis @ parameters.rings)
    ring_part = ring_power * (sine * sine)
    model = background + ring_part
    inverse = 1.0 / model
    # log S = log(S/B) + log B: only the ratio, which is near 1, goes through single precision.
    logarithm = np.log((model / background).astype(np.float32)) + np.log(background)
    deviance = float(np.vdot(problem.weights, logarithm + problem.power * inverse))
    return _Terms(
        model=model,
        background_share=background * inverse,
        ring_share=ring_part * inverse,
        phase_slope=(2.0 * ring_power) * (sine * cosine) * inverse,
        objective=deviance + _penalty(problem, parameters),
        deviance=deviance,
    )


def _bounded_exp(logarithm: Floats) -> Floats:
    bounded: Floats = np.exp(np.clip(logarithm, -LARGEST_LOGARITHM, LARGEST_LOGARITHM))
    return bounded


def _penalty(problem: Problem, parameters: Parameters) -> float:
    """Minus the logarithm of the Gaussian priors, up to a constant; `_add_priors` has its derivatives."""
    background, rings = parameters.background, parameters.rings
    smooth = PRIOR_CURVATURE * background @ roughness(len(background)) @ background
    smooth += PRIOR_RING_CURVATURE * rings @ roughness(len(rings)) @ rings
    level = rings - problem.mean_rings - PRIOR_RING_LOGARITHM
    prior = ((parameters.ctf - problem.prior_mean) / problem.prior_deviation) ** 2
    return float(0.5 * (smooth + PRIOR_RING_LEVEL * (level @ level) + prior.sum()))


def _fisher(problem: Problem, phase: _Phase, parameters: Parameters, terms: _Terms) -> tuple[Floats, Floats]:
    """Information matrix and score over (free CTF parameters, background splines, ring splines).

    With the deviance Σ w (log S + P/S), both follow from s_i = ∂ log S/∂θ_i (Whittle 1953, Ark. Mat. 2, 423):
    the score is Σ w (P/S - 1) s_i, and the information, its expectation taken with ⟨P⟩ = S, is Σ w s_i s_j.
    """
    # 1. s_i by the chain rule, through χ for the CTF parameters and through log B and log A for the splines. The
    #    factor that a spline adds, its value b_m(k) or a_m(k), depends on the ring alone and comes in step 3.
    slopes = np.stack([*_ctf_slopes(problem, phase, terms), terms.background_share, terms.ring_share])

    # 2. Sum over the sectors first: what is left is radial, so that the splines meet (rings,) and not (sectors, rings).
    excess = problem.weights * (problem.power / terms.model - 1.0)
    radial_gradient = np.einsum("sr,isr->ir", excess, slopes)
    radial = np.einsum("isr,jsr->ijr", slopes * problem.weights, slopes)

    # 3. The blocks of the information, with c the CTF parameters, b the background splines, a the ring splines:
    #        | cc cb ca |      cc: sum over the rings
    #        | bc bb ba |      cb, ca: one side through a spline basis
    #        | ac ab aa |      bb, ba, aa: both sides through spline bases
    n, background, rings = len(slopes) - 2, problem.background_basis, problem.ring_basis
    ctf = slice(0, n)
    b = slice(n, n + background.shape[1])
    a = slice(b.stop, b.stop + rings.shape[1])
    information = np.empty((a.stop, a.stop))
    information[ctf, ctf] = radial[:n, :n].sum(axis=2)
    information[ctf, b] = radial[:n, n] @ background
    information[ctf, a] = radial[:n, n + 1] @ rings
    information[b, b] = background.T @ (radial[n, n][:, None] * background)
    information[b, a] = background.T @ (radial[n, n + 1][:, None] * rings)
    information[a, a] = rings.T @ (radial[n + 1, n + 1][:, None] * rings)
    information[n:, ctf] = information[ctf, n:].T
    information[a, b] = information[b, a].T

    # 4. The score, by the same rule, and the priors of both.
    gradient = np.concatenate(
        [
            radial_gradient[:n].sum(axis=1),
            radial_gradient[n] @ background,
            radial_gradient[n + 1] @ rings,
        ]
    )
    _add_priors(problem, parameters, information, gradient)
    return information, gradient


def _ctf_slopes(problem: Problem, phase: _Phase, terms: _Terms) -> list[Floats]:
    """∂ log S of the free CTF parameters, each (sectors, rings): ∂ log S/∂χ times ∂χ/∂ parameter, see `_Phase`."""
    per_defocus = terms.phase_slope * phase.per_defocus
    every = [
        per_defocus,
        per_defocus * phase.half_cosine,
        per_defocus * phase.half_sine,
        terms.phase_slope,
        terms.phase_slope,
    ]
    return [slope for slope, free in zip(every, problem.free, strict=True) if free]


def _add_priors(problem: Problem, parameters: Parameters, information: Floats, gradient: Floats) -> None:
    """Add the second derivatives of `_penalty` to the information and subtract its first from the score, in place."""
    free = np.flatnonzero(problem.free)
    precision = 1.0 / problem.prior_deviation[free] ** 2
    ctf = len(free)
    information[np.arange(ctf), np.arange(ctf)] += precision
    gradient[:ctf] -= precision * (parameters.ctf - problem.prior_mean)[free]
    nb, na = len(parameters.background), len(parameters.rings)
    b, a = slice(ctf, ctf + nb), slice(ctf + nb, ctf + nb + na)
    information[b, b] += PRIOR_CURVATURE * roughness(nb)
    information[a, a] += PRIOR_RING_CURVATURE * roughness(na) + PRIOR_RING_LEVEL * np.eye(na)
    gradient[b] -= PRIOR_CURVATURE * roughness(nb) @ parameters.background
    gradient[a] -= PRIOR_RING_CURVATURE * roughness(na) @ parameters.rings
    gradient[a] -= PRIOR_RING_LEVEL * (parameters.rings - problem.mean_rings - PRIOR_RING_LOGARITHM)


def _damped_step(information: Floats, gradient: Floats, damping: float) -> Floats:
    """The step (I + damping · diag I)⁻¹ gradient (Marquardt 1963, doi:10.1137/0111030).

    Solved for parameters in units of their own standard errors: they span ten orders of magnitude.
    """
    diagonal = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(diagonal, diagonal) + damping * np.eye(len(diagonal))
    step: Floats = np.linalg.solve(scaled, gradient / diagonal) / diagonal
    return step


def _stepped(problem: Problem, parameters: Parameters, step: Floats) -> Parameters:
    free = np.flatnonzero(problem.free)
    ctf = parameters.ctf.copy()
    ctf[free] += step[: len(free)]
    if problem.free[4]:
        ctf[4] = np.clip(ctf[4], 0.0, 0.5)
    nb = len(parameters.background)
    splines = np.clip(step[len(free) :], -LARGEST_SPLINE_STEP, LARGEST_SPLINE_STEP)
    return Parameters(ctf, parameters.background + splines[:nb], parameters.rings + splines[nb:])


def _downweight_uncertain_rings(problem: Problem, information: Floats) -> Problem:
    """The problem with less weight where the ring power A is itself uncertain, for a realistic information matrix.

    Information goes with A², and the square of an estimate is too large by its variance: with a variance v of
    log A the weight is divided by 1 + v.
    """
    splines = problem.ring_basis.shape[1]
    covariance = np.linalg.inv(information)[-splines:, -splines:]
    variance = np.einsum("ri,ij,rj->r", problem.ring_basis, covariance, problem.ring_basis)
    return replace(problem, weights=problem.weights / (1.0 + variance))


def _marginal(problem: Problem, information: Floats) -> Floats:
    """Information about the free CTF parameters with the splines unknown, embedded in (5, 5).

    The Schur complement I_cc - I_cs I_ss⁻¹ I_sc: its inverse is the CTF block of the inverse of the whole.
    """
    free = np.flatnonzero(problem.free)
    n = len(free)
    cross = information[:n, n:]
    marginal = information[:n, :n] - cross @ np.linalg.solve(information[n:, n:], cross.T)
    embedded = np.zeros((5, 5))
    embedded[np.ix_(free, free)] = marginal
    return embedded
