"""Simulated micrographs of the comparison: usable and unusable in the ratio of the thesis, and without rings."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thonring.records import Micrograph
from thonring.simulate import Scene, draw, load_recipe, micrograph, noise_micrograph

THESIS_COUNT = 1792
THESIS_UNUSABLE = 170
"""Unusable micrographs in the labelled set of the thesis: TN + FP of its corrected protocol, 160 + 10."""

MAX_DRAWN = 1000
"""After so many scenes in a row without a label, the recipe is taken to have none with it."""

Kind = Literal["labelled", "no-rings"]


@dataclass(frozen=True, slots=True)
class NumberedScene:
    """Micrograph `number` of a set: scene `index` of a recipe."""

    number: int
    index: int
    kind: Kind
    scene: Scene


def must_be_unusable(number: int) -> bool:
    """Whether micrograph `number` is to be unusable: 170 of the first 1792, evenly spread."""
    return (number + 1) * THESIS_UNUSABLE // THESIS_COUNT > number * THESIS_UNUSABLE // THESIS_COUNT


def recipe_scenes(recipe: str, seed: int, size: int) -> Callable[[int], Scene]:
    """Return a cached function from an index to the scene that the recipe draws for it."""
    loaded = load_recipe(recipe)
    return functools.cache(lambda index: draw(loaded, seed, index, size))


def labelled_scenes(scene_of: Callable[[int], Scene], count: int) -> list[NumberedScene]:
    """The first `count` micrographs of the set: each takes the next scene that has its label.

    A set of 100 equals the first 100 of a set of 1792.

    Raises
    ------
    ValueError
        If the recipe draws no scenes with one of the labels.
    """
    streams = {label: _with_label(scene_of, usable=label) for label in (True, False)}
    return [NumberedScene(n, *next(streams[not must_be_unusable(n)])) for n in range(count)]


def ringless_scenes(scene_of: Callable[[int], Scene], count: int) -> list[NumberedScene]:
    """Scenes with nothing in the beam; noise, hot pixels and gradient of the camera remain."""
    return [
        NumberedScene(number, number, "no-rings", _empty_beam(scene_of(number))) for number in range(count)
    ]


def simulate(numbered: NumberedScene) -> Micrograph:
    """Simulate the micrograph of a scene; every other one without rings is noise with a falling spectrum instead."""
    scene = numbered.scene
    if numbered.kind == "no-rings" and numbered.number % 2:
        noise_at_nyquist = float(np.random.default_rng(scene.seed).uniform(0.02, 1.0))
        return noise_micrograph(scene.optics, scene.shape, scene.seed, noise_at_nyquist)
    return micrograph(scene)


def describe(numbered: NumberedScene) -> str:
    """All parameters of the scene on one line."""
    scene = numbered.scene
    ice, exposure, detector = scene.ice, scene.exposure, scene.detector
    return (
        f"index {numbered.index}: {scene.defect}"
        f"{f' {scene.defect_dose:.3g}' if scene.defect != 'none' else ''}, "
        f"{'usable' if scene.usable else 'unusable'}, {scene.optics.voltage_kV:g} kV, {scene.pixel_A:.3f} Å/px, "
        f"U {scene.defocus_u_A:.0f} V {scene.defocus_v_A:.0f} Å at {scene.angle_deg:.1f}°, "
        f"phase {scene.phase_shift_deg:.1f}°, ice {ice.thickness_A:.0f} Å (ring ×{ice.ring_gain:.2f}, "
        f"crystals {ice.crystal_contrast:.3g}), {scene.particles.per_um2:.0f} particles/µm², "
        f"{scene.support.material} {scene.support.covered:.2f}, dose {exposure.dose_e_per_A2:.1f} e/Å², "
        f"B {exposure.b_factor_A2:.0f} Å², drift {exposure.drift_A:.2g} Å, blur {exposure.blur_A:.2g} Å, "
        f"jump {exposure.jump_share:.2f} × {exposure.jump_A:.0f} Å, DQE {detector.dqe_at_zero:.2f} to "
        f"{detector.dqe_at_nyquist:.2f}, noise seed {scene.seed}"
    )


def _with_label(scene_of: Callable[[int], Scene], *, usable: bool) -> Iterator[tuple[int, Kind, Scene]]:
    index, last = 0, -1
    while index - last <= MAX_DRAWN:
        scene = scene_of(index)
        if scene.usable == usable:
            last = index
            yield index, "labelled", scene
        index += 1
    label = "usable" if usable else "unusable"
    raise ValueError(
        f"none of {MAX_DRAWN} scenes in a row is {label}: the recipe must draw both kinds; change its fractions."
    )


def _empty_beam(scene: Scene) -> Scene:
    return replace(
        scene,
        ice=replace(scene.ice, thickness_A=0.0, crystal_contrast=0.0),
        particles=replace(scene.particles, per_um2=0.0),
        support=replace(scene.support, covered=0.0),
        defect="empty",
        defect_dose=1.0,
        usable=False,
    )
