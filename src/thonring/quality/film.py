"""Support film in the image: a second level of brightness."""

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from thonring.quality.case import Case
from thonring.records import Floats

SMALLEST_STEP = 0.085
"""Carbon of 150 Å takes some 15 % of the beam; crowds of particles and unevenness of the ice make up to 7 %."""

CLEAR = 4.5
"""Step over scatter; two halves of an even slope reach 3.5, of a normal distribution 2.7."""

NEIGHBOURS = 5
"""Blocks each way whose median is taken, so that particles, dark but apart, are no area."""

ROUNDS = 8

Mask = npt.NDArray[np.bool_]


def film_share(case: Case) -> float:
    """Share of the image that the smaller of two areas of different brightness covers; 0 where there is one level.

    Medians of 5 x 5 blocks are split in two classes by Otsu's threshold (1979), doi:10.1109/TSMC.1979.4310076, a plane
    and a step between the classes are fitted to them, and they are split again by what the plane leaves, until nothing
    changes. NaN for a spectrum without its image.
    """
    brightness = case.evidence.brightness
    if brightness is None:
        return math.nan
    values = ndimage.median_filter(np.asarray(brightness, dtype=np.float64), NEIGHBOURS, mode="nearest")
    plane = _plane_axes(values.shape)
    flat, bright = values.ravel(), values.ravel() > _otsu(values.ravel())
    step = scatter = 0.0
    for _ in range(ROUNDS):
        if bright.all() or not bright.any():
            return 0.0
        design = np.column_stack([plane, bright])
        solution = np.linalg.lstsq(design, flat, rcond=None)[0]
        step, scatter = float(solution[-1]), float(np.std(flat - design @ solution))
        level = flat - plane @ solution[:-1]
        again = level > 0.5 * step
        if np.array_equal(again, bright):
            break
        bright = again
    if not (step > SMALLEST_STEP and step > CLEAR * scatter):
        return 0.0
    share = float(np.mean(bright))
    return min(share, 1.0 - share)


def _plane_axes(shape: tuple[int, ...]) -> Floats:
    """Columns 1, x and y of each block, (blocks, 3)."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.column_stack([np.ones(x.size), x.ravel(), y.ravel()])


def _otsu(values: Floats) -> float:
    """The threshold that makes the variance between the two classes largest."""
    ordered = np.sort(values)
    below = np.arange(1, len(ordered))
    total = np.cumsum(ordered)
    between = (total[-1] * below / len(ordered) - total[:-1]) ** 2 / (below * (len(ordered) - below))
    best = int(np.argmax(between))
    return 0.5 * float(ordered[best] + ordered[best + 1])
