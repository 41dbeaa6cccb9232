"""The model spectrum is the mean spectrum of the images: scale, envelopes, noise, astigmatism and movement."""

from dataclasses import replace

import numpy as np
import pytest

from factories.scenes import SCENE, frequencies, mean_density
from thonring.optics import Optics
from thonring.records import Floats
from thonring.simulate.scene import Detector, Exposure, Ice, Particles, Scene
from thonring.simulate.spectrum import spectral_density

IMAGES = 3
ASTIGMATIC = replace(SCENE, defocus_u_A=14000.0, defocus_v_A=10000.0, angle_deg=30.0)
CASES = {
    "plain": SCENE,
    "astigmatism": ASTIGMATIC,
    "drift": replace(SCENE, exposure=Exposure(dose_e_per_A2=200, drift_A=15.0, drift_angle_deg=40.0)),
    "jump": replace(
        ASTIGMATIC,
        exposure=Exposure(dose_e_per_A2=200, jump_share=0.4, jump_A=30.0, jump_angle_deg=-50.0),
    ),
    "blur and phase plate": replace(SCENE, exposure=Exposure(blur_A=2.0), phase_shift_deg=70.0),
    "thick ice": replace(SCENE, ice=Ice(2000.0), exposure=Exposure(dose_e_per_A2=200)),
    "small pixel, Poisson": replace(
        SCENE, optics=Optics(200.0, 1.4, 0.07, 0.5), exposure=Exposure(dose_e_per_A2=20.0)
    ),
    "strong ring of ice": replace(SCENE, ice=Ice(ring_gain=15.0), detector=Detector(0.3, 0.9, 0.2)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_images_have_the_models_power(case: str) -> None:
    """In annuli, each cut in pieces of 45° so that neither direction nor rings can average out."""
    scene = CASES[case]
    ratio, expected_sigma = _ratios(scene, np.arange(0.03, 0.49, 0.02), pieces=4)
    assert np.all(np.abs(ratio - 1) < 0.02 + 5 * expected_sigma)
    assert np.mean(ratio) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("hollow", [0.0, 0.7])
def test_particles_have_the_models_power(hollow: float) -> None:
    """Few, of few kinds: their number and places scatter more than a Gaussian field would."""
    scene = replace(SCENE, particles=Particles(8000.0, 40.0, hollow))
    ratio, _ = _ratios(scene, np.array([0.01, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.49]), pieces=1)
    assert ratio == pytest.approx(1, abs=0.15)
    assert ratio[3:] == pytest.approx(1, abs=0.04)
    without, _ = _ratios(scene, np.array([0.01, 0.03]), pieces=1, model=SCENE)
    assert without[0] > 3


@pytest.mark.slow
def test_the_wrong_model_is_found_out() -> None:
    """The comparison sees a drift that is not there, and astigmatism and a jump that are."""
    for model in (replace(SCENE, exposure=Exposure(dose_e_per_A2=200)), CASES["jump"]):
        ratio, sigma = _ratios(CASES["drift"], np.arange(0.03, 0.49, 0.02), pieces=4, model=model)
        assert np.any(np.abs(ratio - 1) > 0.02 + 5 * sigma)


def _ratios(scene: Scene, edges: Floats, pieces: int, model: Scene | None = None) -> tuple[Floats, Floats]:
    """Power of images over that of the model in annuli and their pieces, and its standard error; edges in 1/pixel."""
    k, direction = frequencies(scene)
    seen = mean_density(scene, IMAGES)
    expected = spectral_density(model or scene, k, direction).total
    piece = np.floor((direction / np.pi + 0.5) * pieces).astype(int).clip(0, pieces - 1)
    ring = np.digitize(k * scene.pixel_A, edges) - 1
    used = (ring >= 0) & (ring < len(edges) - 1)
    used[:, :3] = False
    number = ring[used] * pieces + piece[used]
    total, wanted, count = (
        np.bincount(number, weights) for weights in (seen[used], expected[used], np.ones(number.size))
    )
    hann_correlation = 1.5
    return total / wanted, hann_correlation / np.sqrt(IMAGES * count)
