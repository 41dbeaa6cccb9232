"""Network input: one spectrum at fixed samplings, as polar cells or as enhanced images.

A spectrum of any size becomes a `SpectrumPyramid`: its power at 1, 2 and 3 Å/px. Polar networks take the logarithm of
its power in cells of k² and direction, freed of the background (`polar_cells`); the networks of the thesis take the
enhanced images of Xmipp as in 2019 (`enhanced_images`). `NetworkInput` adds the optics.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError, UnsuitableImage
from thonring.learn.model_card import Card, Kind
from thonring.optics import Optics
from thonring.records import Floats, Image, Spectrum
from thonring.spectrum import enhance, resample

SAMPLINGS_A = (1.0, 2.0, 3.0)
SIZE = 512

Stack = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

SECTORS = 8
CELLS = 256
COARSEST_A = 40.0
"""Lower frequencies show particles, not rings."""

SQUARE_OF_PIXEL = 1 / 6
"""Mean squared distance of the points of a pixel from its centre, 2/12, in pixels squared."""

DEGREE = 4
"""Degree of the background, a polynomial in k."""

CLIP = 6.0
"""Standard deviations to which cells are clipped."""


@dataclass(frozen=True, slots=True)
class SpectrumPyramid:
    """Power at the samplings, (samplings, 512, 257): half planes, rows centred, as in `Spectrum`.

    Beyond the Nyquist frequency of `finest_A`, in Å/px, the power is unknown and set to 0. `values_per_pixel` has one
    number per sampling.
    """

    power: Stack
    finest_A: float
    values_per_pixel: tuple[float, ...]
    samplings_A: tuple[float, ...] = SAMPLINGS_A

    def spectrum(self, index: int) -> Spectrum:
        """The level of one sampling as a spectrum."""
        sampling_A = self.samplings_A[index]
        step = 1.0 / (SIZE * sampling_A)
        return Spectrum(self.power[index], step, step, sampling_A, self.values_per_pixel[index])


def spectrum_pyramid(spectrum: Spectrum, samplings_A: tuple[float, ...] = SAMPLINGS_A) -> SpectrumPyramid:
    """A spectrum of any size, resampled to each sampling."""
    levels = [_level(spectrum, sampling_A) for sampling_A in samplings_A]
    return SpectrumPyramid(
        power=np.stack([level.power for level in levels]),
        finest_A=spectrum.sampling_A,
        values_per_pixel=tuple(level.values_per_pixel for level in levels),
        samplings_A=samplings_A,
    )


def _level(spectrum: Spectrum, sampling_A: float) -> Spectrum:
    """The spectrum at one sampling, padded with 0 beyond its own Nyquist frequency.

    Rows -n/2 and n/2 are the same frequency of a half plane, so the first row of the inner part also ends it.
    """
    if sampling_A >= 0.999 * spectrum.sampling_A:
        return resample(spectrum, sampling_A, SIZE)
    known = 2 * int(0.5 * SIZE * sampling_A / spectrum.sampling_A)
    inner = resample(spectrum, SIZE * sampling_A / known, known)
    power = np.zeros((SIZE, SIZE // 2 + 1), dtype=np.float32)
    first = (SIZE - known) // 2
    power[first : first + known, : known // 2 + 1] = inner.power
    power[first + known, : known // 2 + 1] = inner.power[0]
    return Spectrum(power, inner.step_y_per_A, inner.step_x_per_A, sampling_A, inner.values_per_pixel)


def enhanced_images(pyramid: SpectrumPyramid) -> Image:
    """The enhanced spectra, (samplings, 512, 512), full planes: the input of the networks of the thesis."""
    return np.stack([enhance(pyramid.spectrum(index)) for index in range(len(pyramid.samplings_A))])


def polar_cells(pyramid: SpectrumPyramid) -> Stack:
    """Log power in cells, (samplings, 8 sectors, 256 cells), without its smooth background and of unit variance.

    Sectors run from -90° by 22.5° each. The background is a polynomial of degree 4 in k through the rotational mean
    of the logarithm. Cells below 1/40 Å or beyond the Nyquist frequency of `finest_A` are 0.
    """
    cells = np.stack([_cell_means(power) for power in pyramid.power])
    known = known_cells(pyramid.samplings_A, pyramid.finest_A)
    return remove_background(np.log(np.maximum(cells, np.finfo(np.float32).tiny)), known)


def remove_background(log_power: Floats, known: Mask) -> Stack:
    """Log power (samplings, sectors, cells) minus its background, scaled and clipped; `known` is (samplings, cells)."""
    result = np.zeros(log_power.shape, dtype=np.float32)
    for level, inside in enumerate(known):
        if np.count_nonzero(inside) <= 2 * DEGREE:
            continue
        values, basis = log_power[level][:, inside], background_basis(inside)[inside]
        # least squares: the basis is orthonormal, so its coefficients are scalar products with the rotational mean
        residual = values - (values.mean(axis=0) @ basis) @ basis.T
        scale = float(residual.std())
        if scale > 0:
            result[level][:, inside] = np.clip(residual / scale, -CLIP, CLIP)
    return result


def background_basis(known: Mask) -> Floats:
    """Orthonormal polynomials in k over the known cells, which are contiguous, 0 elsewhere; (256, degree + 1)."""
    basis = np.zeros((CELLS, DEGREE + 1))
    if np.count_nonzero(known) > 2 * DEGREE:
        basis[known] = _polynomials(int(np.argmax(known)), int(np.count_nonzero(known)))
    return basis


def known_cells(samplings_A: tuple[float, ...], finest_A: float) -> Mask:
    """Which cells lie between 1/40 Å and the Nyquist frequency of the finest pixel, (samplings, 256)."""
    k2 = squared_frequencies(samplings_A)
    half = 0.5 * (k2[:, 1] - k2[:, 0])[:, None]
    return (k2 - half >= COARSEST_A**-2) & (k2 + half <= (0.5 / finest_A) ** 2 * (1 + 1e-6))


def squared_frequencies(samplings_A: tuple[float, ...]) -> Floats:
    """k² at the middle of each cell, (samplings, 256), in 1/Å²."""
    nyquist2: Floats = 0.25 / np.square(np.asarray(samplings_A, dtype=np.float64))
    return np.asarray(nyquist2[:, None] * (np.arange(CELLS) + 0.5)[None, :] / CELLS, dtype=np.float64)


def sector_angles() -> Floats:
    """Direction in the middle of each sector, (8,), in radians."""
    return np.radians((np.arange(SECTORS) + 0.5) * 180 / SECTORS - 90)


def _cell_means(power: Stack) -> Floats:
    """Mean power in the middle of each cell in k², (8, 256).

    The mean k² of the pixels of a cell is up to a tenth of a cell off its middle. Ignoring that would shift the rings
    and with them the defocus by some 2.5e-4, so the means are interpolated between neighbouring cells.
    """
    cell, count = _cell_of_pixels()
    total = np.bincount(cell, weights=power.ravel(), minlength=SECTORS * CELLS + 1)[:-1]
    means = (total / np.maximum(count, 1)).reshape(SECTORS, CELLS)
    middles = np.arange(CELLS) + 0.5
    return np.stack([np.interp(middles, *pair) for pair in zip(_mean_k2_of_cells(), means, strict=True)])


@lru_cache(maxsize=1)
def _mean_k2_of_cells() -> Floats:
    """Mean k² of the pixels of each cell in units of a cell's width, (8, 256); each pixel averages over its square."""
    cell, count = _cell_of_pixels()
    ky, kx = np.arange(SIZE)[:, None] - SIZE // 2, np.arange(SIZE // 2 + 1)[None, :]
    squared = (kx**2 + ky**2 + SQUARE_OF_PIXEL) * CELLS / (SIZE // 2) ** 2
    total = np.bincount(cell, weights=squared.ravel(), minlength=SECTORS * CELLS + 1)[:-1]
    return np.asarray((total / np.maximum(count, 1)).reshape(SECTORS, CELLS))


@lru_cache(maxsize=1)
def _cell_of_pixels() -> tuple[Indices, Floats]:
    """The cell of each pixel, the last number for those left out (axes and corners); and pixels per cell."""
    ky = np.arange(SIZE)[:, None] - SIZE // 2
    kx = np.arange(SIZE // 2 + 1)[None, :]
    ring = ((kx**2 + ky**2) * CELLS) // (SIZE // 2) ** 2
    sector = np.floor((np.arctan2(ky, kx) / np.pi + 0.5) * SECTORS).astype(np.intp)
    used = (ring < CELLS) & (kx > 0) & (ky != 0)
    cell = (
        np.where(used, np.minimum(sector, SECTORS - 1) * CELLS + ring, SECTORS * CELLS)
        .ravel()
        .astype(np.intp)
    )
    return cell, np.bincount(cell, minlength=SECTORS * CELLS + 1)[:-1].astype(np.float64)


@lru_cache(maxsize=256)
def _polynomials(first: int, count: int) -> Floats:
    """Orthonormal polynomials in k over `count` cells from `first` on, (count, degree + 1): QR of Chebyshev's."""
    k = np.sqrt(np.arange(first, first + count) + 0.5)
    x = 2 * (k - k[0]) / (k[-1] - k[0]) - 1
    return np.asarray(np.linalg.qr(np.polynomial.chebyshev.chebvander(x, DEGREE))[0])


OpticsInput = tuple[float, float, float, float]

_FEATURES: Mapping[Kind, Callable[[SpectrumPyramid], Stack]] = MappingProxyType(
    {"polar": polar_cells, "enhanced": enhanced_images}
)
"""The input of each kind of network."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """One example of a batch, small enough to send between processes.

    `features` are (3, 8, 256) cells or (3, 512, 512) images; `finest_A` is the pixel size to whose Nyquist frequency
    they are known, at least the finest sampling.
    """

    features: Stack
    finest_A: float
    optics: Optics

    @property
    def constants(self) -> OpticsInput:
        """The input "optics" of polar networks."""
        return optics_input(self.optics, self.finest_A)


def network_input(pyramid: SpectrumPyramid, optics: Optics, card: Card) -> NetworkInput:
    """Convert a spectrum and its optics to the input of the network of a card.

    Raises
    ------
    InputError
        If the samplings are not those that the network was trained on.
    UnsuitableImage
        If the power is not finite.
    """
    if pyramid.samplings_A != card.samplings_A:
        raise InputError(
            f"the network {card.network} was trained on spectra at {_listed(card.samplings_A)} Å/px, but these are at "
            f"{_listed(pyramid.samplings_A)}: compute them at its samplings, or use another model."
        )
    if not np.isfinite(pyramid.power).all():
        raise UnsuitableImage(
            "the spectrum contains NaN or infinite values, so no prediction was made. Compute it again."
        )
    finest_A = max(pyramid.finest_A, min(pyramid.samplings_A))
    return NetworkInput(_FEATURES[card.kind](pyramid), finest_A, optics)


def optics_input(optics: Optics, finest_A: float) -> OpticsInput:
    """The input "optics" of polar networks: wavelength Å, Cs mm, amplitude contrast, finest pixel Å."""
    return optics.wavelength_A, optics.cs_mm, optics.amplitude_contrast, finest_A


def _listed(samplings_A: tuple[float, ...]) -> str:
    return ", ".join(f"{sampling_A:g}" for sampling_A in samplings_A)
