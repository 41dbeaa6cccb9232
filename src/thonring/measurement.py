"""The power spectrum of one input: a file, an image, or the frames of a movie.

Every command that fits, predicts or builds data sets reads its files here: image or given spectrum, repair of bad
pixels, Fourier transform to the finest sampling needed, with notes on all of it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from thonring import read, spectrum
from thonring.errors import InputError
from thonring.optics import Optics
from thonring.records import Image, Micrograph, Note, Source, Spectrum
from thonring.settings import FINEST_RESOLUTION_A, Settings, SpectrumKind

ICE_SAMPLING_A = 1.5
"""Coarsest sampling of a spectrum: its Nyquist frequency, 1/3 Å, is beyond the annuli of the ice criteria."""

SPECTRUM_PIXELS = 512
"""Side of the spectrum to which scores refer."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One input, read and transformed: `spectrum` reaches to the finest sampling that any attempt needs.

    `shape` is the image's (rows, columns). `pixel_variance` is the relative variance of a pixel of the image's 512²
    spectrum, to which scores refer; None for a given spectrum, where it is found from the scatter. `brightness`
    (32, 32) is the image's local mean over its mean, None for a given spectrum.
    """

    spectrum: Spectrum
    pixel_A: float
    optics: Optics
    shape: tuple[int, int]
    notes: tuple[Note, ...]
    pixel_variance: float | None = None
    brightness: Image | None = None


def measured_file(source: Source, settings: Settings, kind: SpectrumKind | None) -> Measurement:
    """The spectrum of a file as far as the settings need it: that of its image, or a given one of the named kind.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used, or states no pixel size where none is given.
    """
    if kind is None:
        micrograph = _micrograph(source)
        with _notes_in_message(micrograph.notes):
            return measure(micrograph, settings)
    given = _given_spectrum(source, kind)
    return replace(given, notes=(*given.notes, *_clamped(settings, given.pixel_A)))


def measured_spectrum(source: Source, kind: SpectrumKind | None, finest_A: float) -> Measurement:
    """The spectrum of a file's image to `finest_A`, or a given one of the named kind to its own limit.

    This is the input of networks; it does not depend on the settings of an estimate.

    Raises
    ------
    InputError, OpticsError
        As `measured_file`.
    """
    if kind is not None:
        return _given_spectrum(source, kind)
    micrograph = _micrograph(source)
    with _notes_in_message(micrograph.notes):
        return _transform(micrograph, finest_A)


def measure(micrograph: Micrograph, settings: Settings, finest_A: float = math.inf) -> Measurement:
    """The spectrum of an image as far as the settings need it, or to `finest_A`, and notes on what was done.

    Raises
    ------
    UnsuitableImage
        If the image is too small, constant, or has too many pixels that are not finite.
    """
    pixel_A = micrograph.pixel_A
    finest_A = min(
        [
            ICE_SAMPLING_A,
            finest_A,
            0.5 * settings.resolution_range_A[1],
            *(sampling for sampling in samplings(settings, pixel_A) if sampling != pixel_A),
        ]
    )
    measured = _transform(micrograph, finest_A, settings.downsampling)
    return replace(measured, notes=(*measured.notes, *_clamped(settings, pixel_A)))


def measure_frames(
    frames: Iterable[Micrograph], settings: Settings, finest_A: float = math.inf
) -> Measurement:
    """The mean spectrum of images of one field, such as the frames of a movie; at least one, all of one size.

    Motion between the frames does not blur it. `brightness` is that of the first.
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


@contextmanager
def _notes_in_message(notes: Sequence[Note]) -> Iterator[None]:
    """Append notes to the message of an error: what is odd about a file may be why it cannot be used."""
    try:
        yield
    except InputError as problem:
        raise type(problem)(" ".join([str(problem), *(note.text for note in notes)])) from problem


def _micrograph(source: Source) -> Micrograph:
    return read.micrograph(source.path, source.optics, metadata=source.metadata)


def _transform(micrograph: Micrograph, finest_A: float, downsampling: float | None = None) -> Measurement:
    """The spectrum to `finest_A`, of the repaired image; a `downsampling` below 1 first interpolates its pixels."""
    micrograph = spectrum.repaired(micrograph)
    shape = (micrograph.pixels.shape[0], micrograph.pixels.shape[1])
    brightness = spectrum.local_brightness(micrograph)
    interpolated = micrograph
    if downsampling is not None and downsampling < 1:
        interpolated = spectrum.finer(micrograph, downsampling)
    return Measurement(
        spectrum=spectrum.periodogram(interpolated, finest_A),
        pixel_A=micrograph.pixel_A,
        optics=micrograph.optics,
        shape=shape,
        notes=micrograph.notes,
        pixel_variance=SPECTRUM_PIXELS**2 / (shape[0] * shape[1]),
        brightness=brightness,
    )


def _given_spectrum(source: Source, kind: SpectrumKind) -> Measurement:
    given = read.spectrum_file(source.path, source.optics, kind)
    shape = (given.spectrum.power.shape[0], 2 * (given.spectrum.power.shape[1] - 1))
    return Measurement(given.spectrum, given.spectrum.sampling_A, given.optics, shape, given.notes)


def _clamped(settings: Settings, pixel_A: float) -> tuple[Note, ...]:
    """A note if the requested resolution is beyond Nyquist, on what is used instead."""
    finest_A = settings.resolution_range_A[1]
    if finest_A in {FINEST_RESOLUTION_A, max(finest_A, 2 * pixel_A)}:
        return ()
    limit_A = 2 * pixel_A
    text = (
        f"--resolution-range asks for {finest_A:g} Å, but the Nyquist limit at {pixel_A:g} Å/px is {limit_A:g} Å: "
        "fitted to that"
    )
    return (Note("resolution-range", text),)


def samplings(settings: Settings, pixel_A: float) -> list[float]:
    """Pixel sizes to try, in order, in Å; `settings.downsampling` times `pixel_A` replaces the list.

    Those finer than the spectrum are limited to its sampling where they are used.
    """
    if settings.downsampling is not None:
        return [settings.downsampling * pixel_A]
    return [pixel_A if sampling is None else sampling for sampling in settings.samplings_A]
