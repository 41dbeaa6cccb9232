"""Astigmatism and phase shift, absolute and relative."""

from thonring.quality.case import Case


def astigmatism(case: Case) -> float:
    """U - V, Å."""
    return case.fitted.astigmatism_A


def relative_astigmatism(case: Case) -> float:
    """(U - V) over the mean defocus."""
    return case.fitted.astigmatism_A / abs(case.fitted.mean_defocus_A)
