"""The examples of a data set: power spectra with their true defocus, from accepted micrographs or simulated.

`Example` is one of them, `Columns` all of a data set but its spectra. `accepted_of` lists the micrographs of a run,
`measured_example` reads one of them again, `simulated_example` simulates the spectra of a scene directly.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from thonring.errors import OpticsError, UnreadableFile, UnreadableTable
from thonring.learn.inputs import SAMPLINGS_A, SpectrumPyramid, spectrum_pyramid
from thonring.measurement import measured_spectrum
from thonring.optics import Optics
from thonring.records import Floats, Source
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
    """All of a data set but its spectra, one value per example (n,), `values_per_pixel` (n, samplings).

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


_RESULT_COLUMNS = ("defocus_A", "phase_shift_deg", "voltage_kV", "cs_mm", "amplitude_contrast", "pixel_A")
OPTION = "--spectrum"


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
    """Read the accepted micrographs of a run folder, in its order.

    Paths that are not absolute are those of the folder where the run was started, which has to be this one.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If results.csv or settings.json is missing or lacks what is needed.
    """
    table = run / "results.csv"
    kind = _spectrum_kind(run / "settings.json")
    rows = enumerate(_rows(table), start=2)
    return tuple(
        _accepted(f"{table}, line {line}", row, run, kind)
        for line, row in rows
        if row["status"] == "accepted"
    )


def _rows(table: Path) -> Sequence[Mapping[str, str]]:
    try:
        with table.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            found, rows = reader.fieldnames or (), list(reader)
    except (OSError, csv.Error) as problem:
        raise UnreadableFile(
            f"{table}: cannot be read ({problem}). Expected the folder of a run of `thonring estimate`."
        ) from problem
    missing = [column for column in ("file", "status", *_RESULT_COLUMNS) if column not in found]
    if missing:
        raise UnreadableTable(
            f"{table}: lacks the columns {', '.join(missing)}; found {', '.join(found) or 'nothing'}. Expected the "
            "results.csv that `thonring estimate` wrote."
        )
    return rows


def _accepted(place: str, row: Mapping[str, str], run: Path, kind: SpectrumKind | None) -> Accepted:
    try:
        defocus_A, phase_deg, voltage_kV, cs_mm, contrast, pixel_A = (
            float(row[name]) for name in _RESULT_COLUMNS
        )
        optics = Optics(voltage_kV, cs_mm, contrast, pixel_A)
    except (ValueError, OpticsError) as problem:
        raise UnreadableTable(
            f"{place}: {problem}; expected {', '.join(_RESULT_COLUMNS)} as numbers of an accepted micrograph."
        ) from None
    if not math.isfinite(defocus_A):
        raise UnreadableTable(f"{place}: defocus_A is {defocus_A}, expected a finite number.")
    return Accepted(run.resolve(), Path(row["file"]).resolve(), optics, defocus_A, phase_deg, kind)


def _spectrum_kind(settings: Path) -> SpectrumKind | None:
    """What the inputs of the run were: only its command line tells."""
    try:
        words = json.loads(settings.read_text(encoding="utf-8"))["command_line"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UnreadableFile(
            f"{settings}: tells no command line ({problem}), which says whether the run read images or spectra. "
            "Restore it from the run."
        ) from problem
    for word, following in zip(words, [*words[1:], ""], strict=True):
        value = following if word == OPTION else str(word).removeprefix(f"{OPTION}=")
        if (word == OPTION or value != word) and value in get_args(SpectrumKind):
            return cast("SpectrumKind", value)
    return None


def scene_file(seed: int, index: int) -> str:
    """The name of scene `index` in place of a file name; its folder part is the session."""
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
    """An accepted micrograph as an example, read with the optics and the pixel size of its estimate.

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
