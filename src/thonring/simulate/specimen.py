"""The image's contrast before the camera: ice as a Gaussian field, particles atom by atom, crystals as Bragg waves.

In the weak-phase approximation the intensity deviates from its mean by -2 sin χ times the phase that the specimen
gives the wave (Reimer & Kohl, Transmission Electron Microscopy, 2008).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, next_fast_len, rfft2

from thonring.records import Floats, Image
from thonring.simulate import microscope, scattering
from thonring.simulate.scattering import PROTEIN_ATOMS_PER_A3
from thonring.simulate.scene import Scene
from thonring.simulate.spectrum import coherent_share, excess_density, ice_phase

MARGIN = 1.1
"""The specimen is larger than the image by this factor and cut, so that opposite borders do not match."""

ROWS_AT_ONCE = 128
"""Rows of the transform processed at a time, which bounds the memory."""

TABLE = 8192
"""Frequencies at which radial functions are computed; pixels take the nearest below."""

KINDS = 12
"""Number of different particles in an image."""

CRYSTALS = 3
"""Number of crystals in an image of crystalline ice."""

SPACINGS_A = (3.90, 3.67, 3.44)
"""Planes (100), (002) and (101) of hexagonal ice; Kumai (1968), J. Glaciol. 7, 95."""

MOSAIC_A = 250.0
"""Length over which a crystal's lattice keeps its phase. Chosen manually; data not recorded."""


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


def _white_transform(random: np.random.Generator, rows: int, columns: int) -> microscope.Transform:
    """Transform of white noise of variance 1 that is only ever used through |.|: its axes need no symmetry."""
    values = random.standard_normal((rows, columns // 2 + 1, 2), dtype=np.float32)
    values *= np.float32(math.sqrt(0.5 * rows * columns))
    return values.view(np.complex64)[..., 0]


def _tables(scene: Scene) -> _Tables:
    """Amplitudes to the corner of the transform.

    The contrast of a weak phase object is twice its phase times sin χ, multiplied by envelopes, MTF and the loss by
    inelastic scattering.
    """
    corner_per_A = 0.5 / scene.pixel_A * math.sqrt(2) * (1 + 1e-6)
    k = np.linspace(0, corner_per_A, TABLE)
    transferred = (
        2 * microscope.illumination_envelope(scene, k) * microscope.transfer(scene.detector, scene.pixel_A, k)
    )
    transferred *= math.sqrt(coherent_share(scene))
    ice = transferred * np.sqrt(ice_phase(scene, k)) / scene.pixel_A
    factor = scattering.phase_per_scattering(scene.optics) * scattering.protein_atom(k)
    atom = transferred * factor / scene.pixel_A**2
    return _Tables(float(k[1]), ice.astype(np.float32), atom.astype(np.float32))


def _shape(
    scene: Scene,
    size: tuple[int, int],
    part: slice,
    tables: _Tables,
    total: microscope.Transform,
    waves: microscope.Transform | None,
) -> None:
    """Turn some rows of white noise, in place, into the image's transform."""
    # Frequencies of these rows, and where they lie in the tables.
    ky = np.fft.fftfreq(size[0], scene.pixel_A)[part, None].astype(np.float32)
    kx = np.fft.rfftfreq(size[1], scene.pixel_A)[None, :].astype(np.float32)
    k2 = kx**2 + ky**2
    index = (np.sqrt(k2) * np.float32(1 / tables.step_per_A)).astype(np.int32)
    # Ice: white noise times √(its power · ½ (1 - kept cos 2χ)), which is sin²χ where all depths share one defocus.
    chi = microscope.phase_on_grid(scene, kx, ky)
    kept = np.sinc(np.float32(scene.optics.wavelength_A * scene.ice.thickness_A) * k2)
    amplitude = np.sqrt(np.maximum(0.5 * (1 - kept * np.cos(2 * chi)), 0)) * tables.ice[index]
    total[part] *= amplitude
    # Particles: their projection times -sin χ.
    if waves is not None:
        total[part] -= waves[part] * (np.sin(chi) * tables.atom[index])
    # Both move together.
    moved = microscope.movement(scene, kx, ky)
    if moved is not None:
        total[part] *= moved


# Particles


def atoms_image(scene: Scene, shape: tuple[int, int], random: np.random.Generator) -> Image | None:
    """Protein atoms behind each pixel less the water they displace, (rows, columns); None without particles.

    Positions are independent of each other; a particle that leaves the image on one side re-enters on the other.
    """
    area_um2 = shape[0] * shape[1] * (1e-4 * scene.pixel_A) ** 2
    count = int(random.poisson(scene.particles.per_um2 * area_um2))
    if count == 0:
        return None
    kinds = [_particle(scene, random) for _ in range(min(KINDS, count))]
    half = kinds[0].shape[0] // 2
    wide = np.zeros((shape[0] + 2 * half + 1, shape[1] + 2 * half + 1), dtype=np.float32)
    rows, columns = random.integers(0, shape[0], count), random.integers(0, shape[1], count)
    for number, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        kind = kinds[number % len(kinds)]
        wide[row : row + kind.shape[0], column : column + kind.shape[1]] += kind
    return _folded(wide, shape)


def _particle(scene: Scene, random: np.random.Generator) -> Image:
    """Projection of one particle, a square of odd side."""
    outer_A = scene.particles.radius_A
    inner_A = scene.particles.hollow * outer_A
    volume_A3 = 4 / 3 * math.pi * (outer_A**3 - inner_A**3)
    # Atoms, as many as the volume holds, counted in pixels.
    positions = _in_shell(int(random.poisson(PROTEIN_ATOMS_PER_A3 * volume_A3)), inner_A, outer_A, random)
    half = math.ceil(outer_A / scene.pixel_A) + 1
    side = 2 * half + 1
    bins = np.floor(positions / scene.pixel_A + half + 0.5).astype(np.int64)
    atoms = np.bincount(bins[0] * side + bins[1], minlength=side * side).reshape(side, side)
    # Less the water that the volume displaces, in units of atoms.
    axis = np.arange(-half, half + 1, dtype=np.float64) * scene.pixel_A
    thickness_A = _chord(axis, outer_A) - _chord(axis, inner_A)
    water = (PROTEIN_ATOMS_PER_A3 - excess_density()) * scene.pixel_A**2 * thickness_A
    return np.asarray(atoms - water, dtype=np.float32)


def _in_shell(count: int, inner_A: float, outer_A: float, random: np.random.Generator) -> Floats:
    """(2, count) coordinates, in the plane of the image, of points uniform in a shell."""
    radius = np.cbrt(random.uniform(inner_A**3, outer_A**3, count))
    height = random.uniform(-1, 1, count)
    angle = random.uniform(0, 2 * np.pi, count)
    across = radius * np.sqrt(1 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle)])


