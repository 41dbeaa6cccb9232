"""The network that ships: right on images it never saw, unsure where there are no rings, and of the packaged recipe."""

from dataclasses import replace

import numpy as np
import pytest

from factories.micrographs import STRONG, micrograph
from thonring import simulate
from thonring.learn import predict
from thonring.learn.model_card import checked_model, read_card
from thonring.learn.networks import count_parameters, network
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.learn.training.config import load_training_recipe
from thonring.optics import Optics
from thonring.records import Micrograph
from thonring.simulate import Truth, draw, load_recipe, noise_micrograph
from thonring.spectrum import periodogram

MAX_BYTES = 10_000_000
UNSURE_A = 3000.0


@pytest.fixture(scope="module")
def packaged() -> Predictor:
    predict._packaged.cache_clear()
    return Predictor.load()


def predicted(predictor: Predictor, image: Micrograph) -> NetworkDefocus:
    return predictor.predict_spectrum(periodogram(image, 1.0), image.optics)


@pytest.mark.parametrize(
    ("voltage_kV", "pixel_A", "defocus_A"),
    [(300.0, 1.0, 15000.0), (200.0, 1.3, 9000.0), (300.0, 0.8, 24000.0), (100.0, 1.1, 12000.0)],
)
def test_it_finds_the_defocus(
    packaged: Predictor, voltage_kV: float, pixel_A: float, defocus_A: float
) -> None:
    truth = Truth(Optics(voltage_kV, 2.7, 0.1, pixel_A), defocus_A, defocus_A, 0.0, rings=STRONG)
    answer = predicted(packaged, micrograph(truth, 1280))
    assert answer.notes == ()
    assert answer.defocus_A == pytest.approx(defocus_A, rel=0.02)
    assert abs(answer.defocus_A - defocus_A) < 5 * answer.sigma_A


@pytest.mark.slow
def test_it_is_right_on_simulated_micrographs(packaged: Predictor) -> None:
    """Scenes of another recipe and seed than any it was trained on, as whole images."""
    sound = load_recipe("session").model_copy(update={"defective_share": 0.0})
    errors, sigmas = [], []
    for index in range(6):
        scene = draw(sound, 77, index, 1536)
        answer = predicted(packaged, simulate.micrograph(scene))
        errors.append(abs(answer.defocus_A - scene.mean_defocus_A))
        sigmas.append(answer.sigma_A)
    assert np.max(errors) < 300
    assert np.median(errors) < 60
    assert np.all(np.array(errors) < 5 * np.array(sigmas))


def test_it_says_that_it_does_not_know_where_there_are_no_rings(packaged: Predictor) -> None:
    images = [noise_micrograph(Optics(300.0, 2.7, 0.1, 1.0), (1280, 1280), seed) for seed in range(3)]
    assert min(predicted(packaged, image).sigma_A for image in images) > UNSURE_A


def test_its_amplitude_contrast_is_heeded(packaged: Predictor) -> None:
    """More amplitude contrast asks for less defocus to put the zeros where they are."""
    power, optics = periodogram(micrograph(), 1.0), micrograph().optics
    predicted_A = [
        packaged.predict_spectrum(power, replace(optics, amplitude_contrast=share)).defocus_A
        for share in (0.05, 0.15)
    ]
    assert 10 < predicted_A[0] - predicted_A[1] < 400


def test_it_is_what_the_packaged_recipe_makes() -> None:
    card = read_card(predict.PACKAGED)
    assert card.recipe == load_training_recipe("rings", "rings").model_dump(mode="json")
    assert (card.network, card.kind) == ("rings", "polar")
    assert card.parameters == count_parameters(network("rings").build())
    assert (card.trained_kV, card.trained_defocus_A) == ((100, 300), (2500, 65_000))
    assert len(checked_model(predict.PACKAGED)) < MAX_BYTES
