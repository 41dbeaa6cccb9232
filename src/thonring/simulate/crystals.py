"""Crystalline ice: patches of hexagonal lattice planes, which give Bragg spots."""

import math

import numpy as np

from thonring.records import Image
from thonring.simulate.scene import Scene

SPACINGS_A = (3.90, 3.67, 3.44)
"""Planes (100), (002) and (101) of hexagonal ice; Kumai (1968), J. Glaciol. 7, 95."""

CRYSTALS = 3
MOSAIC_A = 250.0
"""Length over which a crystal's lattice keeps its phase."""


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
    for number in range(CRYSTALS):
        strength = scene.ice.crystal_contrast / (1 + number)
        angle = math.radians(scene.ice.crystal_angle_deg) + (random.uniform(0, math.pi) if number else 0.0)
        spacing_A = SPACINGS_A[int(random.integers(0, 2 if number == 0 else 3))]
        if spacing_A < 2 * scene.pixel_A:
            continue
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
