"""The fit against frequency: rings averaged along the fitted ellipse, the agreement of the model, and the scatter."""

import numpy as np

from thonring.ctf import frequency_of_phase, phase_aberration, ring_period_per_A
from thonring.fit.likelihood import Parameters, Problem
from thonring.optics import Optics
from thonring.records import Floats, RadialCurve, SectorProfiles

AGREEMENT_PERIODS = 1.5
"""Width in rings of the window of the local correlation. Hand-tuned; data not recorded."""

AGREEMENT_RINGS = 10
"""Minimum bins of the window, and of a stretch of agreement. Hand-tuned; data not recorded."""

MIN_AGREEMENT = 0.5
"""Local correlation at and above which measured and fitted rings agree. Hand-tuned; data not recorded."""

TURNING_MARGIN = 1.2
"""The exact frequency of a phase is used where the defocus exceeds that of the turning point by a fifth.

Hand-tuned; data not recorded.
"""

WINDOW_RINGS = 41
"""Rings over which the dispersion is averaged. Hand-tuned; data not recorded."""

COHERENT = 1.5
"""Ratio of the scatter of whole rings to that of single bins above which sectors count as dependent.

Hand-tuned; data not recorded.
"""

HUBER = 4.0
"""Standard deviations above which a value loses weight, as defined by Huber (1964), doi:10.1214/aoms/1177703732.

Hand-tuned; data not recorded.
"""


def radial_curve(profiles: SectorProfiles, problem: Problem, parameters: Parameters) -> RadialCurve:
    """Equiphase average of the measured power, with the fitted background and rings, all (rings,).

    Source: Rohou & Grigorieff (2015), doi:10.1016/j.jsb.2015.08.008, §2.3: sectors are
    stretched in frequency until their phases agree with that of the mean defocus.
    """
    # 1. The model along the mean defocus: B, A, and χ at each ring.
    frequency = profiles.frequency_per_A
    background = np.exp(problem.background_basis @ parameters.background)
    ring_power = np.exp(problem.ring_basis @ parameters.rings)
    middle = background + 0.5 * ring_power
    constant = _constant_phase(problem, parameters)
    mean_A = parameters.ctf[0]
    chi = phase_aberration(frequency**2, mean_A, problem.optics, constant)

    # 2. Each sector read where its own phase is that χ. Its power is divided by B + A/2 first, at its own frequency,
    #    so that stretching moves the rings and not the fall of the spectrum.
    relative = np.zeros(frequency.size)
    values = np.zeros(frequency.size)
    for sector, angle in enumerate(profiles.angle_rad):
        filled = profiles.values[sector] > 0
        if filled.sum() < 2:
            continue
        own = np.sqrt(profiles.squared_frequency[sector, filled])
        defocus = mean_A + 0.5 * float(parameters.ctf[1:3] @ (np.cos(2 * angle), np.sin(2 * angle)))
        equiphase = _same_phase(chi - constant, frequency, defocus, float(mean_A), problem.optics)
        ratio = profiles.power[sector, filled] / np.interp(own, frequency, middle)
        # 3. The mean over sectors, weighted by the number of values; what lies beyond a sector's ends has no weight.
        inside = (equiphase >= own[0]) & (equiphase <= own[-1])
        weight = np.where(inside, np.interp(equiphase, own, profiles.values[sector, filled]), 0.0)
        relative += weight * np.interp(equiphase, own, ratio)
        values += weight
    relative /= np.maximum(values, 1e-12)

    # 4. How far it agrees with the rings, over windows as wide as they are.
    sin2 = np.sin(chi) ** 2
    period = ring_period_per_A(frequency, float(mean_A), problem.optics) / profiles.ring_width_per_A
    agreement = _local_correlation(relative - 1.0, sin2 - 0.5, period)
    return RadialCurve(frequency, relative * middle, background, ring_power, sin2, agreement, values)


