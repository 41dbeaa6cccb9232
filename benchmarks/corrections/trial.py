"""All searches at all samplings on one micrograph, whatever its quality; image, spectrum and sectors are shared."""

import math
import time
from dataclasses import replace

import numpy as np
from scipy.signal import lfilter

from benchmarks.corrections.cache import FitSummary, MicrographRow, SearchAttempt
from benchmarks.corrections.configurations import (
    AFTER,
    BEFORE,
    CONFIGURATIONS,
    SEARCHES,
    Sampling,
    Search,
    SearchName,
    samplings_of,
)
from benchmarks.corrections.scenes import NumberedScene, simulate
from benchmarks.corrections.verdict import ends_search
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
"""Size in pixels of the spectrum along whose radii Xmipp filters."""

OUR_SEARCHES: tuple[SearchName, ...] = ("match",)
"""The searches of our default."""


def measure_micrograph(numbered: NumberedScene, *, default_only: bool = False) -> MicrographRow:
    """Simulate and measure one micrograph and run all searches on it; without rings, only those of our default."""
    clock = _Clock()
    micrograph = simulate(numbered)
    clock.lap("simulate")
    measurement = measure(micrograph, Settings())
    profiles = sectors(measurement, Settings())
    clock.lap("measure")
    searches = OUR_SEARCHES if default_only or numbered.kind == "no-rings" else tuple(SEARCHES)
    return MicrographRow(numbered, run_searches(measurement, profiles, searches), clock.laps)


def run_searches(
    measurement: Measurement, profiles: SectorProfiles, searches: tuple[SearchName, ...]
) -> tuple[SearchAttempt, ...]:
    """Run each search at all samplings that a configuration needs; attempts with equal starts are fitted once.

    A search of the protocol ends where all its configurations end; ours tries all samplings, so that its limits can be
    changed.
    """
    fitted: dict[object, SearchAttempt] = {}
    attempts: list[SearchAttempt] = []
    for name in searches:
        for requested_A in samplings_of(name):
            if _is_finished(name, [one for one in attempts if one.search == name]):
                break
            clock = _Clock()
            key, known = _start(name, requested_A, measurement, profiles)
            clock.lap("start")
            if key not in fitted:
                attempt = _attempt(name, requested_A, measurement, profiles, known)
                clock.lap("fit")
                fitted[key] = replace(attempt, seconds=clock.laps["fit"])
            seconds = clock.laps["start"] + fitted[key].seconds
            attempts.append(replace(fitted[key], search=name, requested_A=requested_A, seconds=seconds))
    return tuple(attempts)


def _is_finished(name: SearchName, attempts: list[SearchAttempt]) -> bool:
    """Whether all configurations of a search end after these attempts."""
    longer = [one for one in CONFIGURATIONS if one.search == name and len(one.samplings_A) > len(attempts)]
    return name not in OUR_SEARCHES and all(
        any(ends_search(attempt, quality.load_profile(one.profile)) for attempt in attempts) for one in longer
    )


def unrestricted_limits(name: SearchName) -> tuple[Limit, ...]:
    """Limits that any value passes, to measure the criteria: those of Xmipp for the protocol, all others for ours."""
    xmipp = {limit.criterion for profile in (BEFORE, AFTER) for limit in quality.load_profile(profile)}
    ours = {criterion for criterion in quality.CRITERIA if not criterion.startswith("xmipp_")}
    wanted = sorted(ours if name in OUR_SEARCHES else xmipp)
    return tuple(Limit(criterion, -math.inf, math.inf, "", criterion, "") for criterion in wanted)


def high_pass_filter(profiles: SectorProfiles, sampling_A: float) -> SectorProfiles:
    """Filter the rings of the rotational mean, and return them on their background as one sector.

    The filter is that of the thesis, which tried and dropped it: of first order, y = α (y' + x - x'), where y' and x'
    are the previous values, with α = 0.1 along the radii of a 512² spectrum. α is adapted to the spacing of the profile
    so that the constant 1/Å of the filter stays the same.
    """
    frequency_per_A = profiles.frequency_per_A
    mean, values = rotational_mean(profiles)
    smooth = smooth_power(frequency_per_A, mean, np.ones_like(mean), SMOOTH_SPLINES)
    constant_per_A = HIGH_PASS_SHARE / (1 - HIGH_PASS_SHARE) / (XMIPP_RINGS * sampling_A)
    spacing_per_A = (frequency_per_A[-1] - frequency_per_A[0]) / (frequency_per_A.size - 1)
    alpha = constant_per_A / (constant_per_A + spacing_per_A)
    filtered = lfilter([alpha, -alpha], [1.0, -alpha], mean / smooth - 1.0)
    filtered[0] = 0.0
    return replace(
        profiles,
        angle_rad=np.zeros(1),
        squared_frequency=(frequency_per_A**2)[None],
        power=(smooth * (1.0 + filtered))[None],
        values=values[None],
    )


def first_guess_A(
    search: Search, sampling_A: float, measurement: Measurement, profiles: SectorProfiles
) -> float:
    """Defocus of the highest peak of the Fourier search; NaN if there is none."""
    low_A, high_A = search.settings.resolution_range_A
    band = profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / sampling_A))
    if search.high_pass:
        band = high_pass_filter(band, sampling_A)
    try:
        return fourier(band, measurement.optics, search.settings)[0][0].mean_A
    except FitError:
        return math.nan


def _start(
    name: SearchName, requested_A: Sampling, measurement: Measurement, profiles: SectorProfiles
) -> tuple[object, KnownDefocus | None]:
    """A key that is equal for equal fits, and the start of a search that has only one."""
    search = SEARCHES[name]
    sampling_A = max(requested_A or measurement.pixel_A, measurement.spectrum.sampling_A)
    if not search.one_start:
        return (sampling_A, name), None
    guess_A = first_guess_A(search, sampling_A, measurement, profiles)
    if math.isnan(guess_A):
        return (sampling_A, name), None
    return (sampling_A, guess_A), KnownDefocus(guess_A, guess_A, 0.0)


def _attempt(
    name: SearchName,
    requested_A: Sampling,
    measurement: Measurement,
    profiles: SectorProfiles,
    known: KnownDefocus | None,
) -> SearchAttempt:
    settings = replace(SEARCHES[name].settings, samplings_A=(requested_A,), limits=unrestricted_limits(name))
    (attempt,) = attempts_on(measurement, profiles, settings, known)
    values = {result.name: result.value for result in attempt.verdict.criteria if result.name != "fit"}
    no_fit_reason = "" if attempt.fit else attempt.verdict.criteria[-1].reason
    return SearchAttempt(name, requested_A, attempt.sampling_A, _summary(attempt), no_fit_reason, values, 0.0)


def _summary(attempt: Attempt) -> FitSummary | None:
    fit = attempt.fit
    if fit is None:
        return None
    return FitSummary(
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
    """CPU seconds of each lap."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.laps[name] = now - self._last
        self._last = now
