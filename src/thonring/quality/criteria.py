"""The table of criteria: a new one is a function and a row here, and a limit in limits.toml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from thonring.quality import fit_criteria as astigmatism
from thonring.quality import fit_criteria as certainty
from thonring.quality import fit_criteria as drift
from thonring.quality import fit_criteria as rings
from thonring.quality import image_criteria as film
from thonring.quality import image_criteria as fringes
from thonring.quality import image_criteria as ice
from thonring.quality import xmipp_model, xmipp_zeros
from thonring.quality import xmipp_zeros as xmipp_spectrum
from thonring.quality.attempt_data import AttemptData

Stage = Literal["spectrum", "fit"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A quantity that a limit can be set on.

    `stage` is "spectrum" if it needs no fit. `compute` gives NaN where the quantity cannot be computed;
    `unknown_passes` says what that means for the verdict.
    """

    name: str
    stage: Stage
    compute: Callable[[AttemptData], float]
    unknown_passes: bool
    description: str
    unit: str = ""


_ALL = (
    Criterion(
        "crystalline_spots", "spectrum", ice.crystalline_spots, True, "strongest spot of crystalline ice"
    ),
    Criterion("ice_ring", "spectrum", ice.ice_ring, True, "strength of the ice ring at 3.7 Å"),
    Criterion(
        "film_share", "spectrum", film.support_film_fraction, True, "share of the image with support film"
    ),
    Criterion("ring_significance", "fit", rings.ring_significance, False, "significance of the rings", "σ"),
    Criterion("fit_resolution", "fit", rings.fit_resolution, False, "resolution of the fit", "Å"),
    Criterion("rings_visible", "fit", rings.rings_visible, False, "number of visible rings"),
    Criterion("score", "fit", rings.score, False, "correlation of measured and fitted rings"),
    Criterion("aliasing", "fit", rings.aliasing, False, "resolution of aliasing over that of the fit"),
    Criterion("defocus_sigma", "fit", certainty.defocus_sigma, False, "standard error of the defocus", "Å"),
    Criterion(
        "relative_defocus_sigma",
        "fit",
        certainty.relative_defocus_sigma,
        False,
        "standard error of the defocus over the defocus",
    ),
    Criterion(
        "sampling_agreement",
        "fit",
        certainty.sampling_agreement,
        True,
        "disagreement of two samplings",
        "rings",
    ),
    Criterion(
        "network_agreement",
        "fit",
        certainty.network_agreement,
        True,
        "distance between fit and network",
        "σ",
    ),
    Criterion("runner_up_gap", "fit", certainty.runner_up_gap, True, "gap to the next best defocus"),
    Criterion("astigmatism", "fit", astigmatism.astigmatism, False, "astigmatism", "Å"),
    Criterion(
        "relative_astigmatism", "fit", astigmatism.relative_astigmatism, False, "astigmatism over defocus"
    ),
    Criterion("drift", "fit", drift.drift, True, "ring contrast, worst over best direction"),
    Criterion(
        "double_exposure", "fit", fringes.double_exposure, True, "contrast of fringes through the rings"
    ),
    Criterion("xmipp_iceness", "spectrum", xmipp_spectrum.xmipp_iceness, False, "Xmipp's iceness"),
    Criterion(
        "xmipp_psd_correlation_90",
        "fit",
        xmipp_spectrum.xmipp_psd_correlation_90,
        False,
        "correlation of the spectrum with itself turned by 90°",
    ),
    Criterion("xmipp_first_zero", "fit", xmipp_zeros.xmipp_first_zero, False, "first zero", "Å"),
    Criterion(
        "xmipp_maximum_frequency",
        "fit",
        xmipp_model.xmipp_maximum_frequency,
        False,
        "resolution at which the envelope falls to a tenth",
        "Å",
    ),
    Criterion(
        "xmipp_first_zero_ratio",
        "fit",
        xmipp_zeros.xmipp_first_zero_ratio,
        False,
        "first zeros, max over min",
    ),
    Criterion(
        "xmipp_first_minimum_ratio",
        "fit",
        xmipp_zeros.xmipp_first_minimum_ratio,
        False,
        "contrast along the first minimum over that along the first zero",
    ),
    Criterion(
        "xmipp_correlation_1_3",
        "fit",
        xmipp_model.xmipp_correlation_1_3,
        False,
        "correlation of spectrum and CTF between zeros 1 and 3",
    ),
    Criterion(
        "xmipp_ctf_margin",
        "fit",
        xmipp_zeros.xmipp_ctf_margin,
        False,
        "margin of the first minimum over the zero",
    ),
    Criterion(
        "xmipp_non_astigmatic_validity",
        "fit",
        xmipp_zeros.xmipp_non_astigmatic_validity,
        False,
        "resolution to which astigmatism may be ignored",
        "Å",
    ),
    Criterion(
        "xmipp_background_sigma",
        "fit",
        xmipp_model.xmipp_background_sigma,
        True,
        "width of the background's Gaussian",
        "Å²",
    ),
    Criterion("xmipp_phase_shift", "fit", xmipp_model.xmipp_phase_shift, False, "phase shift", "deg"),
)

CRITERIA: Mapping[str, Criterion] = MappingProxyType({criterion.name: criterion for criterion in _ALL})
