"""Estimates and verdicts against what is true."""

from thonring.evaluate.confusion import Confusion, wilson
from thonring.evaluate.correct import is_right, largest_error_A, largest_phase_error_deg, tolerance_A

__all__ = ["Confusion", "is_right", "largest_error_A", "largest_phase_error_deg", "tolerance_A", "wilson"]
