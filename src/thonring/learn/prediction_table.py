"""The table of `thonring predict`: one row per file, with the defocus that a network predicts or why it failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from thonring.errors import OutputError
from thonring.files.csv import write_csv
from thonring.optics import Optics
from thonring.records import Note

PredictionStatus = Literal["predicted", "flagged", "failed"]

_COLUMNS = (
    "file",
    "status",
    "defocus_A",
    "sigma_A",
    "voltage_kV",
    "cs_mm",
    "pixel_A",
    "reasons",
    "notes",
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Mean defocus of one file with its standard error; "flagged" if the prediction should not be trusted blindly.

    `reason` is why it failed or is flagged.
    """

    path: Path
    status: PredictionStatus
    optics: Optics
    pixel_A: float = math.nan
    defocus_A: float = math.nan
    sigma_A: float = math.nan
    reason: str = ""
    notes: tuple[Note, ...] = ()


def prepare_predictions(path: Path) -> None:
    """Check that the table can be written before the work starts; a new one is created with its header only.

    Raises
    ------
    OutputError
        If it cannot, or `path` is a folder.
    """
    if path.is_dir():
        raise OutputError(
            f"{path}: is a folder, expected the name of a file. Give --out {path / 'defocus.csv'}."
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"{path}: its parent folder {path.parent} does not exist. Create it, or choose another with --out."
        )
    if not path.exists():
        write_predictions(path, ())


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write the table with one row per file, the failed ones included.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_csv(path, _COLUMNS, [_row(prediction) for prediction in predictions])


def _row(prediction: Prediction) -> list[str | float | None]:
    return [
        str(prediction.path),
        prediction.status,
        prediction.defocus_A,
        prediction.sigma_A,
        prediction.optics.voltage_kV,
        prediction.optics.cs_mm,
        prediction.pixel_A,
        prediction.reason,
        "; ".join(note.text for note in prediction.notes),
    ]
