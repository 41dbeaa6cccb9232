"""Manual estimates: a CTF set on the spectrum manually, compared with it, and fitted from there by the same method.

A `ManualCtf` holds the manual values, a `Ring` is how they are drawn and moved. `evaluate_manual_ctf` compares it
as it is; `estimate` turns it into an attempt, fitted or as it is, which is judged like any other.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thonring import fit, pipeline
from thonring.ctf import canonical, defocus_of_zero, to_vector, zero_curves, zero_frequency
from thonring.errors import FitError, SettingsError
from thonring.measurement import Measurement, samplings
from thonring.optics import Optics
from thonring.records import Attempt, CtfFit, Floats, KnownDefocus, SectorProfiles
from thonring.settings import FitStart, Settings

NEARBY = 0.15
"""Rings are searched within this fraction of the manual defocus: a ring is set to a few per cent of its radius."""

MOVED_FAR = 0.12
"""A fit further than this fraction from the manual defocus is reported: it may have locked to other rings."""

MAX_RINGS, DIRECTIONS = 40, 91
"""Maximum number of zeros drawn, and points per curve."""

_ROUNDING = 1e-9
"""Relative margin of a band taken from a fit, so that it includes the same frequencies."""

ManualMode = Literal["fit", "hand"]


@dataclass(frozen=True, slots=True)
class ManualCtf:
    """A CTF set manually: the defocus, and the band to compare or fit (low resolution first, Å).

    `amplitude_contrast` is None for that of the optics.
    """

    defocus: KnownDefocus
    resolution_range_A: tuple[float, float]
    amplitude_contrast: float | None = None

    def optics(self, optics: Optics) -> Optics:
        """The optics with the amplitude contrast of this CTF."""
        if self.amplitude_contrast is None:
            return optics
        return replace(optics, amplitude_contrast=self.amplitude_contrast)


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring of zeros, `number` 1 being the first: where it crosses the directions `angle_deg` and at right angles."""

    number: int
    along_per_A: float
    across_per_A: float
    angle_deg: float


def defocus_of_ring(ring: Ring, optics: Optics, phase_shift_deg: float = 0.0) -> KnownDefocus:
    """The defocus whose zeros lie on a ring.

    Raises
    ------
    FitError
        If no defocus has them there.
    """
    along_A, across_A = map(
        float,
        defocus_of_zero(
            ring.number, [ring.along_per_A, ring.across_per_A], optics, math.radians(phase_shift_deg)
        ),
    )
    if not math.isfinite(along_A + across_A):
        furthest_A = 1.0 / max(ring.along_per_A, ring.across_per_A, 1e-9)
        raise FitError(
            f"no defocus puts zero {ring.number} at {furthest_A:.2f} Å: with Cs {optics.cs_mm:g} mm at "
            f"{optics.voltage_kV:g} kV the phase reverses before that. Move the ring inwards, or choose a higher-order "
            "zero."
        )
    return KnownDefocus(*canonical(along_A, across_A, ring.angle_deg), phase_shift_deg)


def manual_ctf_of(fitted: CtfFit) -> ManualCtf:
    """A fit as a manual CTF, in the band it was fitted on."""
    low_A, high_A = fitted.resolution_range_A
    defocus = KnownDefocus(fitted.defocus_u_A, fitted.defocus_v_A, fitted.angle_deg, fitted.phase_shift_deg)
    return ManualCtf(defocus, (low_A * (1 + _ROUNDING), high_A * (1 - _ROUNDING)), fitted.amplitude_contrast)


def ring_of(manual: ManualCtf, optics: Optics, number: int) -> Ring | None:
    """The ring of a zero along U and across; None where the defocus has no such zero in both directions."""
    used, defocus = manual.optics(optics), manual.defocus
    both = zero_frequency(
        number, [defocus.defocus_u_A, defocus.defocus_v_A], used, math.radians(defocus.phase_shift_deg)
    )
    along_per_A, across_per_A = (float(radius) for radius in both)
    if not math.isfinite(along_per_A + across_per_A):
        return None
    return Ring(number, along_per_A, across_per_A, defocus.angle_deg)


def rings_of(manual: ManualCtf, optics: Optics) -> Floats:
    """The curves of zeros from the first on, (rings, 2, directions), as far as one reaches into the band."""
    curves = zero_curves(MAX_RINGS, manual.defocus, manual.optics(optics), DIRECTIONS)
    with np.errstate(invalid="ignore"):
        inside = np.hypot(curves[:, 0], curves[:, 1]) <= 1.0 / manual.resolution_range_A[1]
    return curves[inside.any(axis=1)]


