"""Polar cells drawn on the fly: the direct simulation that training needs by the million, on CPU or GPU.

A pool of scenes gives the power of rings and noise against frequency; each draw takes one of them, another defocus
near the scene's own, and disturbs what no scene knows exactly. The value of a cell is its model times a Gamma mean.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from thonring.learn.polar import (
    CELLS,
    CLIP,
    DEGREE,
    SECTORS,
    background_basis,
    known_cells,
    pixels_per_cell,
    sector_angles,
    squared_frequencies,
)
from thonring.learn.views import SAMPLINGS_A, SIZE
from thonring.simulate import Recipe, Scene, draw
from thonring.simulate.model import powers

Tensor = torch.Tensor

DEFOCUS_SPREAD = 0.2
"""A draw's defocus is log-uniform within this of its scene's: far enough to fill the gaps of the pool."""

DISTURBANCE = (0.5, 0.15)
"""Standard deviations of the slow terms by which log ring power and log noise differ from their scene."""

SLOW_TERMS = 5
DRIFT_A = 8.0
DRIFTED_SHARE = 0.3
SPOTTED_SHARE = 0.05
SPOTS = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """`cells` (n, 3, 8, 256), `optics` (n, 3): wavelength Å, Cs mm, finest pixel Å (1 or more); `defocus_A` (n,)."""

    cells: Tensor
    optics: Tensor
    defocus_A: Tensor


class PolarDraws:
    """An endless source of batches; the seed makes pool and draws."""

    def __init__(self, recipe: Recipe, scenes: int, seed: int, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._random = torch.Generator(self._device).manual_seed(seed)
        pool = [draw(recipe, seed, index) for index in range(scenes)]
        self._numbers = self._tensor([_numbers(scene) for scene in pool])
        self._tables = self._tensor(np.stack([_tables(scene) for scene in pool]))
        known = np.stack([known_cells(SAMPLINGS_A, scene.pixel_A) for scene in pool])
        self._known = torch.as_tensor(known, device=self._device)
        self._bases = self._tensor([[background_basis(view) for view in scene] for scene in known])
        self._k2 = self._tensor(squared_frequencies(SAMPLINGS_A))[None, :, None, :]
        self._angle = self._tensor(sector_angles())[None, None, :, None]
        self._pixels = self._tensor(pixels_per_cell())[None, None]
        self._samplings = self._tensor(SAMPLINGS_A)[None, :, None, None]

    def batch(self, count: int) -> Batch:
        """Another `count` draws."""
        chosen = torch.randint(len(self._numbers), (count,), generator=self._random, device=self._device)
        wavelength_A, cs_A, contrast, defocus_A, finest_A, area_A2, astigmatism_A, cs_mm = (
            column[:, None, None, None] for column in self._numbers[chosen].T
        )
        defocus_A = defocus_A * torch.exp(DEFOCUS_SPREAD * (2 * self._uniform(count, 1, 1, 1) - 1))
        chi = _Phase(
            wavelength_A, cs_A, contrast, defocus_A, astigmatism_A, math.pi * self._uniform(count, 1, 1, 1)
        )
        rings, kept, noise = self._tables[chosen].permute(1, 0, 2, 3)[:, :, :, None, :]
        rings = rings * self._slow(count, DISTURBANCE[0]) * self._drift(count)
        noise = noise * self._slow(count, DISTURBANCE[1]) * self._spots(count)
        width = 0.25 / self._samplings**2 / CELLS
        ripple = torch.cos(2 * chi.at(self._k2, self._angle)) * chi.kept_in_cell(self._k2, self._angle, width)
        model = noise + 0.5 * rings * (1 - kept * ripple)
        values = self._pixels * area_A2 / (SIZE * self._samplings) ** 2
        log_power = torch.log(model) + self._log_gamma(values.expand(model.shape))
        return Batch(
            cells=flattened(log_power, self._known[chosen], self._bases[chosen]),
            optics=torch.cat([wavelength_A, cs_mm, finest_A], dim=1)[:, :, 0, 0],
            defocus_A=defocus_A[:, 0, 0, 0],
        )

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self._device)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random, device=self._device)

    def _slow(self, count: int, spread: float) -> Tensor:
        """A factor that varies slowly with k and a little with direction, (count, views, sectors, cells)."""
        k = torch.sqrt(self._k2)
        phase = 2 * math.pi * self._uniform(count, 1, 1, 1)
        total = 0.2 * spread * self._normal(count, 1, 1, 1) * k * 4 * torch.cos(2 * self._angle - phase)
        for term in range(SLOW_TERMS):
            total = total + spread / (1 + term) * self._normal(count, 1, 1, 1) * torch.cos(
                2 * math.pi * term * k
            )
        return torch.exp(total)

    def _drift(self, count: int) -> Tensor:
        way_A = DRIFT_A * self._uniform(count, 1, 1, 1) * (self._uniform(count, 1, 1, 1) < DRIFTED_SHARE)
        along = torch.sqrt(self._k2) * torch.cos(self._angle - math.pi * self._uniform(count, 1, 1, 1))
        return torch.sinc(way_A * along) ** 2

    def _spots(self, count: int) -> Tensor:
        """Crystalline spots: a few cells near 3.7 Å with a multiple of their power, in some of the draws."""
        near_ice = (self._k2 > 1 / 4.2**2) & (self._k2 < 1 / 3.3**2)
        shape = (count, len(SAMPLINGS_A), SECTORS, CELLS)
        expected = SPOTS / near_ice[0, 0].sum() / SECTORS
        hit = (self._uniform(*shape) < expected) & near_ice & (self._uniform(count, 1, 1, 1) < SPOTTED_SHARE)
        return 1 + hit * 8 * self._uniform(count, 1, 1, 1)

    def _log_gamma(self, values: Tensor) -> Tensor:
        """Log of a mean of n exponential values, by the cube root's normal limit (Wilson & Hilferty 1931)."""
        n = torch.clamp(values, min=1.0)
        root = 1 - 1 / (9 * n) + self._normal(*values.shape) / (3 * torch.sqrt(n))
        return 3 * torch.log(torch.clamp(root, min=1e-2))


