"""A real micrograph among simulated ones: what people see of each, the image and its enhanced spectrum."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from simulator_sets import RealSet, scene_like
from thonring import read, spectrum
from thonring.plot.ctf_image import grey_range
from thonring.plot.style import house_style, new_figure
from thonring.simulate import DefectName, Scene, micrograph, spoiled

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from thonring.records import Image, Micrograph

BINNING = 8
SAMPLING_A = 1.5
GREYS = 48
SPOILED: dict[DefectName, float] = {"drift": 20.0, "support-edge": 0.4}
"""Defects shown, with their doses."""


def write_pictures(path: Path, real: RealSet, recipe_name: str) -> Path:
    """Draw the first real micrograph, two usable scenes of the recipe and two spoiled ones, as a row of columns."""
    columns = {"real: epu": read.micrograph(real.paths[0], real.optics)}
    scenes = [scene_like(real, recipe_name, 1, index) for index in range(2 + len(SPOILED))]
    for scene in scenes[:2]:
        columns[f"simulated: {_words(scene)}"] = micrograph(scene)
    random = np.random.default_rng(1)
    for scene, (defect, dose) in zip(scenes[2:], SPOILED.items(), strict=True):
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
    write_with_few_colours(path, page, GREYS)
    return path


def _words(scene: Scene) -> str:
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


def write_with_few_colours(path: Path, page: io.BytesIO, colours: int) -> None:
    """Write a PNG with a palette: half as large, which nobody sees."""
    from PIL import Image as Picture

    with Picture.open(page) as picture:
        picture.convert("RGB").quantize(colours).save(path, optimize=True)
