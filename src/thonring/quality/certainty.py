"""How well the defocus is known."""

import math

from thonring.quality.case import Case


def defocus_sigma(case: Case) -> float:
    """Uncertainty (standard error) of the mean defocus, Å."""
    return case.fitted.defocus_sigma_A


def relative_defocus_sigma(case: Case) -> float:
    """Uncertainty (standard error) of the mean defocus over the mean defocus; infinite at focus."""
    mean_A = abs(case.fitted.mean_defocus_A)
    return case.fitted.defocus_sigma_A / mean_A if mean_A > 0 else math.inf


def sampling_agreement(case: Case) -> float:
    """Rings between the fitted defocus and the one found at the coarser sampling, at the end of its band.

    NaN where there was no such search.
    """
    fit = case.fitted
    difference_A = abs(fit.coarse_defocus_A - fit.mean_defocus_A)
    return case.optics.wavelength_A * difference_A / fit.coarse_resolution_A**2


def runner_up_gap(case: Case) -> float:
    """How far the next best minimum lies below the best, as the fit gives it; NaN where there is no other."""
    return case.fitted.runner_up_gap


def network_agreement(case: Case) -> float:
    """Distance between the fitted mean defocus and the one a network says, in standard errors of their difference.

    NaN where no network was asked.
    """
    sigma_A = math.hypot(case.network_sigma_A, case.fitted.defocus_sigma_A)
    return abs(case.network_A - case.fitted.mean_defocus_A) / sigma_A if sigma_A != 0 else math.nan
