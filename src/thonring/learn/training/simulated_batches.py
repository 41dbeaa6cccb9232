"""Training batches of polar cells, simulated directly by the million, on CPU or GPU.

A pool of scenes gives the power of rings and noise against frequency. Each sample takes one scene, a defocus near the
scene's own and an image size, and perturbs what scenes do not model exactly. Power is computed in radial bins: the
model times a Gamma variate, the mean of the independent exponential values in the bin. The bins are the cells of the
coarsest sampling as far as it reaches, then those of the next; averaging them gives the cells of all three samplings,
which so have the same noise, as those of one micrograph.

Order: radial bins, perturbations, phase of the CTF, and `SimulatedBatches`, which joins them.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from thonring.learn import inputs
from thonring.records import Floats
from thonring.simulate import Recipe, Scene, draw
from thonring.simulate.spectrum import powers

Tensor = torch.Tensor

RING_SPREAD, NOISE_SPREAD = 0.5, 0.15
"""Standard deviations of the slow terms by which log ring power and log noise differ from those of the scene."""

SLOW_TERMS = 5
DRIFT_A = 15.0
"""Largest drift during the exposure."""

DRIFT_FRACTION = 0.3
SPOT_FRACTION = 0.05
SPOTS = 8
"""Expected number of crystalline spots, if there are any."""

SPOT_POWER = 8.0
"""Largest excess power of a spot, relative to its bin."""

EDGE_FRACTION = 0.1
EDGE_POWER = (0.1, 30.0)
"""Power of an edge over the noise at the coarsest frequency, in its direction; it falls with the square of k."""

DEFOCUS_SPREAD = 0.2
"""Half width in log defocus of the interval about the scene's, wide enough to fill the gaps between scenes."""

SIDE_PX = (1200.0, 8000.0)
"""Side of the image, log-uniform."""

TILED_FRACTION = 0.2
TILE_A = (600.0, 2500.0)
"""Side of the tiles, log-uniform, for the fraction of spectra that are means over tiles of the image."""


@dataclass(frozen=True, slots=True)
class PolarBatch:
    """`cells` (n, 3, 8, 256); `optics` (n, 4): wavelength Å, Cs mm, amplitude contrast, finest pixel Å (1 or more).

    `defocus_A` is (n,).
    """

    cells: Tensor
    optics: Tensor
    defocus_A: Tensor


def radial_bin_edges() -> Floats:
    """Edges of the radial bins in k², (bins + 1,), in 1/Å².

    To the Nyquist frequency of the coarsest sampling they are the edges of its cells, beyond it those of the next.
    """
    edges = np.zeros(1)
    for sampling_A in sorted(inputs.SAMPLINGS_A, reverse=True):
        cells = _cell_edges(sampling_A)
        edges = np.concatenate([edges, cells[cells > edges[-1] * (1 + 1e-9)]])
    return edges


def radial_bin_samplings_A() -> Floats:
    """Sampling whose cells the radial bins are, (bins,), in Å."""
    ends = radial_bin_edges()[1:]
    coarsest_first = sorted(inputs.SAMPLINGS_A, reverse=True)
    within = [ends <= 0.25 / sampling_A**2 * (1 + 1e-9) for sampling_A in coarsest_first]
    return np.asarray(np.select(within, coarsest_first), dtype=np.float64)


def cell_averages() -> Floats:
    """Matrix (bins, samplings * cells) that averages radial bins to the cells of all samplings."""
    edges = radial_bin_edges()
    columns = []
    for sampling_A in inputs.SAMPLINGS_A:
        cells = _cell_edges(sampling_A)
        overlap = np.minimum(edges[1:, None], cells[1:]) - np.maximum(edges[:-1, None], cells[:-1])
        columns.append(np.maximum(overlap, 0) / np.diff(cells))
    return np.concatenate(columns, axis=1)


def _cell_edges(sampling_A: float) -> Floats:
    return np.asarray(0.25 / sampling_A**2 * np.arange(inputs.CELLS + 1) / inputs.CELLS)


