"""A micrograph whose fit is its truth, judged this way or that."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_micrograph import OPTICS, SAMPLING_A, TRUTH, radial_curve, search_signals

from thonring.ctf import sin2_half_plane
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, Spectrum, Status, Verdict


@pytest.fixture
def fit() -> CtfFit:
    return CtfFit(
        defocus_u_A=TRUTH.defocus_u_A,
        defocus_v_A=TRUTH.defocus_v_A,
        angle_deg=TRUTH.angle_deg,
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=np.diag([16.0, 49.0, 49.0, 0.0, 0.0]),
        score=0.21,
        fit_resolution_A=4.2,
        resolution_range_A=(30.0, 3.6),
        sampling_A=SAMPLING_A,
        log_likelihood_gain=812.0,
        dispersion=1.1,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=radial_curve(),
        start_A=15100.0,
        signals=search_signals(),
    )


@pytest.fixture
def judged(fit: CtfFit) -> Callable[..., Outcome]:
    """Build the outcome of a micrograph with this fit, or another, or none."""

    def build(status: Status = "accepted", *reasons: str, fitted: bool = True, **changes: object) -> Outcome:
        criteria = tuple(CriterionResult(f"c{i}", 0.0, passed=False, reason=r) for i, r in enumerate(reasons))
        changed = replace(fit, **changes) if fitted else None  # type: ignore[arg-type]
        attempt = Attempt(SAMPLING_A, Verdict("default", criteria), changed)
        return Outcome(
            Path("grid1/FoilHole_0042.mrc"), status, reasons, OPTICS, 1.0, (4096, 4096), (attempt,), 0
        )

    return build


@pytest.fixture
def enhanced() -> np.ndarray:
    """Rings with noise over the full plane, centred, (512, 512)."""
    step_per_A = 1.0 / (512 * SAMPLING_A)
    half = Spectrum(np.ones((512, 257), np.float32), step_per_A, step_per_A, SAMPLING_A, 10.0)
    rings = sin2_half_plane(half, TRUTH, OPTICS)
    full = np.concatenate([np.roll(rings[::-1, 1:], 1, axis=0)[:, ::-1], rings[:, :-1]], axis=1)
    return (full + np.random.default_rng(0).standard_normal(full.shape)).astype(np.float32)
