"""RELION 3.1 and later: micrographs_ctf.star (accepted) and rejected_ctf.star, with the same optics groups.

Micrographs without a fit are in results.csv only. Where a value is not finite, the figure of merit and the
phase shift are 0 and the resolution is 25 Å, which also is the greatest that is written. A refined amplitude
contrast is not written, for RELION keeps one per optics group: the group states the nominal value,
results.csv the refined one.
"""

from thonring.records import CtfFit, Status
from thonring.results.star_syntax import loop_rows, number, quoted
from thonring.results.tables.listed import Listed
from thonring.results.tables.optics_groups import RELION_TAIL, microscope, optics_block, relion_head
from thonring.results.tables.overview import Overview
from thonring.results.tables.table_file import Table

WORST_RESOLUTION_A = 25.0
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


def _table(file: str, status: Status) -> Table:
    def head(seen: Overview) -> str:
        labels = (*_MICROGRAPH_LABELS, *((_PHASE_SHIFT_LABEL,) if status in seen.phase_shifted else ()))
        return optics_block(seen.groups) + relion_head("data_micrographs", labels)

    def row(seen: Overview, one: Listed) -> str:
        if one.fitted is None or one.outcome.status != status:
            return ""
        group = seen.groups[microscope(one.fitted.optics, one.outcome.pixel_A)]
        names = (quoted(str(one.outcome.path)), str(group), quoted(f"{seen.spectrum(one.name)}:mrc"))
        fit = one.fitted.fit
        phase = (number(fit.phase_shift_deg),) if status in seen.phase_shifted else ()
        return loop_rows([(*names, *_values(fit), *phase)])

    return Table(file, head, row, tail=RELION_TAIL)


def _values(fit: CtfFit) -> tuple[str, ...]:
    return (
        number(fit.defocus_u_A),
        number(fit.defocus_v_A),
        number(fit.astigmatism_A),
        number(fit.angle_deg),
        number(fit.score),
        number(min(fit.fit_resolution_A, WORST_RESOLUTION_A), missing=WORST_RESOLUTION_A),
    )


ACCEPTED = _table("micrographs_ctf.star", "accepted")
REJECTED = _table("rejected_ctf.star", "rejected")