class Perturbations:
    """Random factors (count, sectors, bins) on power at k² (1, 1, bins) and angles (1, sectors, 1)."""

    def __init__(self, k2: Tensor, angle_rad: Tensor, random: torch.Generator) -> None:
        self._k2 = k2
        self._k = torch.sqrt(k2)
        self._angle = angle_rad
        self._random = random
        self._near_ice = (k2 > 1 / 4.2**2) & (k2 < 1 / 3.3**2)

    def ring_factors(self, count: int) -> Tensor:
        """On ring power: envelopes and specimen, and drift."""
        return self._slow(count, RING_SPREAD) * self._drift(count)

    def noise_factors(self, count: int) -> Tensor:
        """On noise: the camera, crystalline spots, edges."""
        return self._slow(count, NOISE_SPREAD) * self._spots(count) * self._edge(count)

    def _slow(self, count: int, spread: float) -> Tensor:
        """A factor that varies slowly with k and a little with direction."""
        phase = 2 * math.pi * self._uniform(count, 1, 1)
        total = 0.2 * spread * self._normal(count, 1, 1) * self._k * 4 * torch.cos(2 * self._angle - phase)
        for term in range(SLOW_TERMS):
            wave = torch.cos(2 * math.pi * term * self._k)
            total = total + spread / (1 + term) * self._normal(count, 1, 1) * wave
        return torch.exp(total)

    def _drift(self, count: int) -> Tensor:
        """The envelope of a uniform motion: a squared sinc along its direction, in some of the samples."""
        length_A = DRIFT_A * self._uniform(count, 1, 1) * (self._uniform(count, 1, 1) < DRIFT_FRACTION)
        along = self._k * torch.cos(self._angle - math.pi * self._uniform(count, 1, 1))
        return torch.sinc(length_A * along) ** 2

    def _spots(self, count: int) -> Tensor:
        """Crystalline ice: a few bins near 3.7 Å with a multiple of their power, in some of the samples."""
        shape = (count, self._angle.shape[1], self._k2.shape[2])
        expected = SPOTS / self._near_ice.sum() / self._angle.shape[1]
        hit = self._near_ice & (self._uniform(*shape) < expected)
        return 1 + hit * (self._uniform(count, 1, 1) < SPOT_FRACTION) * SPOT_POWER * self._uniform(
            count, 1, 1
        )

    def _edge(self, count: int) -> Tensor:
        """The streak of a straight edge across the image, in some of the samples."""
        low, high = EDGE_POWER
        height = (
            low * (high / low) ** self._uniform(count, 1, 1) * (self._uniform(count, 1, 1) < EDGE_FRACTION)
        )
        away = torch.sin(self._angle - math.pi * self._uniform(count, 1, 1))
        width = 0.1 + 0.4 * self._uniform(count, 1, 1)
        return 1 + height * torch.exp(-0.5 * (away / width) ** 2) / torch.clamp(
            inputs.COARSEST_A**2 * self._k2, min=1
        )

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random, device=self._k2.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random, device=self._k2.device)


@dataclass(frozen=True, slots=True)
class _Phase:
    """The phase χ of each sample, and the attenuation of cos 2χ by averaging over k; every field is (count, 1, 1)."""

    wavelength_A: Tensor
    cs_A: Tensor
    contrast: Tensor
    defocus_A: Tensor
    astigmatism_A: Tensor
    angle_rad: Tensor

    def chi(self, k2: Tensor, direction: Tensor) -> Tensor:
        """χ = π λ Δf k² - (π/2) Cs λ³ k⁴ + asin(amplitude contrast), in radians."""
        spherical = 0.5 * math.pi * self.cs_A * self.wavelength_A**3 * k2**2
        return (
            math.pi * self.wavelength_A * self._defocus_towards(direction) * k2
            - spherical
            + torch.asin(self.contrast)
        )

    def attenuation_by_bin(self, k2: Tensor, direction: Tensor, width: Tensor) -> Tensor:
        """Attenuation of cos 2χ by the mean over a bin: a sinc of the periods across it, radially and along the arc."""
        per_angle_A = self.astigmatism_A * torch.sin(2 * (direction - self.angle_rad))
        radially = torch.sinc(width * self._periods_per_k2(k2, direction))
        return radially * torch.sinc(self.wavelength_A * k2 * per_angle_A / inputs.SECTORS)

    def attenuation_by_window(
        self, k2: Tensor, direction: Tensor, window_A: Tensor, pixel_per_A: Tensor
    ) -> Tensor:
        """Attenuation of cos 2χ by the window and the pixels of a spectrum.

        cos 2χ comes from pairs of points 2kλΔf apart. The farther apart they are, the fewer of them a window
        contains; pixels of the spectrum, `pixel_per_A` wide, average over the oscillation.
        """
        distance_A = 2 * torch.sqrt(k2) * torch.abs(self._periods_per_k2(k2, direction))
        x_A, y_A = distance_A * torch.abs(torch.cos(direction)), distance_A * torch.abs(torch.sin(direction))
        overlap = torch.clamp(1 - x_A / window_A, min=0) * torch.clamp(1 - y_A / window_A, min=0)
        return overlap * torch.sinc(x_A * pixel_per_A) * torch.sinc(y_A * pixel_per_A)

    def _defocus_towards(self, direction: Tensor) -> Tensor:
        """Defocus in a direction, Å."""
        return self.defocus_A + 0.5 * self.astigmatism_A * torch.cos(2 * (direction - self.angle_rad))

    def _periods_per_k2(self, k2: Tensor, direction: Tensor) -> Tensor:
        """Periods of cos 2χ per unit of k², in Å²: (1/π) dχ/d(k²) = λΔf - Cs λ³ k²."""
        return self.wavelength_A * self._defocus_towards(direction) - self.cs_A * self.wavelength_A**3 * k2


