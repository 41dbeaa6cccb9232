"""The support film around a hole: the covered part of the image, its texture, and its absorption of the beam."""

import math

import numpy as np
from scipy.fft import irfft2, next_fast_len

from thonring.records import Floats, Image
from thonring.simulate import scattering
from thonring.simulate.microscope import illumination_envelope, movement, phase_on_grid, transfer
from thonring.simulate.scene import Scene

TRANSMITTED = {"carbon": 0.85, "gold": 0.35}
"""Fraction of the beam that passes; gold films of 500 Å absorb most of it."""

THICKNESS_A = {"carbon": 150.0, "gold": 30.0}
"""Thickness that scatters coherently enough for the texture: of a gold film, a small part. Chosen manually."""

ATOMS_PER_A3 = {"carbon": scattering.CARBON_PER_A3, "gold": 0.059}
"""Amorphous carbon of 2.0 g/cm³, and gold of 19.3 g/cm³."""

EDGE_A = 15.0
"""Width of the film's edge. Chosen manually."""

TABLE = 8192
"""Frequencies at which radial functions are computed; pixels take the nearest below."""

BISECTIONS = 30
"""Bisection steps for the hole's centre, to far below a pixel."""

COARSE_PIXELS = 256
"""Pixels each way of the grid on which the fraction of film is counted while the centre is searched."""


def cover_with_film(scene: Scene, intensity: Image, random: np.random.Generator) -> None:
    """Lay the film over an `intensity` (rows, columns) relative to the beam, in place."""
    share = support_film_fraction(scene)
    # The texture is made only for the rows and columns that have film.
    occupied = [np.flatnonzero(np.any(share > 0, axis=axis)) for axis in (1, 0)]
    if occupied[0].size == 0:
        return
    box = tuple(slice(int(line[0]), int(line[-1]) + 1) for line in occupied)
    part, under = share[box], intensity[box]
    film = film_contrast(scene, (part.shape[0], part.shape[1]), random)
    film += 1
    film *= np.float32(TRANSMITTED[scene.support.material])
    under += part * (film - under)


def support_film_fraction(scene: Scene) -> Image:
    """1 on the film, 0 in the hole, (rows, columns), with an edge of about 15 Å.

    The hole is a disc whose rim comes in from `direction_deg` until `covered` of the image is film.
    """
    rows, columns = scene.shape
    angle = math.radians(scene.support.direction_deg)
    y = (np.arange(rows, dtype=np.float32) - 0.5 * rows) * np.float32(scene.pixel_A)
    x = (np.arange(columns, dtype=np.float32) - 0.5 * columns) * np.float32(scene.pixel_A)
    offset_A = _offset_A(scene, x[:: max(1, columns // COARSE_PIXELS)], y[:: max(1, rows // COARSE_PIXELS)])
    outside_A = _outside_A(scene, x, y, angle, offset_A)
    return np.asarray(np.clip(outside_A / np.float32(EDGE_A) + np.float32(0.5), 0, 1), dtype=np.float32)


def _outside_A(scene: Scene, x: Image, y: Image, angle: float, offset_A: float) -> Image:
    """Distance from the rim in Å, positive on the film."""
    dx = x[None, :] - np.float32(offset_A * math.cos(angle))
    dy = y[:, None] - np.float32(offset_A * math.sin(angle))
    return np.asarray(np.sqrt(dx**2 + dy**2) - np.float32(scene.support.hole_radius_A), dtype=np.float32)


def _offset_A(scene: Scene, x: Image, y: Image) -> float:
    """How far the hole's centre lies from the image's, in Å, by bisection on a coarse grid."""
    angle = math.radians(scene.support.direction_deg)
    reach_A = scene.support.hole_radius_A + float(np.hypot(x[0], y[0]))
    low, high = 0.0, reach_A
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        covered = float((_outside_A(scene, x, y, angle, middle) > 0).mean())
        low, high = (middle, high) if covered < scene.support.covered else (low, middle)
    return 0.5 * (low + high)


def film_contrast(scene: Scene, shape: tuple[int, int], random: np.random.Generator) -> Image:
    """Relative deviation of the intensity on film, an area of `shape`: a Gaussian field through the CTF, that moves."""
    # White noise of variance 1 as its transform.
    rows, columns = (next_fast_len(side, real=True) for side in shape)
    values = random.standard_normal((rows, columns // 2 + 1, 2), dtype=np.float32)
    total = values.view(np.complex64)[..., 0]
    total *= np.float32(math.sqrt(0.5 * rows * columns))
    ky = np.fft.fftfreq(rows, scene.pixel_A)[:, None].astype(np.float32)
    kx = np.fft.rfftfreq(columns, scene.pixel_A)[None, :].astype(np.float32)
    # Times |sin χ| and the film's amplitude, read from a table.
    nodes = np.linspace(0, 0.75 / scene.pixel_A, TABLE)
    index = (np.sqrt(kx**2 + ky**2) * np.float32(1 / nodes[1])).astype(np.int32)
    total *= (
        np.abs(np.sin(phase_on_grid(scene, kx, ky))) * _film_amplitude(scene, nodes).astype(np.float32)[index]
    )
    moved = movement(scene, kx, ky)
    if moved is not None:
        total *= moved
    # No deviation of the mean, which is `TRANSMITTED`.
    total[0, 0] = 0
    contrast: Image = irfft2(total, s=(rows, columns), overwrite_x=True)
    return contrast[: shape[0], : shape[1]]


def _film_amplitude(scene: Scene, k: Floats) -> Floats:
    """Amplitude of the contrast per pixel at k (1/Å), but for sin χ: twice the phase of N atoms, √(N S(k)) f."""
    carbon = scene.support.material == "carbon"
    atom = scattering.element("C" if carbon else "Au", k)
    structure = scattering.carbon_structure(k) if carbon else scattering.gold_structure(k)
    density = ATOMS_PER_A3[scene.support.material] * THICKNESS_A[scene.support.material]
    phase = scattering.phase_per_scattering(scene.optics) * atom * np.sqrt(density * structure)
    transferred = 2 * illumination_envelope(scene, k) * transfer(scene.detector, scene.pixel_A, k)
    return np.asarray(transferred * phase / scene.pixel_A)
