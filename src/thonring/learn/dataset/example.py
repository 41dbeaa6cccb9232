"""What a data set is made of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from thonring import read, spectrum
from thonring.errors import OpticsError, UnreadableTable
from thonring.files.entry import is_there
from thonring.learn.inputs import SAMPLINGS_A, SpectrumPyramid, spectrum_pyramid
from thonring.optics import Optics
from thonring.records import Floats
from thonring.run.open import read_run
from thonring.run.store import MicrographRecord
from thonring.settings import SpectrumKind
from thonring.simulate import Recipe, Scene, draw, drawn_spectrum

NUMBERS = ("defocus_A", "voltage_kV", "cs_mm", "amplitude_contrast", "finest_A")
VALUES = "values_per_pixel"
TEXTS = ("session", "file", "source")
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Example:
    """The views of a micrograph and what a network shall learn from them.

    `defocus_A` is the mean of U and V. `file` names the micrograph, once in a data set; `session` is what is never
    divided between training and testing; `source` is the run that estimated the defocus, or "simulated".
    """

    views: SpectrumPyramid
    defocus_A: float
    optics: Optics
    session: str
    file: str
    source: str

    @property
    def numbers(self) -> dict[str, float]:
        """The values of the columns `NUMBERS`."""
        optics = self.optics
        found = (self.defocus_A, optics.voltage_kV, optics.cs_mm, optics.amplitude_contrast)
        return dict(zip(NUMBERS, (*found, self.views.finest_A), strict=True))


@dataclass(frozen=True, slots=True)
class Columns:
    """All of a data set but its spectra, one value an element (n,), `values_per_pixel` (n, samplings).

    What is not known is NaN.
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
        """The optics of an element.

        Raises
        ------
        OpticsError
            If they are not known.
        """
        return Optics(
            float(self.voltage_kV[index]), float(self.cs_mm[index]), float(self.amplitude_contrast[index])
        )


def joined(parts: Sequence[Columns]) -> Columns:
    """The columns of several data sets, one after the other."""
    numbers = {name: np.concatenate([getattr(part, name) for part in parts]) for name in (*NUMBERS, VALUES)}
    texts = {name: tuple(text for part in parts for text in getattr(part, name)) for name in TEXTS}
    return columns_of(numbers, texts)


def columns_of(numbers: Mapping[str, Floats], texts: Mapping[str, tuple[str, ...]]) -> Columns:
    """Columns from their names."""
    cells: dict[str, Any] = {**numbers, **texts}
    return Columns(**cells)


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
    """Read the accepted micrographs of a run folder, in its order: those that manual decisions leave accepted.

    Raises
    ------
    OutputError
        If the run has no database, or it cannot be read.
    UnreadableTable
        If an accepted micrograph has no optics or no finite defocus.
    """
    with read_run(run) as store, store.snapshot():
        return tuple(_accepted(run, one) for one in store if one.outcome.status == "accepted")


def _accepted(run: Path, one: MicrographRecord) -> Accepted:
    outcome, kind = one.outcome, one.provenance.processing.spectrum_kind
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
        _present_path(one).resolve(),
        used,
        fit.mean_defocus_A,
        fit.phase_shift_deg,
        cast("SpectrumKind", kind) if kind else None,
    )


def _present_path(one: MicrographRecord) -> Path:
    """Return where the run found the file, or, if that is no more, its path as seen from this folder."""
    return one.absolute_path if is_there(one.absolute_path) else one.path


BLOCK = 64
"""Scenes of one session."""


def scene_file(seed: int, index: int) -> str:
    """What stands for the file of scene `index`; the folder in it is its session."""
    return f"{SIMULATED}/seed_{seed}/block_{index // BLOCK:06d}/scene_{index:08d}"


def drawn_element(recipe: Recipe, seed: int, index: int) -> Example:
    """Scene `index` of the set that `seed` draws from a recipe, as an element.

    Raises
    ------
    SettingsError
        If the recipe's ranges hardly ever give visible rings.
    """
    scene = draw(recipe, seed, index)
    file = scene_file(seed, index)
    session = file.rpartition("/")[0]
    return Example(drawn_views(scene), scene.mean_defocus_A, scene.optics, session, file, SIMULATED)


def drawn_views(scene: Scene) -> SpectrumPyramid:
    """The views that the scene's image would have; their noise is drawn for each anew.

    A view that is finer than the scene's pixel is known to the Nyquist frequency of the pixel only.
    """
    random = np.random.default_rng([scene.seed, 1])
    seen = [
        spectrum_pyramid(drawn_spectrum(scene, max(scene.pixel_A, sampling_A), random), (sampling_A,))
        for sampling_A in SAMPLINGS_A
    ]
    return SpectrumPyramid(
        power=np.concatenate([view.power for view in seen]),
        finest_A=max(scene.pixel_A, SAMPLINGS_A[0]),
        values_per_pixel=tuple(view.values_per_pixel[0] for view in seen),
    )


def measured_element(accepted: Accepted, session: str) -> Example:
    """An accepted micrograph as an element.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used.
    """
    views = measured_views(accepted.path, accepted.optics, accepted.spectrum_kind)
    file, source = str(accepted.path), str(accepted.run)
    return Example(views, accepted.defocus_A, accepted.optics, session, file, source)


def measured_views(path: Path, optics: Optics, spectrum_kind: SpectrumKind | None = None) -> SpectrumPyramid:
    """The views of an image, or of a spectrum that another program computed.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used.
    """
    if spectrum_kind is not None:
        return spectrum_pyramid(read.spectrum_file(path, optics, spectrum_kind).spectrum)
    image = spectrum.repaired(read.micrograph(path, optics))
    return spectrum_pyramid(spectrum.periodogram(image, finest_A=SAMPLINGS_A[0]))