class SimulatedBatches:
    """An endless source of batches, reproducible by its seed."""

    def __init__(self, recipe: Recipe, scenes: int, seed: int, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._defocus_A = recipe.ctf.defocus_A
        pool = [draw(recipe, seed, index) for index in range(scenes)]
        self._constants = self._tensor([_constants(scene) for scene in pool])
        edges = radial_bin_edges()
        middles = 0.5 * (edges[1:] + edges[:-1])
        self._powers = self._tensor(np.stack([_powers(scene, middles) for scene in pool]))
        known = np.stack([inputs.known_cells(inputs.SAMPLINGS_A, scene.pixel_A) for scene in pool])
        self._known = torch.as_tensor(known, device=self._device)
        self._bases = self._tensor([[inputs.background_basis(level) for level in scene] for scene in known])
        self._k2 = self._tensor(middles)[None, None, :]
        self._width = self._tensor(np.diff(edges))[None, None, :]
        self._pixel_per_A = self._tensor(1 / (inputs.SIZE * radial_bin_samplings_A()))[None, None, :]
        self._angle = self._tensor(inputs.sector_angles())[None, :, None]
        self._averages = self._tensor(cell_averages())
        self._perturbations = Perturbations(self._k2, self._angle, self._random)

    def batch(self, count: int) -> PolarBatch:
        """The next batch, of `count` samples."""
        chosen = torch.randint(len(self._constants), (count,), generator=self._random, device=self._device)
        wavelength_A, cs_mm, contrast, scene_A, finest_A, pixel_A, astigmatism_A = (
            column[:, None, None] for column in self._constants[chosen].T
        )
        # geometry: defocus near the scene's, direction of the astigmatism, size of the image
        defocus_A = self._defocus_near(scene_A)
        angle_rad = math.pi * self._uniform(count, 1, 1)
        phase = _Phase(wavelength_A, 1e7 * cs_mm, contrast, defocus_A, astigmatism_A, angle_rad)
        side_A = pixel_A * self._log_uniform(count, SIDE_PX)
        power = self._mean_power(chosen, phase, self._window(side_A))
        # noise: a bin has as many independent values as its area in the half plane of k times the image's area
        values = (math.pi / (2 * inputs.SECTORS) * side_A**2 * self._width).expand(power.shape)
        power = power * self._mean_of_exponentials(values)
        cells = (
            (power @ self._averages)
            .reshape(count, inputs.SECTORS, len(inputs.SAMPLINGS_A), inputs.CELLS)
            .transpose(1, 2)
        )
        return PolarBatch(
            cells=remove_background(torch.log(cells), self._known[chosen], self._bases[chosen]),
            optics=torch.cat([wavelength_A, cs_mm, contrast, finest_A], dim=1)[:, :, 0],
            defocus_A=defocus_A[:, 0, 0],
        )

    def _defocus_near(self, scene_A: Tensor) -> Tensor:
        """Defocus values near those of the scenes, log-uniform, and inside the range of the recipe."""
        low, high = (
            torch.clamp(scene_A * math.exp(spread), *self._defocus_A)
            for spread in (-DEFOCUS_SPREAD, DEFOCUS_SPREAD)
        )
        return low * (high / low) ** self._uniform(*scene_A.shape)

    def _window(self, side_A: Tensor) -> Tensor:
        """Side of the transformed area, Å: the image or a tile of it."""
        tile_A = torch.minimum(self._log_uniform(len(side_A), TILE_A), side_A)
        return torch.where(self._uniform(*side_A.shape) < TILED_FRACTION, tile_A, side_A)

    def _mean_power(self, chosen: Tensor, phase: _Phase, window_A: Tensor) -> Tensor:
        """Expected power in the radial bins, (count, sectors, bins): noise + rings sin²χ, as averages leave it."""
        rings, modulation, noise = self._powers[chosen][:, :, None, :].unbind(1)
        rings = rings * self._perturbations.ring_factors(len(chosen))
        noise = noise * self._perturbations.noise_factors(len(chosen))
        oscillation = torch.cos(2 * phase.chi(self._k2, self._angle))
        oscillation = oscillation * phase.attenuation_by_bin(self._k2, self._angle, self._width)
        oscillation = oscillation * phase.attenuation_by_window(
            self._k2, self._angle, window_A, self._pixel_per_A
        )
        return noise + 0.5 * rings * (1 - modulation * oscillation)

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self._device)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random, device=self._device)

    def _log_uniform(self, count: int, limits: tuple[float, float]) -> Tensor:
        low, high = limits
        return low * (high / low) ** self._uniform(count, 1, 1)

    def _mean_of_exponentials(self, values: Tensor) -> Tensor:
        """The mean of `values` exponential values: a Gamma variate, whose cube root is nearly normal.

        Wilson & Hilferty (1931), doi:10.1073/pnas.17.12.684.
        """
        n = torch.clamp(values, min=1.0)
        normal = torch.randn(values.shape, generator=self._random, device=self._device)
        return torch.clamp(1 - 1 / (9 * n) + normal / (3 * torch.sqrt(n)), min=1e-2) ** 3


