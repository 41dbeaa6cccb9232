"""Model cards: what a network was trained on, its errors, and the checksum of its file.

A model consists of two files, `NAME.onnx` and its card `NAME.toml`. Nothing pickled is ever loaded.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thonring.errors import ThonringError, UnreadableFile, UnreadableTable
from thonring.files.atomic import write_text
from thonring.files.text import read_toml
from thonring.simulate.output import recipe_text

Kind = Literal["polar", "enhanced"]
Interval = tuple[float, float]

_REMARKS = ("Model card of the .onnx file of the same name. Errors are those on held-out test data.",)

TRAINING_PACKAGES = ("torch", "lightning", "tensorboard", "h5py", "onnx", "onnxscript")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ErrorRow(_Section):
    """Errors of the examples from `low` to `high`, in kV or Å.

    `beyond_1000A` is the fraction of errors above 1000 Å; `held_95` the fraction of true values inside the 95 %
    interval, None for networks without one.
    """

    low: float
    high: float
    count: int
    mean_A: float
    median_A: float
    beyond_1000A: float
    held_95: float | None = None


class Card(_Section):
    """All metadata of a model; ranges are (lowest, highest) of the training data.

    `sigma_A` is the RMS error on the test set, for networks that report no uncertainty of their own. `trained_pixel_A`
    are the pixel sizes to whose Nyquist frequency the spectra were known. `recipe` and `versions` are those of the
    training. Standard errors are multiplied by `sigma_scale`, calibrated on simulated micrographs, since whole images
    vary in ways that spectra simulated directly do not.
    """

    network: str
    kind: Kind
    parameters: int
    samplings_A: tuple[float, ...]
    sha256: str
    trained_kV: Interval
    trained_defocus_A: Interval
    trained_pixel_A: Interval
    trained_cs_mm: Interval | None = None
    trained_amplitude_contrast: Interval | None = None
    data: str
    seed: int
    epochs: int
    limits: tuple[str, ...]
    errors: ErrorRow
    errors_by_voltage: dict[str, ErrorRow]
    errors_by_defocus: dict[str, ErrorRow]
    recipe: dict[str, Any]
    versions: dict[str, str]
    sigma_A: float | None = None
    sigma_scale: Annotated[float, Field(gt=0)] = 1.0


def card_path(model: Path) -> Path:
    """The path of the card of a model."""
    return model.with_suffix(".toml")


def read_card(model: Path) -> Card:
    """Read the card of a model, given as the path of either file.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If there is no card, or it is not valid.
    """
    path = card_path(model)
    try:
        return Card.model_validate(
            read_toml(
                path,
                "A model consists of two files, NAME.onnx and its model card NAME.toml: keep them together, or copy "
                "them again.",
            )
        )
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnreadableTable(
            f"{path}: {place}: {first['msg']}. Expected a card that `thonring train` wrote; copy it again."
        ) from None


def write_card(model: Path, card: Card) -> Path:
    """Write the card of a model next to it, and return its path.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path = card_path(model)
    write_text(path, recipe_text(card.model_dump(exclude_none=True), _REMARKS))
    return path


def checked_model(model: Path) -> bytes:
    """The bytes of a model's .onnx file, checked against the SHA-256 on its card.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If the file or its card is missing or damaged.
    """
    card = read_card(model)
    path = model.with_suffix(".onnx")
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise UnreadableFile(
            f"{path}: cannot be read ({problem.strerror}). Expected the model next to its card {card_path(model)}."
        ) from None
    found = sha256(content)
    if found != card.sha256:
        raise UnreadableFile(
            f"{path}: damaged or replaced: its SHA-256 is {found[:12]}…, but its card states {card.sha256[:12]}…. "
            "Copy model and card again, together."
        )
    return content


def sha256(content: bytes) -> str:
    """SHA-256 of a file's content, hexadecimal, as on the cards."""
    return hashlib.sha256(content).hexdigest()


def require_training(packages: tuple[str, ...] = TRAINING_PACKAGES) -> None:
    """Check that the extra `train` is installed.

    Raises
    ------
    ThonringError
        If one of its packages is missing.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ThonringError(
            f"Training needs {', '.join(missing)}, which {verb} not installed: pip install 'thonring[train]'."
        )
