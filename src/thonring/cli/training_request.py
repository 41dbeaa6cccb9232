"""The arguments of `thonring train` in one piece."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """None is what the user did not say."""

    network: str | None
    data: tuple[str, ...]
    out: Path | None
    recipe: str | None
    resume: Path | None
    epochs: int | None
    seed: int | None
    workers: int
    devices: str
    quiet: bool
