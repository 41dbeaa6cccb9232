"""Protein-like particles: balls or shells of randomly placed atoms, in the place of water."""

import math

import numpy as np
import numpy.typing as npt

from thonring.records import Floats, Image
from thonring.simulate.model import excess_density
from thonring.simulate.scattering import PROTEIN_ATOMS_PER_A3
from thonring.simulate.scene import Scene

KINDS = 12
"""Different particles in an image."""


def atoms_image(scene: Scene, shape: tuple[int, int], random: np.random.Generator) -> Image | None:
    """Protein atoms behind each pixel less the water they displace, (rows, columns); None without particles.

    Positions are independent of each other; a particle that leaves the image at one side comes back at the other.
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
    positions = _in_shell(int(random.poisson(PROTEIN_ATOMS_PER_A3 * volume_A3)), inner_A, outer_A, random)
    half = math.ceil(outer_A / scene.pixel_A) + 1
    side = 2 * half + 1
    bins = np.floor(positions / scene.pixel_A + half + 0.5).astype(np.int64)
    atoms = np.bincount(bins[0] * side + bins[1], minlength=side * side).reshape(side, side)
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
    """Thickness of a ball seen through, at the points of a square, in Å."""
    r2 = axis_A[:, None] ** 2 + axis_A[None, :] ** 2
    return 2 * np.sqrt(np.maximum(radius_A**2 - r2, 0))


def _folded(wide: Image, shape: tuple[int, int]) -> Image:
    """The image of `shape` with whatever hangs over its borders brought back at the opposite ones."""
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
