"""A person's estimate: rings set on the spectrum by hand, held against it, and fitted from there by the same method."""

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
"""Rings are searched within this share of the hand's defocus: a hand is good to a few per cent of a ring's radius."""

RAN_AWAY = 0.12
"""A fit further than this share from the hand's defocus is told: it may be on other rings than those meant."""

MOST_RINGS, DIRECTIONS = 40, 91
_ROUNDING = 1e-9
ManualMode = Literal["fit", "hand"]


@dataclass(frozen=True, slots=True)
class ManualCtf:
    """What a person set: the defocus, and the band to look at (low resolution first, Å).

    `amplitude_contrast` is None for that of the optics.
    """

    defocus: KnownDefocus
    resolution_range_A: tuple[float, float]
    amplitude_contrast: float | None = None

    def optics(self, optics: Optics) -> Optics:
        """The optics with the amplitude contrast that is held."""
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
    found = defocus_of_zero(
        ring.number, [ring.along_per_A, ring.across_per_A], optics, math.radians(phase_shift_deg)
    )
    along_A, across_A = (float(defocus) for defocus in found)
    if not math.isfinite(along_A + across_A):
        furthest_A = 1.0 / max(ring.along_per_A, ring.across_per_A, 1e-9)
        raise FitError(
            f"no defocus has zero {ring.number} at {furthest_A:.2f} Å: with Cs {optics.cs_mm:g} mm at "
            f"{optics.voltage_kV:g} kV the phase turns back before. Set the ring further in, or choose a later zero."
        )
    return KnownDefocus(*canonical(along_A, across_A, ring.angle_deg), phase_shift_deg)


def manual_ctf_of(fitted: CtfFit) -> ManualCtf:
    """A fit as if a hand had set it, in the band that it was fitted on."""
    low_A, high_A = fitted.resolution_range_A
    defocus = KnownDefocus(fitted.defocus_u_A, fitted.defocus_v_A, fitted.angle_deg, fitted.phase_shift_deg)
    return ManualCtf(defocus, (low_A * (1 + _ROUNDING), high_A * (1 - _ROUNDING)), fitted.amplitude_contrast)


def ring_of(hand: ManualCtf, optics: Optics, number: int) -> Ring | None:
    """The ring of a zero along U and across; None where the defocus has no such zero in both directions."""
    used, defocus = hand.optics(optics), hand.defocus
    both = zero_frequency(
        number, [defocus.defocus_u_A, defocus.defocus_v_A], used, math.radians(defocus.phase_shift_deg)
    )
    along_per_A, across_per_A = (float(radius) for radius in both)
    if not math.isfinite(along_per_A + across_per_A):
        return None
    return Ring(number, along_per_A, across_per_A, defocus.angle_deg)


def rings_of(hand: ManualCtf, optics: Optics) -> Floats:
    """The curves of zeros from the first on, (rings, 2, directions), as far as one reaches into the band."""
    curves = zero_curves(MOST_RINGS, hand.defocus, hand.optics(optics), DIRECTIONS)
    with np.errstate(invalid="ignore"):
        inside = np.hypot(curves[:, 0], curves[:, 1]) <= 1.0 / hand.resolution_range_A[1]
    return curves[inside.any(axis=1)]


def evaluate_manual_ctf(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, hand: ManualCtf
) -> fit.FixedCtfFit:
    """The hand's CTF against the spectrum: only background and ring power are fitted, in its band.

    Raises
    ------
    FitError
        If the band is too narrow.
    """
    low_A, high_A = hand.resolution_range_A
    band = profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / measured.pixel_A))
    defocus = hand.defocus
    vector = to_vector(defocus.defocus_u_A, defocus.defocus_v_A, defocus.angle_deg)
    ctf = fit.Candidate(*vector, defocus.phase_shift_deg, 0.0)
    return fit.evaluate_fixed_ctf(band, hand.optics(measured.optics), settings, ctf, measured.pixel_variance)