def _chord(axis_A: Floats, radius_A: float) -> npt.NDArray[np.float64]:
    """Projected thickness of a ball at the points of a square, in Å."""
    r2 = axis_A[:, None] ** 2 + axis_A[None, :] ** 2
    return 2 * np.sqrt(np.maximum(radius_A**2 - r2, 0))


def _folded(wide: Image, shape: tuple[int, int]) -> Image:
    """Wrap what extends beyond the borders of an image of `shape` to the opposite side."""
    rows, columns = shape
    narrow = wide[:rows]
    for first in range(rows, wide.shape[0], rows):
        over = wide[first : first + rows]
        narrow[: over.shape[0]] += over
    total = narrow[:, :columns]
    for first in range(columns, wide.shape[1], columns):
        beyond = narrow[:, first : first + columns]
        total[:, : beyond.shape[1]] += beyond
    return total


# Crystals


def crystal_contrast(scene: Scene, random: np.random.Generator) -> Image:
    """Relative deviation of the intensity, (rows, columns): three crystals, the first one the strongest.

    Each shows the three directions of one spacing at 60° (the first crystal always 3.90 Å or 3.67 Å), distorted by
    a slow random displacement, inside a soft patch of its share of the area. A spacing that the pixel cannot hold is
    left out.
    """
    rows, columns = scene.shape
    y = np.arange(rows, dtype=np.float32)[:, None] * np.float32(scene.pixel_A)
    x = np.arange(columns, dtype=np.float32)[None, :] * np.float32(scene.pixel_A)
    total = np.zeros(scene.shape, dtype=np.float32)
    # Crystal n has the strength 1 / (1 + n) of the first, which shows one of the two coarser spacings.
    for number in range(CRYSTALS):
        strength = scene.ice.crystal_contrast / (1 + number)
        angle = math.radians(scene.ice.crystal_angle_deg) + (random.uniform(0, math.pi) if number else 0.0)
        spacing_A = SPACINGS_A[int(random.integers(0, 2 if number == 0 else 3))]
        if spacing_A < 2 * scene.pixel_A:
            continue
        # Three waves 60° apart, the first at full strength, the others weaker by chance.
        patch = _patch(scene, x, y, random)
        for turn in range(3):
            wave_at = angle + turn * math.pi / 3
            kx, ky = math.cos(wave_at) / spacing_A, math.sin(wave_at) / spacing_A
            slow = _slow_phase(x, y, random)
            share = 1.0 if turn == 0 else random.uniform(0.2, 1.0)
            wave = np.cos(np.float32(2 * np.pi * kx) * x + np.float32(2 * np.pi * ky) * y + slow)
            total += np.float32(strength * share) * patch * wave
    return total


def _patch(scene: Scene, x: Image, y: Image, random: np.random.Generator) -> Image:
    """A soft disc that holds a third of the crystals' share of the area."""
    rows_A, columns_A = scene.shape[0] * scene.pixel_A, scene.shape[1] * scene.pixel_A
    radius_A = math.sqrt(scene.ice.crystal_share / CRYSTALS * rows_A * columns_A / math.pi)
    dy = y - np.float32(random.uniform(0.2, 0.8) * rows_A)
    dx = x - np.float32(random.uniform(0.2, 0.8) * columns_A)
    inside = np.float32(radius_A) - np.sqrt(dx**2 + dy**2)
    return np.asarray(np.clip(inside / np.float32(0.1 * radius_A), 0, 1), dtype=np.float32)


def _slow_phase(x: Image, y: Image, random: np.random.Generator) -> Image:
    """A phase in radians that wanders by about one over the mosaic length: two random sinusoids."""
    per_A = 2 * np.pi / (8 * MOSAIC_A)
    along_x = np.sin(np.float32(per_A * random.uniform(0.5, 1.5)) * x + np.float32(random.uniform(0, 6.3)))
    along_y = np.sin(np.float32(per_A * random.uniform(0.5, 1.5)) * y + np.float32(random.uniform(0, 6.3)))
    depth = np.float32(random.uniform(0.5, 2.0))
    return np.asarray(depth * (along_x + along_y) + np.float32(random.uniform(0, 6.3)), dtype=np.float32)
