"""The table of criteria: a new one is a function and a row here, and a limit in limits.toml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from thonring.quality import fit_criteria, image_criteria, xmipp_model, xmipp_zeros
from thonring.quality.attempt_data import AttemptData

Stage = Literal["spectrum", "fit"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A quantity on which a limit can be set.

    `stage` is "spectrum" if it needs no fit. `compute` gives NaN where the quantity cannot be computed;
    `pass_if_missing` says whether that passes. It does if the absence of a value is not a sign of a bad micrograph,
    and does not if a good micrograph always has a value.
    """

    name: str
    stage: Stage
    compute: Callable[[AttemptData], float]
    pass_if_missing: bool
    description: str
    unit: str = ""


_IMAGE = (
    Criterion(
        "crystalline_spots",
        "spectrum",
        image_criteria.crystalline_spots,
        True,
        "strongest spot of crystalline ice",
    ),
    Criterion("ice_ring", "spectrum", image_criteria.ice_ring, True, "strength of the ice ring at 3.7 Å"),
    Criterion(
        "film_share",
        "spectrum",
        image_criteria.support_film_fraction,
        True,
        "fraction of the image covered by support film",
    ),
)

_FIT = (
    Criterion(
        "ring_significance", "fit", fit_criteria.ring_significance, False, "significance of the rings", "σ"
    ),
    Criterion("fit_resolution", "fit", fit_criteria.fit_resolution, False, "resolution of the fit", "Å"),
    Criterion("rings_visible", "fit", fit_criteria.rings_visible, False, "number of visible rings"),
    Criterion("score", "fit", fit_criteria.score, False, "correlation of measured and fitted rings"),
    Criterion(
        "aliasing",
        "fit",
        fit_criteria.aliasing,
        False,
        "aliasing resolution relative to the resolution of the fit",
    ),
    Criterion(
        "defocus_sigma", "fit", fit_criteria.defocus_sigma, False, "standard error of the defocus", "Å"
    ),
    Criterion(
        "relative_defocus_sigma",
        "fit",
        fit_criteria.relative_defocus_sigma,
        False,
        "standard error of the defocus relative to the defocus",
    ),
    Criterion(
        "sampling_agreement",
        "fit",
        fit_criteria.sampling_agreement,
        True,
        "disagreement between two samplings",
        "rings",
    ),
    Criterion(
        "network_agreement",
        "fit",
        fit_criteria.network_agreement,
        True,
        "difference between fit and network",
        "σ",
    ),
    Criterion(
        "runner_up_gap", "fit", fit_criteria.runner_up_gap, True, "likelihood gap to the next best defocus"
    ),
    Criterion("astigmatism", "fit", fit_criteria.astigmatism, False, "astigmatism", "Å"),
    Criterion(
        "relative_astigmatism",
        "fit",
        fit_criteria.relative_astigmatism,
        False,
        "astigmatism relative to the defocus",
    ),
    Criterion(
        "drift",
        "fit",
        fit_criteria.drift,
        True,
        "ring contrast of the worst direction relative to the best",
    ),
    Criterion(
        "double_exposure",
        "fit",
        image_criteria.double_exposure,
        True,
        "contrast of double-exposure fringes",
    ),
)

_XMIPP = (
    Criterion("xmipp_iceness", "spectrum", xmipp_zeros.xmipp_iceness, False, "Xmipp's iceness"),
    Criterion(
        "xmipp_psd_correlation_90",
        "fit",
        xmipp_zeros.xmipp_psd_correlation_90,
        False,
        "correlation of the spectrum with itself rotated by 90°",
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
        "ratio of the largest to the smallest first zero",
    ),
    Criterion(
        "xmipp_first_minimum_ratio",
        "fit",
        xmipp_zeros.xmipp_first_minimum_ratio,
        False,
        "contrast along the first minimum relative to that along the first zero",
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
        "margin of the first minimum above the first zero",
    ),
    Criterion(
        "xmipp_non_astigmatic_validity",
        "fit",
        xmipp_zeros.xmipp_non_astigmatic_validity,
        False,
        "resolution up to which astigmatism is negligible",
        "Å",
    ),
    Criterion(
        "xmipp_background_sigma",
        "fit",
        xmipp_model.xmipp_background_sigma,
        True,
        "sharpness of the background Gaussian",
        "Å²",
    ),
    Criterion("xmipp_phase_shift", "fit", xmipp_model.xmipp_phase_shift, False, "phase shift", "deg"),
)

CRITERIA: Mapping[str, Criterion] = MappingProxyType(
    {criterion.name: criterion for criterion in (*_IMAGE, *_FIT, *_XMIPP)}
)
