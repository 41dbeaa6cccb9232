"""A starting point of the refinement, and when two of them differ."""

from dataclasses import dataclass
from typing import Self

from thonring.ctf import to_vector
from thonring.records import KnownDefocus

MAX_CANDIDATES = 4
"""Starts that a search passes to the refinement. Hand-tuned; data not recorded."""


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
        Ranks the starts of one spectrum, highest first; not comparable between spectra.
    from_network
        Whether the network proposed it, rather than a search or the user.
    """

    mean_A: float
    astigmatism_x_A: float
    astigmatism_y_A: float
    phase_shift_deg: float
    score: float
    from_network: bool = False

    @classmethod
    def from_known(cls, known: KnownDefocus, score: float = 0.0) -> Self:
        """The start at a known defocus, with its astigmatism and phase shift."""
        vector = to_vector(known.defocus_u_A, known.defocus_v_A, known.angle_deg)
        return cls(*vector, known.phase_shift_deg, score)

    def differs_from(self, other: Self, more_than_A: float, more_than_deg: float) -> bool:
        """Whether mean defocus or phase shift (modulo 180°) differ by more than the given amounts."""
        turned_deg = abs((self.phase_shift_deg - other.phase_shift_deg + 90) % 180 - 90)
        return abs(self.mean_A - other.mean_A) > more_than_A or turned_deg > more_than_deg