def estimate(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, hand: ManualCtf, way: ManualMode
) -> Attempt:
    """The hand's estimate, graded as any: fitted from there, or with `way` "hand" kept as it is.

    `measured` and its `profiles` are of the run's `settings`. What is kept as it is has standard errors of 0, as
    everything that is held fixed. A spectrum that is refused without a fit is fitted all the same; its reasons stay.

    Raises
    ------
    SettingsError
        If the band is upside down.
    FitError
        If nothing could be fitted.
    """
    wanted = _settings(settings, hand, way)
    known = hand.defocus
    if way == "hand":
        measured = replace(measured, optics=hand.optics(measured.optics))
    else:
        known = _nearby(measured, profiles, wanted, known)
    attempts = tuple(pipeline.attempts_on(measured, profiles, wanted, known, insist=True))
    best = attempts[pipeline.best_of(attempts)]
    if best.fit is None:
        raise FitError(f"nothing could be fitted from there: {'; '.join(best.verdict.reasons)}")
    return best


def _nearby(
    measured: Measurement, profiles: SectorProfiles, settings: Settings, hand: KnownDefocus
) -> KnownDefocus:
    """The most likely of the defoci close to the hand's, as a start.

    A ring set to a few per cent leaves several defoci that a refinement could not get away from: those of a search
    are compared with it, each also with the hand's astigmatism.
    """
    mean_A, x_A, y_A = to_vector(hand.defocus_u_A, hand.defocus_v_A, hand.angle_deg)
    low_A, high_A = (1 - NEARBY) * mean_A, (1 + NEARBY) * mean_A
    near = replace(settings, defocus_range_A=(low_A, high_A), search="match")
    if not settings.phase_shift:
        near = replace(near, phase_shift_deg=hand.phase_shift_deg)
    finest_A = max(samplings(settings, measured.pixel_A)[0], measured.spectrum.sampling_A)
    low_resolution_A, high_resolution_A = settings.resolution_range_A
    band = profiles.within(1.0 / low_resolution_A, min(1.0 / high_resolution_A, 0.5 / finest_A))
    found, _ = fit.search(band, measured.optics, near)
    own = fit.Candidate(
        mean_A, x_A, y_A, hand.phase_shift_deg, max((one.score for one in found), default=0.0)
    )
    astigmatic = (replace(one, astigmatism_x_A=x_A, astigmatism_y_A=y_A) for one in found)
    best = fit.refine(band, measured.optics, near, (own, *found, *astigmatic))
    return KnownDefocus(best.defocus_u_A, best.defocus_v_A, best.angle_deg, best.phase_shift_deg)


def moved_far(hand: KnownDefocus, fitted: CtfFit) -> bool:
    """Whether a fit ended so far from where the hand started it that it may be on other rings."""
    start_A = 0.5 * (hand.defocus_u_A + hand.defocus_v_A)
    return abs(fitted.mean_defocus_A - start_A) > RAN_AWAY * abs(start_A)


def _settings(settings: Settings, hand: ManualCtf, way: ManualMode) -> Settings:
    """The run's settings with the band of the hand, and all of the CTF held where it is kept as it is."""
    if not all(math.isfinite(value) for value in (*_values(hand.defocus), *hand.resolution_range_A)):
        raise SettingsError("a defocus or resolution set by hand is no number; expected Å and degrees.")
    start: FitStart = "search" if settings.start == "search" else "network"
    wanted = replace(
        settings, resolution_range_A=hand.resolution_range_A, start=start, fix_defocus=way == "hand"
    )
    if way == "fit":
        return wanted
    return replace(wanted, phase_shift=False, refine_amplitude_contrast=False)


def _values(defocus: KnownDefocus) -> tuple[float, float, float, float]:
    return defocus.defocus_u_A, defocus.defocus_v_A, defocus.angle_deg, defocus.phase_shift_deg
