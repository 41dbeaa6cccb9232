"""A simulated set as RELION 3.1 and later lists it: micrographs.star, and truth.star with their true CTFs.

Micrographs are named without a folder: programs look beside the STAR file or are started there, and a set can
be moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.files.atomic import write_text
from thonring.files.star import number, quoted
from thonring.formats.table import microscope, optics_block, relion_block
from thonring.optics import Optics
from thonring.records import KnownDefocus

_LIST_LABELS = ("_rlnMicrographName", "_rlnOpticsGroup")
_TRUTH_LABELS = (*_LIST_LABELS, "_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle", "_rlnPhaseShift")


@dataclass(frozen=True, slots=True)
class Simulated:
    """A micrograph that was made: the name of its file, its optics with their pixel, and its true defocus."""

    file: str
    optics: Optics
    pixel_A: float
    truth: KnownDefocus


def write_simulated_star(folder: Path, micrographs: Sequence[Simulated]) -> None:
    """Write both STAR files, with the same optics groups, numbered in the order of their first micrograph.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    microscopes = [microscope(made.optics, made.pixel_A) for made in micrographs]
    groups = {found: group for group, found in enumerate(dict.fromkeys(microscopes), start=1)}
    named = [
        (quoted(made.file), str(groups[found])) for made, found in zip(micrographs, microscopes, strict=True)
    ]
    true = [(*row, *_defocus(made.truth)) for row, made in zip(named, micrographs, strict=True)]
    for name, labels, rows in (
        ("micrographs.star", _LIST_LABELS, named),
        ("truth.star", _TRUTH_LABELS, true),
    ):
        write_text(folder / name, optics_block(groups) + relion_block("data_micrographs", labels, rows))


def _defocus(truth: KnownDefocus) -> tuple[str, str, str, str]:
    return (
        number(truth.defocus_u_A),
        number(truth.defocus_v_A),
        number(truth.angle_deg),
        number(truth.phase_shift_deg),
    )
