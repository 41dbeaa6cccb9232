"""Fits against the truth: error vectors, gross errors, and what our method says of a measurement."""

import math
from dataclasses import dataclass

import numpy as np

from draws import Draw
from thonring import Settings
from thonring.ctf import to_vector
from thonring.measurement import Measurement
from thonring.pipeline import attempts_on, sectors
from thonring.records import Attempt, CtfFit, Floats
from thonring.simulate import Truth

GROSS_SHARE, GROSS_A = 0.1, 1000.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate of a simulated micrograph: NaN where there is no fit, or no error bar.

    `error_A` and `sigma_A` (3,) are those of the mean defocus and of the two astigmatism components.
    """

    error_A: Floats
    sigma_A: Floats
    accepted: bool
    summary: str

    @property
    def has_fit(self) -> bool:
        """Whether there is a fit at all."""
        return math.isfinite(self.error_A[0])


def error_of(truth: Truth, defocus_u_A: float, defocus_v_A: float, angle_deg: float) -> Floats:
    """Estimate minus truth: mean defocus and astigmatism vector, (3,) in Å."""
    estimated = np.array(to_vector(defocus_u_A, defocus_v_A, angle_deg))
    return estimated - np.array(to_vector(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg))


def is_gross(truth: Truth, mean_error_A: float) -> bool:
    """Whether the error of the mean defocus is above 10 % or above 1000 Å: locked to wrong rings."""
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    return abs(mean_error_A) > min(GROSS_SHARE * mean_A, GROSS_A)


def estimate_of(truth: Truth, fit: CtfFit | None, reasons: tuple[str, ...]) -> Estimate:
    """Our fit of a simulated micrograph against its truth."""
    judged = "; ".join(reasons) or "accepted"
    if fit is None:
        return Estimate(np.full(3, np.nan), np.full(3, np.nan), accepted=False, summary=f"no fit; {judged}")
    summary = f"{described(fit)}; {judged}"
    error_A = error_of(truth, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    return Estimate(error_A, np.sqrt(np.diag(fit.covariance)[:3]), not reasons, summary)


def judged_estimate(draw: Draw, measured: Measurement, settings: Settings) -> Estimate:
    """Our fit and verdict on the measurement of a simulated micrograph."""
    best = best_attempt(measured, settings)
    return estimate_of(draw.truth, best.fit, best.verdict.reasons)


def described(fit: CtfFit) -> str:
    """A fit on one line, for the list of offenders."""
    return (
        f"U {fit.defocus_u_A:.0f} V {fit.defocus_v_A:.0f} Å at {fit.angle_deg:.1f}° "
        f"± {fit.defocus_sigma_A:.1f} Å, fit to {fit.fit_resolution_A:.2f} Å, sampling {fit.sampling_A:.2f}, "
        f"gain {fit.log_likelihood_gain:.0f}, start {fit.start_A:.0f}, "
        f"runner-up {fit.runner_up_A:.0f} ({fit.runner_up_gap:.0f} below)"
    )


def best_attempt(measured: Measurement, settings: Settings) -> Attempt:
    """All samplings tried; the accepted attempt, or else the most likely."""
    attempts = attempts_on(measured, sectors(measured, settings), settings)
    return max(
        attempts, key=lambda one: (one.verdict.accepted, one.fit.log_likelihood_gain if one.fit else -1)
    )
