"""The examples of a data set: power spectra with their true defocus, from accepted micrographs or simulated.

`Example` is one of them, `Columns` everything in a data set except its spectra. `accepted_of` lists the micrographs of
a run, `measured_example` reads one of them again, `simulated_example` simulates the spectra of a scene directly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from thonring.errors import OpticsError, UnreadableTable
from thonring.files.entry import is_there
from thonring.learn.inputs import SAMPLINGS_A, SpectrumPyramid, spectrum_pyramid
from thonring.measurement import measured_spectrum
from thonring.optics import Optics
from thonring.records import Floats, Source
from thonring.run.open import read_run
from thonring.run.store import MicrographRecord
from thonring.settings import SpectrumKind
from thonring.simulate import Recipe, Scene, draw, drawn_spectrum

NUMBERS = ("defocus_A", "voltage_kV", "cs_mm", "amplitude_contrast", "finest_A")
VALUES = "values_per_pixel"
TEXTS = ("session", "file", "source")
SIMULATED = "simulated"

BLOCK = 64
"""Simulated scenes per session."""


@dataclass(frozen=True, slots=True)
class Example:
    """The spectra of a micrograph with the defocus that a network is to learn.

    `defocus_A` is the mean of U and V. `file` identifies the micrograph in a data set; a `session` is never divided
    between training and test; `source` is the run that estimated the defocus, or "simulated".
    """

    pyramid: SpectrumPyramid
    defocus_A: float
    optics: Optics
    session: str
    file: str
    source: str

    @property
    def numbers(self) -> dict[str, float]:
        """The values of the columns `NUMBERS`."""
        optics = self.optics
        values = (self.defocus_A, optics.voltage_kV, optics.cs_mm, optics.amplitude_contrast)
        return dict(zip(NUMBERS, (*values, self.pyramid.finest_A), strict=True))


@dataclass(frozen=True, slots=True)
class Columns:
    """Everything in a data set except its spectra, one value per example (n,), `values_per_pixel` (n, samplings).

    Unknown values are NaN.
    """

    defocus_A: Floats
    voltage_kV: Floats
    cs_mm: Floats
    amplitude_contrast: Floats
    finest_A: Floats
    values_per_pixel: Floats
    session: tuple[str, ...]
    file: tuple[str, ...]
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.file)

    def optics(self, index: int) -> Optics:
        """The optics of an example.

        Raises
        ------
        OpticsError
            If they are unknown.
        """
        return Optics(
            float(self.voltage_kV[index]), float(self.cs_mm[index]), float(self.amplitude_contrast[index])
        )


def concatenated(parts: Sequence[Columns]) -> Columns:
    """The columns of several data sets, one after the other."""
    numbers = {name: np.concatenate([getattr(part, name) for part in parts]) for name in (*NUMBERS, VALUES)}
    texts = {name: tuple(text for part in parts for text in getattr(part, name)) for name in TEXTS}
    return columns_of(numbers, texts)


def columns_of(numbers: Mapping[str, Floats], texts: Mapping[str, tuple[str, ...]]) -> Columns:
    """The record of columns, given by name."""
    columns: dict[str, Any] = {**numbers, **texts}
    return Columns(**columns)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted micrograph of a run; `path` is absolute, links followed, so that each is known by one name.

    `spectrum_kind` is set where the run's inputs were spectra.
    """

    run: Path
    path: Path
    optics: Optics
    defocus_A: float
    phase_shift_deg: float
    spectrum_kind: SpectrumKind | None = None


def accepted_of(run: Path) -> tuple[Accepted, ...]:
    """Read the accepted micrographs of a run folder, in order, with manual decisions applied.

    Raises
    ------
    OutputError
        If the run has no database, or it cannot be read.
    UnreadableTable
        If an accepted micrograph has no optics or no finite defocus.
    """
    with read_run(run) as store, store.snapshot():
        return tuple(_accepted(run, record) for record in store if record.outcome.status == "accepted")


def not_accepted_of(run: Path) -> tuple[Path, ...]:
    """List the micrographs of a run folder that were rejected or failed, with manual decisions applied.

    Raises
    ------
    OutputError
        If the run has no database, or it cannot be read.
    """
    with read_run(run) as store, store.snapshot():
        return tuple(
            _present_path(record).resolve() for record in store if record.outcome.status != "accepted"
        )


def _accepted(run: Path, record: MicrographRecord) -> Accepted:
    outcome, kind = record.outcome, record.provenance.processing.spectrum_kind
    fit, optics = outcome.fit, outcome.optics
    if fit is None or optics is None or not math.isfinite(fit.mean_defocus_A):
        raise UnreadableTable(
            f"{run}: {outcome.path} is accepted without optics or a finite defocus. Estimate it again with --redo."
        )
    try:
        used = Optics(optics.voltage_kV, optics.cs_mm, fit.amplitude_contrast, outcome.pixel_A)
    except OpticsError as problem:
        raise UnreadableTable(f"{run}: {outcome.path}: {problem}") from problem
    return Accepted(
        run.resolve(),
        _present_path(record).resolve(),
        used,
        fit.mean_defocus_A,
        fit.phase_shift_deg,
        cast("SpectrumKind", kind) if kind else None,
    )


def _present_path(record: MicrographRecord) -> Path:
    """Return the path where the run found the file, or, if it no longer exists, the path relative to this folder."""
    return record.absolute_path if is_there(record.absolute_path) else record.path


def scene_file(seed: int, index: int) -> str:
    """The name of scene `index`, used as a file name; its folder part is the session."""
    return f"{SIMULATED}/seed_{seed}/block_{index // BLOCK:06d}/scene_{index:08d}"


def simulated_example(recipe: Recipe, seed: int, index: int) -> Example:
    """Scene `index` of the set that a seed draws from a recipe, as an example.

    Raises
    ------
    SettingsError
        If the recipe's ranges hardly ever give visible rings.
    """
    scene = draw(recipe, seed, index)
    file = scene_file(seed, index)
    session = file.rpartition("/")[0]
    return Example(simulated_pyramid(scene), scene.mean_defocus_A, scene.optics, session, file, SIMULATED)


def simulated_pyramid(scene: Scene) -> SpectrumPyramid:
    """The spectra that the scene's image would have, with independent noise at each sampling.

    At samplings finer than the scene's pixel they are known to the Nyquist frequency of the pixel only.
    """
    random = np.random.default_rng([scene.seed, 1])
    levels = [
        spectrum_pyramid(drawn_spectrum(scene, max(scene.pixel_A, sampling_A), random), (sampling_A,))
        for sampling_A in SAMPLINGS_A
    ]
    return SpectrumPyramid(
        power=np.concatenate([level.power for level in levels]),
        finest_A=max(scene.pixel_A, SAMPLINGS_A[0]),
        values_per_pixel=tuple(level.values_per_pixel[0] for level in levels),
    )


def measured_example(accepted: Accepted, session: str) -> Example:
    """Read an accepted micrograph as an example, with the optics and the pixel size of its estimate.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used.
    """
    source = Source(accepted.path, accepted.optics)
    measured = measured_spectrum(source, accepted.spectrum_kind, SAMPLINGS_A[0])
    pyramid = spectrum_pyramid(measured.spectrum)
    file, run = str(accepted.path), str(accepted.run)
    return Example(pyramid, accepted.defocus_A, accepted.optics, session, file, run)
