"""Outcomes made by hand, for the tests of what is written of them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thonring.ctf import phase_aberration
from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, RadialCurve, Verdict

OPTICS = Optics(300.0, 2.7, 0.1)
PASSED = CriterionResult("fit_quality", 0.8, passed=True)
REFUSED = CriterionResult("ice", 1.5, passed=False, reason="ice ring at 3.7 Å")


def curve(mean_defocus_A: float = 15000.0) -> RadialCurve:
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


def fit(**changes: Any) -> CtfFit:
    made = CtfFit(
        defocus_u_A=15200.25,
        defocus_v_A=14800.75,
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
        curve=curve(),
        start_A=15100.0,
    )
    return replace(made, **changes)


def attempt(
    made: CtfFit | None, criteria: Sequence[CriterionResult] = (PASSED,), sampling_A: float = 1.4
) -> Attempt:
    return Attempt(sampling_A if made is None else made.sampling_A, Verdict("default", tuple(criteria)), made)


def accepted(path: str | Path = "movies/mic_001.mrc", made: CtfFit | None = None, **changes: Any) -> Outcome:
    outcome = Outcome(
        path=Path(path),
        status="accepted",
        reasons=(),
        optics=OPTICS,
        pixel_A=0.7,
        shape=(4096, 4096),
        attempts=(attempt(made or fit()),),
        chosen=0,
        cpu_seconds=0.25,
    )
    return replace(outcome, **changes)


def rejected(path: str | Path = "movies/mic_002.mrc", made: CtfFit | None = None, **changes: Any) -> Outcome:
    refused = attempt(made or fit(), (PASSED, REFUSED))
    outcome = accepted(path, status="rejected", reasons=(REFUSED.reason,), attempts=(refused,))
    return replace(outcome, **changes)


def without_fit(path: str | Path = "movies/mic_003.mrc") -> Outcome:
    """Rejected on its spectrum alone, before any fit."""
    return rejected(path, attempts=(attempt(None, (REFUSED,), sampling_A=1.75),))


def failed(path: str | Path = "movies/broken.mrc", reason: str = "truncated") -> Outcome:
    return Outcome(Path(path), "failed", (f"{path}: {reason}",), None, math.nan, (0, 0), cpu_seconds=0.01)
