"""Astigmatism, absolute and relative."""

import math

from thonring.quality.case import Case


def astigmatism(case: Case) -> float:
    """U - V, Å."""
    return case.fitted.astigmatism_A


def relative_astigmatism(case: Case) -> float:
    """(U - V) over the mean defocus; infinite at focus."""
    mean_A = abs(case.fitted.mean_defocus_A)
    return case.fitted.astigmatism_A / mean_A if mean_A > 0 else math.inf
