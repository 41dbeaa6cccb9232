"""Synthetic cases with known truth: Gamma noise around background + rings."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from factories.outcomes import make_fit
from thonring.ctf import canonical, half_plane_grid, phase_aberration, sin2_half_plane
from thonring.optics import Optics
from thonring.quality import AttemptData
from thonring.records import CtfFit, Evidence, Floats, KnownDefocus, RadialCurve, Spectrum
from thonring.spectrum import CRITERIA, enhance, sector_profiles

OPTICS = Optics(voltage_kV=300.0, cs_mm=2.7, amplitude_contrast=0.1)
RESOLUTION_RANGE_A = (30.0, 3.6)


@dataclass(frozen=True)
class Truth:
    """What a synthetic spectrum is made of; `ring` is the rings' power over the background at k = 0."""

    defocus_u_A: float = 15200.0
    defocus_v_A: float = 14900.0
    angle_deg: float = 30.0
    phase_shift_deg: float = 0.0
    ring: float = 1.0
    b_factor_A2: float = 30.0
    scale: float = 1.0
    values: float = 16.0
    drift_A: float = 0.0
    seed: int | None = 1
    size: int = 512
    sampling_A: float = 1.75

    def background(self, k: Floats) -> Floats:
        return self.scale * (1.0 + 6.0 * np.exp(-12.0 * k))

    def ring_power(self, k: Floats) -> Floats:
        return self.ring * self.background(k) * np.exp(-0.5 * self.b_factor_A2 * k**2)


@pytest.fixture
def make_spectrum() -> Callable[[Truth], Spectrum]:
    return spectrum_of


@pytest.fixture
def make_case() -> Callable[..., AttemptData]:
    return case_of


def spectrum_of(truth: Truth) -> Spectrum:
    step = 1.0 / (truth.size * truth.sampling_A)
    empty = np.zeros((truth.size, truth.size // 2 + 1), dtype=np.float32)
    spectrum = Spectrum(empty, step, step, truth.sampling_A, truth.values)
    k2, direction = half_plane_grid(spectrum)
    k = np.sqrt(k2)
    u, v, angle = canonical(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    sin2 = sin2_half_plane(spectrum, KnownDefocus(u, v, angle, truth.phase_shift_deg), OPTICS)
    loss = np.exp(-0.5 * (truth.drift_A * k * np.cos(direction)) ** 2)
    mean = truth.background(k) + truth.ring_power(k) * loss * sin2
    if truth.seed is not None:
        rng = np.random.default_rng(truth.seed)
        mean = mean * rng.standard_gamma(truth.values, mean.shape) / truth.values
    return replace(spectrum, power=mean.astype(np.float32))


def fit_of(truth: Truth) -> CtfFit:
    k = np.linspace(1 / 40.0, 0.5 / truth.sampling_A, 300)
    u, v, angle = canonical(truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    chi = phase_aberration(k**2, 0.5 * (u + v), OPTICS, np.radians(truth.phase_shift_deg))
    background, ring_power, ones = truth.background(k), truth.ring_power(k), np.ones_like(k)
    power = background + ring_power * np.sin(chi) ** 2
    return make_fit(
        defocus_u_A=u,
        defocus_v_A=v,
        angle_deg=angle,
        phase_shift_deg=truth.phase_shift_deg,
        covariance=np.diag([100.0, 400.0, 400.0, 0.0, 0.0]),
        score=0.3,
        fit_resolution_A=4.0,
        resolution_range_A=RESOLUTION_RANGE_A,
        sampling_A=truth.sampling_A,
        log_likelihood_gain=2500.0,
        curve=RadialCurve(k, power, background, ring_power, np.sin(chi) ** 2, ones, ones),
    )


def evidence_of(measured: Spectrum, sampling_A: float) -> Evidence:
    return Evidence(OPTICS, measured, sector_profiles(measured, 1 / 30.0, np.inf), sampling_A)


def case_of(truth: Truth = Truth(), measured: Spectrum | None = None, **changes: object) -> AttemptData:
    """A case whose fit is the truth; `changes` alter the fit."""
    spectrum = spectrum_of(truth)
    evidence = evidence_of(spectrum if measured is None else measured, truth.sampling_A)
    return AttemptData(
        optics=OPTICS,
        evidence=evidence,
        spectrum=lambda: spectrum,
        enhance=lambda: enhance(spectrum, CRITERIA),
        original_pixel_A=1.0,
        fit=replace(fit_of(truth), **changes),
    )


@pytest.fixture
def truth() -> Truth:
    return Truth()
