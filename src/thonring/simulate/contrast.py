"""The image's contrast before the camera: ice as a Gaussian field, particles atom by atom, each through the CTF."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from thonring.records import Image
from thonring.simulate import scattering
from thonring.simulate.model import coherent_share, ice_phase
from thonring.simulate.particles import atoms_image
from thonring.simulate.plane import Transform, aberration, movement
from thonring.simulate.scene import Scene
from thonring.simulate.transfer import illumination_envelope, transfer

MARGIN = 1.1
"""Made larger than the image by this factor and cut, so that opposite borders do not match."""

ROWS_AT_ONCE = 128
TABLE = 8192


@dataclass(frozen=True, slots=True)
class _Tables:
    """Amplitudes against k by index: of the ice's Gaussian field and of one atom of the particles."""

    step_per_A: float
    ice: Image
    atom: Image


def specimen_contrast(scene: Scene, random: np.random.Generator) -> Image:
    """Relative deviation of the intensity from its mean, (rows, columns), the camera's MTF included.

    Ice of density S(k) shows √S · √modulation, particles -2 sin χ times their phase; both share envelope and
    movement.
    """
    rows, columns = (next_fast_len(math.ceil(MARGIN * side), real=True) for side in scene.shape)
    total = _white_transform(random, rows, columns)
    atoms = atoms_image(scene, (rows, columns), random)
    waves = None if atoms is None else rfft2(atoms, overwrite_x=True)
    tables = _tables(scene)
    for first in range(0, rows, ROWS_AT_ONCE):
        part = slice(first, min(first + ROWS_AT_ONCE, rows))
        _shape(scene, (rows, columns), part, tables, total, waves)
    total[0, 0] = 0
    contrast: Image = irfft2(total, s=(rows, columns), overwrite_x=True)
    return contrast[: scene.shape[0], : scene.shape[1]]


def _white_transform(random: np.random.Generator, rows: int, columns: int) -> Transform:
    """Transform of white noise of variance 1 that is only ever used through |.|: its axes need no symmetry."""
    values = random.standard_normal((rows, columns // 2 + 1, 2), dtype=np.float32)
    values *= np.float32(math.sqrt(0.5 * rows * columns))
    return values.view(np.complex64)[..., 0]


def _tables(scene: Scene) -> _Tables:
    corner_per_A = 0.5 / scene.pixel_A * math.sqrt(2) * (1 + 1e-6)
    k = np.linspace(0, corner_per_A, TABLE)
    seen = 2 * illumination_envelope(scene, k) * transfer(scene.detector, scene.pixel_A, k)
    seen *= math.sqrt(coherent_share(scene))
    ice = seen * np.sqrt(ice_phase(scene, k)) / scene.pixel_A
    factor = scattering.phase_per_scattering(scene.optics) * scattering.protein_atom(k)
    atom = seen * factor / scene.pixel_A**2
    return _Tables(float(k[1]), ice.astype(np.float32), atom.astype(np.float32))


def _shape(
    scene: Scene,
    size: tuple[int, int],
    part: slice,
    tables: _Tables,
    total: Transform,
    waves: Transform | None,
) -> None:
    """Turn some rows of white noise, in place, into the image's transform."""
    ky = np.fft.fftfreq(size[0], scene.pixel_A)[part, None].astype(np.float32)
    kx = np.fft.rfftfreq(size[1], scene.pixel_A)[None, :].astype(np.float32)
    k2 = kx**2 + ky**2
    index = (np.sqrt(k2) * np.float32(1 / tables.step_per_A)).astype(np.int32)
    chi = aberration(scene, kx, ky)
    kept = np.sinc(np.float32(scene.optics.wavelength_A * scene.ice.thickness_A) * k2)
    amplitude = np.sqrt(np.maximum(0.5 * (1 - kept * np.cos(2 * chi)), 0)) * tables.ice[index]
    total[part] *= amplitude
    if waves is not None:
        total[part] -= waves[part] * (np.sin(chi) * tables.atom[index])
    moved = movement(scene, kx, ky)
    if moved is not None:
        total[part] *= moved
