"""The method: from a micrograph to a graded CTF.

`examine` runs it on a file: measure the spectrum, then, at one sampling after the other, check the spectrum
(`quality`), search and refine the CTF (`fit`), and grade the fit, until an attempt is accepted. Each stage can be used
by itself.
"""

import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from thonring import fit, quality, spectrum
from thonring.errors import FitError, SettingsError, ThonringError
from thonring.measurement import Measurement, measure, measured_file, samplings
from thonring.optics import Optics
from thonring.records import (
    Attempt,
    CriterionResult,
    CtfFit,
    Evidence,
    KnownDefocus,
    Outcome,
    SectorProfiles,
    Source,
    Verdict,
)
from thonring.settings import Settings, SpectrumKind

if TYPE_CHECKING:
    from thonring.learn.predict import NetworkDefocus

__all__ = [
    "Measurement",
    "agreement",
    "attempts_on",
    "best_of",
    "estimate",
    "examine",
    "examine_measured",
    "measure",
    "sectors",
]

SAME_SAMPLING = 0.01
"""Relative difference below which two samplings are the same."""

COARSEST_A = 30.0
"""Lowest resolution of the radial profiles, whatever the resolution range."""

OVERSHOOT = 0.05
"""Fraction by which the refinement may leave the defocus range, within which the search stays."""


def estimate(
    path: Path | str, optics: Optics, settings: Settings | None = None, *, known: KnownDefocus | None = None
) -> Outcome:
    """Estimate and grade the CTF of one micrograph file; errors are in the outcome, not raised."""
    return examine(Source(Path(path), optics), settings or Settings(), known=known)[0]


def examine(
    source: Source,
    settings: Settings,
    *,
    known: KnownDefocus | None = None,
    spectrum_kind: SpectrumKind | None = None,
) -> tuple[Outcome, Evidence | None]:
    """Estimate and grade one file, and return the outcome with the evidence for its verdict.

    Parameters
    ----------
    source
        The file and its optics.
    settings
        How to estimate; with `settings.limits` empty, the limits are those of `settings.profile`.
    known
        A defocus to start from, or to keep fixed with `settings.fix_defocus`.
    spectrum_kind
        The file holds a spectrum of this kind instead of an image.
    """
    return examine_measured(
        source, settings, lambda: measured_file(source, settings, spectrum_kind), known=known
    )


def examine_measured(
    source: Source,
    settings: Settings,
    measure_input: Callable[[], Measurement],
    *,
    known: KnownDefocus | None = None,
) -> tuple[Outcome, Evidence | None]:
    """Estimate and grade what `measure_input` returns, and return the outcome with the evidence for its verdict.

    `source` names the input; errors of `measure_input` are in the outcome.
    """
    cpu_start_s = time.process_time()
    measured = None
    try:
        _check_known(settings, known)
        measured = measure_input()
        profiles = sectors(measured, settings)
        attempts = tuple(attempts_on(measured, profiles, settings, known))
    except ThonringError as problem:
        return _failed(source, str(problem), cpu_start_s, measured), None
    except Exception as problem:  # noqa: BLE001 - one bad file never stops a batch
        return _failed(
            source, f"{source.path}: unexpected {type(problem).__name__}: {problem}", cpu_start_s, measured
        ), None
    chosen = best_of(attempts)
    best = attempts[chosen]
    outcome = Outcome(
        path=source.path,
        status="accepted" if best.verdict.accepted else "rejected",
        reasons=best.verdict.reasons,
        optics=measured.optics,
        pixel_A=measured.pixel_A,
        shape=measured.shape,
        attempts=attempts,
        chosen=chosen,
        notes=(*measured.notes, *(best.fit.notes if best.fit else ())),
        cpu_seconds=time.process_time() - cpu_start_s,
    )
    return outcome, _evidence(measured, profiles, best.sampling_A)


def _check_known(settings: Settings, known: KnownDefocus | None) -> None:
    if settings.fix_defocus and known is None:
        raise SettingsError(
            "fix_defocus is set, but no defocus is known: give one (known=KnownDefocus(...) in Python, "
            "--defocus-from FILE on the command line), or drop fix_defocus."
        )


def attempts_on(
    measured: Measurement,
    profiles: SectorProfiles,
    settings: Settings,
    known: KnownDefocus | None = None,
    *,
    fit_rejected: bool = False,
) -> Iterator[Attempt]:
    """Try one sampling after the other until the criteria are met, or the spectrum itself is rejected.

    With `fit_rejected` a rejected spectrum is fitted nevertheless, and the verdict has the criteria of both stages.
    """
    limits = settings.limits or quality.load_profile(settings.profile)
    network = _network(measured, settings)
    tried: list[float] = []
    for requested_A in samplings(settings, measured.pixel_A):
        sampling_A = max(requested_A, measured.spectrum.sampling_A)
        if any(abs(sampling_A / other - 1) < SAME_SAMPLING for other in tried):
            continue
        tried.append(sampling_A)
        data = _attempt_data(_evidence(measured, profiles, sampling_A), measured.pixel_A, network)
        results = quality.grade(data, limits, "spectrum")
        if not fit_rejected and not all(result.passed for result in results):
            yield Attempt(sampling_A, Verdict(settings.profile, results), None)
            return
        try:
            fitted = _fit(profiles, sampling_A, measured, settings, known, network)
        except FitError as problem:
            no_fit = CriterionResult("fit", float("nan"), passed=False, reason=str(problem))
            yield Attempt(sampling_A, Verdict(settings.profile, (*results, no_fit)), None)
            continue
        results += quality.grade(replace(data, fit=fitted), limits, "fit")
        verdict = Verdict(settings.profile, results)
        yield Attempt(sampling_A, verdict, fitted)
        if verdict.accepted:
            return


