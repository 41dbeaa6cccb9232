"""Defocus from Xmipp's `.ctfparam` (one micrograph) and `.xmd` (many); all angles are degrees."""

import math
from collections.abc import Sequence
from pathlib import Path

from thonring.errors import UnreadableTable
from thonring.files.star import StarTable, loop_head, loop_rows, number, quoted, read_star, tables_with
from thonring.files.text import TableReport
from thonring.formats.table import ExportTable, FittedCtf, KnownRow, RunTotals, fitted_ctf
from thonring.records import CtfFit, Outcome, Verdict
from thonring.run.store import MicrographRecord

DEFOCUS = ("ctfDefocusU", "ctfDefocusV", "ctfDefocusAngle")
PHASE_SHIFT = "ctfVPPphaseshift"
NAMES = ("micrograph", "image")


def read_xmipp(path: Path, report: TableReport | None = None) -> list[KnownRow]:
    """Rows of all blocks, named by their label `micrograph` or `image`; a single row without either by the file itself.

    Raises
    ------
    UnreadableTable
        If no table has U, V and angle, or several rows have no names.
    """
    tables = tables_with(read_star(path, report), DEFOCUS, path, report)
    alone = sum(map(len, tables)) == 1
    return [
        row
        for table in tables
        for row in KnownRow.of_star(table, _names(path, table, alone=alone), DEFOCUS, PHASE_SHIFT)
    ]


def _names(path: Path, table: StarTable, *, alone: bool) -> list[str]:
    label = next((label for label in NAMES if label in table.columns), None)
    if label is not None:
        return list(table.texts(label))
    if alone:
        return [path.name]
    raise UnreadableTable(
        f"{path}: {len(table)} rows without names; found {', '.join(table.columns)}, expected "
        f"{' or '.join(NAMES)} as well."
    )


XMIPP_HEADER = "# XMIPP_STAR_1 * \n# \n"

_FILE_LABELS = ("enabled", "micrograph", "psd")
_MODEL_LABELS = (
    "ctfSamplingRate",
    "ctfVoltage",
    "ctfDefocusU",
    "ctfDefocusV",
    "ctfDefocusAngle",
    "ctfSphericalAberration",
    "ctfQ0",
    "ctfK",
    "CtfDownsampleFactor",
)
_PHASE_SHIFT_LABELS = ("ctfVPPphaseshift", "ctfVPPRadius")
_PHASE_SHIFT_CRITERION = "xmipp_phase_shift"

_VPP_RADIUS_PER_A = 0.005
"""Xmipp ignores a phase shift whose radius is 0; Scipion's protocol passes this one."""

_CRITERIA: dict[str, tuple[str, float]] = {
    "xmipp_iceness": ("ctfCritIceness", -1.0),
    "xmipp_psd_correlation_90": ("ctfCritPsdCorr90", -1.0),
    "xmipp_first_zero": ("ctfCritFirstZero", 0.0),
    "xmipp_maximum_frequency": ("ctfCritMaxFreq", 1000.0),
    "xmipp_first_zero_ratio": ("ctfCritfirstZeroRatio", 1000.0),
    "xmipp_first_minimum_ratio": ("ctfCritFirstMinFirstZeroRatio", 1000.0),
    "xmipp_correlation_1_3": ("ctfCritCorr13", -1.0),
    "xmipp_ctf_margin": ("ctfCritCtfMargin", -1.0),
    "xmipp_non_astigmatic_validity": ("ctfCritNonAstigmaticValidty", -1.0),
    "xmipp_background_sigma": ("ctfBgGaussianSigmaU", 0.0),
}
"""Our criterion → Xmipp's label, and the value written if ours is unknown or not finite.

The latter is Xmipp's own sign for "could not be computed" (-1 for iceness, 1000 for ratios and the maximum
frequency), or if it has none, a value that its own limits reject, so that a later selection never
accepts a micrograph because a value is missing.
"""


