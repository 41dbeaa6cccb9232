"""RELION's optics groups: microscopes that are the same where a reader sees it, numbered as they come."""

from collections.abc import Mapping, Sequence

from thonring.optics import Optics
from thonring.results.star_syntax import loop_head, loop_rows, number

_LABELS = (
    "_rlnOpticsGroupName",
    "_rlnOpticsGroup",
    "_rlnVoltage",
    "_rlnSphericalAberration",
    "_rlnAmplitudeContrast",
    "_rlnMicrographPixelSize",
    "_rlnMicrographOriginalPixelSize",
)

Microscope = tuple[str, str, str, str]


def microscope(optics: Optics, pixel_A: float) -> Microscope:
    """Voltage, Cs, amplitude contrast and pixel as written, so that groups differ where a reader sees it; -0 is 0."""
    return (
        number(optics.voltage_kV),
        number(optics.cs_mm + 0.0),
        number(optics.amplitude_contrast + 0.0),
        number(pixel_A),
    )


def optics_block(groups: Mapping[Microscope, int]) -> str:
    """Write the block `data_optics` of microscopes with their groups' numbers."""
    rows = [(f"opticsGroup{group}", str(group), *found, found[-1]) for found, group in groups.items()]
    return relion_block("data_optics", _LABELS, rows)


def relion_block(name: str, labels: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write one block of RELION 3.1 and later, a loop with numbered labels."""
    return f"{relion_head(name, labels)}{loop_rows(rows)}{RELION_TAIL}"


def relion_head(name: str, labels: Sequence[str]) -> str:
    """Write what stands before the rows of a block; RELION_TAIL ends it."""
    numbered = [f"{label} #{column}" for column, label in enumerate(labels, start=1)]
    return f"\n# version 30001\n\n{name}\n\n{loop_head(numbered)}"


RELION_TAIL = "\n"
