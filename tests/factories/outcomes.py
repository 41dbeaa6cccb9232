"""Fits, attempts and outcomes with plausible values, of which a test names only those that it is about."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thonring.ctf import phase_aberration
from thonring.optics import Optics
from thonring.quality.criteria import CRITERIA
from thonring.quality.grade import sentence
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, RadialCurve, Verdict
from thonring.settings import Limit

OPTICS = Optics(300.0, 2.7, 0.1)
PASSED = CriterionResult("fit_quality", 0.8, passed=True)
REFUSED = CriterionResult("ice", 1.5, passed=False, reason="ice ring at 3.7 Å")


def make_curve(mean_defocus_A: float = 15000.0) -> RadialCurve:
    """Rings of this defocus to 4 Å, 128 points."""
    frequency_per_A = np.linspace(0.0, 0.25, 128)
    sin2 = np.sin(phase_aberration(frequency_per_A**2, mean_defocus_A, OPTICS)) ** 2
    background = 2.0 + 10.0 * np.exp(-20.0 * frequency_per_A)
    ring_power = 3.0 * np.exp(-8.0 * frequency_per_A)
    return RadialCurve(
        frequency_per_A=frequency_per_A,
        power=background + ring_power * sin2,
        background=background,
        ring_power=ring_power,
        sin2=sin2,
        agreement=np.linspace(1.0, -0.1, 128),
        values=np.full(128, 500.0),
    )


def make_fit(defocus_A: float = 15000.5, astigmatism_A: float = 399.5, **changes: Any) -> CtfFit:
    """A fit of this mean defocus and astigmatism; `changes` are any other fields."""
    fit = CtfFit(
        defocus_u_A=defocus_A + 0.5 * astigmatism_A,
        defocus_v_A=defocus_A - 0.5 * astigmatism_A,
        angle_deg=-37.5,
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=np.diag([9.0, 16.0, 16.0, 0.0, 0.0]),
        score=0.17,
        fit_resolution_A=3.6,
        resolution_range_A=(30.0, 3.0),
        sampling_A=1.4,
        log_likelihood_gain=1200.0,
        dispersion=1.0,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=make_curve(),
        start_A=defocus_A + 99.5,
    )
    return replace(fit, **changes)


def make_criteria(*reasons: str) -> tuple[CriterionResult, ...]:
    """One failed criterion for each reason."""
    return tuple(
        CriterionResult(f"criterion_{number}", 0.0, passed=False, reason=reason)
        for number, reason in enumerate(reasons)
    )


def grade(limits: Sequence[Limit], values: Mapping[str, float]) -> tuple[CriterionResult, ...]:
    """The criteria of these limits at these values; NaN passes where the criterion says so."""
    return tuple(_grade(limit, values[limit.criterion]) for limit in limits)


def _grade(limit: Limit, value: float) -> CriterionResult:
    if math.isnan(value):
        passed, reason = CRITERIA[limit.criterion].pass_if_missing, "could not be computed"
    else:
        passed = limit.at_least <= value <= limit.at_most
        reason = "" if passed else sentence(limit, value)
    return CriterionResult(limit.criterion, value, passed, reason)


def make_attempt(
    fit: CtfFit | None, criteria: Sequence[CriterionResult] = (PASSED,), sampling_A: float = 1.4
) -> Attempt:
    """An attempt at the sampling of its fit, or at `sampling_A` if it ended before any."""
    return Attempt(sampling_A if fit is None else fit.sampling_A, Verdict("default", tuple(criteria)), fit)


def make_outcome(path: str | Path, attempt: Attempt, **changes: Any) -> Outcome:
    """The outcome of a single attempt, accepted or rejected as its criteria say."""
    outcome = Outcome(
        path=Path(path),
        status="accepted" if attempt.verdict.accepted else "rejected",
        reasons=attempt.verdict.reasons,
        optics=OPTICS,
        pixel_A=0.7,
        shape=(4096, 4096),
        attempts=(attempt,),
        chosen=0,
        cpu_seconds=0.25,
    )
    return replace(outcome, **changes)


def make_accepted(
    path: str | Path = "movies/mic_001.mrc", fit: CtfFit | None = None, **changes: Any
) -> Outcome:
    return make_outcome(path, make_attempt(fit or make_fit()), **changes)


def make_rejected(
    path: str | Path = "movies/mic_002.mrc", fit: CtfFit | None = None, **changes: Any
) -> Outcome:
    """Rejected for ice, with a fit."""
    return make_outcome(path, make_attempt(fit or make_fit(), (PASSED, REFUSED)), **changes)


def make_without_fit(path: str | Path = "movies/mic_003.mrc") -> Outcome:
    """Rejected on its spectrum alone, before any fit."""
    return make_outcome(path, make_attempt(None, (REFUSED,), sampling_A=1.75))


def make_failed(path: str | Path = "movies/broken.mrc", reason: str = "truncated", **changes: Any) -> Outcome:
    """A file that could not be read."""
    outcome = Outcome(
        path=Path(path),
        status="failed",
        reasons=(f"{path}: {reason}",),
        optics=None,
        pixel_A=math.nan,
        shape=(0, 0),
        cpu_seconds=0.01,
    )
    return replace(outcome, **changes)
