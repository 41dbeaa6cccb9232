"""The fit against frequency: rings averaged along the fitted ellipse, and how far the model agrees."""

import numpy as np

from thonring.ctf import frequency_of_phase, phase_aberration, ring_period_per_A
from thonring.fit.likelihood import Parameters, Problem
from thonring.optics import Optics
from thonring.records import Floats, RadialCurve, SectorProfiles

AGREEMENT_PERIODS = 1.5
AGREEMENT_RINGS = 10
AGREES = 0.5


def radial_curve(profiles: SectorProfiles, problem: Problem, point: Parameters) -> RadialCurve:
    """Equiphase average of the measured power beside the fitted background and rings, all (rings,).

    Source: Rohou & Grigorieff (2015), doi:10.1016/j.jsb.2015.08.008, §2.3: sectors are
    stretched in frequency until their phases agree with that of the mean defocus.
    """
    frequency = profiles.frequency_per_A
    background = np.exp(problem.background_basis @ point.background)
    ring_power = np.exp(problem.ring_basis @ point.rings)
    middle = background + 0.5 * ring_power
    constant = _constant_phase(problem, point)
    chi = phase_aberration(frequency**2, point.ctf[0], problem.optics, constant)
    relative = np.zeros(frequency.size)
    values = np.zeros(frequency.size)
    for sector, angle in enumerate(profiles.angle_rad):
        filled = profiles.values[sector] > 0
        if filled.sum() < 2:
            continue
        own = np.sqrt(profiles.squared_frequency[sector, filled])
        defocus = point.ctf[0] + 0.5 * float(point.ctf[1:3] @ (np.cos(2 * angle), np.sin(2 * angle)))
        place = _same_phase(chi - constant, frequency, defocus, float(point.ctf[0]), problem.optics)
        ratio = profiles.power[sector, filled] / np.interp(own, frequency, middle)
        inside = (place >= own[0]) & (place <= own[-1])
        weight = np.where(inside, np.interp(place, own, profiles.values[sector, filled]), 0.0)
        relative += weight * np.interp(place, own, ratio)
        values += weight
    relative /= np.maximum(values, 1e-12)
    sin2 = np.sin(chi) ** 2
    period = ring_period_per_A(frequency, float(point.ctf[0]), problem.optics) / profiles.ring_width_per_A
    agreement = _local_correlation(relative - 1.0, sin2 - 0.5, period)
    return RadialCurve(frequency, relative * middle, background, ring_power, sin2, agreement, values)


