"""A micrograph whose fit is its truth, judged this way or that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from factories.outcomes import make_attempt, make_criteria, make_fit, make_outcome
from factories.thon_rings import OPTICS, SAMPLING_A, TRUTH, radial_curve, search_signals
from thonring.ctf import sin2_half_plane
from thonring.records import CtfFit, Outcome, Spectrum, Status


@pytest.fixture
def fit() -> CtfFit:
    return make_fit(
        defocus_u_A=TRUTH.defocus_u_A,
        defocus_v_A=TRUTH.defocus_v_A,
        angle_deg=TRUTH.angle_deg,
        covariance=np.diag([16.0, 49.0, 49.0, 0.0, 0.0]),
        score=0.21,
        fit_resolution_A=4.2,
        resolution_range_A=(30.0, 3.6),
        sampling_A=SAMPLING_A,
        curve=radial_curve(),
        signals=search_signals(),
    )


@pytest.fixture
def judged(fit: CtfFit) -> Callable[..., Outcome]:
    """Build the outcome of a micrograph with this fit, or another, or none."""

    def build(status: Status = "accepted", *reasons: str, fitted: bool = True, **changes: Any) -> Outcome:
        attempt = make_attempt(
            replace(fit, **changes) if fitted else None, make_criteria(*reasons), SAMPLING_A
        )
        return make_outcome("grid1/FoilHole_0042.mrc", attempt, status=status, optics=OPTICS, pixel_A=1.0)

    return build


@pytest.fixture
def enhanced() -> np.ndarray:
    """Rings with noise over the full plane, centred, (512, 512)."""
    step_per_A = 1.0 / (512 * SAMPLING_A)
    half = Spectrum(np.ones((512, 257), np.float32), step_per_A, step_per_A, SAMPLING_A, 10.0)
    rings = sin2_half_plane(half, TRUTH, OPTICS)
    full = np.concatenate([np.roll(rings[::-1, 1:], 1, axis=0)[:, ::-1], rings[:, :-1]], axis=1)
    return (full + np.random.default_rng(0).standard_normal(full.shape)).astype(np.float32)