def fit_resolution_A(curve: RadialCurve) -> float:
    """Resolution in Å to which measured and fitted rings agree (local correlation at least 0.5).

    The end of the last stretch of ten bins that agree; the coarse end of the band if there is none. A gap of a
    twentieth of the band between stretches, as an ice ring makes it, does not end the agreement.
    """
    frequency, agrees = curve.frequency_per_A, curve.agreement >= MIN_AGREEMENT
    # First bins of ten in a row that agree (the sum of ten flags is 10, compared as a float).
    runs = np.flatnonzero(np.convolve(agrees, np.ones(AGREEMENT_RINGS), mode="valid") > AGREEMENT_RINGS - 0.5)
    if runs.size == 0:
        return 1.0 / float(frequency[0])
    # The first gap between runs that is longer than an ice ring ends the agreement.
    patience = max(AGREEMENT_RINGS, agrees.size // 20)
    gaps = np.flatnonzero(np.diff(runs) > patience + AGREEMENT_RINGS)
    last_run = runs[gaps[0]] if gaps.size else runs[-1]
    return 1.0 / float(frequency[last_run + AGREEMENT_RINGS - 1])


def ring_score(
    profiles: SectorProfiles, problem: Problem, parameters: Parameters, pixel_variance: float
) -> float:
    """Cross-correlation of the spectrum with the rings, -1 to 1.

    It is that of single pixels of a 512² spectrum, as CTFFIND's figure of merit: the relative variance of such a
    pixel takes the place of that of our larger bins. The two differ by up to a factor of three all the same, since
    the bands and the backgrounds differ.
    """
    # The relative excess over B + A/2, and what rings alone make of it: -cos 2χ, up to a factor.
    background = np.exp(problem.background_basis @ parameters.background)
    middle = background + 0.5 * np.exp(problem.ring_basis @ parameters.rings)
    twice = 2.0 * problem.angle_rad[:, None]
    mean_A, x_A, y_A = parameters.ctf[:3]
    defocus = mean_A + 0.5 * (x_A * np.cos(twice) + y_A * np.sin(twice))
    constant = _constant_phase(problem, parameters)
    chi = phase_aberration(problem.squared_frequency, defocus, problem.optics, constant)
    excess, template = problem.power / middle - 1.0, -np.cos(2.0 * chi)
    # Pearson's correlation, each bin weighted by its area.
    area = profiles.values / max(float(profiles.values.sum()), 1e-12)
    excess, template = excess - np.vdot(area, excess), template - np.vdot(area, template)
    # The variance of a bin of n values, 1/n, is replaced by that of a pixel.
    own_variance = float(np.vdot(area, 1.0 / np.maximum(profiles.values, 1e-12)))
    energy = float(np.vdot(area, excess**2)) + max(0.0, pixel_variance - own_variance)
    return float(np.vdot(area, excess * template) / np.sqrt(energy * np.vdot(area, template**2)))


def _constant_phase(problem: Problem, parameters: Parameters) -> float:
    """The constant part of χ, without the arcsin A that `phase_aberration` adds itself."""
    return float(parameters.ctf[3] + parameters.ctf[4]) - float(np.arcsin(problem.optics.amplitude_contrast))


def _same_phase(chi: Floats, frequency: Floats, defocus_A: float, mean_A: float, optics: Optics) -> Floats:
    """Frequency at which a sector of defocus `defocus_A` reaches the phase `chi` of the mean defocus at `frequency`.

    Near and beyond the turning point, where the spherical aberration turns the phase back (Δf = Cs λ² k²), no
    frequency has that phase: the ellipse is taken there as if there were no spherical aberration, k √(mean / Δf).
    """
    stretched = frequency * np.sqrt(max(mean_A, 1.0) / max(defocus_A, 1.0))
    exact = frequency_of_phase(chi, defocus_A, optics)
    turning_A = TURNING_MARGIN * 1e7 * optics.cs_mm * (optics.wavelength_A * stretched) ** 2
    equiphase: Floats = np.where((defocus_A > turning_A) & np.isfinite(exact), exact, stretched)
    return equiphase


def _local_correlation(measured: Floats, fitted: Floats, period: Floats) -> Floats:
    """Pearson correlation in a window of one and a half rings, at least ten bins, (rings,); `period` is in bins."""
    size = measured.size
    half = np.clip(np.rint(AGREEMENT_PERIODS * period / 2), AGREEMENT_RINGS / 2, size // 4).astype(int)
    index = np.arange(size)
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, size)
    count = high - low

    def window_mean(series: Floats) -> Floats:
        total = np.concatenate(([0.0], np.cumsum(series)))
        mean: Floats = (total[high] - total[low]) / count
        return mean

    # Covariance and variances as means of products less products of means.
    mean_measured, mean_fitted = window_mean(measured), window_mean(fitted)
    covariance = window_mean(measured * fitted) - mean_measured * mean_fitted
    variance_measured = window_mean(measured**2) - mean_measured**2
    variance_fitted = window_mean(fitted**2) - mean_fitted**2
    correlation: Floats = covariance / np.sqrt(np.maximum(variance_measured * variance_fitted, 1e-30))
    return correlation


def dispersion(profiles: SectorProfiles, model: Floats) -> Floats:
    """Variance of the relative residuals over that of Gamma values, smoothed over rings, (rings,).

    1 for a spectrum that scatters as a periodogram does (McCullagh & Nelder 1989, Generalized Linear Models).
    """
    values = profiles.values
    occupied = values > 0
    # Single bins: the mean of n values scatters by 1/n, so n r² is 1 on average.
    residual = np.where(occupied, profiles.power / model - 1.0, 0.0)
    single = _windowed((values * residual**2).sum(axis=0)) / _windowed(occupied.sum(axis=0).astype(float))
    # Whole rings: (Σ n r)² / Σ n is as large if the sectors of a ring are independent, and larger if they move
    # together, as where the model misses the background: then their errors do not average out.
    ring_values = values.sum(axis=0)
    shared = (values * residual).sum(axis=0) ** 2 / np.maximum(ring_values, 1e-12)
    ratio = _windowed(shared) / _windowed(np.ones(shared.size)) / np.maximum(single, 1e-12)
    return np.maximum(single, 1e-12) * np.where(ratio > COHERENT, ratio, 1.0)


def robust_weights(profiles: SectorProfiles, model: Floats, scatter: Floats) -> Floats:
    """Weights for the likelihood, (sectors, rings): values / dispersion, reduced beyond four sigma."""
    distance = np.abs(profiles.power / model - 1.0) * np.sqrt(profiles.values / scatter)
    weights: Floats = profiles.values / scatter * np.minimum(1.0, HUBER / np.maximum(distance, 1e-12))
    return weights


def _windowed(series: Floats) -> Floats:
    """Sum over a window of rings, shorter at the ends of the band."""
    window = np.ones(min(WINDOW_RINGS, series.size))
    return np.convolve(series, window, mode="same")
