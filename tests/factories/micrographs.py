"""Simulated micrographs with known truth, and how to estimate them without a file."""

from collections.abc import Sequence
from functools import cache

from thonring import pipeline, spectrum
from thonring.optics import Optics
from thonring.records import Attempt, CtfFit, KnownDefocus, Micrograph, SectorProfiles
from thonring.settings import Settings
from thonring.simulate import RingModel, Truth, white_micrograph

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
STRONG = RingModel(contrast=1.0, b_factor_A2=60.0)
TRUTH = Truth(OPTICS, 15400.0, 14600.0, 30.0, rings=STRONG)
NATIVE = Settings(samplings_A=(None,))


@cache
def micrograph(truth: Truth = TRUTH, size: int = 768, seed: int = 1) -> Micrograph:
    """A square simulated micrograph, locked: who writes to it is found out."""
    image = white_micrograph(truth, (size, size), seed)
    image.pixels.flags.writeable = False
    return image


def attempts(
    image: Micrograph, settings: Settings = NATIVE, known: KnownDefocus | None = None
) -> Sequence[Attempt]:
    """All attempts of the method on an image."""
    measured = pipeline.measure(image, settings)
    return list(pipeline.attempts_on(measured, pipeline.sectors(measured, settings), settings, known))


def fitted(image: Micrograph, settings: Settings = NATIVE, known: KnownDefocus | None = None) -> CtfFit:
    """The fit of the last attempt on an image."""
    found = attempts(image, settings, known)[-1]
    assert found.fit is not None, found.verdict.reasons
    return found.fit


@cache
def fit_of_truth(truth: Truth = TRUTH, size: int = 768, seed: int = 1, settings: Settings = NATIVE) -> CtfFit:
    """The fit of a simulated micrograph, computed once a session."""
    return fitted(micrograph(truth, size, seed), settings)


def profiles_of(image: Micrograph, settings: Settings = NATIVE) -> SectorProfiles:
    """What the searches and the refinement are given."""
    low_A, high_A = settings.resolution_range_A
    width = spectrum.ring_width_per_A(settings.defocus_range_A[1], image.optics, 1 / high_A)
    return spectrum.sector_profiles(spectrum.periodogram(image, 0.5 * high_A), 1 / low_A, 1 / high_A, width)


def turned(one_deg: float, other_deg: float) -> float:
    """Angle between two axes, 0 to 90 degrees."""
    return abs((one_deg - other_deg + 90.0) % 180.0 - 90.0)
