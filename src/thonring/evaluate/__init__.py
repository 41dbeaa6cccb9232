"""Estimates and verdicts against ground truth or labels, and runs against each other."""

from thonring.evaluate.correctness import (
    agreement_resolution_A,
    is_right,
    largest_error_A,
    largest_phase_error_deg,
    tolerance_A,
)
from thonring.evaluate.verdicts import Confusion, wilson

__all__ = [
    "Confusion",
    "agreement_resolution_A",
    "is_right",
    "largest_error_A",
    "largest_phase_error_deg",
    "tolerance_A",
    "wilson",
]
