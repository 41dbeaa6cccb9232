"""Which micrographs the corrections are shown on: good and bad in the thesis' proportion; and without rings."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thonring.records import Micrograph
from thonring.simulate import Scene, draw, load_recipe, micrograph, noise_micrograph

THESIS_COUNT = 1792
THESIS_BAD = 170
"""Unusable micrographs of the thesis' labelled set: the 160 + 10 that its corrected protocol calls negative."""

MOST_DRAWN = 1000
"""Scenes drawn in a row in search of one label, before the recipe is held to have none."""

Kind = Literal["labelled", "no-rings"]


@dataclass(frozen=True, slots=True)
class Numbered:
    """Micrograph `number` of a set, made of scene `index` of its recipe."""

    number: int
    index: int
    kind: Kind
    scene: Scene


def is_bad(number: int) -> bool:
    """Whether micrograph `number` is to be an unusable one: 170 of the first 1792, spread evenly."""
    return (number + 1) * THESIS_BAD // THESIS_COUNT > number * THESIS_BAD // THESIS_COUNT


def recipe_scenes(recipe: str, seed: int, size: int) -> Callable[[int], Scene]:
    """Scene of an index, drawn once; its label is what the recipe made it."""
    loaded = load_recipe(recipe)
    return functools.cache(lambda index: draw(loaded, seed, index, size))


def labelled(scene_of: Callable[[int], Scene], count: int) -> list[Numbered]:
    """The first `count` micrographs: each takes the next scene with the label it is to have.

    The first 100 of 1792 are those of a set of 100.

    Raises
    ------
    ValueError
        If the recipe makes none of a label.
    """
    streams = {label: _with_label(scene_of, usable=label) for label in (True, False)}
    return [Numbered(n, *next(streams[not is_bad(n)])) for n in range(count)]


def without_rings(scene_of: Callable[[int], Scene], count: int) -> list[Numbered]:
    """Scenes with nothing in the beam; the camera's noise, hot pixels and gradient stay."""
    return [Numbered(number, number, "no-rings", _emptied(scene_of(number))) for number in range(count)]


def image_of(numbered: Numbered) -> Micrograph:
    """The micrograph of a scene; every second one without rings is plain falling noise instead."""
    scene = numbered.scene
    if numbered.kind == "no-rings" and numbered.number % 2:
        falls_to = float(np.random.default_rng(scene.seed).uniform(0.02, 1.0))
        return noise_micrograph(scene.optics, scene.shape, scene.seed, falls_to)
    return micrograph(scene)


def described(numbered: Numbered) -> str:
    """What it was made of, in one line."""
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
    while index - last <= MOST_DRAWN:
        scene = scene_of(index)
        if scene.usable == usable:
            last = index
            yield index, "labelled", scene
        index += 1
    label = "usable" if usable else "unusable"
    raise ValueError(
        f"none of {MOST_DRAWN} scenes in a row is {label}: the recipe must make both kinds; change its shares."
    )


def _emptied(scene: Scene) -> Scene:
    return replace(
        scene,
        ice=replace(scene.ice, thickness_A=0.0, crystal_contrast=0.0),
        particles=replace(scene.particles, per_um2=0.0),
        support=replace(scene.support, covered=0.0),
        defect="empty",
        defect_dose=1.0,
        usable=False,
    )
