"""Scenes drawn from recipes: the same whenever they are drawn, inside their ranges, labelled as they are."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.scenes import SCENE
from thonring.errors import SettingsError
from thonring.simulate import Recipe, draw, load_recipe, micrograph, spoiled
from thonring.simulate.defects import DEFECT_TABLE
from thonring.simulate.recipe import UsablePart
from thonring.simulate.sample import visible_rings
from thonring.simulate.scene import DefectName, Exposure, Ice, Scene
from thonring.simulate.spectrum import powers

SESSION = load_recipe()
ANYTHING = SESSION.model_copy(update={"usable": UsablePart(rings=0, significance=0.0)})
"""Takes every scene as it is drawn, which is quick."""

SIZE = 1024
LARGE = replace(SCENE, shape=(4096, 4096))


def only(defect: DefectName, dose: tuple[float, float] | None = None) -> Recipe:
    """A recipe whose every scene has this defect."""
    part = SESSION.defects[defect]
    part = part.model_copy(update={"weight": 1.0, "dose": dose or part.dose})
    others = {
        name: other.model_copy(update={"weight": 0.0})
        for name, other in SESSION.defects.items()
        if name != defect
    }
    return ANYTHING.model_copy(update={"defective_share": 1.0, "defects": {**others, defect: part}})


def test_a_scene_depends_on_seed_and_index_alone() -> None:
    forwards = [draw(SESSION, 7, index, SIZE) for index in range(4)]
    backwards = [draw(SESSION, 7, index, SIZE) for index in reversed(range(4))]
    assert forwards == backwards[::-1]
    assert len({scene.seed for scene in forwards}) == 4
    assert draw(SESSION, 8, 0, SIZE) != forwards[0]


def test_the_image_of_a_drawn_scene_is_the_same_again() -> None:
    one, other = (micrograph(draw(ANYTHING, 7, 2, 256)).pixels for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_the_size_is_the_recipes_unless_said_otherwise() -> None:
    assert draw(ANYTHING, 0, 0).shape == (SESSION.size, SESSION.size)
    assert draw(ANYTHING, 0, 0, 640).shape == (640, 640)


def test_the_share_of_defects_is_the_recipes() -> None:
    recipe = ANYTHING.model_copy(update={"defective_share": 0.3})
    scenes = [draw(recipe, 0, index, SIZE) for index in range(500)]
    spoils = [scene for scene in scenes if scene.defect != "none"]
    assert len(spoils) == pytest.approx(0.3 * 500, abs=4 * math.sqrt(500 * 0.3 * 0.7))
    for name in SESSION.defects:
        share = SESSION.defects[name].weight / sum(part.weight for part in SESSION.defects.values())
        count = sum(scene.defect == name for scene in spoils)
        assert count == pytest.approx(share * len(spoils), abs=4.5 * math.sqrt(len(spoils) * share))


def test_weights_say_which_defect_it_is() -> None:
    assert {draw(only("drift"), 0, index, SIZE).defect for index in range(50)} == {"drift"}
    clean = ANYTHING.model_copy(update={"defective_share": 0.0})
    assert {draw(clean, 0, index, SIZE).defect for index in range(50)} == {"none"}


def test_usable_scenes_have_rings_that_can_be_seen() -> None:
    scenes = [draw(SESSION, 3, index, SIZE) for index in range(20)]
    for scene in scenes:
        if scene.usable:
            assert visible_rings(scene, SESSION.usable.significance, 3) == 3
    blind = [draw(ANYTHING, 3, index, SIZE) for index in range(150)]
    assert any(visible_rings(scene, 10, 3) < 3 for scene in blind)


@pytest.mark.parametrize(
    ("scene", "rings"),
    [
        (LARGE, 5),
        (replace(LARGE, ice=Ice(0.0)), 0),
        (replace(LARGE, ice=Ice(10_000.0)), 0),
        (replace(LARGE, exposure=Exposure(dose_e_per_A2=0.01)), 0),
        (replace(LARGE, exposure=Exposure(drift_A=200.0, drift_angle_deg=45.0)), 0),
        (replace(LARGE, shape=(64, 64)), 0),
        (replace(LARGE, defocus_u_A=500.0, defocus_v_A=500.0), 0),
    ],
    ids=["plain", "nothing there", "thick", "no dose", "drift", "too short for a ring", "in focus"],
)
def test_rings_are_visible_where_there_are_any(scene: Scene, rings: int) -> None:
    assert visible_rings(scene, 10.0, 5) == rings


@settings(max_examples=60)
@given(seed=st.integers(0, 2**63), index=st.integers(0, 10**9))
def test_every_scene_is_inside_the_recipes_ranges(seed: int, index: int) -> None:
    scene = draw(ANYTHING, seed, index, SIZE)
    assert scene.optics.voltage_kV in SESSION.microscope.voltage_kV
    assert scene.optics.cs_mm in SESSION.microscope.cs_mm
    assert scene.defocus_u_A >= scene.defocus_v_A > 0
    assert -90 <= scene.angle_deg <= 90
    inside = [
        (scene.pixel_A, SESSION.microscope.pixel_A),
        (scene.optics.amplitude_contrast, SESSION.microscope.amplitude_contrast),
        (scene.exposure.dose_e_per_A2, SESSION.exposure.dose_e_per_A2),
        (scene.exposure.b_factor_A2, SESSION.exposure.b_factor_A2),
        (scene.particles.radius_A, SESSION.specimen.particle_radius_A),
        (scene.detector.mtf_at_nyquist, SESSION.detector.mtf_at_nyquist),
        (scene.detector.gradient, SESSION.detector.gradient),
    ]
    if scene.defect not in ("thick-ice", "empty"):
        inside.append((scene.ice.thickness_A, SESSION.specimen.ice_A))
    if scene.defect != "astigmatism":
        inside.append((scene.mean_defocus_A, SESSION.ctf.defocus_A))
        most = SESSION.ctf.largest_relative_astigmatism * scene.mean_defocus_A
        inside.append((scene.defocus_u_A - scene.defocus_v_A, (0.0, most)))
    for value, (low, high) in inside:
        assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
    assert scene.detector.dqe_at_nyquist <= scene.detector.dqe_at_zero
    assert scene.usable == (scene.defect == "none")


@settings(max_examples=30)
@given(seed=st.integers(0, 2**31), defect=st.sampled_from(sorted(DEFECT_TABLE)))
def test_a_spoiled_scene_has_its_dose(seed: int, defect: DefectName) -> None:
    scene = draw(only(defect), seed, 0, SIZE)
    low, high = SESSION.defects[defect].dose
    assert (scene.defect, scene.usable) == (defect, False)
    assert low <= scene.defect_dose <= high
    assert scene.defect_dose == pytest.approx(_seen_dose(scene, defect))


def _seen_dose(scene: Scene, defect: DefectName) -> float:
    """The dose as it stands in the scene."""
    return {
        "empty": 1.0 if scene.ice.thickness_A == 0 == scene.particles.per_um2 else math.nan,
        "thick-ice": scene.ice.thickness_A,
        "drift": scene.exposure.drift_A,
        "crystalline-ice": scene.ice.crystal_contrast,
        "ice-ring": scene.defect_dose if scene.ice.ring_gain > 1.5 else math.nan,
        "astigmatism": scene.defocus_u_A - scene.defocus_v_A,
        "support-edge": scene.support.covered,
        "blur": scene.exposure.blur_A,
        "double-exposure": scene.exposure.jump_share,
    }[defect]


@pytest.mark.parametrize("dose", [0.03, 1.0])
def test_the_dose_of_an_ice_ring_is_its_excess_in_the_spectrum(dose: float) -> None:
    ringed = spoiled(SCENE, "ice-ring", dose, np.random.default_rng(0))
    before, after = (powers(scene, np.array([1 / 3.7])) for scene in (SCENE, ringed))
    seen, usual = (float((one.noise + 0.5 * (one.ice + one.particles))[0]) for one in (after, before))
    assert seen == pytest.approx((1 + dose) * usual)


def test_usable_scenes_have_no_more_of_a_defect_than_does_no_harm() -> None:
    sound = ANYTHING.model_copy(update={"defective_share": 0.0})
    scenes = [draw(sound, 0, index, SIZE) for index in range(100)]
    for defect in ("drift", "support-edge", "blur", "crystalline-ice", "double-exposure"):
        low, high = SESSION.defects[defect].harmless
        assert all(low <= _seen_dose(scene, defect) <= high for scene in scenes)
    assert all(scene.defect_dose == 0 for scene in scenes)


def test_a_defect_leaves_the_sound_scene_as_it_was() -> None:
    """Only what the defect is about differs."""
    sound = draw(ANYTHING, 0, 0, SIZE)
    covered = spoiled(sound, "support-edge", 0.5, np.random.default_rng(0))
    assert covered.support.covered == 0.5
    again = replace(covered, support=sound.support, defect="none", defect_dose=0.0, usable=True)
    assert again == replace(sound, defect="none", defect_dose=0.0, usable=True)


def test_ranges_that_never_give_rings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["thonring.simulate.sample"], "MAX_TRIALS", 100)
    recipe = SESSION.model_copy(update={"ctf": SESSION.ctf.model_copy(update={"defocus_A": (100.0, 300.0)})})
    with pytest.raises(
        SettingsError, match="no scene with 3 visible rings was found in 100 trials at 512 px: widen"
    ):
        draw(recipe, 0, 0, 512)
