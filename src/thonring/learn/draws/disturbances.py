"""What no scene knows exactly: slow factors on rings and noise, drift, crystals, edges of a film."""

import math

import torch

from thonring.learn.seen.polar import COARSEST_A

Tensor = torch.Tensor

OF_RINGS, OF_NOISE = 0.5, 0.15
"""Standard deviations of the slow terms by which log ring power and log noise differ from their scene."""

SLOW_TERMS = 5
DRIFT_A = 15.0
DRIFTED_SHARE = 0.3
SPOTTED_SHARE = 0.05
SPOTS = 8
EDGE_SHARE = 0.1
EDGE_POWER = (0.1, 30.0)
"""Power of an edge over the noise at the coarsest frequency, in its direction; it falls with the square of k."""


class Disturbances:
    """Factors (count, sectors, pieces) on the power of pieces at k² (1, 1, pieces) and angles (1, sectors, 1)."""

    def __init__(self, k2: Tensor, angle_rad: Tensor, random: torch.Generator) -> None:
        self._k2 = k2
        self._k = torch.sqrt(k2)
        self._angle = angle_rad
        self._random = random
        self._near_ice = (k2 > 1 / 4.2**2) & (k2 < 1 / 3.3**2)

    def of_rings(self, count: int) -> Tensor:
        """On ring power: envelopes and specimen, and drift."""
        return self._slow(count, OF_RINGS) * self._drift(count)

    def of_noise(self, count: int) -> Tensor:
        """On noise: the camera, crystalline spots, edges."""
        return self._slow(count, OF_NOISE) * self._spots(count) * self._edge(count)

    def _slow(self, count: int, spread: float) -> Tensor:
        """A factor that varies slowly with k and a little with direction."""
        phase = 2 * math.pi * self._uniform(count, 1, 1)
        total = 0.2 * spread * self._normal(count, 1, 1) * self._k * 4 * torch.cos(2 * self._angle - phase)
        for term in range(SLOW_TERMS):
            wave = torch.cos(2 * math.pi * term * self._k)
            total = total + spread / (1 + term) * self._normal(count, 1, 1) * wave
        return torch.exp(total)

    def _drift(self, count: int) -> Tensor:
        way_A = DRIFT_A * self._uniform(count, 1, 1) * (self._uniform(count, 1, 1) < DRIFTED_SHARE)
        along = self._k * torch.cos(self._angle - math.pi * self._uniform(count, 1, 1))
        return torch.sinc(way_A * along) ** 2

    def _spots(self, count: int) -> Tensor:
        """Crystalline spots: a few pieces near 3.7 Å with a multiple of their power, in some of the draws."""
        shape = (count, self._angle.shape[1], self._k2.shape[2])
        expected = SPOTS / self._near_ice.sum() / self._angle.shape[1]
        hit = self._near_ice & (self._uniform(*shape) < expected)
        return 1 + hit * (self._uniform(count, 1, 1) < SPOTTED_SHARE) * 8 * self._uniform(count, 1, 1)

    def _edge(self, count: int) -> Tensor:
        """The streak of a straight edge across the image, in some of the draws."""
        low, high = EDGE_POWER
        height = low * (high / low) ** self._uniform(count, 1, 1) * (self._uniform(count, 1, 1) < EDGE_SHARE)
        away = torch.sin(self._angle - math.pi * self._uniform(count, 1, 1))
        narrow = 0.1 + 0.4 * self._uniform(count, 1, 1)
        return 1 + height * torch.exp(-0.5 * (away / narrow) ** 2) / torch.clamp(
            COARSEST_A**2 * self._k2, min=1
        )

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random, device=self._k2.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random, device=self._k2.device)
