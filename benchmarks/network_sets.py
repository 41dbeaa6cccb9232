"""Whole simulated micrographs as networks see them: measured once, kept as data sets, asked of any model."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pool import in_processes
from thonring.learn.dataset.example import Example
from thonring.learn.dataset.hdf5 import dataset_writer
from thonring.learn.inputs import SAMPLINGS_A, spectrum_pyramid
from thonring.simulate import Recipe, Scene, draw, load_recipe, micrograph
from thonring.simulate.sample import visible_rings
from thonring.spectrum import periodogram, repaired

RINGS, SIGNIFICANCE = 3, 10.0
"""Rings are visible if so many of them have this significance."""

AT_ONCE = 32
SEED = 11


@dataclass(frozen=True, slots=True)
class Wanted:
    """Micrographs of `size` pixels of a recipe's scenes, changed by `change`, where `wanted` is true of them."""

    name: str
    title: str
    recipe: str
    size: int
    count: int
    wanted: Callable[[Scene], bool]
    change: Callable[[Scene], Scene] = replace


def rings_are_visible(scene: Scene) -> bool:
    return visible_rings(scene, SIGNIFICANCE, RINGS) >= RINGS


def rings_are_hardly_visible(scene: Scene) -> bool:
    return not rings_are_visible(scene)


def emptied(scene: Scene) -> Scene:
    """Nothing in the beam."""
    ice, particles = replace(scene.ice, thickness_A=0.0), replace(scene.particles, per_um2=0.0)
    return replace(scene, ice=ice, particles=particles, usable=False)


def all_sets(scale: float) -> tuple[Wanted, ...]:
    """The sets, with so many times their usual number of micrographs."""
    rows = (
        ("visible-2048", "visible rings, 2048 px", "corrections", 2048, 1000, rings_are_visible),
        ("visible-4096", "visible rings, 4096 px", "corrections", 4096, 120, rings_are_visible),
        ("hardly", "hardly visible rings, 2048 px", "training", 2048, 200, rings_are_hardly_visible),
    )
    sets = [Wanted(*row[:4], max(4, round(scale * row[4])), row[5]) for row in rows]
    none = Wanted("none", "no rings, 2048 px", "corrections", 2048, max(4, round(60 * scale)), bool, emptied)
    return (*sets, none)


def calibration_set(count: int) -> Wanted:
    """What standard errors are calibrated on, by a seed of its own."""
    return Wanted("calibration", "visible rings, 2048 px", "corrections", 2048, count, rings_are_visible)


def measure(wanted: Wanted, folder: Path, workers: int, seed: int = SEED) -> Path:
    """The data set of a test set in a folder; what is there already is not made again."""
    recipe = _all_sound(wanted.recipe)
    path = folder / f"{wanted.name}.h5"
    with dataset_writer(path, recipe.model_dump_json()) as store:
        missing = [one for one in _numbered(wanted, recipe, seed) if one[0] not in store.defocus_of]
        store.reserve(len(missing))
        for first in range(0, len(missing), AT_ONCE):
            some = missing[first : first + AT_ONCE]
            for element in in_processes(functools.partial(_measured, wanted.change), some, workers):
                store.append(element)
    return path


def _all_sound(name: str) -> Recipe:
    return load_recipe(name).model_copy(update={"defective_share": 0.0})


def _numbered(wanted: Wanted, recipe: Recipe, seed: int) -> Iterator[tuple[str, Scene]]:
    """The first scenes of the recipe that are wanted, each with its name."""
    found = index = 0
    while found < wanted.count:
        scene = draw(recipe, seed, index, wanted.size)
        if wanted.wanted(scene):
            found += 1
            yield f"{wanted.name}/{index:06d}", scene
        index += 1


def _measured(change: Callable[[Scene], Scene], named: tuple[str, Scene]) -> Example:
    name, scene = named[0], change(named[1])
    power = periodogram(repaired(micrograph(scene)), finest_A=SAMPLINGS_A[0])
    return Example(
        spectrum_pyramid(power), scene.mean_defocus_A, scene.optics, "test", name, "whole micrographs"
    )