def fit_resolution_A(curve: RadialCurve) -> float:
    """Resolution in Å to which measured and fitted rings agree (local correlation at least 0.5).

    The end of the last stretch of ten bins that agree; the coarse end of the band if there is none. A gap of a
    twentieth of the band between stretches, as an ice ring makes it, does not end the agreement.
    """
    frequency, agrees = curve.frequency_per_A, curve.agreement >= AGREES
    runs = np.flatnonzero(np.convolve(agrees, np.ones(AGREEMENT_RINGS), mode="valid") > AGREEMENT_RINGS - 0.5)
    if runs.size == 0:
        return 1.0 / float(frequency[0])
    patience = max(AGREEMENT_RINGS, agrees.size // 20)
    gaps = np.flatnonzero(np.diff(runs) > patience + AGREEMENT_RINGS)
    last_run = runs[gaps[0]] if gaps.size else runs[-1]
    return 1.0 / float(frequency[last_run + AGREEMENT_RINGS - 1])


def ring_score(profiles: SectorProfiles, problem: Problem, point: Parameters, pixel_variance: float) -> float:
    """Cross-correlation of the spectrum with the rings, -1 to 1.

    It is that of single pixels of a 512² spectrum, as CTFFIND's figure of merit: the relative variance of such a
    pixel takes the place of that of our larger bins. The two differ by up to a factor of three all the same, since
    the bands and the backgrounds differ.
    """
    middle = np.exp(problem.background_basis @ point.background) + 0.5 * np.exp(
        problem.ring_basis @ point.rings
    )
    twice = 2.0 * problem.angle_rad[:, None]
    defocus = point.ctf[0] + 0.5 * (point.ctf[1] * np.cos(twice) + point.ctf[2] * np.sin(twice))
    chi = phase_aberration(
        problem.squared_frequency, defocus, problem.optics, _constant_phase(problem, point)
    )
    excess, template = problem.power / middle - 1.0, -np.cos(2.0 * chi)
    area = profiles.values / max(float(profiles.values.sum()), 1e-12)
    excess, template = excess - np.vdot(area, excess), template - np.vdot(area, template)
    own_variance = float(np.vdot(area, 1.0 / np.maximum(profiles.values, 1e-12)))
    energy = float(np.vdot(area, excess**2)) + max(0.0, pixel_variance - own_variance)
    return float(np.vdot(area, excess * template) / np.sqrt(energy * np.vdot(area, template**2)))


def _constant_phase(problem: Problem, point: Parameters) -> float:
    return float(point.ctf[3] + point.ctf[4]) - float(np.arcsin(problem.optics.amplitude_contrast))


def _same_phase(chi: Floats, frequency: Floats, defocus_A: float, mean_A: float, optics: Optics) -> Floats:
    """Where along a sector the phase `chi` is reached that the mean defocus has at `frequency`.

    Where the spherical aberration turns the phase back, the ellipse is taken as if there were none.
    """
    stretched = frequency * np.sqrt(max(mean_A, 1.0) / max(defocus_A, 1.0))
    exact = frequency_of_phase(chi, defocus_A, optics)
    turning_A = 1.2e7 * optics.cs_mm * (optics.wavelength_A * stretched) ** 2
    place: Floats = np.where((defocus_A > turning_A) & np.isfinite(exact), exact, stretched)
    return place


def _local_correlation(measured: Floats, fitted: Floats, period: Floats) -> Floats:
    """Pearson correlation in a window of one and a half rings to each side, at least ten bins, (rings,)."""
    size = measured.size
    half = np.clip(np.rint(AGREEMENT_PERIODS * period / 2), AGREEMENT_RINGS / 2, size // 4).astype(int)
    index = np.arange(size)
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, size)
    count = high - low

    def window_sum(series: Floats) -> Floats:
        total = np.concatenate(([0.0], np.cumsum(series)))
        inside: Floats = total[high] - total[low]
        return inside

    mean_m, mean_f = window_sum(measured) / count, window_sum(fitted) / count
    covariance = window_sum(measured * fitted) / count - mean_m * mean_f
    variance_m = window_sum(measured**2) / count - mean_m**2
    variance_f = window_sum(fitted**2) / count - mean_f**2
    correlation: Floats = covariance / np.sqrt(np.maximum(variance_m * variance_f, 1e-30))
    return correlation


WINDOW_RINGS = 41
COHERENT = 1.5
HUBER = 4.0


def dispersion(profiles: SectorProfiles, model: Floats) -> Floats:
    """Variance of the relative residuals over that of Gamma values, smoothed over rings, (rings,)."""
    values = profiles.values
    occupied = values > 0
    residual = np.where(occupied, profiles.power / model - 1.0, 0.0)
    single = _windowed((values * residual**2).sum(axis=0)) / _windowed(occupied.sum(axis=0).astype(float))
    ring_values = values.sum(axis=0)
    shared = (values * residual).sum(axis=0) ** 2 / np.maximum(ring_values, 1e-12)
    ratio = _windowed(shared) / _windowed(np.ones(shared.size)) / np.maximum(single, 1e-12)
    return np.maximum(single, 1e-12) * np.where(ratio > COHERENT, ratio, 1.0)


def robust_weights(profiles: SectorProfiles, model: Floats, scatter: Floats) -> Floats:
    """Weights for the likelihood, (sectors, rings): values / dispersion, less for what lies beyond four sigma."""
    distance = np.abs(profiles.power / model - 1.0) * np.sqrt(profiles.values / scatter)
    weights: Floats = profiles.values / scatter * np.minimum(1.0, HUBER / np.maximum(distance, 1e-12))
    return weights


def _windowed(series: Floats) -> Floats:
    window = np.ones(min(WINDOW_RINGS, series.size))
    return np.convolve(series, window, mode="same")