def evaluate_manual_ctf(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, manual: ManualCtf
) -> fit.FixedCtfFit:
    """Compare a manual CTF with the spectrum: only background and ring power are fitted, in its band.

    Raises
    ------
    FitError
        If the band is too narrow.
    """
    low_A, high_A = manual.resolution_range_A
    band = profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / measured.pixel_A))
    ctf = fit.Candidate.from_known(manual.defocus)
    return fit.evaluate_fixed_ctf(
        band, manual.optics(measured.optics), settings, ctf, measured.pixel_variance
    )


def estimate(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, manual: ManualCtf, mode: ManualMode
) -> Attempt:
    """The attempt of a manual CTF, graded like any other: fitted from there, or with `mode` "hand" kept as it is.

    `measured` and its `profiles` are of the run's `settings`. What is kept as it is has standard errors of 0, as
    everything that is fixed. A spectrum that is rejected without a fit is fitted nevertheless; its reasons stay.

    Raises
    ------
    SettingsError
        If the band is in the wrong order, or a value is not finite.
    FitError
        If nothing could be fitted.
    """
    adapted = _settings(settings, manual, mode)
    known = manual.defocus
    if mode == "hand":
        measured = replace(measured, optics=manual.optics(measured.optics))
    else:
        known = _nearby(measured, profiles, adapted, known)
    attempts = tuple(pipeline.attempts_on(measured, profiles, adapted, known, fit_rejected=True))
    best = attempts[pipeline.best_of(attempts)]
    if best.fit is None:
        raise FitError(f"no fit was possible from there: {'; '.join(best.verdict.reasons)}")
    return best


def _nearby(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, manual: KnownDefocus
) -> KnownDefocus:
    """The most likely defocus close to the manual one, as a start.

    A ring set to a few per cent leaves several minima between which a refinement could not move: those of a search are
    compared with it, each also with the manual astigmatism.
    """
    mean_A, x_A, y_A = to_vector(manual.defocus_u_A, manual.defocus_v_A, manual.angle_deg)
    low_A, high_A = (1 - NEARBY) * mean_A, (1 + NEARBY) * mean_A
    near = replace(settings, defocus_range_A=(low_A, high_A), search="match")
    if not settings.phase_shift:
        near = replace(near, phase_shift_deg=manual.phase_shift_deg)
    finest_A = max(samplings(settings, measured.pixel_A)[0], measured.spectrum.sampling_A)
    low_resolution_A, high_resolution_A = settings.resolution_range_A
    band = profiles.within(1.0 / low_resolution_A, min(1.0 / high_resolution_A, 0.5 / finest_A))
    found, _ = fit.search(band, measured.optics, near)
    own = fit.Candidate.from_known(manual, max((candidate.score for candidate in found), default=0.0))
    astigmatic = (replace(candidate, astigmatism_x_A=x_A, astigmatism_y_A=y_A) for candidate in found)
    best = fit.refine(band, measured.optics, near, (own, *found, *astigmatic))
    return KnownDefocus(best.defocus_u_A, best.defocus_v_A, best.angle_deg, best.phase_shift_deg)


def moved_far(manual: KnownDefocus, fitted: CtfFit) -> bool:
    """Whether a fit ended so far from the manual defocus that it may have locked to other rings."""
    start_A = 0.5 * (manual.defocus_u_A + manual.defocus_v_A)
    return abs(fitted.mean_defocus_A - start_A) > MOVED_FAR * abs(start_A)


def _settings(settings: Settings, manual: ManualCtf, mode: ManualMode) -> Settings:
    """The run's settings with the band of the manual CTF, and all of the CTF fixed where it is kept as it is."""
    if not all(math.isfinite(value) for value in (*_values(manual.defocus), *manual.resolution_range_A)):
        raise SettingsError("a defocus or resolution set manually is not a number; expected Å and degrees.")
    start: FitStart = "search" if settings.start == "search" else "network"
    adapted = replace(
        settings, resolution_range_A=manual.resolution_range_A, start=start, fix_defocus=mode == "hand"
    )
    if mode == "fit":
        return adapted
    return replace(adapted, phase_shift=False, refine_amplitude_contrast=False)


def _values(defocus: KnownDefocus) -> tuple[float, float, float, float]:
    return defocus.defocus_u_A, defocus.defocus_v_A, defocus.angle_deg, defocus.phase_shift_deg
