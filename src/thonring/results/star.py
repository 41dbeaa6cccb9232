"""RELION 3.1 and later: micrographs_ctf.star (accepted) and rejected_ctf.star.

Micrographs without a fit are in results.csv only. Where a value is not finite, the figure of merit and the
phase shift are 0 and the resolution is 25 Å, which also is the greatest that is written. A refined amplitude
contrast is not written, for RELION keeps one per optics group: the group states the nominal value,
results.csv the refined one.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from thonring.records import Outcome
from thonring.results.atomic import write_text
from thonring.results.fitted import Fitted, fitted_only
from thonring.results.optics_groups import Microscope, microscope, optics_block, relion_block
from thonring.results.star_syntax import number, quoted

_WORST_RESOLUTION_A = 25.0
_MICROGRAPH_LABELS = (
    "_rlnMicrographName",
    "_rlnOpticsGroup",
    "_rlnCtfImage",
    "_rlnDefocusU",
    "_rlnDefocusV",
    "_rlnCtfAstigmatism",
    "_rlnDefocusAngle",
    "_rlnCtfFigureOfMerit",
    "_rlnCtfMaxResolution",
)
_PHASE_SHIFT_LABEL = "_rlnPhaseShift"


def write_star(run: Path, outcomes: Sequence[Outcome], names: Mapping[Path, str]) -> None:
    """Write both STAR files, with the same optics groups, numbered in the order of their first micrograph.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    micrographs = fitted_only(run, outcomes, names)
    groups = _optics_groups(outcomes)
    for name, status in (("micrographs_ctf.star", "accepted"), ("rejected_ctf.star", "rejected")):
        chosen = [micrograph for micrograph in micrographs if micrograph.outcome.status == status]
        write_text(run / name, optics_block(groups) + _micrographs_block(chosen, groups))


def _optics_groups(outcomes: Sequence[Outcome]) -> dict[Microscope, int]:
    groups: dict[Microscope, int] = {}
    for outcome in outcomes:
        if outcome.optics is not None and 0 < outcome.pixel_A < math.inf:
            groups.setdefault(_microscope(outcome), len(groups) + 1)
    return groups


def _microscope(outcome: Outcome) -> Microscope:
    assert outcome.optics is not None
    return microscope(outcome.optics, outcome.pixel_A)


def _micrographs_block(micrographs: Sequence[Fitted], groups: Mapping[Microscope, int]) -> str:
    rows = [_row(micrograph, groups[_microscope(micrograph.outcome)]) for micrograph in micrographs]
    labels: Sequence[str] = _MICROGRAPH_LABELS
    if any(micrograph.fit.phase_shift_deg for micrograph in micrographs):
        labels = (*labels, _PHASE_SHIFT_LABEL)
        rows = [
            (*row, number(micrograph.fit.phase_shift_deg))
            for row, micrograph in zip(rows, micrographs, strict=True)
        ]
    return relion_block("data_micrographs", labels, rows)


def _row(micrograph: Fitted, group: int) -> tuple[str, ...]:
    fit = micrograph.fit
    return (
        quoted(str(micrograph.outcome.path)),
        str(group),
        quoted(micrograph.spectrum),
        number(fit.defocus_u_A),
        number(fit.defocus_v_A),
        number(fit.astigmatism_A),
        number(fit.angle_deg),
        number(fit.score),
        number(min(fit.fit_resolution_A, _WORST_RESOLUTION_A), missing=_WORST_RESOLUTION_A),
    )
