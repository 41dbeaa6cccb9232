"""Figures: curves of real micrographs over the range of simulated ones, and images and spectra of both."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulator.curves import FREQUENCIES_PER_A
from benchmarks.simulator.real_sets import RealSet, scene_like
from thonring import read, spectrum
from thonring.plot.ctf_image import grey_range
from thonring.plot.style import BACKGROUND, MODEL, add_resolution_axis, house_style, new_figure
from thonring.simulate import DefectName, Scene, micrograph, spoiled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.simulator.curves import Curves
    from thonring.records import Image, Micrograph

BINNING = 8
SAMPLING_A = 1.5
COLOURS, GREYS = 96, 48
DEFECTS_SHOWN: dict[DefectName, float] = {"drift": 20.0, "support-edge": 0.4}
"""Defects and their doses."""

COLUMNS = (
    ("rings", "rings over background", (1 / 30, 1 / 2.9), True),
    ("power", "power, 1 at 6 Å", (1 / 15, 0.74), False),
    ("ice", "ring of ice over its neighbours", (1 / 5.2, 1 / 2.9), False),
    ("power", "power at low frequencies, 1 at 6 Å", (1 / 250, 1 / 12), True),
)
"""Curve, title, band in 1/Å, whether the axis is logarithmic."""


def write_calibration(path: Path, sets: Mapping[str, tuple[list[Curves], list[Curves]]]) -> Path:
    """Draw the curves of each set as a row; `sets` has (real, simulated) by name."""
    with house_style():
        figure = new_figure(12.6, 2.7 * len(sets))
        grid = figure.subplots(len(sets), len(COLUMNS), squeeze=False)
        for row, (name, (real, simulated)) in zip(grid, sets.items(), strict=True):
            for axes, column in zip(row, COLUMNS, strict=True):
                _draw_curves(axes, real, simulated, column)
            row[0].set_ylabel(name, fontsize=10)
        for axes, (_, title, _, _) in zip(grid[0], COLUMNS, strict=True):
            axes.set_title(title, pad=9)
        for axes in grid[-1]:
            axes.set_xlabel("frequency (1/Å)")
        grid[0, 0].legend(loc="lower left")
        page = io.BytesIO()
        figure.savefig(page, dpi=100, format="png")
    _write_quantized(path, page, COLOURS)
    return path


def _draw_curves(
    axes: Axes,
    real: list[Curves],
    simulated: list[Curves],
    column: tuple[str, str, tuple[float, float], bool],
) -> None:
    curve, _, (low, high), logarithmic = column
    inside = (low <= FREQUENCIES_PER_A) & (high >= FREQUENCIES_PER_A)
    k = FREQUENCIES_PER_A[inside]
    of_simulated = np.array([getattr(one, curve)[inside] for one in simulated])
    of_real = np.array([getattr(one, curve)[inside] for one in real])
    known = np.isfinite(of_real).all(axis=0) & (np.isfinite(of_simulated).mean(axis=0) > 0.5)
    k, of_simulated, of_real = k[known], of_simulated[:, known], of_real[:, known]
    bottom, middle, top = np.nanpercentile(of_simulated, (5, 50, 95), axis=0)
    axes.fill_between(
        k,
        bottom,
        top,
        color=BACKGROUND,
        alpha=0.2,
        linewidth=0,
        label=f"{len(of_simulated)} simulated, 5-95 %",
    )
    axes.plot(k, middle, color=BACKGROUND, label="median of simulated")
    for one in of_real:
        axes.plot(k, one, color=MODEL, linewidth=0.5, alpha=0.5)
    axes.plot(
        k,
        np.median(of_real, axis=0),
        color=MODEL,
        label=f"{len(of_real)} real" if len(of_real) > 1 else "real",
    )
    if logarithmic:
        axes.set_yscale("log")
    else:
        highest = max(float(np.nanmax(of_real)), float(np.nanmax(top)))
        axes.set_ylim(0 if curve == "power" else None, min(1.05 * highest, 2.0))
    axes.set_xlim(float(k[0]), float(k[-1]))
    add_resolution_axis(axes, float(k[0]), float(k[-1]))


def write_pictures(path: Path, real: RealSet, recipe_name: str) -> Path:
    """Draw a real micrograph, two usable scenes and two with defects, each above its enhanced spectrum."""
    columns = {"real: epu": read.micrograph(real.paths[0], real.optics)}
    scenes = [scene_like(real, recipe_name, 1, index) for index in range(2 + len(DEFECTS_SHOWN))]
    for scene in scenes[:2]:
        columns[f"simulated: {_title(scene)}"] = micrograph(scene)
    random = np.random.default_rng(1)
    for scene, (defect, dose) in zip(scenes[2:], DEFECTS_SHOWN.items(), strict=True):
        columns[f"simulated: {defect}"] = micrograph(spoiled(scene, defect, dose, random))
    with house_style():
        figure = new_figure(2.1 * len(columns), 4.5)
        grid = figure.subplots(2, len(columns))
        for number, (title, image) in enumerate(columns.items()):
            _draw_image(grid[0, number], image)
            _draw_spectrum(grid[1, number], image)
            grid[0, number].set_title(title, fontsize=8)
        page = io.BytesIO()
        figure.savefig(page, dpi=100, format="png")
    _write_quantized(path, page, GREYS)
    return path


def _title(scene: Scene) -> str:
    return f"{1e-4 * scene.mean_defocus_A:.1f} µm, ice {scene.ice.thickness_A:.0f} Å"


def _draw_image(axes: Axes, image: Micrograph) -> None:
    rows, columns = (length // BINNING for length in image.pixels.shape)
    part = np.asarray(image.pixels[: rows * BINNING, : columns * BINNING], dtype=np.float32)
    binned = part.reshape(rows, BINNING, columns, BINNING).mean(axis=(1, 3))
    _show(axes, binned, *np.percentile(binned, (0.5, 99.5)))


def _draw_spectrum(axes: Axes, image: Micrograph) -> None:
    measured = spectrum.resample(spectrum.periodogram(image, SAMPLING_A), SAMPLING_A)
    enhanced = spectrum.enhance(measured)
    _show(axes, enhanced, *grey_range(enhanced))


def _show(axes: Axes, plane: Image, low: float, high: float) -> None:
    axes.imshow(plane, cmap="gray", vmin=low, vmax=high, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _write_quantized(path: Path, page: io.BytesIO, colours: int) -> None:
    """Write a PNG with a palette, which halves its size without a visible difference."""
    from PIL import Image as PillowImage

    with PillowImage.open(page) as picture:
        picture.convert("RGB").quantize(colours).save(path, optimize=True)
