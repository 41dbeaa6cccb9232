"""A start for the refinement."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """Mean defocus, astigmatism vector (U - V)(cos 2θ, sin 2θ) and phase shift.

    `score` says which of several starts from one spectrum is the better; it means nothing beyond. `from_network`:
    neither a search nor the user came upon it.
    """

    mean_A: float
    astigmatism_x_A: float
    astigmatism_y_A: float
    phase_shift_deg: float
    score: float
    from_network: bool = False
