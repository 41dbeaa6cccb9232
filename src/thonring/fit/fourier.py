"""Initial estimate by Fourier transform, as in the Xmipp protocol, with the corrections of 2019.

The background-free rotational profile is resampled uniformly in k², where rings of one defocus have one
period, and transformed: the strongest peak K gives Δf = K (2Ts)² / λ. Two corrections can be switched on and off:
values beyond mean + 3σ are clipped, and a peak must be a local maximum, not the top of a slope.
Source: docs/conventions.md; the factor is that of a power spectrum sampled to Nyquist 1/(2Ts).
"""

import numpy as np
import numpy.typing as npt

from thonring.errors import FitError
from thonring.fit.candidate import MAX_CANDIDATES, Candidate
from thonring.fit.splines import SMOOTH_SPLINES, rotational_mean, smooth_power
from thonring.optics import Optics
from thonring.records import Floats, SearchSignals, SectorProfiles
from thonring.settings import Settings

Indices = npt.NDArray[np.intp]

SAMPLES = 512
"""Samples of the profile along k². Hand-tuned; data not recorded."""

PADDING = 8
"""The profile is padded to this many times its length: the width of a peak in bins. Hand-tuned; data not recorded."""

CLIP_DEVIATIONS = 3.0
"""Standard deviations above the mean at which the transform is clipped: a correction of 2019 (docs/corrections.md)."""


def fourier(
    profiles: SectorProfiles, optics: Optics, settings: Settings
) -> tuple[tuple[Candidate, ...], SearchSignals]:
    """The strongest peaks within the defocus range, best first, and the signals they were found in.

    Raises
    ------
    FitError
        If the range holds no peak.
    """
    # 1. The rotational mean without its background: P/S - 1.
    frequency = profiles.frequency_per_A
    mean, _ = rotational_mean(profiles)
    smooth = smooth_power(frequency, mean, np.ones_like(mean), SMOOTH_SPLINES)
    excess = mean / smooth - 1.0
    # 2. Resampled uniformly in k² and transformed; the axis of the transform is the defocus.
    squared, resampled = _against_squared_frequency(frequency, excess)
    defocus, amplitude = _transform(squared, resampled, optics)
    inside = (defocus >= settings.defocus_range_A[0]) & (defocus <= settings.defocus_range_A[1])
    defocus, amplitude = defocus[inside], amplitude[inside]
    if amplitude.size < 3:
        raise FitError(
            "the Fourier search has no frequencies within the defocus range; widen --defocus-range."
        )
    # 3. The two corrections, and the tallest peaks that are not each other's flanks.
    height = _clipped(amplitude) if settings.clip_outliers else amplitude
    peaks = _local_maxima(height) if settings.local_maximum else np.arange(height.size)
    if peaks.size == 0:
        raise FitError("the Fourier search found no local maximum; try --search match.")
    tallest = peaks[np.argsort(-height[peaks], kind="stable")]
    chosen = _apart(tallest, PADDING)
    found = tuple(Candidate(_vertex(defocus, amplitude, i), 0.0, 0.0, 0.0, float(height[i])) for i in chosen)
    return found, SearchSignals(frequency, excess, squared, resampled, defocus, amplitude, found[0].mean_A)


def _against_squared_frequency(frequency: Floats, excess: Floats) -> tuple[Floats, Floats]:
    squared = np.linspace(frequency[0] ** 2, frequency[-1] ** 2, SAMPLES)
    return squared, np.interp(squared, frequency**2, excess)


def _transform(squared: Floats, resampled: Floats, optics: Optics) -> tuple[Floats, Floats]:
    """Axis of defocus and amplitude.

    A period of 1/(λΔf) in k² over a length (1/2Ts)² is K = λΔf/(2Ts)², hence Δf = K (2Ts)²/λ; the spherical
    aberration takes Cs λ² k² from the apparent defocus, which the axis gives back for the middle of the band.
    """
    length = (squared[1] - squared[0]) * PADDING * SAMPLES
    amplitude = np.abs(np.fft.rfft((resampled - resampled.mean()) * np.hanning(SAMPLES), PADDING * SAMPLES))
    aberration_A = 1e7 * optics.cs_mm * optics.wavelength_A**2 * 0.5 * (squared[0] + squared[-1])
    return np.arange(amplitude.size) / (length * optics.wavelength_A) + aberration_A, amplitude


def _clipped(amplitude: Floats) -> Floats:
    clipped: Floats = np.minimum(amplitude, amplitude.mean() + CLIP_DEVIATIONS * amplitude.std())
    return clipped


def _local_maxima(height: Floats) -> Indices:
    """Centres of the peaks, and of the plateaus left by clipping, that fall off on both sides."""
    # Runs of equal values, first to last; a peak is a run of one. Runs at the ends of the range are excluded.
    change = np.flatnonzero(np.diff(height)) + 1
    first, last = np.concatenate(([0], change)), np.concatenate((change, [height.size])) - 1
    inner = (first > 0) & (last < height.size - 1)
    first, last = first[inner], last[inner]
    higher = (height[first] > height[first - 1]) & (height[last] > height[last + 1])
    middle: Indices = (first[higher] + last[higher]) // 2
    return middle


def _apart(ranked: Indices, bins: int) -> list[int]:
    """The first of the ranked indices, none of them within `bins` of a better one."""
    chosen: list[int] = []
    for index in ranked:
        if all(abs(int(index) - other) > bins for other in chosen):
            chosen.append(int(index))
        if len(chosen) == MAX_CANDIDATES:
            break
    return chosen


def _vertex(defocus: Floats, amplitude: Floats, index: int) -> float:
    """Defocus in Å of the vertex of the parabola through a peak and its neighbours."""
    if not 0 < index < amplitude.size - 1:
        return float(defocus[index])
    left, top, right = amplitude[index - 1 : index + 2]
    curvature = left - 2 * top + right
    offset = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float(defocus[index] + np.clip(offset, -1, 1) * (defocus[1] - defocus[0]))
