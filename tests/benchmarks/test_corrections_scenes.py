import pytest
from correction_rows import every_third_unusable, scene

from benchmarks.corrections.scenes import (
    THESIS_COUNT,
    THESIS_UNUSABLE,
    describe,
    labelled_scenes,
    must_be_unusable,
    recipe_scenes,
    ringless_scenes,
    simulate,
)
from thonring.measurement import measure
from thonring.settings import Settings


def test_the_set_has_the_proportion_of_the_thesis() -> None:
    scenes = labelled_scenes(every_third_unusable, THESIS_COUNT)
    assert sum(not one.scene.usable for one in scenes) == THESIS_UNUSABLE
    assert [one.number for one in scenes] == list(range(THESIS_COUNT))
    assert len({one.index for one in scenes}) == THESIS_COUNT


def test_unusable_ones_are_evenly_spread() -> None:
    for first in range(0, THESIS_COUNT - 256, 32):
        assert (
            abs(sum(map(must_be_unusable, range(first, first + 256))) - 256 * THESIS_UNUSABLE / THESIS_COUNT)
            <= 1
        )


def test_a_small_set_is_the_beginning_of_a_large_one() -> None:
    assert labelled_scenes(every_third_unusable, 100) == labelled_scenes(every_third_unusable, 400)[:100]


def test_scenes_keep_their_order_and_label() -> None:
    for one in labelled_scenes(every_third_unusable, 200):
        assert one.scene == every_third_unusable(one.index)
        assert one.scene.usable != must_be_unusable(one.number)


def test_a_recipe_without_unusable_scenes_is_refused() -> None:
    with pytest.raises(ValueError, match="unusable"):
        labelled_scenes(scene, 100)


def test_without_rings_there_is_nothing_but_noise() -> None:
    scene_of = recipe_scenes("corrections", 5, 1024)
    for one in ringless_scenes(scene_of, 2):
        assert not one.scene.usable
        power = measure(simulate(one), Settings()).spectrum.power[40:-40, 40:]
        assert power.std() / power.mean() < 1.5


def test_the_description_has_the_parameters_of_the_scene() -> None:
    (one,) = labelled_scenes(every_third_unusable, 1)
    assert f"index {one.index}" in describe(one)
    assert "U 12000 V 11800" in describe(one)
