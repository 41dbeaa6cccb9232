"""The Cramér-Rao bound of a scene."""

import math
from dataclasses import replace

import numpy as np
import pytest

from factories.scenes import SCENE
from thonring.simulate import RingModel, Truth, bound_of, cramer_rao
from thonring.simulate.scene import Detector, Exposure, Ice, Particles
from thonring.simulate.spectrum import spectral_density

FLAT = Detector(mtf_at_nyquist=0.7, dqe_at_zero=0.5, dqe_at_nyquist=0.5)


def test_the_bound_falls_with_the_length_of_the_image() -> None:
    one, other = (bound_of(replace(SCENE, shape=(size, size))) for size in (512, 2048))
    assert one.defocus_A / other.defocus_A == pytest.approx(4)
    assert one.astigmatism_A / other.astigmatism_A == pytest.approx(4)


def test_the_bound_knows_the_area_only() -> None:
    square, strip = (bound_of(replace(SCENE, shape=shape)) for shape in ((1024, 1024), (512, 2048)))
    assert square == strip


@pytest.mark.parametrize(
    "scene",
    [
        replace(SCENE, ice=Ice(0.0), particles=Particles(0.0)),
        replace(SCENE, optics=replace(SCENE.optics, pixel_A=10.0), exposure=Exposure(blur_A=100.0)),
    ],
    ids=["nothing", "blurred away"],
)
def test_there_is_none_without_rings(scene: object) -> None:
    bound = bound_of(scene)  # type: ignore[arg-type]
    assert math.isnan(bound.defocus_A)
    assert math.isnan(bound.astigmatism_A)


def test_more_dose_and_less_damping_lower_it() -> None:
    usual = bound_of(SCENE).defocus_A
    assert bound_of(replace(SCENE, exposure=Exposure(dose_e_per_A2=10.0))).defocus_A > usual
    assert bound_of(replace(SCENE, exposure=Exposure(b_factor_A2=200.0))).defocus_A > usual
    assert bound_of(replace(SCENE, exposure=Exposure(drift_A=20.0))).defocus_A > usual
    assert bound_of(replace(SCENE, particles=Particles(2000.0))).defocus_A < usual
    assert bound_of(SCENE, (30.0, 6.0)).defocus_A > usual


def test_drift_hides_one_component_of_the_astigmatism_more_than_the_mean() -> None:
    still, moving = (
        bound_of(replace(SCENE, exposure=Exposure(drift_A=drift_A, drift_angle_deg=30.0)))
        for drift_A in (0.0, 25.0)
    )
    assert still.astigmatism_A == pytest.approx(math.sqrt(8) * still.defocus_A, rel=0.01)
    assert moving.astigmatism_A > 1.05 * math.sqrt(8) * still.defocus_A


def test_it_is_that_of_the_white_object_where_both_have_the_same_rings() -> None:
    """Particles alone and a flat DQE, in a band so narrow that one B factor describes the rings."""
    scene = replace(
        SCENE,
        ice=Ice(0.0),
        particles=Particles(3000.0, 40.0),
        defocus_u_A=14000.0,
        defocus_v_A=12000.0,
        detector=FLAT,
    )
    band_A = (8.0, 6.0)
    ends = 1 / np.array(band_A)
    parts = spectral_density(scene, ends, np.zeros(2))
    noise_at_nyquist = float((parts.noise[1] / parts.noise[0]) ** (0.25 / (ends[1] ** 2 - ends[0] ** 2)))
    assert noise_at_nyquist == pytest.approx(FLAT.mtf_at_nyquist**2)
    at_zero = parts.noise[0] / noise_at_nyquist ** (4 * ends[0] ** 2)
    b_factor_A2 = -2 * float(np.diff(np.log(parts.rings))[0] / np.diff(ends**2)[0])
    contrast = float(parts.rings[0] / at_zero * math.exp(0.5 * b_factor_A2 * ends[0] ** 2))
    truth = Truth(
        scene.optics, 14000.0, 12000.0, 0.0, rings=RingModel(contrast, b_factor_A2, noise_at_nyquist)
    )
    expected, ours = cramer_rao(truth, scene.shape, band_A), bound_of(scene, band_A)
    assert ours.defocus_A == pytest.approx(expected.defocus_A, rel=0.02)
    assert ours.astigmatism_A == pytest.approx(expected.astigmatism_A, rel=0.02)
