"""Figures against frequency: power, rings and agreement of a fit; the signals of the Fourier search."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from thonring.plot import style
from thonring.plot.caption import headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.records import CtfFit, Floats, Outcome, RadialCurve, SearchSignals


def profile_figure(outcome: Outcome) -> Figure:
    """Draw the radial curve of a fitted micrograph in three panels over one frequency axis.

    Power with background and envelope (log), the normalised rings with the fitted sin²χ, and the
    local agreement of the two; the fit resolution is marked in all.
    """
    assert outcome.fit is not None
    fit = outcome.fit
    with style.house_style():
        figure = style.new_figure(9.4, 6.2)
        power, rings, agreement = figure.subplots(3, 1, sharex=True, height_ratios=[1.15, 1.25, 0.55])
        _draw_power(power, fit.curve)
        _draw_rings(rings, fit)
        _draw_agreement(agreement, fit.curve)
        for axes in (power, rings, agreement):
            _mark_fit_resolution(axes, fit)
        band = (float(fit.curve.frequency_per_A[0]), float(fit.curve.frequency_per_A[-1]))
        agreement.set_xlim(*band)
        agreement.set_xlabel("spatial frequency (1/Å)")
        style.add_resolution_axis(power, *band)
        figure.suptitle(
            headline(outcome), color=style.STATUS_COLOURS[outcome.status], fontsize=10.5, x=0.01, ha="left"
        )
    return figure


def normalised_rings(curve: RadialCurve) -> Floats:
    """Return (power - background) / ring power, (rings,): 0 at a zero, 1 at a crest, NaN without a model."""
    modelled = curve.ring_power > 0
    ring_power = np.where(modelled, curve.ring_power, 1.0)
    return np.where(modelled, (curve.power - curve.background) / ring_power, math.nan)


def _draw_power(axes: Axes, absolute: RadialCurve) -> None:
    curve = relative_power(absolute)
    k, envelope = curve.frequency_per_A, curve.background + curve.ring_power
    axes.fill_between(k, curve.background, envelope, color=style.MODEL, alpha=0.10, linewidth=0)
    axes.plot(k, curve.power, color=style.MEASURED, linewidth=0.9, label="measured")
    axes.plot(k, curve.background, color=style.BACKGROUND, label="background")
    axes.plot(
        k, envelope, color=style.MODEL, linewidth=0.8, linestyle=(0, (4, 2)), label="background + envelope"
    )
    axes.plot(k, curve.background + curve.ring_power * curve.sin2, color=style.MODEL, label="fitted")
    axes.set_yscale("log", subs=[2, 5])
    axes.set_ylim(*power_limits(curve))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_ylabel("power (relative)")
    axes.legend(loc="upper right", ncols=4)


def relative_power(curve: RadialCurve) -> RadialCurve:
    """Scale a curve to a background of median 1, for readable numbers."""
    unit = float(np.median(curve.background))
    return replace(
        curve,
        power=curve.power / unit,
        background=curve.background / unit,
        ring_power=curve.ring_power / unit,
    )


def power_limits(curve: RadialCurve) -> tuple[float, float]:
    """Choose limits for the log axis: all but the strong centre, which would flatten the rest."""
    shown = curve.power[np.isfinite(curve.power) & (curve.power > 0)]
    if not shown.size:
        return 0.1, 1.0
    low, high = float(np.min(shown)), float(np.percentile(shown, 99.0))
    margin = (high / low) ** 0.08
    return low / max(margin, 1.01), high * max(margin, 1.01) ** 2


def _draw_rings(axes: Axes, fit: CtfFit) -> None:
    curve, k = fit.curve, fit.curve.frequency_per_A
    axes.axhline(0.0, color=style.FAINT, linewidth=0.6)
    axes.axhline(1.0, color=style.FAINT, linewidth=0.6)
    measured = normalised_rings(curve)
    fitted = k * fit.fit_resolution_A <= 1.0
    axes.plot(k, measured, color=style.FAINT, linewidth=0.7)
    axes.plot(
        k, np.where(fitted, measured, math.nan), color=style.MEASURED, linewidth=0.9, label="measured rings"
    )
    axes.plot(k, curve.sin2, color=style.MODEL, label="sin²χ")
    axes.set(ylim=(-0.6, 1.9), yticks=[0.0, 0.5, 1.0, 1.5])
    axes.set_ylabel("rings / envelope")
    axes.legend(
        loc="upper right", ncols=2, frameon=True, facecolor="white", edgecolor="none", framealpha=0.85
    )


def _draw_agreement(axes: Axes, curve: RadialCurve) -> None:
    k, agreement = curve.frequency_per_A, np.nan_to_num(curve.agreement)
    axes.axhline(0.0, color=style.FAINT, linewidth=0.6)
    axes.fill_between(k, 0.0, agreement, color=style.BACKGROUND, alpha=0.18, linewidth=0)
    axes.plot(k, curve.agreement, color=style.BACKGROUND)
    axes.set(ylim=(-1.05, 1.05), yticks=[-1.0, 0.0, 1.0])
    axes.set_ylabel("agreement")


def _mark_fit_resolution(axes: Axes, fit: CtfFit) -> None:
    if not math.isfinite(fit.fit_resolution_A):
        return
    axes.axvline(1.0 / fit.fit_resolution_A, color=style.MARK, linewidth=0.8, linestyle=(0, (1, 2)))
    if axes.get_ylabel() == "agreement":
        label = f" fit to {fit.fit_resolution_A:.1f} Å"
        axes.text(1.0 / fit.fit_resolution_A, -0.95, label, va="bottom", color=style.MARK, fontsize=8)


# Signals of the Fourier search


def signals_figure(signals: SearchSignals, title: str = "") -> Figure:
    """Draw the background-free profile, the same against k², and its transform with the chosen peak."""
    with style.house_style():
        figure = style.new_figure(12.4, 3.7)
        profile, resampled, transform = figure.subplots(1, 3)
        _draw_signal(profile, signals.frequency_per_A, signals.profile)
        profile.set(xlabel="spatial frequency (1/Å)", ylabel="power minus background")
        style.add_resolution_axis(profile, *signals.frequency_per_A[[0, -1]])
        _draw_signal(resampled, signals.squared_frequency, signals.resampled)
        resampled.set(xlabel="squared frequency (1/Å²)", title="uniform in k²: rings of equal width")
        _draw_transform(transform, signals)
        if title:
            figure.suptitle(title, fontsize=10.5, x=0.01, ha="left")
    return figure


def _draw_signal(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    axes.axhline(0.0, color=style.FAINT, linewidth=0.6)
    axes.plot(x, y, color=style.MEASURED, linewidth=0.9)
    axes.set_xlim(float(x[0]), float(x[-1]))


def _draw_transform(axes: Axes, signals: SearchSignals) -> None:
    defocus_um = 1e-4 * signals.defocus_A
    chosen_um = 1e-4 * signals.chosen_A
    axes.fill_between(defocus_um, 0.0, signals.amplitude, color=style.BACKGROUND, alpha=0.15, linewidth=0)
    axes.plot(defocus_um, signals.amplitude, color=style.BACKGROUND)
    axes.axvline(chosen_um, color=style.MODEL, linewidth=0.8, linestyle=(0, (3, 2)))
    height = float(np.interp(chosen_um, defocus_um, signals.amplitude))
    axes.plot(chosen_um, height, "o", color=style.MODEL, markersize=5)
    furthest_um = min(float(defocus_um[-1]), max(4.0 * chosen_um, 3.0))
    axes.set_xlim(0.0, furthest_um)
    axes.set_ylim(0.0, 1.15 * max(float(np.max(signals.amplitude[defocus_um <= furthest_um])), 1e-30))
    axes.set(xlabel="defocus (µm)", ylabel="Fourier amplitude")
    axes.set_title(f"chosen: {signals.chosen_A:,.0f} Å", color=style.MODEL)
