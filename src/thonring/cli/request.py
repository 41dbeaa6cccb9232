"""What the user asked for, checked and in one piece."""

from dataclasses import dataclass
from pathlib import Path

from thonring.batch.executors.open import ExecutorChoice
from thonring.batch.watch import Until
from thonring.optics import PartialOptics
from thonring.settings import Settings, SpectrumKind


@dataclass(frozen=True, slots=True)
class Estimation:
    """What commands that estimate have in common; with `metadata` the microscope's files beside images are used."""

    out: Path
    optics: PartialOptics
    metadata: bool
    settings: Settings
    spectrum_kind: SpectrumKind | None
    defocus_from: Path | None
    ctffind_text: bool
    plots: bool
    signals: bool
    hashed: bool
    executor: ExecutorChoice
    quiet: bool


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `thonring estimate`."""

    files: tuple[str, ...]
    estimation: Estimation
    redo: bool


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """The arguments of `thonring watch`."""

    folder: Path
    patterns: tuple[str, ...]
    ignored: tuple[str, ...]
    until: Until
    every_s: float
    stable_s: float
    estimation: Estimation


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The arguments of `thonring export`."""

    run: Path
    formats: tuple[str, ...]
    out: Path
    quiet: bool


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
    """The arguments of `thonring predict`; `model` is None for the packaged one, `metadata` as in `Estimation`."""

    files: tuple[str, ...]
    out: Path
    model: Path | None
    optics: PartialOptics
    metadata: bool
    spectrum_kind: SpectrumKind | None
    workers: int
    batch: int
    quiet: bool
