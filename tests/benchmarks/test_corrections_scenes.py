import pytest
from made_rows import every_third_bad, scene

from corrections_scenes import (
    THESIS_BAD,
    THESIS_COUNT,
    described,
    image_of,
    is_bad,
    labelled,
    recipe_scenes,
    without_rings,
)
from thonring.measurement import measure
from thonring.settings import Settings


def test_the_set_has_the_proportion_of_the_thesis() -> None:
    made = labelled(every_third_bad, THESIS_COUNT)
    assert sum(not one.scene.usable for one in made) == THESIS_BAD
    assert [one.number for one in made] == list(range(THESIS_COUNT))
    assert len({one.index for one in made}) == THESIS_COUNT


def test_bad_ones_are_spread_evenly() -> None:
    for first in range(0, THESIS_COUNT - 256, 32):
        assert abs(sum(map(is_bad, range(first, first + 256))) - 256 * THESIS_BAD / THESIS_COUNT) <= 1


def test_a_small_set_is_the_beginning_of_a_large_one() -> None:
    assert labelled(every_third_bad, 100) == labelled(every_third_bad, 400)[:100]


def test_scenes_keep_their_order_and_label() -> None:
    for one in labelled(every_third_bad, 200):
        assert one.scene == every_third_bad(one.index)
        assert one.scene.usable != is_bad(one.number)


def test_a_recipe_without_bad_ones_is_told() -> None:
    with pytest.raises(ValueError, match="unusable"):
        labelled(scene, 100)


def test_without_rings_there_is_nothing_but_noise() -> None:
    scene_of = recipe_scenes("corrections", 5, 1024)
    for one in without_rings(scene_of, 2):
        assert not one.scene.usable
        power = measure(image_of(one), Settings()).spectrum.power[40:-40, 40:]
        assert power.std() / power.mean() < 1.5


def test_the_description_tells_how_to_make_it_again() -> None:
    (one,) = labelled(every_third_bad, 1)
    assert f"index {one.index}" in described(one)
    assert "U 12000 V 11800" in described(one)
