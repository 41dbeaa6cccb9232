"""Estimates and verdicts against what is true, and runs against each other."""

from thonring.evaluate.confusion import Confusion, wilson
from thonring.evaluate.correct import (
    agreement_resolution_A,
    is_right,
    largest_error_A,
    largest_phase_error_deg,
    tolerance_A,
)

__all__ = [
    "Confusion",
    "agreement_resolution_A",
    "is_right",
    "largest_error_A",
    "largest_phase_error_deg",
    "tolerance_A",
    "wilson",
]
