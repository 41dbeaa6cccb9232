"""Scenes as elements: by recipe, seed and number alone, and as their images would be seen."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from factories.scenes import BRIGHT, SCENE
from thonring.learn.dataset.example import drawn_element, drawn_views, scene_file
from thonring.learn.inputs import SAMPLINGS_A, spectrum_pyramid
from thonring.records import Floats, Image
from thonring.simulate import draw, drawn_spectrum, load_recipe, micrograph
from thonring.spectrum import periodogram


def test_an_element_is_that_of_its_scene() -> None:
    recipe = load_recipe("training")
    element, scene = drawn_element(recipe, 4, 70), draw(recipe, 4, 70)
    assert element.defocus_A == scene.mean_defocus_A
    assert element.optics == scene.optics
    assert element.session == "simulated/seed_4/block_000001"
    assert element.file == f"{element.session}/scene_00000070"
    assert_array_equal(element.views.power, drawn_element(recipe, 4, 70).views.power)


def test_sixty_four_scenes_make_a_session() -> None:
    folders = {scene_file(0, index).rpartition("/")[0] for index in range(64)}
    assert len(folders) == 1
    assert scene_file(0, 64).rpartition("/")[0] not in folders


@pytest.mark.parametrize(("pixel_A", "finest_A"), [(0.7, 1.0), (2.2, 2.2)])
def test_nothing_is_known_beyond_the_pixel(pixel_A: float, finest_A: float) -> None:
    views = drawn_views(replace(SCENE, optics=replace(SCENE.optics, pixel_A=pixel_A)))
    assert views.finest_A == finest_A
    for index, sampling_A in enumerate(SAMPLINGS_A):
        power = views.power[index]
        k = np.hypot(np.arange(512)[:, None] - 256, np.arange(257)) / (512 * sampling_A)
        assert (power[k < 0.49 / finest_A] > 0).all()
        along_x = power[256]
        assert (along_x[np.arange(257) / (512 * sampling_A) > 0.51 / finest_A] == 0).all()


def test_views_have_the_rings_of_the_images_views() -> None:
    scene = replace(SCENE, optics=replace(SCENE.optics, pixel_A=1.4), exposure=BRIGHT)
    drawn = drawn_views(scene)
    seen = spectrum_pyramid(periodogram(micrograph(scene), finest_A=SAMPLINGS_A[0]))
    ring = np.rint(np.hypot(np.arange(512)[:, None] - 256, np.arange(257))).astype(int)
    for index in range(3):
        profiles = [ring_means(views.power[index], ring)[20:100] for views in (drawn, seen)]
        assert np.corrcoef(*np.log(profiles))[0, 1] > 0.95
    assert drawn.values_per_pixel == pytest.approx(seen.values_per_pixel, rel=0.6)


def ring_means(power: Image, ring: npt.NDArray[np.int_]) -> Floats:
    return np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())


def test_a_view_is_a_direct_spectrum() -> None:
    drawn = drawn_views(SCENE)
    first = drawn_spectrum(SCENE, 1.0, np.random.default_rng([SCENE.seed, 1]))
    assert_array_equal(drawn.power[0], spectrum_pyramid(first, (1.0,)).power[0])
