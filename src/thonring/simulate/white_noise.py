"""A white object × CTF + falling noise: the simplest micrograph whose rings are those of a known CTF."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.fft import irfft2

from thonring.ctf import defocus_along, phase_aberration
from thonring.optics import Optics
from thonring.records import Floats, Image, Micrograph

MARGIN = 1.125
"""The image is cut from one that is larger by this factor."""


@dataclass(frozen=True, slots=True)
class RingModel:
    """Power of the rings against frequency: `contrast` times the noise at k = 0, falling as exp(-B k² / 2).

    `b_factor_A2` is B in Å² (amplitudes fall as exp(-B k² / 4)); the noise falls to `noise_at_nyquist` of itself.
    """

    contrast: float = 1.0
    b_factor_A2: float = 60.0
    noise_at_nyquist: float = 0.3


@dataclass(frozen=True, slots=True)
class Truth:
    """The parameters of a micrograph; its optics have voltage, Cs, amplitude contrast and pixel size."""

    optics: Optics
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0
    rings: RingModel = RingModel()

    @property
    def pixel_A(self) -> float:
        """The pixel size.

        Raises
        ------
        ValueError
            If the optics have none.
        """
        if self.optics.pixel_A is None:
            raise ValueError("a simulated micrograph needs optics with a pixel size")
        return self.optics.pixel_A


def spectrum_of(
    truth: Truth, squared_frequency: Floats, direction_rad: Floats
) -> tuple[Floats, Floats, Floats]:
    """Noise power, ring power and phase χ at given k² (1/Å²) and directions, broadcast together."""
    defocus = defocus_along(direction_rad, truth.defocus_u_A, truth.defocus_v_A, truth.angle_deg)
    chi = phase_aberration(squared_frequency, defocus, truth.optics, math.radians(truth.phase_shift_deg))
    relative = np.sqrt(squared_frequency) * 2 * truth.pixel_A
    noise = np.exp(math.log(truth.rings.noise_at_nyquist) * relative**2)
    rings = truth.rings.contrast * np.exp(-0.5 * truth.rings.b_factor_A2 * squared_frequency)
    return noise, np.broadcast_to(rings, chi.shape), chi


def white_micrograph(truth: Truth, shape: tuple[int, int], seed: int) -> Micrograph:
    """A micrograph of (rows, columns), cut from a larger periodic one so that opposite borders do not match."""
    large = (math.ceil(shape[0] * MARGIN / 64) * 64, math.ceil(shape[1] * MARGIN / 64) * 64)
    ky = np.fft.fftfreq(large[0], truth.pixel_A)[:, None]
    kx = np.fft.rfftfreq(large[1], truth.pixel_A)[None, :]
    noise, rings, chi = spectrum_of(truth, kx**2 + ky**2, np.arctan2(ky, kx))
    amplitude = np.sqrt(noise + rings * np.sin(chi) ** 2).astype(np.float32)
    return _micrograph(amplitude, large, shape, truth.optics, seed)


def noise_micrograph(
    optics: Optics, shape: tuple[int, int], seed: int, noise_at_nyquist: float = 0.3
) -> Micrograph:
    """A micrograph of falling noise without rings."""
    truth = Truth(optics, 1e4, 1e4, 0.0, rings=RingModel(0.0, 0.0, noise_at_nyquist))
    return white_micrograph(truth, shape, seed)


def _micrograph(
    amplitude: Image, large: tuple[int, int], shape: tuple[int, int], optics: Optics, seed: int
) -> Micrograph:
    random = np.random.default_rng(seed)
    transform = random.standard_normal((*amplitude.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    transform *= amplitude * np.float32(math.sqrt(0.5 * large[0] * large[1]))
    pixels: Image = irfft2(transform, s=large, overwrite_x=True)[: shape[0], : shape[1]]
    return Micrograph(
        Path(f"simulated_{seed}.mrc"), np.ascontiguousarray(pixels), optics.pixel_A or math.nan, optics
    )
