"""One micrograph through every search at every sampling, whatever its quality: image, spectrum and sectors once."""

import math
import time
from dataclasses import replace

import numpy as np
from scipy.signal import lfilter

from corrections_configurations import (
    AFTER,
    BEFORE,
    CONFIGURATIONS,
    SEARCHES,
    Sampling,
    Search,
    SearchName,
    samplings_of,
)
from corrections_record import Found, Row, Tried
from corrections_scenes import Numbered, image_of
from corrections_verdict import ends
from thonring import quality
from thonring.errors import FitError
from thonring.fit.fourier import SMOOTH_SPLINES, fourier
from thonring.fit.splines import rotational_mean, smooth_power
from thonring.measurement import Measurement, measure
from thonring.pipeline import attempts_on, sectors
from thonring.records import Attempt, KnownDefocus, SectorProfiles
from thonring.settings import Limit, Settings

HIGH_PASS_SHARE = 0.1
XMIPP_RINGS = 512
"""Pixels of the spectrum whose radii Xmipp's filter runs along."""

OUR_SEARCHES: tuple[SearchName, ...] = ("match",)
"""All that our default needs."""


def trial(made: Numbered, *, default_only: bool = False) -> Row:
    """Make, measure and try one micrograph; one without rings by our default only."""
    clock = _Clock()
    micrograph = image_of(made)
    clock.lap("simulate")
    measured = measure(micrograph, Settings())
    profiles = sectors(measured, Settings())
    clock.lap("measure")
    searches = OUR_SEARCHES if default_only or made.kind == "no-rings" else tuple(SEARCHES)
    return Row(made, all_tried(measured, profiles, searches), clock.laps)


def all_tried(
    measured: Measurement, profiles: SectorProfiles, searches: tuple[SearchName, ...]
) -> tuple[Tried, ...]:
    """Every search at the samplings that a configuration needs; what has the same start is fitted once.

    A search of the protocol ends where all its configurations do; ours tries every sampling, so that its limits
    can be changed.
    """
    fitted: dict[object, Tried] = {}
    tried: list[Tried] = []
    for name in searches:
        for wanted_A in samplings_of(name):
            if _is_over(name, [one for one in tried if one.search == name]):
                break
            clock = _Clock()
            key, known = _start(name, wanted_A, measured, profiles)
            clock.lap("start")
            if key not in fitted:
                attempt = _tried(name, wanted_A, measured, profiles, known)
                clock.lap("fit")
                fitted[key] = replace(attempt, seconds=clock.laps["fit"])
            seconds = clock.laps["start"] + fitted[key].seconds
            tried.append(replace(fitted[key], search=name, wanted_A=wanted_A, seconds=seconds))
    return tuple(tried)


def _is_over(name: SearchName, tried: list[Tried]) -> bool:
    """Whether no configuration of a search goes on after what was tried."""
    longer = [one for one in CONFIGURATIONS if one.search == name and len(one.samplings_A) > len(tried)]
    return name not in OUR_SEARCHES and all(
        any(ends(attempt, quality.load_profile(one.profile)) for attempt in tried) for one in longer
    )


def open_limits(name: SearchName) -> tuple[Limit, ...]:
    """Limits that everything passes: on Xmipp's criteria for the protocol's searches, on all others for ours."""
    xmipp = {limit.criterion for profile in (BEFORE, AFTER) for limit in quality.load_profile(profile)}
    ours = {criterion for criterion in quality.CRITERIA if not criterion.startswith("xmipp_")}
    wanted = sorted(ours if name in OUR_SEARCHES else xmipp)
    return tuple(Limit(criterion, -math.inf, math.inf, "", criterion, "") for criterion in wanted)


def high_passed(profiles: SectorProfiles, sampling_A: float) -> SectorProfiles:
    """One sector whose rings are the filtered ones on the same background.

    The thesis' filter of first order, y = α (y' + x - x') with α = 0.1 along the radii of a 512² spectrum, which
    it tried and dropped; α is changed with the distance of the rings so that its time constant stays.
    """
    frequency_per_A = profiles.frequency_per_A
    mean, values = rotational_mean(profiles)
    smooth = smooth_power(frequency_per_A, mean, np.ones_like(mean), SMOOTH_SPLINES)
    constant_per_A = HIGH_PASS_SHARE / (1 - HIGH_PASS_SHARE) / (XMIPP_RINGS * sampling_A)
    spacing_per_A = (frequency_per_A[-1] - frequency_per_A[0]) / (frequency_per_A.size - 1)
    share = constant_per_A / (constant_per_A + spacing_per_A)
    filtered = lfilter([share, -share], [1.0, -share], mean / smooth - 1.0)
    filtered[0] = 0.0
    return replace(
        profiles,
        angle_rad=np.zeros(1),
        squared_frequency=(frequency_per_A**2)[None],
        power=(smooth * (1.0 + filtered))[None],
        values=values[None],
    )


def first_guess_A(
    search: Search, sampling_A: float, measured: Measurement, profiles: SectorProfiles
) -> float:
    """The highest peak of the Fourier search; NaN where it finds none."""
    low_A, high_A = search.settings.resolution_range_A
    band = profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / sampling_A))
    if search.high_pass:
        band = high_passed(band, sampling_A)
    try:
        return fourier(band, measured.optics, search.settings)[0][0].mean_A
    except FitError:
        return math.nan


def _start(
    name: SearchName, wanted_A: Sampling, measured: Measurement, profiles: SectorProfiles
) -> tuple[object, KnownDefocus | None]:
    """What decides the fit, and the one start of a search that has one."""
    search = SEARCHES[name]
    sampling_A = max(wanted_A or measured.pixel_A, measured.spectrum.sampling_A)
    if not search.one_start:
        return (sampling_A, name), None
    guess_A = first_guess_A(search, sampling_A, measured, profiles)
    if math.isnan(guess_A):
        return (sampling_A, name), None
    return (sampling_A, guess_A), KnownDefocus(guess_A, guess_A, 0.0)


def _tried(
    name: SearchName,
    wanted_A: Sampling,
    measured: Measurement,
    profiles: SectorProfiles,
    known: KnownDefocus | None,
) -> Tried:
    settings = replace(SEARCHES[name].settings, samplings_A=(wanted_A,), limits=open_limits(name))
    (attempt,) = attempts_on(measured, profiles, settings, known)
    values = {result.name: result.value for result in attempt.verdict.criteria if result.name != "fit"}
    refusal = "" if attempt.fit else attempt.verdict.criteria[-1].reason
    return Tried(name, wanted_A, attempt.sampling_A, _found(attempt), refusal, values, 0.0)


def _found(attempt: Attempt) -> Found | None:
    fit = attempt.fit
    if fit is None:
        return None
    return Found(
        defocus_u_A=fit.defocus_u_A,
        defocus_v_A=fit.defocus_v_A,
        angle_deg=fit.angle_deg,
        phase_shift_deg=fit.phase_shift_deg,
        defocus_sigma_A=fit.defocus_sigma_A,
        astigmatism_sigma_A=fit.astigmatism_sigma_A,
        fit_resolution_A=fit.fit_resolution_A,
        log_likelihood_gain=fit.log_likelihood_gain,
        start_A=fit.start_A,
    )


class _Clock:
    """CPU seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.laps[name] = now - self._last
        self._last = now