@dataclass(frozen=True, slots=True)
class _Phase:
    """χ of a batch and how fast it turns; every field (count, 1, 1, 1)."""

    wavelength_A: Tensor
    cs_A: Tensor
    contrast: Tensor
    defocus_A: Tensor
    astigmatism_A: Tensor
    angle_rad: Tensor

    def at(self, k2: Tensor, direction: Tensor) -> Tensor:
        defocus_A = self.defocus_A + 0.5 * self.astigmatism_A * torch.cos(2 * (direction - self.angle_rad))
        spherical = 0.5 * math.pi * self.cs_A * self.wavelength_A**3 * k2**2
        return math.pi * self.wavelength_A * defocus_A * k2 - spherical + torch.asin(self.contrast)

    def kept_in_cell(self, k2: Tensor, direction: Tensor, width: Tensor) -> Tensor:
        """What the mean over a cell leaves of cos 2χ: a sinc of the turns across it, each way."""
        along_k2 = self.wavelength_A * self.defocus_A - self.cs_A * self.wavelength_A**3 * k2
        turning = self.astigmatism_A * torch.sin(2 * (direction - self.angle_rad))
        return torch.sinc(width * along_k2) * torch.sinc(self.wavelength_A * k2 * turning / SECTORS)


def flattened(log_power: Tensor, known: Tensor, bases: Tensor) -> Tensor:
    """`polar.flattened` of a batch (n, views, sectors, cells).

    `known` is (n, views, cells), `bases` (n, views, cells, degree + 1) the backgrounds' orthonormal polynomials.
    """
    mask = known[:, :, None, :].to(log_power.dtype)
    count = torch.clamp(SECTORS * mask.sum((2, 3), keepdim=True), min=1)
    mean = log_power.mean(dim=2)
    smooth = (bases @ (bases.transpose(-1, -2) @ mean[..., None]))[..., 0]
    residual = (log_power - smooth[:, :, None, :]) * mask
    level = residual.sum((2, 3), keepdim=True) / count
    variance = ((residual - level) ** 2 * mask).sum((2, 3), keepdim=True) / count
    scaled = torch.clamp(residual / torch.sqrt(variance + 1e-20), -CLIP, CLIP)
    return torch.where(count > 2 * DEGREE * SECTORS, scaled, 0.0)


def _numbers(scene: Scene) -> tuple[float, ...]:
    optics = scene.optics
    area_A2 = scene.shape[0] * scene.shape[1] * scene.pixel_A**2
    return (
        optics.wavelength_A,
        1e7 * optics.cs_mm,
        optics.amplitude_contrast,
        scene.mean_defocus_A,
        max(scene.pixel_A, SAMPLINGS_A[0]),
        area_A2,
        scene.defocus_u_A - scene.defocus_v_A,
        optics.cs_mm,
    )


def _tables(scene: Scene) -> np.ndarray:
    """Ring power, what depth leaves of the rings, and noise at the cells' frequencies, (3, views, cells)."""
    k2 = squared_frequencies(SAMPLINGS_A)
    parts = powers(scene, np.sqrt(k2))
    rings = parts.ice + parts.particles
    depth = np.sinc(scene.optics.wavelength_A * scene.ice.thickness_A * k2)
    kept = (parts.particles + parts.ice * depth) / np.maximum(rings, 1e-30)
    return np.stack([rings, kept, parts.noise])
