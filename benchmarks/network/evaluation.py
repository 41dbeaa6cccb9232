"""Evaluation sets of whole simulated micrographs, stored as data sets, and the predictions of a model for them."""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.lib.harness import map_in_processes
from thonring.learn.dataset.dataset import Dataset
from thonring.learn.dataset.example import Example
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.learn.inputs import SAMPLINGS_A, network_input, spectrum_pyramid
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.records import Floats
from thonring.simulate import Recipe, Scene, draw, load_recipe, micrograph
from thonring.simulate.sample import visible_rings
from thonring.spectrum import periodogram, repaired

RINGS_NEEDED, SIGNIFICANCE = 3, 10.0
"""Rings are visible if so many of them have this significance."""

MEASURED_AT_ONCE, PREDICTED_AT_ONCE = 32, 8
SEED = 11
OUTLIER_A = 1000.0
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """The first `count` scenes of a recipe for which `select` is true, changed by `change`, of `size` pixels."""

    name: str
    title: str
    recipe: str
    size: int
    count: int
    select: Callable[[Scene], bool]
    change: Callable[[Scene], Scene] = replace


def rings_are_visible(scene: Scene) -> bool:
    return visible_rings(scene, SIGNIFICANCE, RINGS_NEEDED) >= RINGS_NEEDED


def rings_are_hardly_visible(scene: Scene) -> bool:
    return not rings_are_visible(scene)


def empty_beam(scene: Scene) -> Scene:
    """Remove ice and particles."""
    ice, particles = replace(scene.ice, thickness_A=0.0), replace(scene.particles, per_um2=0.0)
    return replace(scene, ice=ice, particles=particles, usable=False)


def all_sets(scale: float) -> tuple[EvaluationSet, ...]:
    """All sets; `scale` multiplies their usual numbers of micrographs."""
    rows = (
        ("visible-2048", "visible rings, 2048 px", "corrections", 2048, 1000, rings_are_visible),
        ("visible-4096", "visible rings, 4096 px", "corrections", 4096, 120, rings_are_visible),
        ("hardly", "hardly visible rings, 2048 px", "training", 2048, 200, rings_are_hardly_visible),
    )
    sets = [EvaluationSet(*row[:4], max(4, round(scale * row[4])), row[5]) for row in rows]
    none = EvaluationSet(
        "none", "no rings, 2048 px", "corrections", 2048, max(4, round(60 * scale)), bool, empty_beam
    )
    return (*sets, none)


def calibration_set(count: int) -> EvaluationSet:
    """The set on which standard errors are calibrated; it has a seed of its own."""
    return EvaluationSet(
        "calibration", "visible rings, 2048 px", "corrections", 2048, count, rings_are_visible
    )


def measure(evaluation_set: EvaluationSet, folder: Path, workers: int, seed: int = SEED) -> Path:
    """Simulate and measure a set into a data set in `folder`; return its path. Existing examples are kept."""
    recipe = _without_defects(evaluation_set.recipe)
    path = folder / f"{evaluation_set.name}.h5"
    with dataset_writer(path, recipe.model_dump_json()) as store:
        missing = [one for one in _selected(evaluation_set, recipe, seed) if one[0] not in store.defocus_of]
        store.reserve(len(missing))
        for first in range(0, len(missing), MEASURED_AT_ONCE):
            some = missing[first : first + MEASURED_AT_ONCE]
            for element in map_in_processes(
                functools.partial(_example, evaluation_set.change), some, workers
            ):
                store.append(element)
    return path


def _without_defects(name: str) -> Recipe:
    return load_recipe(name).model_copy(update={"defective_share": 0.0})


def _selected(evaluation_set: EvaluationSet, recipe: Recipe, seed: int) -> Iterator[tuple[str, Scene]]:
    """The scenes of a set, each with the name of its example."""
    found = index = 0
    while found < evaluation_set.count:
        scene = draw(recipe, seed, index, evaluation_set.size)
        if evaluation_set.select(scene):
            found += 1
            yield f"{evaluation_set.name}/{index:06d}", scene
        index += 1


def _example(change: Callable[[Scene], Scene], named: tuple[str, Scene]) -> Example:
    name, scene = named[0], change(named[1])
    power = periodogram(repaired(micrograph(scene)), finest_A=SAMPLINGS_A[0])
    return Example(
        spectrum_pyramid(power), scene.mean_defocus_A, scene.optics, "test", name, "whole micrographs"
    )


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions for a set, (n,): true and predicted defocus and standard error in Å; CPU seconds for each."""

    truth_A: Floats
    predicted_A: Floats
    sigma_A: Floats
    voltage_kV: Floats
    seconds: float

    @property
    def error_A(self) -> Floats:
        """Absolute errors."""
        return np.asarray(np.abs(self.predicted_A - self.truth_A))

    @property
    def coverage(self) -> float:
        """Fraction of truths within 1.96 standard errors."""
        return float(np.mean(self.error_A <= NORMAL_95 * self.sigma_A))

    @property
    def outliers(self) -> float:
        """Fraction of errors above 1000 Å."""
        return float(np.mean(self.error_A > OUTLIER_A))


def predict(predictor: Predictor, dataset: Dataset) -> Predictions:
    """Predict all examples of a data set from their spectra at three samplings."""
    began = time.process_time()
    columns = dataset.columns
    found: list[NetworkDefocus] = []
    for first in range(0, len(dataset), PREDICTED_AT_ONCE):
        indices = range(first, min(first + PREDICTED_AT_ONCE, len(dataset)))
        inputs = [
            network_input(dataset.pyramid(index), columns.optics(index), predictor.card) for index in indices
        ]
        found += predictor.predict(inputs)
    seconds = (time.process_time() - began) / len(dataset)
    predicted_A, sigma_A = (
        np.array([getattr(one, name) for one in found]) for name in ("defocus_A", "sigma_A")
    )
    return Predictions(columns.defocus_A, predicted_A, sigma_A, columns.voltage_kV, seconds)
