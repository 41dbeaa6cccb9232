"""Images of spectra: the measured one next to the model, and each of them alone; thumbnails of micrographs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from thonring.ctf import zero_curves
from thonring.plot import style
from thonring.plot.caption import write_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.optics import Optics
    from thonring.records import CtfFit, Floats, Image, Micrograph, Outcome


THUMBNAIL_PIXELS = 512
_DARK_PERCENT, _BRIGHT_PERCENT = 1.0, 99.0
"""Percentiles of a micrograph that become black and white."""

_RINGS_FROM, _RINGS_TO = 0.15, 0.85
"""Radii, relative to Nyquist, between which a spectrum's grey levels are chosen."""


# Figures


def quadrant_figure(outcome: Outcome, enhanced: Image, composite: Image | None) -> Figure:
    """Draw the measured spectrum next to the model, with the fit and the verdict in words.

    Parameters
    ----------
    outcome
        The judged micrograph; its kept attempt gives the sampling, the fit and the reasons.
    enhanced
        The enhanced spectrum, the full plane, centred, (n, n).
    composite
        The same with the model in one quadrant, (n, n); None if nothing could be fitted.
    """
    assert outcome.attempt is not None
    nyquist_per_A = 0.5 / outcome.attempt.sampling_A
    with style.house_style():
        figure = style.new_figure(11.6, 4.42)
        left, right, words = figure.subplots(1, 3, width_ratios=[1, 1, 0.74])
        _draw_plane(left, enhanced, nyquist_per_A)
        left.set_title("measured")
        _draw_plane(right, enhanced if composite is None else composite, nyquist_per_A)
        right.set_title("no fit" if composite is None else "measured and model")
        if outcome.fit is not None and outcome.optics is not None:
            _draw_first_zeros(left, first_zeros(outcome.fit, outcome.optics))
            _draw_fit_limit(right, outcome.fit)
        write_caption(words, outcome)
    return figure


def first_zeros(fit: CtfFit, optics: Optics) -> Floats:
    """Return the closed curve of the first zeros, (2, directions), as kx and ky in 1/Å; NaN where there is none."""
    curves = zero_curves(1, fit, replace(optics, amplitude_contrast=fit.amplitude_contrast))
    first: Floats = curves[0]
    return first


def _draw_plane(axes: Axes, image: Image, nyquist_per_A: float) -> None:
    low, high = grey_range(image)
    half_step = nyquist_per_A / image.shape[1]
    edges = (-nyquist_per_A - half_step, nyquist_per_A - half_step)
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, extent=(*edges, edges[1], edges[0]))
    axes.set(xticks=[], yticks=[], xlim=edges, ylim=edges[::-1])
    axes.spines[:].set_visible(False)
    for resolution_A in style.rings_to_label(nyquist_per_A, 0.25):
        _draw_ring(axes, resolution_A)


def grey_range(image: Image) -> tuple[float, float]:
    """Choose black and white for the rings: neither the bright centre nor the empty corners count."""
    half = image.shape[0] // 2
    radius = np.hypot(*(np.indices(image.shape) - half)) / half
    rings = image[(radius > _RINGS_FROM) & (radius < _RINGS_TO) & np.isfinite(image)]
    low, high = np.percentile(rings, [1.0, 99.5])
    return (float(low), float(high)) if high > low else (float(low) - 1.0, float(low) + 1.0)


def _draw_ring(axes: Axes, resolution_A: float) -> None:
    axes.plot(*_circle(1.0 / resolution_A), color="white", linewidth=0.6, alpha=0.8, linestyle=(0, (2, 4)))
    corner = math.sqrt(0.5) / resolution_A
    label = {"boxstyle": "round,pad=0.15", "facecolor": "black", "edgecolor": "none", "alpha": 0.55}
    axes.text(
        corner,
        -corner,
        f"{resolution_A:g} Å",
        color="white",
        fontsize=7,
        ha="center",
        va="center",
        bbox=label,
    )


def _draw_first_zeros(axes: Axes, zeros_per_A: Floats) -> None:
    _draw_outlined(axes, zeros_per_A, style.ON_IMAGE)
    axes.set_title("first zeros", loc="right", color=style.ZEROS)


def _draw_fit_limit(axes: Axes, fit: CtfFit) -> None:
    if not math.isfinite(fit.fit_resolution_A):
        return
    _draw_outlined(axes, _circle(1.0 / fit.fit_resolution_A), style.LIMIT_ON_IMAGE)
    axes.set_title(f"fit to {fit.fit_resolution_A:.1f} Å", loc="right", color=style.BACKGROUND)


def _draw_outlined(axes: Axes, curve_per_A: Floats, colour: str) -> None:
    axes.plot(*curve_per_A, color="black", linewidth=1.6, alpha=0.55)
    axes.plot(*curve_per_A, color=colour, linewidth=0.8)


def _circle(radius_per_A: float) -> Floats:
    angle_rad = np.linspace(0.0, 2.0 * math.pi, 181)
    return radius_per_A * np.stack([np.cos(angle_rad), np.sin(angle_rad)])


# PNG images


def spectrum_png(plane: Image) -> bytes:
    """A centred full plane (n, n), black and white chosen for the rings; row 0 is at the top."""
    return _png(plane, *grey_range(plane))


def model_png(sin2: Floats) -> bytes:
    """sin²χ of any shape: 0 is black, 1 is white."""
    return _png(sin2, 0.0, 1.0)


def thumbnail_png(micrograph: Micrograph) -> bytes:
    """A micrograph of any size as means over blocks, at most 512 pixels each way; row 0 is at the top."""
    blocks = _block_means(micrograph)
    finite = blocks[np.isfinite(blocks)]
    low, high = np.percentile(finite, (_DARK_PERCENT, _BRIGHT_PERCENT)) if finite.size else (0.0, 0.0)
    return _png(blocks, float(low), float(high))


def _block_means(micrograph: Micrograph) -> Floats:
    """Mean of each block, one row of blocks at a time: the whole image is never in memory as floats."""
    rows, columns = micrograph.pixels.shape[:2]
    block = -(-max(rows, columns) // THUMBNAIL_PIXELS)
    down, across = rows // block, columns // block
    means = np.empty((down, across))
    for row in range(down):
        strip = micrograph.pixels[row * block : (row + 1) * block, : across * block]
        means[row] = strip.reshape(block, across, block).mean(axis=(0, 2), dtype=np.float64)
    return means


def _png(values: Image | Floats, low: float, high: float) -> bytes:
    """Encode values as 8-bit grey, black at `low` and white at `high`; NaN is the grey between."""
    import imagecodecs

    span = high - low if high > low else 1.0
    shares = np.nan_to_num(np.clip((values - low) / span, 0.0, 1.0), nan=0.5)
    return bytes(imagecodecs.png_encode(np.rint(255.0 * shares).astype(np.uint8), level=2))
