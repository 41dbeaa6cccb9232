"""A network's answers are what its file says, whatever the batch; what it cannot know is flagged or refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factories.micrographs import OPTICS, STRONG, micrograph
from factories.models import CARD, Answer, make_model
from thonring import spectrum
from thonring.errors import (
    FitError,
    InputError,
    SettingsError,
    UnreadableFile,
    UnreadableTable,
    UnsuitableImage,
)
from thonring.learn import predict
from thonring.learn.inputs import NetworkInput, network_input, spectrum_pyramid
from thonring.learn.model_card import card_path, read_card, sha256, write_card
from thonring.learn.predict import Predictor
from thonring.optics import Optics
from thonring.records import Spectrum
from thonring.simulate import Truth

ENHANCED = CARD.model_copy(update={"kind": "enhanced", "sigma_A": 80.0})


@pytest.fixture(scope="module")
def measured() -> Spectrum:
    """A spectrum to 1 Å/px."""
    return spectrum.periodogram(micrograph(), 1.0)


def inputs(measured: Spectrum, count: int) -> list[NetworkInput]:
    """As many different ones."""
    scales = np.random.default_rng(1).gamma(4.0, size=(count, *measured.power.shape)).astype(np.float32)
    changed = [replace(measured, power=measured.power * scale) for scale in scales]
    return [network_input(spectrum_pyramid(one), OPTICS, CARD) for one in changed]


def test_the_answer_is_the_models(tmp_path: Path, measured: Spectrum) -> None:
    predictor = Predictor.load(make_model(tmp_path / "m.onnx", Answer(12345.0, 40.0)))
    answer = predictor.predict_spectrum(measured, OPTICS)
    assert (answer.defocus_A, answer.sigma_A, answer.notes) == (12345.0, 40.0, ())
    assert predictor.card == read_card(tmp_path / "m.onnx")


def test_a_batch_answers_as_each_alone_and_in_order(tmp_path: Path, measured: Spectrum) -> None:
    predictor = Predictor.load(make_model(tmp_path / "m.onnx", Answer(10000.0, slope=1e4)))
    asked = inputs(measured, 5)
    together = [answer.defocus_A for answer in predictor.predict(asked)]
    assert together == [predictor.predict([one])[0].defocus_A for one in asked]
    assert len(set(together)) == 5, "the answers depend on what is fed"
    assert together == pytest.approx([1e4 + 1e4 * float(np.mean(one.features**3)) for one in asked], rel=1e-5)
    assert predictor.predict([]) == ()


def test_a_network_without_uncertainty_has_that_of_its_card(tmp_path: Path, measured: Spectrum) -> None:
    model = make_model(tmp_path / "old.onnx", Answer(9000.0), ENHANCED)
    answer = Predictor.load(model).predict_spectrum(measured, OPTICS)
    assert (answer.defocus_A, answer.sigma_A) == (9000.0, 80.0)


def test_a_session_has_one_thread(tmp_path: Path) -> None:
    options = Predictor.load(make_model(tmp_path / "m.onnx", Answer(1.0)))._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


@pytest.mark.parametrize(
    ("optics", "pixel_A", "defocus_A", "kinds"),
    [
        (Optics(300.0, 2.7), 1.0, 15000.0, []),
        (Optics(100.0, 2.7), 2.2, 3000.0, []),
        (Optics(300.0, 2.7), 0.3, 60000.0, []),
        (Optics(80.0, 2.7), 1.0, 15000.0, ["network-voltage"]),
        (Optics(300.0, 2.7), 2.6, 15000.0, ["network-pixel"]),
        (Optics(300.0, 2.7), 1.0, 2500.0, ["network-defocus"]),
        (Optics(400.0, 2.7), 2.6, 70000.0, ["network-voltage", "network-pixel", "network-defocus"]),
    ],
)
def test_what_it_was_not_trained_for_is_answered_and_flagged(
    tmp_path: Path, optics: Optics, pixel_A: float, defocus_A: float, kinds: list[str]
) -> None:
    truth = Truth(replace(optics, pixel_A=pixel_A), 15000.0, 15000.0, 0.0, rings=STRONG)
    measured = spectrum.periodogram(micrograph(truth, 256), 1.0)
    answer = Predictor.load(make_model(tmp_path / "m.onnx", Answer(defocus_A))).predict_spectrum(
        measured, optics
    )
    assert answer.defocus_A == defocus_A
    assert [note.kind for note in answer.notes] == kinds
    for note in answer.notes:
        assert "was trained on" in note.text


def test_spectra_at_other_samplings_are_refused(measured: Spectrum) -> None:
    other = spectrum_pyramid(measured, (1.5, 2.0, 3.0))
    with pytest.raises(InputError, match=r"trained on spectra at 1, 2, 3 Å/px, but these are at 1\.5, 2, 3"):
        network_input(other, OPTICS, CARD)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(measured: Spectrum, value: float) -> None:
    views = spectrum_pyramid(measured)
    views.power[1, 300, 100] = value
    with pytest.raises(UnsuitableImage, match="NaN or infinite"):
        network_input(views, OPTICS, CARD)


def test_an_answer_that_is_no_number_is_an_error(tmp_path: Path, measured: Spectrum) -> None:
    predictor = Predictor.load(make_model(tmp_path / "m.onnx", Answer(float("nan"))))
    with pytest.raises(FitError, match="not a number"):
        predictor.predict_spectrum(measured, OPTICS)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", Answer(1.0))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(UnreadableFile, match="damaged or replaced"):
        Predictor.load(model)


@pytest.mark.parametrize("missing", [".onnx", ".toml"])
def test_a_model_is_two_files(tmp_path: Path, missing: str) -> None:
    model = make_model(tmp_path / "m.onnx", Answer(1.0))
    model.with_suffix(missing).unlink()
    with pytest.raises(UnreadableFile, match=rf"m\{missing}"):
        Predictor.load(model)


def test_what_is_no_model_is_refused_whatever_its_card_says(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(b"not a model")
    write_card(model, CARD.model_copy(update={"sha256": sha256(b"not a model")}))
    with pytest.raises(UnreadableFile, match="not a model that ONNX Runtime"):
        Predictor.load(model)


def test_a_card_of_another_kind_is_refused(tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", Answer(1.0))
    write_card(model, ENHANCED.model_copy(update={"sha256": sha256(model.read_bytes())}))
    with pytest.raises(
        UnreadableFile,
        match=r"its inputs are cells, optics, expected images for a network of kind 'enhanced'",
    ):
        Predictor.load(model)


def test_a_card_of_other_samplings_than_the_model_has_is_found_out(
    tmp_path: Path, measured: Spectrum
) -> None:
    two = CARD.model_copy(update={"samplings_A": (1.0, 2.0)})
    predictor = Predictor.load(make_model(tmp_path / "m.onnx", Answer(1.0), two))
    with pytest.raises(FitError, match="failed on a batch of 1 spectra"):
        predictor.predict_spectrum(measured, OPTICS)


def test_some_uncertainty_is_needed(tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", Answer(1.0), ENHANCED.model_copy(update={"sigma_A": None}))
    assert "sigma_A" not in card_path(model).read_text(encoding="utf-8")
    with pytest.raises(UnreadableTable, match="no sigma_A"):
        Predictor.load(model)


def test_without_a_packaged_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "PACKAGED", tmp_path / "rings.onnx")
    predict._packaged.cache_clear()
    with pytest.raises(SettingsError, match="includes no network"):
        Predictor.load()


def test_the_packaged_network_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "PACKAGED", make_model(tmp_path / "rings.onnx", Answer(1.0)))
    predict._packaged.cache_clear()
    assert Predictor.load() is Predictor.load(None)
    predict._packaged.cache_clear()


@pytest.mark.parametrize(
    ("cs_mm", "contrast", "kinds"),
    [
        (2.7, 0.1, []),
        (0.0, 0.15, []),
        (6.0, 0.1, ["network-cs"]),
        (2.7, 0.6, ["network-amplitude-contrast"]),
    ],
)
def test_constants_beyond_the_trained_ones_are_flagged(
    measured: Spectrum, tmp_path: Path, cs_mm: float, contrast: float, kinds: list[str]
) -> None:
    card = CARD.model_copy(update={"trained_cs_mm": (0.01, 2.7), "trained_amplitude_contrast": (0.05, 0.15)})
    predictor = Predictor(make_model(tmp_path / "m.onnx", Answer(15000.0), card))
    answer = predictor.predict_spectrum(measured, Optics(300.0, cs_mm, contrast, 1.0))
    assert [note.kind for note in answer.notes] == kinds


def test_a_network_that_says_it_does_not_know_is_flagged(measured: Spectrum, tmp_path: Path) -> None:
    sure = Predictor(make_model(tmp_path / "sure.onnx", Answer(12000.0, 1100.0)))
    unsure = Predictor(make_model(tmp_path / "unsure.onnx", Answer(12000.0, 1300.0)))
    assert sure.predict_spectrum(measured, OPTICS).notes == ()
    (note,) = unsure.predict_spectrum(measured, OPTICS).notes
    assert note.kind == "network-unsure"
    assert "standard error of 1300 Å" in note.text


@pytest.mark.slow
def test_nothing_is_loaded_before_it_is_needed() -> None:
    code = "import sys, thonring.learn.predict; print({'onnxruntime', 'torch', 'onnx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
