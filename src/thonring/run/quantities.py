"""The numbers of a fit, one row each: the database, the tables and the page take their columns from here.

A new number is an attribute of `CtfFit`, its value in `fit.refine`, a row at the end of FIT_QUANTITIES, and, where
it is stored, a migration that adds its column to the table `attempt` (see `run.schema`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats

Derivation = Callable[[Mapping[str, Floats], Floats], Floats]
"""Columns by name, each (micrographs,), and the variances (micrographs, 5) of `CtfFit.covariance` → one more."""

LAST_ON_PAGE = 1000


@dataclass(frozen=True, slots=True)
class FitQuantity:
    """One number of a fit.

    Parameters
    ----------
    name
        Its column in results.csv and attempts.csv, and its field in JSON.
    title, unit, about
        For display: a short title, the unit, and a sentence if the title is not enough.
    attribute
        Attribute of `CtfFit`, if that is not called `name`.
    column
        Column of the database, if that is not called `name`. For derived numbers it is not used.
    stored
        Whether it is in the database; a derived number is computed from stored ones.
    derive
        Computes a derived number for many micrographs at once; only needed if it is `on_page`.
    in_tables, in_answers, on_page
        Whether it is in results.csv and attempts.csv, in the JSON answer for one attempt, and in the columns of a run.
        results.json has every number.
    page_rank
        Rank of its column on the page; equal ranks keep the order of the table.
    """

    name: str
    title: str
    unit: str = ""
    about: str = ""
    attribute: str = ""
    column: str = ""
    stored: bool = True
    derive: Derivation | None = None
    in_tables: bool = True
    in_answers: bool = True
    on_page: bool = True
    page_rank: int = LAST_ON_PAGE

    @property
    def fit_attribute(self) -> str:
        """Attribute of `CtfFit` that holds it."""
        return self.attribute or self.name

    @property
    def stored_column(self) -> str:
        """Column of the table `attempt` that holds it, if it is stored."""
        return self.column or self.name


def _mean_defocus_A(values: Mapping[str, Floats], _: Floats) -> Floats:
    return 0.5 * (values["defocus_u_A"] + values["defocus_v_A"])


def _astigmatism_A(values: Mapping[str, Floats], _: Floats) -> Floats:
    return values["defocus_u_A"] - values["defocus_v_A"]


def _defocus_sigma_A(_: Mapping[str, Floats], variances: Floats) -> Floats:
    return np.sqrt(variances[:, 0])


def _astigmatism_sigma_A(_: Mapping[str, Floats], variances: Floats) -> Floats:
    """Per component of the astigmatism vector, as `CtfFit.astigmatism_sigma_A`."""
    return np.sqrt(0.5 * (variances[:, 1] + variances[:, 2]))


FIT_QUANTITIES = (
    FitQuantity("defocus_u_A", "Defocus U", "Å", page_rank=7),
    FitQuantity("defocus_v_A", "Defocus V", "Å", page_rank=8),
    FitQuantity("angle_deg", "Angle of U", "°", page_rank=9),
    FitQuantity("phase_shift_deg", "Phase shift", "°", page_rank=10),
    FitQuantity(
        "defocus_sigma_A",
        "Defocus ±",
        "Å",
        "One standard error of the mean defocus.",
        stored=False,
        derive=_defocus_sigma_A,
        page_rank=2,
    ),
    FitQuantity(
        "angle_sigma_deg", "Angle ±", "°", "One standard error of the angle.", stored=False, on_page=False
    ),
    FitQuantity("score", "Score", about="Correlation of measured and fitted rings.", page_rank=6),
    FitQuantity(
        "fit_resolution_A",
        "Fit resolution",
        "Å",
        "Resolution up to which rings and fit agree.",
        page_rank=5,
    ),
    FitQuantity(
        "sampling_A",
        "Sampling",
        "Å/px",
        "Sampling of the fitted spectrum.",
        column="fit_sampling_A",
        in_answers=False,
        page_rank=12,
    ),
    FitQuantity(
        "defocus_A",
        "Defocus",
        "Å",
        "Mean defocus, underfocus positive.",
        attribute="mean_defocus_A",
        stored=False,
        derive=_mean_defocus_A,
        page_rank=1,
    ),
    FitQuantity(
        "astigmatism_A",
        "Astigmatism",
        "Å",
        "Difference of the two defocus values.",
        stored=False,
        derive=_astigmatism_A,
        page_rank=3,
    ),
    FitQuantity(
        "astigmatism_sigma_A",
        "Astigmatism ±",
        "Å",
        "One standard error of the astigmatism.",
        stored=False,
        derive=_astigmatism_sigma_A,
        page_rank=4,
    ),
    FitQuantity(
        "phase_shift_sigma_deg",
        "Phase shift ±",
        "°",
        "One standard error of the phase shift; 0 where it was kept fixed.",
        stored=False,
        on_page=False,
    ),
    FitQuantity("amplitude_contrast", "Amplitude contrast", page_rank=11),
    FitQuantity(
        "amplitude_contrast_sigma",
        "Amplitude contrast ±",
        about="One standard error of the amplitude contrast; 0 where it was kept fixed.",
        stored=False,
        in_answers=False,
        on_page=False,
    ),
    FitQuantity(
        "log_likelihood_gain",
        "Likelihood gain",
        about="Log-likelihood with rings relative to that without.",
        in_answers=False,
        page_rank=14,
    ),
    FitQuantity("runner_up_A", "Next best defocus", "Å", page_rank=15),
    FitQuantity(
        "runner_up_gap",
        "Gap to the next best",
        about="Twice the difference in log-likelihood.",
        page_rank=16,
    ),
    FitQuantity("start_A", "Start", "Å", "Defocus the fit started from.", page_rank=17),
    FitQuantity(
        "coarse_defocus_A",
        "Coarse defocus",
        "Å",
        "Defocus found by the search.",
        in_answers=False,
        page_rank=18,
    ),
    FitQuantity(
        "dispersion",
        "Dispersion",
        about="Observed over expected scatter around the fit.",
        in_answers=False,
        page_rank=13,
    ),
    FitQuantity(
        "coarse_resolution_A",
        "Coarse resolution",
        "Å",
        "Resolution up to which the search looked at the coarser sampling.",
        in_tables=False,
        in_answers=False,
        on_page=False,
    ),
)
"""In the order of results.csv: new rows are added at the end."""


def page_quantities() -> tuple[FitQuantity, ...]:
    """Return the numbers that are columns of the page, in its order."""
    shown = (quantity for quantity in FIT_QUANTITIES if quantity.on_page)
    return tuple(sorted(shown, key=lambda quantity: quantity.page_rank))
