"""Xmipp's criteria of the spectrum alone.

Source: Xmipp 3 (de la Rosa-Trevín et al. 2013, doi:10.1016/j.jsb.2013.09.015), `ctf_estimate_from_micrograph`
and `ctf_sort_psds`: the definitions that the programs compute, written anew.
"""

import math

import numpy as np

from thonring.quality.case import Case
from thonring.records import Image, Spectrum

COARSEST_SAMPLING_A = 1.8


def xmipp_iceness(case: Case) -> float:
    """`ctfCritIceness`: mean power between 4.0 and 3.6 Å over that between 4.4 and 4.0 Å.

    Of the raw spectrum's positive quadrant at the attempt's sampling, the rings having radii floor(n T / 4.4)
    and so on in pixels. 0 if the sampling is coarser than 1.8 Å, which cannot see 3.6 Å; -1 if a ring is
    empty or zero.
    """
    spectrum = case.spectrum()
    if spectrum.sampling_A > COARSEST_SAMPLING_A:
        return 0.0
    below, ice = _ring_mean(spectrum, 4.4, 4.0), _ring_mean(spectrum, 4.0, 3.6)
    return ice / below if below > 0 and math.isfinite(ice) else -1.0


def _ring_mean(spectrum: Spectrum, low_resolution_A: float, high_resolution_A: float) -> float:
    size = spectrum.power.shape[0]
    quadrant = spectrum.power[size // 2 :, : size - size // 2]
    inner, outer = (
        math.floor(size * spectrum.sampling_A / resolution_A)
        for resolution_A in (low_resolution_A, high_resolution_A)
    )
    radius_squared = np.arange(quadrant.shape[0])[:, None] ** 2 + np.arange(quadrant.shape[1])[None, :] ** 2
    ring = quadrant[(radius_squared >= inner**2) & (radius_squared < outer**2)]
    return float(ring.mean(dtype=np.float64)) if ring.size else math.nan


def xmipp_psd_correlation_90(case: Case) -> float:
    """`ctfCritPsdCorr90`: correlation of the enhanced spectrum with itself turned by 90°, -1 to 1.

    Over all pixels, the masked ones (0) included. NaN if the spectrum has no contrast.
    """
    enhanced = case.enhance()
    odd = enhanced[1:, 1:] if len(enhanced) % 2 == 0 else enhanced
    return pearson(odd, np.rot90(odd))


def pearson(one: Image, other: Image) -> float:
    """Pearson's correlation of two arrays of one shape, NaN if either is constant."""
    x = one.astype(np.float64).ravel() - one.mean(dtype=np.float64)
    y = other.astype(np.float64).ravel() - other.mean(dtype=np.float64)
    norm = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / norm if norm > 0 else math.nan