def agreement(fitted: CtfFit, evidence: Evidence, settings: Settings, finest_A: float) -> CtfFit:
    """Compare the same CTF with the spectrum to `finest_A`, beyond the range of its fit.

    Only background and ring power are fitted: resolution and curve show how far the CTF agrees.

    Raises
    ------
    FitError
        If the band is too narrow.
    """
    known = KnownDefocus(fitted.defocus_u_A, fitted.defocus_v_A, fitted.angle_deg, fitted.phase_shift_deg)
    fixed = replace(settings, fix_defocus=True, phase_shift=False, refine_amplitude_contrast=False)
    optics = replace(evidence.optics, amplitude_contrast=fitted.amplitude_contrast)
    band = evidence.profiles.within(1.0 / settings.resolution_range_A[0], 1.0 / finest_A)
    candidates, _ = fit.search(band, optics, fixed, known)
    return fit.refine(band, optics, fixed, candidates)


def sectors(measured: Measurement, settings: Settings) -> SectorProfiles:
    """The spectrum in sectors, sampled for the highest defocus, to its Nyquist frequency."""
    low_A, high_A = settings.resolution_range_A
    width = spectrum.ring_width_per_A(settings.defocus_range_A[1], measured.optics, 1.0 / high_A)
    return spectrum.sector_profiles(measured.spectrum, 1.0 / max(low_A, COARSEST_A), math.inf, width)


def _fit(
    profiles: SectorProfiles,
    sampling_A: float,
    measured: Measurement,
    settings: Settings,
    known: KnownDefocus | None,
    network: "NetworkDefocus | None",
) -> CtfFit:
    """Search and refine on the band of one sampling; extend it to the whole band if the rings reach its end."""
    low_A, high_A = settings.resolution_range_A
    profiles = profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / measured.pixel_A))
    band = profiles.within(0.0, 0.5 / sampling_A)
    network_A = network.defocus_A if network else None
    candidates, signals = fit.search(band, measured.optics, settings, known, network_A)
    fitted = fit.refine(band, measured.optics, settings, candidates, profiles, measured.pixel_variance)
    notes = (*fitted.notes, *(network.notes if network else ()))
    fitted = replace(fitted, sampling_A=sampling_A, signals=signals, notes=notes)
    if known is not None:
        return fitted
    _check_defocus(fitted, settings)
    return fit.with_coarse_search(fitted, profiles, measured.optics, settings)


def _check_defocus(fitted: CtfFit, settings: Settings) -> None:
    low_A, high_A = settings.defocus_range_A
    if not (1 - OVERSHOOT) * low_A <= fitted.mean_defocus_A <= (1 + OVERSHOOT) * high_A:
        raise FitError(
            f"the fit converged to a defocus of {fitted.mean_defocus_A:.0f} Å, outside --defocus-range "
            f"{low_A:g},{high_A:g}; widen the range if that is plausible."
        )


def _evidence(measured: Measurement, profiles: SectorProfiles, sampling_A: float) -> Evidence:
    return Evidence(measured.optics, measured.spectrum, profiles, sampling_A, measured.brightness)


def _network(measured: Measurement, settings: Settings) -> "NetworkDefocus | None":
    """The prediction of the packaged network; None if the settings do not use it."""
    if settings.start == "search":
        return None
    from thonring.learn.predict import Predictor

    return Predictor.load().predict_spectrum(measured.spectrum, measured.optics)


def _attempt_data(
    evidence: Evidence, pixel_A: float, network: "NetworkDefocus | None"
) -> quality.AttemptData:
    resampled = functools.cache(lambda: spectrum.resample(evidence.measured, evidence.sampling_A))
    return quality.AttemptData(
        optics=evidence.optics,
        evidence=evidence,
        spectrum=resampled,
        enhance=lambda: spectrum.enhance(resampled(), spectrum.CRITERIA),
        original_pixel_A=pixel_A,
        network_A=network.defocus_A if network else math.nan,
        network_sigma_A=network.sigma_A if network else math.nan,
    )


def best_of(attempts: Sequence[Attempt]) -> int:
    """Index of the attempt to keep: an accepted one, else one with a fit; of these the one with the largest gain."""
    return max(range(len(attempts)), key=lambda index: (*_rank(attempts[index]), -index))


def _rank(attempt: Attempt) -> tuple[bool, bool, float]:
    gain = attempt.fit.log_likelihood_gain if attempt.fit else 0.0
    return attempt.verdict.accepted, attempt.fit is not None, gain


def _failed(source: Source, reason: str, cpu_start_s: float, measured: Measurement | None) -> Outcome:
    """Outcome of a file that failed for this reason; `measured` if it got as far as that."""
    return Outcome(
        path=source.path,
        status="failed",
        reasons=(reason,),
        optics=source.optics,
        pixel_A=source.optics.pixel_A or float("nan"),
        shape=(0, 0),
        notes=measured.notes if measured else (),
        cpu_seconds=time.process_time() - cpu_start_s,
    )
