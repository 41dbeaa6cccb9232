"""Where the files lie that tables name."""

from collections.abc import Sequence
from pathlib import Path


def located(file: str, folders: Sequence[Path]) -> Path:
    """Place of a file: in the first folder that has it, or else in the first."""
    places = [(folder / file).resolve() for folder in folders]
    return next((place for place in places if place.exists()), places[0])
