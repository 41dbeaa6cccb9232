"""`rings`: a network with built-in physics of the rings, which only learns how to interpret them.

The rings are cos 2χ with χ = π λ Δf k² - (π/2) Cs λ³ k⁴ + asin(amplitude contrast). The first layer is fixed: the
log power of each level and sector is multiplied by the phase factor of the k⁴ and contrast terms and Fourier
transformed over k², so that rings of defocus Δf are a peak at v = λΔf, whatever the voltage. Convolutions along v
learn which peak is the true one. The output is a mixture of normal distributions over v (a mixture density network,
Bishop 1994), from which defocus and standard error are read.
"""

import math

import numpy as np
import torch
from torch import nn

from thonring.learn.inputs import CELLS, SAMPLINGS_A, SECTORS, squared_frequencies

Tensor = torch.Tensor

STEP = 4.0
"""Spacing of v in Å²: about the width of a peak, 1/(range of k²), at the finest sampling."""

BINS = 672
LOWEST = 8.0
WIDTH = 32
DILATIONS = (1, 2, 4)
DEEP_WIDTH = 64
DEEP_DILATIONS = (1, 2, 4, 8, 16, 1)
STRIDE = 4
"""Steps of v that share deep features."""

OPTICS = 4
NORMAL_95 = 1.959964
RADII = 64
"""Grid of half widths on which that of 95 % is interpolated."""

NEAR = 3
"""Bins on either side of the most likely peak that belong to it."""


