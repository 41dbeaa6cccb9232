"""Predictions of a trained network by ONNX Runtime on one thread: from spectra to defocus values with errors."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thonring.errors import FitError, SettingsError, UnreadableFile, UnreadableTable
from thonring.learn.inputs import NetworkInput, network_input, spectrum_pyramid
from thonring.learn.model_card import Card, Interval, checked_model, read_card
from thonring.optics import Optics
from thonring.records import Floats, Note, Spectrum

PACKAGED = Path(__file__).parent / "weights" / "rings.onnx"

LARGEST_SIGMA_FRACTION = 0.1
"""Relative standard error above which a prediction is flagged: the error at which a fit counts as a ring-lock."""

ROUNDING, RANGE_MARGIN = 1e-3, 5e-3
"""How far outside the training range a value may lie, as a fraction of itself and of the range: Cs 0 is as 0.01 mm."""

_INPUTS = {"polar": ("cells", "optics"), "enhanced": ("images",)}
_OUTPUTS = {"polar": ("defocus_A", "sigma_A"), "enhanced": ("defocus_A",)}


@dataclass(frozen=True, slots=True)
class NetworkDefocus:
    """Mean defocus and its standard error as a network predicts them.

    `notes` state that the network was not trained for an input, or is itself uncertain: with any of them the defocus
    should not be trusted blindly.
    """

    defocus_A: float
    sigma_A: float
    notes: tuple[Note, ...] = ()


class Predictor:
    """A network with its model card, from `Predictor.load`; it cannot be sent to another process."""

    def __init__(self, model: Path) -> None:
        self.card: Card = read_card(model)
        self._session = _session(model, self.card)

    @staticmethod
    def load(model: Path | None = None) -> "Predictor":
        """Load a model, by default the packaged one, which each process reads once.

        Raises
        ------
        UnreadableFile, UnreadableTable
            If model or card is missing or damaged, or they do not match.
        SettingsError
            If no network is packaged.
        """
        return _packaged() if model is None else Predictor(model)

    def predict_spectrum(self, spectrum: Spectrum, optics: Optics) -> NetworkDefocus:
        """The defocus of one spectrum, of any size and sampling.

        Raises
        ------
        InputError, FitError
            See `network_input` and `predict`.
        """
        pyramid = spectrum_pyramid(spectrum, self.card.samplings_A)
        return self.predict([network_input(pyramid, optics, self.card)])[0]

    def predict(self, inputs: Sequence[NetworkInput]) -> tuple[NetworkDefocus, ...]:
        """One defocus per input, all in one batch.

        Raises
        ------
        FitError
            If the network cannot be run, or returns something that is not a number.
        """
        if not inputs:
            return ()
        defocus_A, sigma_A = self._run(inputs)
        if not (np.isfinite(defocus_A).all() and np.isfinite(sigma_A).all()):
            raise FitError(
                f"the network {self.card.network} returned a defocus or standard error that is not a number; "
                "check the spectrum, and the model if this happens for every file."
            )
        return tuple(
            NetworkDefocus(float(defocus), float(sigma), self._notes(item, float(defocus), float(sigma)))
            for item, defocus, sigma in zip(inputs, defocus_A, sigma_A, strict=True)
        )

    def _run(self, inputs: Sequence[NetworkInput]) -> tuple[Floats, Floats]:
        """Defocus and standard error in Å, both (inputs,)."""
        features = np.stack([item.features for item in inputs])
        constants = np.array([item.constants for item in inputs], dtype=np.float32)
        feed = dict(zip(_INPUTS[self.card.kind], (features, constants), strict=False))
        try:
            outputs = self._session.run(list(_OUTPUTS[self.card.kind]), feed)
        except Exception as problem:
            raise FitError(
                f"the network {self.card.network} failed on a batch of {len(inputs)} spectra "
                f"({str(problem).splitlines()[0]}). Export it again with `thonring train`."
            ) from problem
        defocus_A = np.asarray(outputs[0], dtype=np.float64).reshape(len(inputs))
        if len(outputs) > 1:
            sigma_A = np.asarray(outputs[1], dtype=np.float64).reshape(len(inputs))
            return defocus_A, self.card.sigma_scale * sigma_A
        return defocus_A, np.full(len(inputs), self.card.sigma_A, dtype=np.float64)

    def _notes(self, item: NetworkInput, defocus_A: float, sigma_A: float) -> tuple[Note, ...]:
        card, finest_A = self.card, min(self.card.samplings_A)
        trained_A = max(card.trained_pixel_A[0], finest_A), max(card.trained_pixel_A[1], finest_A)
        notes = (
            _outside("voltage", item.optics.voltage_kV, card.trained_kV, "kV"),
            _outside("pixel", item.finest_A, trained_A, "Å/px"),
            _outside("Cs", item.optics.cs_mm, card.trained_cs_mm, "mm"),
            _outside(
                "amplitude contrast", item.optics.amplitude_contrast, card.trained_amplitude_contrast, ""
            ),
            _outside("defocus", defocus_A, card.trained_defocus_A, "Å"),
            _uncertain(defocus_A, sigma_A) if card.sigma_A is None else None,
        )
        return tuple(note for note in notes if note is not None)


def _outside(what: str, value: float, trained: Interval | None, unit: str) -> Note | None:
    """A note if a value lies outside the training range, with a margin; `trained` None: the network does not use it."""
    if trained is None:
        return None
    margin = max(ROUNDING * abs(value), RANGE_MARGIN * (trained[1] - trained[0]))
    if trained[0] - margin <= value <= trained[1] + margin:
        return None
    low, high = trained
    text = (
        f"the network was trained on {what} of {low:g} to {f'{high:g} {unit}'.strip()}, not {value:.6g}: its defocus "
        "and standard error are an extrapolation"
    )
    return Note(f"network-{what.replace(' ', '-').lower()}", text)


def _uncertain(defocus_A: float, sigma_A: float) -> Note | None:
    """A note if the network itself is uncertain."""
    if sigma_A <= LARGEST_SIGMA_FRACTION * abs(defocus_A):
        return None
    text = (
        f"the network is uncertain: its standard error of {sigma_A:.0f} Å exceeds a tenth of the defocus; "
        "the rings are barely visible, or several defocus values explain them"
    )
    return Note("network-unsure", text)


@functools.cache
def _packaged() -> Predictor:
    if not PACKAGED.is_file():
        raise SettingsError(
            "this version of Thonring includes no network. Give your own to `thonring predict --model` "
            "(trained by `thonring train`), and drop --start of `thonring estimate`."
        )
    return Predictor(PACKAGED)


def _session(model: Path, card: Card) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
    """Create a single-threaded session, after checking that the model is undamaged and matches its card."""
    content = checked_model(model)
    if card.kind == "enhanced" and card.sigma_A is None:
        raise UnreadableTable(
            f"{model}: its card has no sigma_A, and the network reports no standard error. "
            "Export it again with `thonring train`."
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:
        raise UnreadableFile(
            f"{model}: not a model that ONNX Runtime {onnxruntime.__version__} can load "
            f"({str(problem).splitlines()[0]}). Export it again with `thonring train`."
        ) from problem
    _check_names(model, card, session)
    return session


def _check_names(model: Path, card: Card, session: Any) -> None:  # noqa: ANN401
    for what, nodes, expected in (
        ("inputs", session.get_inputs(), _INPUTS[card.kind]),
        ("outputs", session.get_outputs(), _OUTPUTS[card.kind]),
    ):
        found = tuple(node.name for node in nodes)
        if set(found) != set(expected):
            raise UnreadableFile(
                f"{model}: its {what} are {', '.join(found)}, expected {', '.join(expected)} for a network of kind "
                f"{card.kind!r}. Does the card belong to another model?"
            )
