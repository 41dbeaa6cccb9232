"""One input to its spectrum: a file, an image, or the frames of a movie, as far as the settings need it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from thonring import read, spectrum
from thonring.optics import Optics
from thonring.records import Image, Micrograph, Note, Source, Spectrum
from thonring.settings import FINEST_RESOLUTION_A, Settings, SpectrumKind

ICE_SAMPLING_A = 1.5
SPECTRUM_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Measurement:
    """One input, read and transformed: `spectrum` reaches to the finest sampling that any attempt needs.

    `pixel_variance` is the relative variance of a pixel of the image's 512² spectrum, to which scores refer;
    None for a given spectrum, whose own scatter tells. `brightness` (32, 32) is the image's local mean over its mean.
    """

    spectrum: Spectrum
    pixel_A: float
    optics: Optics
    shape: tuple[int, int]
    notes: tuple[Note, ...]
    pixel_variance: float | None = None
    brightness: Image | None = None


def measured_file(source: Source, settings: Settings, kind: SpectrumKind | None) -> Measurement:
    """What a file holds: an image, or a spectrum of the named kind."""
    if kind is None:
        return measure(read.micrograph(source.path, source.optics, metadata=source.metadata), settings)
    given = read.spectrum_file(source.path, source.optics, kind)
    sampling_A = given.spectrum.sampling_A
    shape = (given.spectrum.power.shape[0], 2 * (given.spectrum.power.shape[1] - 1))
    notes = (*given.notes, *_clamped(settings, sampling_A))
    return Measurement(given.spectrum, sampling_A, given.optics, shape, notes)


def measure(micrograph: Micrograph, settings: Settings, finest_A: float = math.inf) -> Measurement:
    """The spectrum of an image as far as the settings need it, or to `finest_A`, and what to tell about it."""
    micrograph = spectrum.repaired(micrograph)
    shape = (micrograph.pixels.shape[0], micrograph.pixels.shape[1])
    brightness = spectrum.local_brightness(micrograph)
    pixel_A = micrograph.pixel_A
    notes = (*micrograph.notes, *_clamped(settings, pixel_A))
    if settings.downsampling is not None and settings.downsampling < 1:
        micrograph = spectrum.finer(micrograph, settings.downsampling)
    variance = SPECTRUM_PIXELS**2 / (shape[0] * shape[1])
    finest_A = min(
        [
            ICE_SAMPLING_A,
            finest_A,
            0.5 * settings.resolution_range_A[1],
            *(sampling for sampling in samplings(settings, pixel_A) if sampling != pixel_A),
        ]
    )
    power = spectrum.periodogram(micrograph, finest_A)
    return Measurement(power, pixel_A, micrograph.optics, shape, notes, variance, brightness)


def measure_frames(
    frames: Iterable[Micrograph], settings: Settings, finest_A: float = math.inf
) -> Measurement:
    """The mean spectrum of images of one field, as the frames of a movie are; at least one, all of one size.

    What moved between the frames does not blur it. Brightness is that of the first.
    """
    measurements = (measure(frame, settings, finest_A) for frame in frames)
    first = next(measurements)
    total, count = first.spectrum.power, 1
    for measurement in measurements:
        total, count = total + measurement.spectrum.power, count + 1
    mean = replace(
        first.spectrum,
        power=total / np.float32(count),
        values_per_pixel=count * first.spectrum.values_per_pixel,
    )
    variance = None if first.pixel_variance is None else first.pixel_variance / count
    return replace(first, spectrum=mean, pixel_variance=variance)


def _clamped(settings: Settings, pixel_A: float) -> tuple[Note, ...]:
    """Tell a user who asked for a resolution beyond Nyquist what was used instead."""
    finest_A = settings.resolution_range_A[1]
    if finest_A in {FINEST_RESOLUTION_A, max(finest_A, 2 * pixel_A)}:
        return ()
    limit_A = 2 * pixel_A
    text = (
        f"--resolution-range asks for {finest_A:g} Å; {pixel_A:g} Å/px ends at {limit_A:g} Å: fitted to there"
    )
    return (Note("resolution-range", text),)


def samplings(settings: Settings, pixel_A: float) -> list[float]:
    """Pixel sizes to try, in order, in Å; a manual factor replaces the list.

    None of them is taken finer than the micrograph's, or than the resolution range can use.
    """
    if settings.downsampling is not None:
        return [settings.downsampling * pixel_A]
    return [pixel_A if sampling is None else sampling for sampling in settings.samplings_A]
