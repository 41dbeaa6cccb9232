"""What a run accepted: files, optics and defoci, from the run's results.csv and settings.json."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from thonring.errors import OpticsError, UnreadableFile, UnreadableTable
from thonring.optics import Optics

SpectrumKind = Literal["amplitude", "power"]

NUMBERS = ("defocus_A", "phase_shift_deg", "voltage_kV", "cs_mm", "amplitude_contrast", "pixel_A")
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
    missing = [column for column in ("file", "status", *NUMBERS) if column not in found]
    if missing:
        raise UnreadableTable(
            f"{table}: lacks the columns {', '.join(missing)}; found {', '.join(found) or 'nothing'}. Expected the "
            "results.csv that `thonring estimate` wrote."
        )
    return rows


def _accepted(place: str, row: Mapping[str, str], run: Path, kind: SpectrumKind | None) -> Accepted:
    try:
        defocus_A, phase_deg, voltage_kV, cs_mm, contrast, pixel_A = (float(row[name]) for name in NUMBERS)
        optics = Optics(voltage_kV, cs_mm, contrast, pixel_A)
    except (ValueError, OpticsError) as problem:
        raise UnreadableTable(
            f"{place}: {problem}; expected {', '.join(NUMBERS)} as numbers of an accepted micrograph."
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
