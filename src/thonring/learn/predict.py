"""A trained network at work, by ONNX Runtime on one thread: spectra in, defoci with standard errors out."""

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

UNSURE_SHARE = 0.1
"""Standard error over defocus above which an answer is flagged: the share at which a fit counts as a ring-lock."""

ROUNDING, LITTLE = 1e-3, 5e-3
"""How far outside of the trained range a value may lie, as a share of itself and of the range: Cs 0 is as 0.01 mm."""

_INPUTS = {"polar": ("cells", "optics"), "enhanced": ("images",)}
_OUTPUTS = {"polar": ("defocus_A", "sigma_A"), "enhanced": ("defocus_A",)}


@dataclass(frozen=True, slots=True)
class NetworkDefocus:
    """Mean defocus and its standard error as a network says them.

    `notes` tell what the network was not trained for, and that it does not know: where there is one, the defocus is
    not to be trusted blindly.
    """

    defocus_A: float
    sigma_A: float
    notes: tuple[Note, ...] = ()


class Predictor:
    """A network with its card. Make one by `Predictor.load`; it stays in its process."""

    def __init__(self, model: Path) -> None:
        self.card: Card = read_card(model)
        self._session = _session(model, self.card)

    @staticmethod
    def load(model: Path | None = None) -> "Predictor":
        """Load a model, or without a path the packaged one, which is read once a process.

        Raises
        ------
        UnreadableFile, UnreadableTable
            If model or card is missing or damaged, or they do not belong together.
        SettingsError
            If no network is packaged.
        """
        return _packaged() if model is None else Predictor(model)

    def opinion(self, spectrum: Spectrum, optics: Optics) -> NetworkDefocus:
        """What the network says of one spectrum, of any size and sampling.

        Raises
        ------
        InputError, FitError
            See `network_input` and `predict`.
        """
        views = spectrum_pyramid(spectrum, self.card.samplings_A)
        return self.predict([network_input(views, optics, self.card)])[0]

    def predict(self, inputs: Sequence[NetworkInput]) -> tuple[NetworkDefocus, ...]:
        """One defocus an input, all in one batch.

        Raises
        ------
        FitError
            If the network cannot be run, or gives something that is no number.
        """
        if not inputs:
            return ()
        defocus_A, sigma_A = self._run(inputs)
        if not (np.isfinite(defocus_A).all() and np.isfinite(sigma_A).all()):
            raise FitError(
                f"the network {self.card.network} gave a defocus or standard error that is no number; "
                "look at the spectrum, and at the model if it happens to all."
            )
        return tuple(
            NetworkDefocus(float(defocus), float(sigma), self._notes(one, float(defocus), float(sigma)))
            for one, defocus, sigma in zip(inputs, defocus_A, sigma_A, strict=True)
        )

    def _run(self, inputs: Sequence[NetworkInput]) -> tuple[Floats, Floats]:
        """Defocus and standard error in Å, both (inputs,)."""
        seen = np.stack([one.seen for one in inputs])
        constants = np.array([one.constants for one in inputs], dtype=np.float32)
        fed = dict(zip(_INPUTS[self.card.kind], (seen, constants), strict=False))
        try:
            given = self._session.run(list(_OUTPUTS[self.card.kind]), fed)
        except Exception as problem:
            raise FitError(
                f"the network {self.card.network} could not be run on {len(inputs)} spectra at once "
                f"({str(problem).splitlines()[0]}). Export it again with `thonring train`."
            ) from problem
        defocus_A = np.asarray(given[0], dtype=np.float64).reshape(len(inputs))
        if len(given) > 1:
            sigma_A = np.asarray(given[1], dtype=np.float64).reshape(len(inputs))
            return defocus_A, self.card.sigma_scale * sigma_A
        return defocus_A, np.full(len(inputs), self.card.sigma_A, dtype=np.float64)

    def _notes(self, one: NetworkInput, defocus_A: float, sigma_A: float) -> tuple[Note, ...]:
        card, finest_A = self.card, min(self.card.samplings_A)
        trained_A = max(card.trained_pixel_A[0], finest_A), max(card.trained_pixel_A[1], finest_A)
        found = (
            _outside("voltage", one.optics.voltage_kV, card.trained_kV, "kV"),
            _outside("pixel", one.finest_A, trained_A, "Å/px"),
            _outside("Cs", one.optics.cs_mm, card.trained_cs_mm, "mm"),
            _outside(
                "amplitude contrast", one.optics.amplitude_contrast, card.trained_amplitude_contrast, ""
            ),
            _outside("defocus", defocus_A, card.trained_defocus_A, "Å"),
            _unsure(defocus_A, sigma_A) if card.sigma_A is None else None,
        )
        return tuple(note for note in found if note is not None)


def _outside(what: str, value: float, trained: Interval | None, unit: str) -> Note | None:
    """A note if a value lies outside of what the network was trained on by more than a little; None: not heeded."""
    if trained is None:
        return None
    slack = max(ROUNDING * abs(value), LITTLE * (trained[1] - trained[0]))
    if trained[0] - slack <= value <= trained[1] + slack:
        return None
    low, high = trained
    text = (
        f"the network was trained on {what} {low:g} to {f'{high:g} {unit}'.strip()}, not for {value:.6g}: its defocus "
        "and standard error are a guess"
    )
    return Note(f"network-{what.replace(' ', '-').lower()}", text)


def _unsure(defocus_A: float, sigma_A: float) -> Note | None:
    """A note if the network itself says that it does not know."""
    if sigma_A <= UNSURE_SHARE * abs(defocus_A):
        return None
    text = (
        f"the network does not know: its standard error of {sigma_A:.0f} Å is above a tenth of the defocus; "
        "rings are hardly visible, or several defoci explain them"
    )
    return Note("network-unsure", text)


@functools.cache
def _packaged() -> Predictor:
    if not PACKAGED.is_file():
        raise SettingsError(
            "no network is packaged with this version of Thonring. Give one of your own to `thonring predict --model` "
            "(made by `thonring train`), and leave out --start of `thonring estimate`."
        )
    return Predictor(PACKAGED)


def _session(model: Path, card: Card) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
    """A session of one thread on a model that is whole and fits its card."""
    content = checked_model(model)
    if card.kind == "enhanced" and card.sigma_A is None:
        raise UnreadableTable(
            f"{model}: its card has no sigma_A, and the network gives no standard error of its own. "
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
                f"{model}: its {what} are {', '.join(found)}, those of a network of kind {card.kind!r} are "
                f"{', '.join(expected)}. Is the card that of another model?"
            )
