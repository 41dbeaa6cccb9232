"""The measured curves agree with the scene: strength of the rings, ring of ice, falling power of the camera."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulator.curves import FREQUENCIES_PER_A, Curves, curves_of, measure_whole
from benchmarks.simulator.real_sets import real_sets
from factories.scenes import SCENE
from thonring.simulate import micrograph
from thonring.simulate.scene import Detector, Ice, Scene
from thonring.simulate.spectrum import spectral_density


def measured(scene: Scene) -> Curves:
    curves = curves_of(measure_whole(micrograph(scene)))
    assert curves is not None
    return curves


@pytest.mark.slow
def test_rings_are_as_strong_as_the_model_says() -> None:
    k = 1 / np.array([15.0, 10.0, 8.0])
    density = spectral_density(SCENE, k, np.zeros(3))
    expected = density.rings * density.kept / (density.noise + 0.5 * density.rings * (1 - density.kept))
    curves = measured(replace(SCENE, shape=(2048, 2048)))
    assert [curves.at("rings", 1 / value) for value in k] == pytest.approx(list(expected), rel=0.15)


def test_a_ring_of_ice_is_stronger_than_its_neighbours() -> None:
    with_ring = measured(replace(SCENE, ice=Ice(ring_gain=15.0)))
    assert with_ring.at("ice", 3.7) > 1.5
    assert with_ring.at("ice", 3.7) > with_ring.at("ice", 4.2)
    assert measured(replace(SCENE, ice=Ice(ring_gain=0.0))).at("ice", 3.7) == pytest.approx(1, abs=0.05)


def test_power_falls_with_the_camera() -> None:
    power = measured(replace(SCENE, detector=Detector(0.2, 0.8, 0.8))).power
    at_4_A, at_2_5_A = np.interp([0.25, 0.4], FREQUENCIES_PER_A, power)
    assert at_2_5_A / at_4_A == pytest.approx(0.2 ** (2 * (0.64 - 0.25)), rel=0.15)


def test_there_are_no_values_beyond_nyquist() -> None:
    curves = measured(SCENE)
    assert np.isnan(curves.power[FREQUENCIES_PER_A > 0.505]).all()
    assert np.isnan(curves.at("power", 1.5))


def test_real_sets_leave_out_the_micrograph_without_rings(tmp_path: Path) -> None:
    folder = tmp_path / "apoferritin"
    folder.mkdir()
    for name in ("May08_06.09.02.bin_avg.png", "May08_07.30.46.bin_avg.png"):
        (folder / name).touch()
    apoferritin = next(one for one in real_sets(tmp_path) if one.name == "apoferritin")
    assert [path.name for path in apoferritin.paths] == ["May08_07.30.46.bin_avg.png"]
