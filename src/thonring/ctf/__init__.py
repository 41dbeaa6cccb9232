"""The physics of contrast transfer: pure functions that every stage may use."""

from thonring.ctf.astigmatism import canonical, defocus_along, from_vector, to_vector
from thonring.ctf.image import half_plane_grid, sin2, sin2_half_plane, sin2_quadrant
from thonring.ctf.phase import phase_aberration, phase_per_defocus
from thonring.ctf.zeros import (
    defocus_of_zero,
    frequency_of_phase,
    ring_period_per_A,
    zero_curves,
    zero_frequency,
)

__all__ = [
    "canonical",
    "defocus_along",
    "defocus_of_zero",
    "frequency_of_phase",
    "from_vector",
    "half_plane_grid",
    "phase_aberration",
    "phase_per_defocus",
    "ring_period_per_A",
    "sin2",
    "sin2_half_plane",
    "sin2_quadrant",
    "to_vector",
    "zero_curves",
    "zero_frequency",
]
