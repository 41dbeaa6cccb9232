"""Polar cells drawn on the fly: the direct simulation that training needs by the million, on CPU or GPU.

A pool of scenes gives the power of rings and noise against frequency; each draw takes one of them, another defocus near
the scene's own, another size of the image, and disturbs what no scene knows exactly. Power is drawn in pieces of rings,
model times a Gamma mean, and averaged to the cells of all views, which so see the same noise, as those of an image do.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from thonring.learn.inputs import (
    CELLS,
    CLIP,
    COARSEST_A,
    DEGREE,
    SAMPLINGS_A,
    SECTORS,
    SIZE,
    background_basis,
    known_cells,
    sector_angles,
)
from thonring.records import Floats
from thonring.simulate import Recipe, Scene, draw
from thonring.simulate.spectrum import powers

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


def piece_borders() -> Floats:
    """Borders of the pieces in k², (pieces + 1,), in 1/Å²."""
    borders = np.zeros(1)
    for sampling_A in sorted(SAMPLINGS_A, reverse=True):
        cells = _cell_borders(sampling_A)
        borders = np.concatenate([borders, cells[cells > borders[-1] * (1 + 1e-9)]])
    return borders


def piece_samplings_A() -> Floats:
    """Sampling of the view whose cells end where a piece ends, (pieces,), in Å."""
    ends = piece_borders()[1:]
    coarsest_first = sorted(SAMPLINGS_A, reverse=True)
    within = [ends <= 0.25 / sampling_A**2 * (1 + 1e-9) for sampling_A in coarsest_first]
    return np.asarray(np.select(within, coarsest_first), dtype=np.float64)


def averages_of_pieces() -> Floats:
    """Matrix (pieces, views * cells) that averages pieces to the cells of all views."""
    borders = piece_borders()
    columns = []
    for sampling_A in SAMPLINGS_A:
        cells = _cell_borders(sampling_A)
        inside = np.minimum(borders[1:, None], cells[1:]) - np.maximum(borders[:-1, None], cells[:-1])
        columns.append(np.maximum(inside, 0) / np.diff(cells))
    return np.concatenate(columns, axis=1)


def _cell_borders(sampling_A: float) -> Floats:
    return np.asarray(0.25 / sampling_A**2 * np.arange(CELLS + 1) / CELLS)


DEFOCUS_SPREAD = 0.2
"""A draw's defocus is log-uniform within this of its scene's: far enough to fill the gaps of the pool."""

SIDE_PX = (1200.0, 8000.0)
"""Pixels of a side of the image, log-uniform."""

TILED_SHARE = 0.2
TILE_A = (600.0, 2500.0)
"""Some spectra are means over tiles, shorter than the image, of this length."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`cells` (n, 3, 8, 256); `optics` (n, 4): wavelength Å, Cs mm, amplitude contrast, finest pixel Å (1 or more).

    `defocus_A` is (n,).
    """

    cells: Tensor
    optics: Tensor
    defocus_A: Tensor


class SimulatedBatches:
    """An endless source of batches; the seed makes pool and draws."""

    def __init__(self, recipe: Recipe, scenes: int, seed: int, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._defocus_A = recipe.ctf.defocus_A
        pool = [draw(recipe, seed, index) for index in range(scenes)]
        self._numbers = self._tensor([_numbers(scene) for scene in pool])
        borders = piece_borders()
        middles = 0.5 * (borders[1:] + borders[:-1])
        self._tables = self._tensor(np.stack([_tables(scene, middles) for scene in pool]))
        known = np.stack([known_cells(SAMPLINGS_A, scene.pixel_A) for scene in pool])
        self._known = torch.as_tensor(known, device=self._device)
        self._bases = self._tensor([[background_basis(view) for view in scene] for scene in known])
        self._k2 = self._tensor(middles)[None, None, :]
        self._width = self._tensor(np.diff(borders))[None, None, :]
        self._pixel_per_A = self._tensor(1 / (SIZE * piece_samplings_A()))[None, None, :]
        self._angle = self._tensor(sector_angles())[None, :, None]
        self._averages = self._tensor(averages_of_pieces())
        self._disturbances = Disturbances(self._k2, self._angle, self._random)

    def batch(self, count: int) -> Batch:
        """Another `count` draws."""
        chosen = torch.randint(len(self._numbers), (count,), generator=self._random, device=self._device)
        wavelength_A, cs_mm, contrast, scene_A, finest_A, pixel_A, astigmatism_A = (
            column[:, None, None] for column in self._numbers[chosen].T
        )
        defocus_A = self._near(scene_A)
        angle_rad = math.pi * self._uniform(count, 1, 1)
        phase = _Phase(wavelength_A, 1e7 * cs_mm, contrast, defocus_A, astigmatism_A, angle_rad)
        side_A = pixel_A * self._log_uniform(count, SIDE_PX)
        power = self._model(chosen, phase, self._window(side_A))
        power = power * self._gamma((math.pi / (2 * SECTORS) * side_A**2 * self._width).expand(power.shape))
        cells = (power @ self._averages).reshape(count, SECTORS, len(SAMPLINGS_A), CELLS).transpose(1, 2)
        return Batch(
            cells=flattened(torch.log(cells), self._known[chosen], self._bases[chosen]),
            optics=torch.cat([wavelength_A, cs_mm, contrast, finest_A], dim=1)[:, :, 0],
            defocus_A=defocus_A[:, 0, 0],
        )

    def _near(self, scene_A: Tensor) -> Tensor:
        """Defoci near those of the scenes, and inside of the recipe's range."""
        low, high = (
            torch.clamp(scene_A * math.exp(spread), *self._defocus_A)
            for spread in (-DEFOCUS_SPREAD, DEFOCUS_SPREAD)
        )
        return low * (high / low) ** self._uniform(*scene_A.shape)

    def _window(self, side_A: Tensor) -> Tensor:
        """Length of what was transformed, Å: the image or a tile of it."""
        tile_A = torch.minimum(self._log_uniform(len(side_A), TILE_A), side_A)
        return torch.where(self._uniform(*side_A.shape) < TILED_SHARE, tile_A, side_A)

    def _model(self, chosen: Tensor, phase: "_Phase", window_A: Tensor) -> Tensor:
        """Mean power of the pieces, (count, sectors, pieces)."""
        rings, kept, noise = self._tables[chosen][:, :, None, :].unbind(1)
        rings = rings * self._disturbances.of_rings(len(chosen))
        noise = noise * self._disturbances.of_noise(len(chosen))
        ripple = torch.cos(2 * phase.at(self._k2, self._angle))
        ripple = ripple * phase.kept_in_piece(self._k2, self._angle, self._width)
        ripple = ripple * phase.kept_by_window(self._k2, self._angle, window_A, self._pixel_per_A)
        return noise + 0.5 * rings * (1 - kept * ripple)

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self._device)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random, device=self._device)

    def _log_uniform(self, count: int, limits: tuple[float, float]) -> Tensor:
        low, high = limits
        return low * (high / low) ** self._uniform(count, 1, 1)

    def _gamma(self, values: Tensor) -> Tensor:
        """Means of so many exponential values, by the cube root's normal limit (Wilson & Hilferty 1931)."""
        n = torch.clamp(values, min=1.0)
        normal = torch.randn(values.shape, generator=self._random, device=self._device)
        return torch.clamp(1 - 1 / (9 * n) + normal / (3 * torch.sqrt(n)), min=1e-2) ** 3