def remove_background(log_power: Tensor, known: Tensor, bases: Tensor) -> Tensor:
    """`inputs.remove_background` of a batch (n, samplings, sectors, cells).

    `known` is (n, samplings, cells), `bases` (n, samplings, cells, degree + 1) the orthonormal polynomials.
    """
    mask = known[:, :, None, :].to(log_power.dtype)
    count = torch.clamp(inputs.SECTORS * mask.sum((2, 3), keepdim=True), min=1)
    mean = log_power.mean(dim=2)
    smooth = (bases @ (bases.transpose(-1, -2) @ mean[..., None]))[..., 0]
    residual = (log_power - smooth[:, :, None, :]) * mask
    level = residual.sum((2, 3), keepdim=True) / count
    variance = ((residual - level) ** 2 * mask).sum((2, 3), keepdim=True) / count
    scaled = torch.clamp(residual / torch.sqrt(variance + 1e-20), -inputs.CLIP, inputs.CLIP)
    return torch.where(count > 2 * inputs.DEGREE * inputs.SECTORS, scaled, 0.0)


def _constants(scene: Scene) -> tuple[float, ...]:
    """Wavelength, Cs, contrast, mean defocus, finest and own pixel, and astigmatism of a scene."""
    optics = scene.optics
    return (
        optics.wavelength_A,
        optics.cs_mm,
        optics.amplitude_contrast,
        scene.mean_defocus_A,
        max(scene.pixel_A, inputs.SAMPLINGS_A[0]),
        scene.pixel_A,
        scene.defocus_u_A - scene.defocus_v_A,
    )


def _powers(scene: Scene, k2: np.ndarray) -> np.ndarray:
    """Ring power, its modulation and noise at the frequencies of the radial bins, (3, bins).

    Ice scatters at every depth of its layer, so its rings of different defocus average to a sinc of the thickness.
    """
    parts = powers(scene, np.sqrt(k2))
    rings = parts.ice + parts.particles
    depth = np.sinc(scene.optics.wavelength_A * scene.ice.thickness_A * k2)
    modulation = (parts.particles + parts.ice * depth) / np.maximum(rings, 1e-30)
    return np.stack([rings, modulation, parts.noise])
