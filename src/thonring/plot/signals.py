"""What the Fourier search saw on its way to a defocus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thonring.plot.style import (
    BACKGROUND,
    FAINT,
    MEASURED,
    MODEL,
    add_resolution_axis,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.records import SearchSignals


def signals_figure(signals: SearchSignals, title: str = "") -> Figure:
    """Draw the background-free profile, the same against k², and its transform with the peak taken."""
    with house_style():
        figure = new_figure(12.4, 3.7)
        profile, resampled, transform = figure.subplots(1, 3)
        _draw_signal(profile, signals.frequency_per_A, signals.profile)
        profile.set(xlabel="spatial frequency (1/Å)", ylabel="power without background")
        add_resolution_axis(profile, *signals.frequency_per_A[[0, -1]])
        _draw_signal(resampled, signals.squared_frequency, signals.resampled)
        resampled.set(xlabel="squared frequency (1/Å²)", title="evenly in k²: rings of equal width")
        _draw_transform(transform, signals)
        if title:
            figure.suptitle(title, fontsize=10.5, x=0.01, ha="left")
    return figure


def _draw_signal(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    axes.axhline(0.0, color=FAINT, linewidth=0.6)
    axes.plot(x, y, color=MEASURED, linewidth=0.9)
    axes.set_xlim(float(x[0]), float(x[-1]))


def _draw_transform(axes: Axes, signals: SearchSignals) -> None:
    defocus_um = 1e-4 * signals.defocus_A
    chosen_um = 1e-4 * signals.chosen_A
    axes.fill_between(defocus_um, 0.0, signals.amplitude, color=BACKGROUND, alpha=0.15, linewidth=0)
    axes.plot(defocus_um, signals.amplitude, color=BACKGROUND)
    axes.axvline(chosen_um, color=MODEL, linewidth=0.8, linestyle=(0, (3, 2)))
    height = float(np.interp(chosen_um, defocus_um, signals.amplitude))
    axes.plot(chosen_um, height, "o", color=MODEL, markersize=5)
    furthest_um = min(float(defocus_um[-1]), max(4.0 * chosen_um, 3.0))
    axes.set_xlim(0.0, furthest_um)
    axes.set_ylim(0.0, 1.15 * max(float(np.max(signals.amplitude[defocus_um <= furthest_um])), 1e-30))
    axes.set(xlabel="defocus (µm)", ylabel="Fourier amplitude")
    axes.set_title(f"chosen: {signals.chosen_A:,.0f} Å", color=MODEL)
