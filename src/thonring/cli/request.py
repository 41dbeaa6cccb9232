"""What the user asked for, checked and in one piece."""

from dataclasses import dataclass
from pathlib import Path

from thonring.optics import PartialOptics
from thonring.settings import SpectrumKind


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """The arguments of `thonring simulate`; `size` is None where the recipe decides."""

    count: int
    out: Path
    size: int | None
    seed: int
    recipe: str
    workers: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """The arguments of `thonring predict`; `model` is None for the packaged one."""

    files: tuple[str, ...]
    out: Path
    model: Path | None
    optics: PartialOptics
    spectrum_kind: SpectrumKind | None
    workers: int
    batch: int
    quiet: bool
