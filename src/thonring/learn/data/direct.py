"""Elements drawn without an image: the views of a scene by the direct spectrum simulator."""

import numpy as np

from thonring.learn.data.element import SIMULATED, Element
from thonring.learn.seen.views import SAMPLINGS_A, Views, views_of
from thonring.simulate import Recipe, Scene, draw, drawn_spectrum

BLOCK = 64
"""Scenes of one session."""


def scene_file(seed: int, index: int) -> str:
    """What stands for the file of scene `index`; the folder in it is its session."""
    return f"{SIMULATED}/seed_{seed}/block_{index // BLOCK:06d}/scene_{index:08d}"


def drawn_element(recipe: Recipe, seed: int, index: int) -> Element:
    """Scene `index` of the set that `seed` draws from a recipe, as an element.

    Raises
    ------
    SettingsError
        If the recipe's ranges hardly ever give visible rings.
    """
    scene = draw(recipe, seed, index)
    file = scene_file(seed, index)
    session = file.rpartition("/")[0]
    return Element(drawn_views(scene), scene.mean_defocus_A, scene.optics, session, file, SIMULATED)


def drawn_views(scene: Scene) -> Views:
    """The views that the scene's image would have; their noise is drawn for each anew.

    A view that is finer than the scene's pixel is known to the Nyquist frequency of the pixel only.
    """
    random = np.random.default_rng([scene.seed, 1])
    seen = [
        views_of(drawn_spectrum(scene, max(scene.pixel_A, sampling_A), random), (sampling_A,))
        for sampling_A in SAMPLINGS_A
    ]
    return Views(
        power=np.concatenate([view.power for view in seen]),
        finest_A=max(scene.pixel_A, SAMPLINGS_A[0]),
        values_per_pixel=tuple(view.values_per_pixel[0] for view in seen),
    )
