"""Xmipp: micrographs.xmd, every micrograph that has a fit; the rejected ones have `enabled` -1.

Labels are spelt as Xmipp spells them, misspellings included.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from thonring.records import Outcome
from thonring.results.atomic import write_text
from thonring.results.fitted import Fitted, fitted_only
from thonring.results.star_syntax import loop, number, quoted

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
"""Our criterion → Xmipp's label, and what stands where the value is unknown or not finite.

The latter is Xmipp's own sign for "could not be computed" (-1 for iceness, 1000 for ratios and the maximum
frequency), or where it has none a value that its own limits refuse, so that a later selection never
takes a micrograph for good because a value is missing.
"""


def write_xmd(run: Path, outcomes: Sequence[Outcome], names: Mapping[Path, str]) -> None:
    """Write micrographs.xmd.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    micrographs = fitted_only(run, outcomes, names)
    values = [_criterion_values(micrograph) for micrograph in micrographs]
    seen = set().union(*values)
    criteria = [name for name in _CRITERIA if name in seen]
    with_phase = _PHASE_SHIFT_CRITERION in seen or any(m.fit.phase_shift_deg for m in micrographs)
    labels = [*_FILE_LABELS, *_labels(criteria, with_phase=with_phase)]
    rows = [
        (*_file_values(micrograph), *_values(micrograph, found, criteria, with_phase=with_phase))
        for micrograph, found in zip(micrographs, values, strict=True)
    ]
    text = loop([f" _{label}" for label in labels], rows)
    write_text(run / "micrographs.xmd", f"{XMIPP_HEADER}data_noname\n{text}")


def labelled(micrograph: Fitted) -> dict[str, str]:
    """Xmipp's label → formatted value of all that is known of one CTF."""
    found = _criterion_values(micrograph)
    criteria = [name for name in _CRITERIA if name in found]
    with_phase = _PHASE_SHIFT_CRITERION in found or micrograph.fit.phase_shift_deg != 0
    values = _values(micrograph, found, criteria, with_phase=with_phase)
    return dict(zip(_labels(criteria, with_phase=with_phase), values, strict=True))


def _labels(criteria: Sequence[str], *, with_phase: bool) -> list[str]:
    phase_labels = _PHASE_SHIFT_LABELS if with_phase else ()
    return [*_MODEL_LABELS, *phase_labels, *(_CRITERIA[name][0] for name in criteria)]


def _values(
    micrograph: Fitted, found: Mapping[str, float], criteria: Sequence[str], *, with_phase: bool
) -> tuple[str, ...]:
    phase = _phase_shift(micrograph) if with_phase else ()
    return (*_model_values(micrograph), *phase, *_formatted(found, criteria))


def _file_values(micrograph: Fitted) -> tuple[str, ...]:
    return (
        "1" if micrograph.outcome.status == "accepted" else "-1",
        quoted(str(micrograph.outcome.path)),
        quoted(micrograph.spectrum),
    )


def _model_values(micrograph: Fitted) -> tuple[str, ...]:
    outcome, optics, fit = micrograph.outcome, micrograph.optics, micrograph.fit
    return (
        number(outcome.pixel_A),
        number(optics.voltage_kV),
        number(fit.defocus_u_A),
        number(fit.defocus_v_A),
        number(fit.angle_deg),
        number(optics.cs_mm),
        number(fit.amplitude_contrast),
        number(1.0),
        number(fit.sampling_A / outcome.pixel_A),
    )


def _phase_shift(micrograph: Fitted) -> tuple[str, str]:
    shift_deg = micrograph.fit.phase_shift_deg
    return number(shift_deg), number(_VPP_RADIUS_PER_A if shift_deg else 0.0)


def _criterion_values(micrograph: Fitted) -> dict[str, float]:
    return {criterion.name: criterion.value for criterion in micrograph.verdict.criteria}


def _formatted(values: Mapping[str, float], criteria: Sequence[str]) -> list[str]:
    return [number(values.get(name, math.nan), missing=_CRITERIA[name][1]) for name in criteria]
