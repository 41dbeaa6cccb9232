"""Errors of estimates against the truth, in Å and in Cramér-Rao bounds, and the coverage of their error bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thonring.evaluate.matching import Pair
from thonring.evaluate.verdicts import TWO_SIDED_95, wilson
from thonring.records import Floats

RADIUS_95 = math.sqrt(-2.0 * math.log(0.05))
"""95 % of an isotropic two-dimensional normal distribution lie within this many standard deviations of one component.

The squared radius in standard deviations is χ² distributed with 2 degrees of freedom, P(r > R) = exp(-R²/2): R = 2.448.
"""

MIN_ASTIGMATISM_A, MIN_ASTIGMATISM_IN_BOUNDS = 50.0, 10.0
"""The axis of an astigmatism smaller than this, or than this many Cramér-Rao bounds, is mostly noise: by convention."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Statistics of `count` errors of one quantity; median and worst of absolute errors. NaN if there are none."""

    count: int
    bias: float
    rms: float
    median: float
    worst: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of `total` 95 % intervals contain the truth."""

    inside: int
    total: int

    @property
    def share(self) -> float:
        """Fraction of the intervals that contain the truth; NaN if there are none."""
        return self.inside / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the fraction."""
        return wilson(self.inside, self.total)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Errors over one set of micrographs: Å, degrees, and units of the Cramér-Rao bound (`_in_bounds`).

    `astigmatism` describes the length of the error vector; its bias is the length of the mean error vector. The bound
    of the RMS length is √2 times the bound per component, so an efficient estimator has an RMS of 1 in bounds.
    `locks` counts ring-locks: errors of the mean defocus above 10 % or 1000 Å.
    """

    defocus: Errors
    defocus_in_bounds: Errors
    astigmatism: Errors
    astigmatism_in_bounds: Errors
    angle_deg: Errors
    phase_shift_deg: Errors
    locks: int
    defocus_coverage: Coverage
    astigmatism_coverage: Coverage
    phase_shift_coverage: Coverage


def accuracy(pairs: Sequence[Pair]) -> Accuracy:
    """Accuracy over the pairs that have both an estimate and a truth."""
    fitted = [pair for pair in pairs if math.isfinite(pair.mean_error_A)]
    # Errors, (n,), of the vector (n, 2).
    mean_A = np.array([pair.mean_error_A for pair in fitted])
    vector_A = np.array([pair.astigmatism_error_A for pair in fitted]).reshape(-1, 2)
    phase_deg = np.array([pair.phase_shift_error_deg for pair in fitted])
    # Standard errors stated by the fit, (n,). That of the astigmatism is per component of its vector, whose
    # covariance is taken as isotropic: the 95 % region is a circle.
    mean_sigma_A = _standard_errors([pair.result.defocus_sigma_A for pair in fitted])
    vector_sigma_A = _standard_errors([pair.result.astigmatism_sigma_A for pair in fitted])
    phase_sigma_deg = _standard_errors([pair.result.phase_shift_sigma_deg for pair in fitted])
    bounds_A = _bounds(fitted)
    return Accuracy(
        defocus=errors(mean_A),
        defocus_in_bounds=errors(mean_A / bounds_A[:, 0]),
        astigmatism=vector_errors(vector_A),
        astigmatism_in_bounds=vector_errors(vector_A / bounds_A[:, 1:]),
        angle_deg=errors(np.array([pair.angle_error_deg for pair in fitted if _has_clear_axis(pair)])),
        phase_shift_deg=errors(phase_deg[[_has_phase_shift(pair) for pair in fitted]]),
        locks=sum(pair.is_locked for pair in fitted),
        defocus_coverage=coverage(np.abs(mean_A) / mean_sigma_A, TWO_SIDED_95),
        astigmatism_coverage=coverage(np.hypot(*vector_A.T) / vector_sigma_A, RADIUS_95),
        phase_shift_coverage=coverage(np.abs(phase_deg) / phase_sigma_deg, TWO_SIDED_95),
    )


def errors(values: Floats) -> Errors:
    """Statistics of signed errors, (n,); NaN are left out."""
    values = values[np.isfinite(values)]
    return _errors(float(values.mean()) if values.size else math.nan, np.abs(values))


def vector_errors(vectors: Floats) -> Errors:
    """Statistics of the lengths of error vectors, (n, 2); those with NaN are left out."""
    vectors = vectors[np.isfinite(vectors).all(axis=1)]
    bias = float(np.hypot(*vectors.mean(axis=0))) if len(vectors) else math.nan
    return _errors(bias, np.hypot(*vectors.T))


def coverage(deviations: Floats, limit: float) -> Coverage:
    """Count the deviations, in standard errors, that lie within a limit; NaN are left out."""
    deviations = deviations[np.isfinite(deviations)]
    return Coverage(int((deviations <= limit).sum()), deviations.size)


def _errors(bias: float, sizes: Floats) -> Errors:
    if not sizes.size:
        return Errors(0, math.nan, math.nan, math.nan, math.nan)
    rms = math.sqrt(float((sizes**2).mean()))
    return Errors(sizes.size, bias, rms, float(np.median(sizes)), float(sizes.max()))


def _standard_errors(values: Sequence[float]) -> Floats:
    """Standard errors, (n,); NaN where nothing was fitted (0)."""
    sigma = np.array(values, dtype=np.float64)
    return np.where(sigma > 0, sigma, np.nan)


def _bounds(pairs: Sequence[Pair]) -> Floats:
    """Cramér-Rao bounds of the mean defocus and of the RMS length of the astigmatism error, in Å, (n, 2); NaN: unknown.

    The length has two components, each with the bound of the truth table: √(b² + b²) = √2 b.
    """
    truths = [pair.reference.truth for pair in pairs]
    rows = [(t.bound_defocus_A, math.sqrt(2) * t.bound_astigmatism_A) for t in truths if t is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return np.where(table > 0, table, np.nan)


def _has_clear_axis(pair: Pair) -> bool:
    truth = pair.reference.truth
    if truth is None:
        return False
    astigmatism_A = abs(truth.defocus_u_A - truth.defocus_v_A)
    hidden = astigmatism_A < MIN_ASTIGMATISM_IN_BOUNDS * truth.bound_astigmatism_A
    return astigmatism_A >= MIN_ASTIGMATISM_A and not hidden


def _has_phase_shift(pair: Pair) -> bool:
    """Whether it has a phase shift, true or fitted."""
    truth = pair.reference.truth
    return pair.result.phase_shift_sigma_deg > 0 or (truth is not None and truth.phase_shift_deg != 0)
