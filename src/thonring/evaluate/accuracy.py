"""How far estimates lie from the truth, and how honest their error bars are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thonring.evaluate.matching import Pair
from thonring.evaluate.verdicts import TWO_SIDED_95, wilson
from thonring.records import Floats

RADIUS_95 = math.sqrt(-2.0 * math.log(0.05))
"""95 % of a round two-dimensional normal distribution lie within this many standard deviations: 2.448."""

LEAST_ASTIGMATISM_A, LEAST_OVER_BOUND = 50.0, 10.0
"""An axis is asked for where the true astigmatism is at least this, and this many Cramér-Rao bounds."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Size of errors of one quantity: `count` of them; NaN of none."""

    count: int
    bias: float
    rms: float
    median: float
    worst: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of `total` intervals of 95 % hold the truth."""

    inside: int
    total: int

    @property
    def share(self) -> float:
        """Share of the intervals that hold the truth; NaN of none."""
        return self.inside / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        return wilson(self.inside, self.total)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Errors over one set of micrographs: Å, degrees, and units of the Cramér-Rao bound (`_in_bounds`).

    Of the astigmatism vector, `astigmatism` has the lengths of the errors with the length of their mean as bias; the
    bound of that length is √2 times the bound per component. An efficient estimate has an RMS of 1 in bounds.
    `locks` counts errors of the mean defocus above 10 % or 1000 Å.
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
    """Errors of the pairs that have both estimate and truth."""
    fitted = [pair for pair in pairs if math.isfinite(pair.mean_error_A)]
    mean = np.array([pair.mean_error_A for pair in fitted])
    vector = np.array([pair.astigmatism_error_A for pair in fitted]).reshape(-1, 2)
    phase = np.array([pair.phase_shift_error_deg for pair in fitted])
    sigma = _column([pair.result.defocus_sigma_A for pair in fitted])
    vector_sigma = _column([pair.result.astigmatism_sigma_A for pair in fitted])
    phase_sigma = _column([pair.result.phase_shift_sigma_deg for pair in fitted])
    bounds = _bounds(fitted)
    return Accuracy(
        defocus=errors(mean),
        defocus_in_bounds=errors(mean / bounds[:, 0]),
        astigmatism=vector_errors(vector),
        astigmatism_in_bounds=vector_errors(vector / bounds[:, 1:]),
        angle_deg=errors(np.array([pair.angle_error_deg for pair in fitted if _has_axis(pair)])),
        phase_shift_deg=errors(phase[_shifted(fitted)]),
        locks=sum(pair.is_locked for pair in fitted),
        defocus_coverage=coverage(np.abs(mean) / sigma, TWO_SIDED_95),
        astigmatism_coverage=coverage(np.hypot(*vector.T) / vector_sigma, RADIUS_95),
        phase_shift_coverage=coverage(np.abs(phase) / phase_sigma, TWO_SIDED_95),
    )


def errors(values: Floats) -> Errors:
    """Size of signed errors, (n,); NaN are left out."""
    values = values[np.isfinite(values)]
    return _errors(float(values.mean()) if values.size else math.nan, np.abs(values))


def vector_errors(vectors: Floats) -> Errors:
    """Size of errors that are vectors, (n, 2); those with NaN are left out."""
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


def _column(values: Sequence[float]) -> Floats:
    """Standard errors; NaN where nothing was estimated (0)."""
    column = np.array(values, dtype=np.float64)
    return np.where(column > 0, column, np.nan)


def _bounds(pairs: Sequence[Pair]) -> Floats:
    """Cramér-Rao bounds of mean defocus and of the length of the astigmatism vector, (n, 2); NaN: none."""
    truths = [pair.subject.truth for pair in pairs]
    rows = [(t.bound_defocus_A, math.sqrt(2) * t.bound_astigmatism_A) for t in truths if t is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return np.where(table > 0, table, np.nan)


def _has_axis(pair: Pair) -> bool:
    truth = pair.subject.truth
    if truth is None:
        return False
    astigmatism_A = abs(truth.defocus_u_A - truth.defocus_v_A)
    hidden = astigmatism_A < LEAST_OVER_BOUND * truth.bound_astigmatism_A
    return astigmatism_A >= LEAST_ASTIGMATISM_A and not hidden


def _shifted(pairs: Sequence[Pair]) -> list[bool]:
    """Which have a phase shift, true or fitted."""
    return [
        pair.result.phase_shift_sigma_deg > 0
        or (pair.subject.truth is not None and pair.subject.truth.phase_shift_deg != 0)
        for pair in pairs
    ]