class Rings(nn.Module):
    """(cells (b, 3, 8, 256), optics (b, 4)) → (defocus_A (b,), sigma_A (b,)).

    `optics` holds wavelength (Å), Cs (mm), amplitude contrast and finest pixel (Å).
    """

    v: Tensor
    k2: Tensor
    cosine: Tensor
    sine: Tensor

    def __init__(self) -> None:
        super().__init__()
        v = LOWEST + STEP * np.arange(BINS)
        k2 = squared_frequencies(SAMPLINGS_A)
        turns = v[None, None, :] * k2[:, :, None]
        self.register_buffer("v", torch.tensor(v, dtype=torch.float32), persistent=False)
        self.register_buffer("k2", torch.tensor(k2, dtype=torch.float32), persistent=False)
        self.register_buffer("cosine", _waves(np.cos, turns), persistent=False)
        self.register_buffer("sine", _waves(np.sin, turns), persistent=False)
        channels = len(SAMPLINGS_A) * (2 * SECTORS + 1)
        self.entry = nn.Conv1d(channels + OPTICS + 1, WIDTH, 1)
        self.descent = nn.Conv1d(WIDTH, DEEP_WIDTH, 2 * STRIDE, stride=STRIDE, padding=STRIDE // 2)
        self.deep = nn.Sequential(*(_Block(DEEP_WIDTH, dilation) for dilation in DEEP_DILATIONS))
        self.ascent = nn.Sequential(nn.Conv1d(DEEP_WIDTH, WIDTH, 1), nn.Upsample(scale_factor=STRIDE))
        self.fine = nn.Sequential(*(_Block(WIDTH, dilation) for dilation in DILATIONS))
        self.exit = nn.Conv1d(WIDTH, 3, 1)
        nn.init.zeros_(self.exit.weight)

    def forward(self, cells: Tensor, optics: Tensor) -> tuple[Tensor, Tensor]:
        """Defocus and its standard error, both (b,), in Å.

        The mean of the most likely peak, and the half width about it that holds 95 % of the mixture, over 1.96.
        """
        weight, centre, width = self._mixture(cells, optics)
        middle = _middle(weight, centre)
        half = _half_width(weight, centre - middle[:, None], width)
        wavelength_A = optics[:, 0]
        return middle / wavelength_A, half / NORMAL_95 / wavelength_A

    def loss(self, cells: Tensor, optics: Tensor, defocus_A: Tensor) -> Tensor:
        """Mean negative log-likelihood of the true v, (): the logarithmic score, a proper one."""
        weight, centre, width = self._mixture(cells, optics)
        offset = (optics[:, 0] * defocus_A)[:, None] - centre
        log_each = torch.log(weight + 1e-12) - 0.5 * (offset / width) ** 2 - torch.log(width)
        return -torch.logsumexp(log_each, dim=1).mean()

    def _mixture(self, cells: Tensor, optics: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, centres and widths (b, bins) of the mixture over v.

        Centres are not bounded to their bins: bounded ones would end at their bounds, and predictions be as coarse as
        bins.
        """
        hidden = self.entry(self._peaks(cells, optics))
        deep = self.deep(self.descent(nn.functional.silu(hidden)))
        logit, shift, spread = self.exit(self.fine(hidden + self.ascent(deep))).unbind(1)
        centre = self.v + STEP * shift
        width = STEP * torch.exp(torch.clamp(spread, -6.0, 3.0))
        return torch.softmax(logit, dim=1), centre, width

    def _peaks(self, cells: Tensor, optics: Tensor) -> Tensor:
        """The transforms over k² of all levels and sectors, with v and the optics as channels, (b, channels, bins)."""
        wavelength_A, cs_mm, contrast, finest_A = (column[:, None] for column in optics.unbind(1))
        # phase of 2χ without its defocus term: π Cs λ³ k⁴ - 2 asin(contrast)
        chirp = 1e7 * cs_mm * wavelength_A**3
        phase = math.pi * chirp[:, :, None] * self.k2**2 - 2 * torch.asin(contrast)[:, :, None]
        real = cells * torch.cos(phase)[:, :, None, :]
        imaginary = cells * torch.sin(phase)[:, :, None, :]
        # Fourier transform over k², as sums of products with cosine and sine of 2π v k²
        in_phase = torch.einsum("bvsc,vcn->bvsn", real, self.cosine) + torch.einsum(
            "bvsc,vcn->bvsn", imaginary, self.sine
        )
        quadrature = torch.einsum("bvsc,vcn->bvsn", imaginary, self.cosine) - torch.einsum(
            "bvsc,vcn->bvsn", real, self.sine
        )
        height = torch.sqrt((in_phase**2 + quadrature**2).mean(dim=2))
        # constants of the microscope, scaled to order one
        scaled = torch.cat(
            [100 * wavelength_A - 2.5, 0.5 * cs_mm - 1, 10 * contrast - 1, finest_A - 1], dim=1
        )
        constants = scaled[:, :, None].expand(-1, -1, BINS)
        place = (self.v / 1000 - 1).expand(cells.shape[0], 1, -1)
        return torch.cat([in_phase.flatten(1, 2), quadrature.flatten(1, 2), height, constants, place], dim=1)


class _Block(nn.Module):
    """A residual pair of convolutions along v."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.normal = nn.GroupNorm(4, width)
        self.first = nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation)
        self.second = nn.Conv1d(width, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        changed = nn.functional.silu(self.first(self.normal(hidden)))
        out: Tensor = hidden + self.second(changed)
        return out


def _waves(wave: np.ufunc, turns: np.ndarray) -> Tensor:
    return torch.tensor(wave(2 * np.pi * turns) * math.sqrt(2 / CELLS), dtype=torch.float32)


def _middle(weight: Tensor, centre: Tensor) -> Tensor:
    """Mean of the most likely peak of the mixture and its neighbours, (b,)."""
    local = nn.functional.avg_pool1d(weight[:, None], 5, 1, 2)[:, 0]
    best = torch.argmax(local, dim=1, keepdim=True)
    bins = torch.arange(weight.shape[1], device=weight.device)[None, :]
    near = weight * (torch.abs(bins - best) <= NEAR)
    return (near * centre).sum(1) / near.sum(1)


def _half_width(weight: Tensor, offset: Tensor, width: Tensor) -> Tensor:
    """The distance from the middle within which 95 % of the mixture lie, (b,), by geometric interpolation.

    `offset` are the centres relative to the middle, (b, bins).
    """
    radius = torch.exp(
        torch.linspace(math.log(0.02 * STEP), math.log(STEP * BINS), RADII, device=weight.device)
    )
    scale = 1 / (math.sqrt(2) * width)[:, None, :]
    # share of each normal distribution between -radius and radius, weighted
    upper = torch.erf((radius[None, :, None] - offset[:, None, :]) * scale)
    lower = torch.erf((-radius[None, :, None] - offset[:, None, :]) * scale)
    inside = 0.5 * ((upper - lower) * weight[:, None, :]).sum(-1)
    index = torch.clamp((inside < 0.95).sum(1), 1, RADII - 1)
    after, before = (torch.gather(inside, 1, one[:, None])[:, 0] for one in (index, index - 1))
    part = torch.clamp((0.95 - before) / torch.clamp(after - before, min=1e-6), 0, 1)
    return radius[index - 1] * (radius[index] / radius[index - 1]) ** part
