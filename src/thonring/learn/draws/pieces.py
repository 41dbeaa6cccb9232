"""Pieces of rings, fine enough for every view: the cells of each are averages of them.

Up to the Nyquist frequency of a coarse view its own cells are the finest there are; beyond it those of the next finer
view. Views that overlap so share pieces, and the noise in them.
"""

import numpy as np

from thonring.learn.seen.polar import CELLS
from thonring.learn.seen.views import SAMPLINGS_A
from thonring.records import Floats


def piece_borders() -> Floats:
    """Borders of the pieces in k², (pieces + 1,), in 1/Å²."""
    borders = np.zeros(1)
    for sampling_A in sorted(SAMPLINGS_A, reverse=True):
        cells = _cell_borders(sampling_A)
        borders = np.concatenate([borders, cells[cells > borders[-1] * (1 + 1e-9)]])
    return borders


def piece_samplings_A() -> Floats:
    """Sampling of the view whose cells end where a piece ends, (pieces,), in Å."""
    ends = piece_borders()[1:]
    coarsest_first = sorted(SAMPLINGS_A, reverse=True)
    within = [ends <= 0.25 / sampling_A**2 * (1 + 1e-9) for sampling_A in coarsest_first]
    return np.asarray(np.select(within, coarsest_first), dtype=np.float64)


def averages_of_pieces() -> Floats:
    """Matrix (pieces, views * cells) that averages pieces to the cells of all views."""
    borders = piece_borders()
    columns = []
    for sampling_A in SAMPLINGS_A:
        cells = _cell_borders(sampling_A)
        inside = np.minimum(borders[1:, None], cells[1:]) - np.maximum(borders[:-1, None], cells[:-1])
        columns.append(np.maximum(inside, 0) / np.diff(cells))
    return np.concatenate(columns, axis=1)


def _cell_borders(sampling_A: float) -> Floats:
    return np.asarray(0.25 / sampling_A**2 * np.arange(CELLS + 1) / CELLS)
