"""A micrograph whose fit is its truth, drawn from the formula of the CTF."""

import numpy as np

from thonring.ctf import phase_aberration
from thonring.optics import Optics
from thonring.records import KnownDefocus, RadialCurve, SearchSignals

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
TRUTH = KnownDefocus(16000.0, 14000.0, 30.0)
SAMPLING_A = 1.75


def radial_curve() -> RadialCurve:
    frequency_per_A = np.linspace(0.004, 0.5 / SAMPLING_A, 250)
    sin2 = np.sin(phase_aberration(frequency_per_A**2, 15000.0, OPTICS)) ** 2
    background = 1.0 + 8.0 * np.exp(-frequency_per_A * 40)
    ring_power = 2.0 * np.exp(-80.0 * frequency_per_A**2)
    wobble = 1.0 + 0.05 * np.random.default_rng(3).standard_normal(250)
    agreement = np.clip(1.2 - 4.5 * frequency_per_A, -1, 1)
    values = 1e3 * frequency_per_A
    power = (background + ring_power * sin2) * wobble
    return RadialCurve(frequency_per_A, power, background, ring_power, sin2, agreement, values)


def search_signals() -> SearchSignals:
    curve = radial_curve()
    k2 = np.linspace(0.0, curve.frequency_per_A[-1] ** 2, 400)
    rings = curve.ring_power * (curve.sin2 - 0.5)
    resampled = np.interp(np.sqrt(k2), curve.frequency_per_A, rings)
    defocus_A = np.linspace(0.0, 100_000.0, 2000)
    amplitude = np.exp(-(((defocus_A - 15000.0) / 1500.0) ** 2)) + 0.1
    return SearchSignals(curve.frequency_per_A, rings, k2, resampled, defocus_A, amplitude, 15000.0)
