"""A start of the refinement, and when two starts are different ones."""

from dataclasses import dataclass
from typing import Self

from thonring.ctf import to_vector
from thonring.records import KnownDefocus

MAX_CANDIDATES = 4
"""Starts that a search hands to the refinement. Hand-tuned; data not recorded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A CTF to start from.

    Attributes
    ----------
    mean_A
        Mean defocus ½ (U + V).
    astigmatism_x_A, astigmatism_y_A
        Astigmatism vector (U - V)(cos 2θ, sin 2θ), as `ctf.to_vector` gives it.
    phase_shift_deg
        Phase shift.
    score
        Ranks the starts of one spectrum against each other, the highest first, and means nothing beyond that.
    from_network
        The network proposed it, not a search or the user.
    """

    mean_A: float
    astigmatism_x_A: float
    astigmatism_y_A: float
    phase_shift_deg: float
    score: float
    from_network: bool = False

    @classmethod
    def from_known(cls, known: KnownDefocus, score: float = 0.0) -> Self:
        """The start at a defocus that is known already, with its astigmatism and phase shift."""
        vector = to_vector(known.defocus_u_A, known.defocus_v_A, known.angle_deg)
        return cls(*vector, known.phase_shift_deg, score)

    def differs_from(self, other: Self, more_than_A: float, more_than_deg: float) -> bool:
        """Whether the mean defocus or the phase shift is further away; phase shifts are equal modulo 180°."""
        turned_deg = abs((self.phase_shift_deg - other.phase_shift_deg + 90) % 180 - 90)
        return abs(self.mean_A - other.mean_A) > more_than_A or turned_deg > more_than_deg