@dataclass(frozen=True, slots=True)
class _Phase:
    """χ of a batch and how fast it turns; every field (count, 1, 1)."""

    wavelength_A: Tensor
    cs_A: Tensor
    contrast: Tensor
    defocus_A: Tensor
    astigmatism_A: Tensor
    angle_rad: Tensor

    def at(self, k2: Tensor, direction: Tensor) -> Tensor:
        spherical = 0.5 * math.pi * self.cs_A * self.wavelength_A**3 * k2**2
        return (
            math.pi * self.wavelength_A * self._towards(direction) * k2
            - spherical
            + torch.asin(self.contrast)
        )

    def kept_in_piece(self, k2: Tensor, direction: Tensor, width: Tensor) -> Tensor:
        """What the mean over a piece leaves of cos 2χ: a sinc of the turns across it, each way."""
        turning = self.astigmatism_A * torch.sin(2 * (direction - self.angle_rad))
        along = torch.sinc(width * self._turns_per_k2(k2, direction))
        return along * torch.sinc(self.wavelength_A * k2 * turning / SECTORS)

    def kept_by_window(self, k2: Tensor, direction: Tensor, window_A: Tensor, pixel_per_A: Tensor) -> Tensor:
        """What the window and the pixels of a view leave of cos 2χ.

        cos 2χ comes from pairs of points 2kλΔf apart. A window shows fewer of them the farther they are apart, and
        pixels of the spectrum average over its turns.
        """
        apart_A = 2 * torch.sqrt(k2) * torch.abs(self._turns_per_k2(k2, direction))
        x_A, y_A = apart_A * torch.abs(torch.cos(direction)), apart_A * torch.abs(torch.sin(direction))
        seen = torch.clamp(1 - x_A / window_A, min=0) * torch.clamp(1 - y_A / window_A, min=0)
        return seen * torch.sinc(x_A * pixel_per_A) * torch.sinc(y_A * pixel_per_A)

    def _towards(self, direction: Tensor) -> Tensor:
        """Defocus in a direction, Å."""
        return self.defocus_A + 0.5 * self.astigmatism_A * torch.cos(2 * (direction - self.angle_rad))

    def _turns_per_k2(self, k2: Tensor, direction: Tensor) -> Tensor:
        return self.wavelength_A * self._towards(direction) - self.cs_A * self.wavelength_A**3 * k2


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
    return (
        optics.wavelength_A,
        optics.cs_mm,
        optics.amplitude_contrast,
        scene.mean_defocus_A,
        max(scene.pixel_A, SAMPLINGS_A[0]),
        scene.pixel_A,
        scene.defocus_u_A - scene.defocus_v_A,
    )


def _tables(scene: Scene, k2: np.ndarray) -> np.ndarray:
    """Ring power, what depth leaves of the rings, and noise at the pieces' frequencies, (3, pieces)."""
    parts = powers(scene, np.sqrt(k2))
    rings = parts.ice + parts.particles
    depth = np.sinc(scene.optics.wavelength_A * scene.ice.thickness_A * k2)
    kept = (parts.particles + parts.ice * depth) / np.maximum(rings, 1e-30)
    return np.stack([rings, kept, parts.noise])
