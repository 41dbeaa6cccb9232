"""Reading spectra computed by another program: the full plane in the file, the half plane in the record."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thonring.errors import UnsuitableImage
from thonring.optics import Optics
from thonring.read.image import resolve_pixel_size
from thonring.read.image_formats import load
from thonring.records import Floats, GivenSpectrum, Image, Note, Spectrum
from thonring.settings import SpectrumKind

MIN_SIDE = 16
MIN_SYMMETRY = 0.9
CLEAR_CONTRAST = 2.0
"""Ratio of the two ring contrasts above which the position of the origin is clear: a choice."""


def spectrum_file(path: Path, optics: Optics, kind: SpectrumKind) -> GivenSpectrum:
    """Read an amplitude or power spectrum of the full plane, centred or with its origin in the corner.

    The header's pixel size (or `optics.pixel_A`, which overrides it) is the sampling whose Nyquist frequency ends the
    axes: for a spectrum cropped by its program it is larger than the micrograph's. The position of the origin is found
    from the data. Amplitudes are squared. The number of values averaged in a pixel is unknown and set to 1.

    Raises
    ------
    UnreadableFile
        If the file cannot be read.
    UnsuitableImage
        If values are negative or not finite (the origin apart), all equal, or P(k) differs from P(-k).
    OpticsError
        If neither header nor `optics` state a sampling.
    """
    raw = load(path)
    sampling_A, notes = resolve_pixel_size(path, raw.header_pixel_A, optics, refused=raw.notes)
    corner, origin_notes = _origin_in_corner(path, raw.pixels.astype(np.float64))
    _check_symmetry(path, corner)
    rows, columns = corner.shape
    spectrum = Spectrum(
        power=_half_plane(path, corner**2 if kind == "amplitude" else corner),
        step_y_per_A=1.0 / (rows * sampling_A),
        step_x_per_A=1.0 / (columns * sampling_A),
        sampling_A=sampling_A,
        values_per_pixel=1.0,
    )
    return GivenSpectrum(path, spectrum, optics, (*raw.notes, *notes, *origin_notes))


def _origin_in_corner(path: Path, plane: Floats) -> tuple[Floats, tuple[Note, ...]]:
    """Return the plane with its origin at [0, 0], and a note if its position was uncertain."""
    if min(plane.shape) < MIN_SIDE:
        raise UnsuitableImage(
            f"{path}: found {plane.shape[1]} x {plane.shape[0]} values, expected a spectrum of at least "
            f"{MIN_SIDE} x {MIN_SIDE}."
        )
    bad = ~(np.isfinite(plane) & (plane >= 0))
    usable = np.where(bad, 0.0, plane)
    shifted = np.fft.ifftshift(usable)
    if_corner, if_centred = _ring_contrast(usable), _ring_contrast(shifted)
    centred = if_centred >= if_corner
    _check_values(path, np.fft.ifftshift(bad) if centred else bad)
    notes: tuple[Note, ...] = ()
    if max(if_centred, if_corner) < CLEAR_CONTRAST * min(if_centred, if_corner):
        place = "at its centre" if centred else "in its corner"
        text = f"{path}: the rings do not show where the origin of the spectrum is; it was assumed to be {place}."
        notes = (Note("spectrum-origin", text),)
    return (shifted if centred else usable), notes


def _ring_contrast(corner: Floats) -> float:
    """Variance of the log power between rings around [0, 0], out to a third of the plane.

    Thon rings and the slope of the background show only around the true origin. Unlike the mean power there, this
    holds even for a spectrum whose low frequencies were removed or whitened.
    """
    rows, columns = corner.shape
    radius = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)) * min(rows, columns)
    inside = (radius >= 1.5) & (radius < min(rows, columns) / 3)
    # Mean log power of each ring one pixel wide, then the variance of these means, weighted by the rings' pixels.
    ring = np.rint(radius[inside]).astype(np.intp)
    values = np.bincount(ring)
    present = values > 0
    means = np.bincount(ring, weights=_log(corner)[inside])[present] / values[present]
    mean = np.average(means, weights=values[present])
    return float(np.average((means - mean) ** 2, weights=values[present]))


def _log(power: Floats) -> Floats:
    return np.log(np.maximum(power, max(1e-6 * float(np.median(power)), 1e-300)))


def _check_values(path: Path, bad_corner: npt.NDArray[np.bool_]) -> None:
    count = int(bad_corner.sum()) - int(bad_corner[0, 0])
    if count:
        raise UnsuitableImage(
            f"{path}: found {count} negative or non-finite values of {bad_corner.size}, expected an "
            "amplitude or power spectrum, which has none. Give the spectrum before taking the logarithm or "
            "subtracting the background, or drop --spectrum if this is a micrograph."
        )


def _check_symmetry(path: Path, corner: Floats) -> None:
    """Reject a plane without P(k) = P(-k).

    Differences of neighbours are correlated rather than values, which would correlate by their common slope alone.
    """
    log_power = _log(corner)
    mirrored = np.roll(log_power[::-1, ::-1], 1, axis=(0, 1))
    detail, mirrored_detail = (plane - np.roll(plane, 1, axis=1) for plane in (log_power, mirrored))
    if not detail.any():
        raise UnsuitableImage(
            f"{path}: all values are equal, expected a spectrum. The program that wrote it failed; run it again."
        )
    symmetry = float(np.corrcoef(detail.ravel(), mirrored_detail.ravel())[0, 1])
    if symmetry < MIN_SYMMETRY:
        raise UnsuitableImage(
            f"{path}: P(k) and P(-k) correlate by {symmetry:.2f}, expected 1 for the full plane of a spectrum. "
            "Drop --spectrum if this is a micrograph; a half plane must be completed first."
        )


def _half_plane(path: Path, corner: Floats) -> Image:
    """Columns 0 to Nyquist, rows centred, as float32."""
    columns = corner.shape[1] // 2 + 1
    largest = float(corner.max())
    if largest > float(np.finfo(np.float32).max):
        raise UnsuitableImage(
            f"{path}: the largest power is {largest:.3g}, expected at most 3.4e38. Scale the spectrum down."
        )
    return np.fft.fftshift(corner[:, :columns], axes=0).astype(np.float32)
