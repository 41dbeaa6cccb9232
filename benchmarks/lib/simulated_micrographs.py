"""Random simulated micrographs with known truth, each determined by its seed alone; and which rings are visible."""

import math
from dataclasses import dataclass

import numpy as np

from thonring import Optics
from thonring.ctf import ring_period_per_A, zero_frequency
from thonring.simulate import RingModel, Truth
from thonring.simulate.white_noise import spectrum_of

BAND_A = (30.0, 2.5)
SIGNIFICANCE = 10.0
RINGS_NEEDED = 3
PIXELS_PER_RING = 3.0


@dataclass(frozen=True, slots=True)
class MicrographSpec:
    """A micrograph to simulate: its truth, its shape (rows, columns), and the seed of its noise."""

    seed: int
    truth: Truth
    shape: tuple[int, int]

    def describe(self) -> str:
        """All parameters on one line, enough to simulate the micrograph again."""
        truth, optics = self.truth, self.truth.optics
        return (
            f"seed {self.seed}: {optics.voltage_kV:g} kV, {truth.pixel_A:.3f} Å/px, {self.shape[0]} px, "
            f"U {truth.defocus_u_A:.0f} V {truth.defocus_v_A:.0f} Å at {truth.angle_deg:.1f}°, "
            f"contrast {truth.rings.contrast:.3f}, B {truth.rings.b_factor_A2:.0f} Å², "
            f"noise at Nyquist {truth.rings.noise_at_nyquist:.2f}"
        )


def typical_micrograph(seed: int, contrast: float, size: int) -> MicrographSpec:
    """A micrograph of a typical session: 200 or 300 kV, 0.8-1.3 Å/px, 0.8-3 µm, astigmatism to 1000 Å, B 40-150 Å²."""
    random = np.random.default_rng(seed)
    voltage_kV, pixel_A = float(random.choice([200, 300])), random.uniform(0.8, 1.3)
    mean_A, half_A = random.uniform(8000, 30000), 0.5 * random.uniform(0, 1000)
    optics = Optics(voltage_kV, 2.7, 0.1, pixel_A)
    rings = RingModel(contrast, random.uniform(40, 150))
    angle_deg = random.uniform(-90, 90)
    truth = Truth(optics, mean_A + half_A, mean_A - half_A, angle_deg, rings=rings)
    return MicrographSpec(seed, truth, (size, size))


def wide_range_micrograph(seed: int, significance: float = SIGNIFICANCE) -> MicrographSpec:
    """A micrograph of any kind with visible rings.

    100, 200 or 300 kV, 0.3-6 µm, 0.5-2 Å/px, contrast 0.03-2, B 20-200 Å².
    Voltage and defocus are drawn only once, so that no defocus is favoured; pixel size, contrast, B factor and noise
    are drawn again until `visible_rings` counts three rings of the given significance.
    """
    random = np.random.default_rng(seed)
    voltage_kV = float(random.choice([100, 200, 300]))
    mean_A = math.exp(random.uniform(math.log(3000), math.log(60000)))
    half_A = 0.5 * random.uniform(0, 0.08) * mean_A
    angle_deg = random.uniform(-90, 90)
    while True:
        pixel_A = random.uniform(0.5, 2.0)
        rings = RingModel(
            math.exp(random.uniform(math.log(0.03), math.log(2.0))),
            random.uniform(20, 200),
            random.uniform(0.1, 0.9),
        )
        size = 2048 if pixel_A >= 1 else 4096
        optics = Optics(voltage_kV, 2.7, 0.1, pixel_A)
        truth = Truth(optics, mean_A + half_A, mean_A - half_A, angle_deg, rings=rings)
        if visible_rings(truth, size, significance) >= RINGS_NEEDED:
            return MicrographSpec(seed, truth, (size, size))


def visible_rings(truth: Truth, size: int, significance: float = SIGNIFICANCE) -> int:
    """Count the successive rings, from the first zero of the CTF on, that are visible within 30-2.5 Å.

    A ring extends from one zero to the next, at the mean defocus. It is visible if it lies within the band and
    below Nyquist, if the image is large enough to sample it by three frequency steps, and if the signal of its
    modulation, √Σ [R (sin²χ - ½) / (N + R/2)]² over the image's independent frequencies, reaches
    `significance` standard deviations.
    """
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    limit_per_A = min(1 / BAND_A[1], 0.5 / truth.pixel_A)
    count = 0
    for number in range(1, 200):
        low, high = (float(zero_frequency(n, mean_A, truth.optics)) for n in (number, number + 1))
        if not high <= limit_per_A or not _is_sampled(high, mean_A, truth, size):
            return count
        if high < 1 / BAND_A[0]:
            continue
        if _significance(truth, size, low, high) < significance:
            return count
        count += 1
    return count


def _is_sampled(frequency_per_A: float, mean_A: float, truth: Truth, size: int) -> bool:
    step_per_A = 1 / (size * truth.pixel_A)
    return float(ring_period_per_A(frequency_per_A, mean_A, truth.optics)) > PIXELS_PER_RING * step_per_A


def _significance(truth: Truth, size: int, low_per_A: float, high_per_A: float) -> float:
    radius = np.linspace(low_per_A, high_per_A, 50)
    mean_A = 0.5 * (truth.defocus_u_A + truth.defocus_v_A)
    without_astigmatism = Truth(truth.optics, mean_A, mean_A, 0.0, rings=truth.rings)
    noise, rings, chi = spectrum_of(without_astigmatism, radius**2, np.zeros(1))
    modulation = rings * (np.sin(chi) ** 2 - 0.5) / (noise + 0.5 * rings)
    density = math.pi * radius * (size * truth.pixel_A) ** 2 * (radius[1] - radius[0])
    return math.sqrt(float((density * modulation**2).sum()))
