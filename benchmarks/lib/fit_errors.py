"""Errors of fits of simulated micrographs against their truth, and which of them are gross."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.lib.simulated_micrographs import MicrographSpec
from thonring import Settings
from thonring.ctf import to_vector
from thonring.measurement import Measurement
from thonring.pipeline import attempts_on, sectors
from thonring.records import Attempt, CtfFit, Floats
from thonring.simulate import Truth

GROSS_SHARE, GROSS_A = 0.1, 1000.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate of a simulated micrograph.

    `error_A` and `sigma_A`, (3,), are error and standard error of the mean defocus and of the two astigmatism
    components; NaN where there is no fit, or no standard error.
    """

    error_A: Floats
    sigma_A: Floats
    accepted: bool
    summary: str

    @property
    def has_fit(self) -> bool:
        """Whether there is a fit."""
        return math.isfinite(self.error_A[0])


def defocus_error_A(truth: Truth, defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> Floats:
    """Estimate minus truth: mean defocus and astigmatism vector, (3,) in Å."""
    estimated = np.array(to_vector(defocus_u_A, defocus_v_A, angle_deg))
    return estimated - np.array(to_vector(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg))


def is_gross_error(truth: Truth, mean_error_A: float) -> bool:
    """Whether the mean defocus is off by more than 10 % or 1000 Å: locked onto the wrong rings."""
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    return abs(mean_error_A) > min(GROSS_SHARE * mean_A, GROSS_A)


def compare_with_truth(truth: Truth, fit: CtfFit | None, reasons: tuple[str, ...]) -> Estimate:
    """Compare our fit of a simulated micrograph with its truth; `reasons` are those of a rejection."""
    verdict = "; ".join(reasons) or "accepted"
    if fit is None:
        return Estimate(np.full(3, np.nan), np.full(3, np.nan), accepted=False, summary=f"no fit; {verdict}")
    summary = f"{describe_fit(fit)}; {verdict}"
    error_A = defocus_error_A(truth, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    return Estimate(error_A, np.sqrt(np.diag(fit.covariance)[:3]), not reasons, summary)


def estimate_measurement(spec: MicrographSpec, measurement: Measurement, settings: Settings) -> Estimate:
    """Fit and grade the measurement of a simulated micrograph, and compare the fit with the truth."""
    best = best_attempt(measurement, settings)
    return compare_with_truth(spec.truth, best.fit, best.verdict.reasons)


def describe_fit(fit: CtfFit) -> str:
    """A fit on one line, for lists of failures."""
    return (
        f"U {fit.defocus_u_A:.0f} V {fit.defocus_v_A:.0f} Å at {fit.angle_deg:.1f}° "
        f"± {fit.defocus_sigma_A:.1f} Å, fit to {fit.fit_resolution_A:.2f} Å, sampling {fit.sampling_A:.2f}, "
        f"gain {fit.log_likelihood_gain:.0f}, start {fit.start_A:.0f}, "
        f"runner-up {fit.runner_up_A:.0f} ({fit.runner_up_gap:.0f} below)"
    )


def best_attempt(measurement: Measurement, settings: Settings) -> Attempt:
    """Try all samplings; return the accepted attempt, or else the one of highest likelihood."""
    attempts = attempts_on(measurement, sectors(measurement, settings), settings)

    def rank(attempt: Attempt) -> tuple[bool, float]:
        return attempt.verdict.accepted, attempt.fit.log_likelihood_gain if attempt.fit else -1

    return max(attempts, key=rank)