def labelled(fitted: FittedCtf, pixel_A: float) -> dict[str, str]:
    """Xmipp's label → formatted value, for all known values of one CTF."""
    judged = {criterion.name for criterion in fitted.verdict.criteria}
    criteria = [name for name in _CRITERIA if name in judged]
    with_phase = _PHASE_SHIFT_CRITERION in judged or fitted.fit.phase_shift_deg != 0
    phase = _phase_shift(fitted.fit) if with_phase else ()
    values = (*_values(fitted, pixel_A), *phase, *_criterion_values(fitted.verdict, criteria))
    return dict(zip(_labels(criteria, with_phase=with_phase), values, strict=True))


def _labels(criteria: Sequence[str], *, with_phase: bool) -> list[str]:
    phase_labels = _PHASE_SHIFT_LABELS if with_phase else ()
    return [*_MODEL_LABELS, *phase_labels, *(_CRITERIA[name][0] for name in criteria)]


def _head(totals: RunTotals) -> str:
    labels = (*_FILE_LABELS, *_labels(_criteria(totals), with_phase=_with_phase(totals)))
    return f"{XMIPP_HEADER}data_noname\n{loop_head([f' _{label}' for label in labels])}"


def _line(totals: RunTotals, record: MicrographRecord) -> str:
    fitted = fitted_ctf(record.outcome)
    if fitted is None:
        return ""
    outcome = record.outcome
    names = (
        "1" if outcome.status == "accepted" else "-1",
        quoted(str(outcome.path)),
        quoted(f"{totals.spectrum(record.name)}:mrc"),
    )
    phase = _phase_shift(fitted.fit) if _with_phase(totals) else ()
    criteria = _criterion_values(fitted.verdict, _criteria(totals))
    return loop_rows([(*names, *_values(fitted, outcome.pixel_A), *phase, *criteria)])


def _with_phase(totals: RunTotals) -> bool:
    return bool(totals.phase_shifted) or _PHASE_SHIFT_CRITERION in totals.fitted_criteria


def _criteria(totals: RunTotals) -> list[str]:
    return [name for name in _CRITERIA if name in totals.fitted_criteria]


def _values(fitted: FittedCtf, pixel_A: float) -> tuple[str, ...]:
    optics, fit = fitted.optics, fitted.fit
    return (
        number(pixel_A),
        number(optics.voltage_kV),
        number(fit.defocus_u_A),
        number(fit.defocus_v_A),
        number(fit.angle_deg),
        number(optics.cs_mm),
        number(fit.amplitude_contrast),
        number(1.0),
        number(fit.sampling_A / pixel_A),
    )


def _phase_shift(fit: CtfFit) -> tuple[str, str]:
    shift_deg = fit.phase_shift_deg
    return number(shift_deg), number(_VPP_RADIUS_PER_A if shift_deg else 0.0)


def _criterion_values(verdict: Verdict, criteria: Sequence[str]) -> list[str]:
    values = {criterion.name: criterion.value for criterion in verdict.criteria}
    return [number(values.get(name, math.nan), missing=_CRITERIA[name][1]) for name in criteria]


MICROGRAPHS = ExportTable("micrographs.xmd", _head, _line)


BLOCK = "data_fullMicrograph"


def ctfparam_text(outcome: Outcome) -> str | None:
    """Text of a `.ctfparam`; None if the micrograph has no fit.

    `ctfSamplingRate` is the pixel size of the micrograph, angles are degrees; Xmipp reads missing values as 0. The
    criteria of an `xmipp-` profile have Xmipp's own labels, as in micrographs.xmd.
    """
    fitted = fitted_ctf(outcome)
    if fitted is None:
        return None
    lines = (f" _{label} {value}\n" for label, value in labelled(fitted, outcome.pixel_A).items())
    return f"{XMIPP_HEADER}{BLOCK}\n{''.join(lines)}"
