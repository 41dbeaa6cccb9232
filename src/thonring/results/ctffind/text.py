"""NAME.txt and NAME_avrot.txt in the layout of CTFFIND 4.1, for programs that read those."""

import math
from importlib.metadata import version
from pathlib import Path

import numpy as np

from thonring.ctf import ring_period_per_A
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, Outcome, RadialCurve
from thonring.results.atomic import write_text

_GREATEST = 100.0
"""Limit of the normalised average: it grows without bound where the rings fade."""

RESULT_COLUMNS = (
    "# Columns: #1 - micrograph number; #2 - defocus 1 [Angstroms]; #3 - defocus 2; "
    "#4 - azimuth of astigmatism; #5 - additional phase shift [radians]; #6 - cross correlation; "
    "#7 - spacing (in Angstroms) up to which CTF rings were fit successfully"
)
_PROFILE_COLUMNS = (
    "# 6 lines per micrograph: #1 - spatial frequency (1/Angstroms); "
    "#2 - power averaged along the fitted ellipse; "
    "#3 - the same, background subtracted, divided by the power of the rings; "
    "#4 - CTF fit (squared); #5 - cross-correlation between spectrum and CTF fit; "
    "#6 - 2sigma of expected cross correlation of noise over two rings"
)


def write_ctffind_text(folder: Path, outcome: Outcome, name: str | None = None) -> None:
    """Write both files of a micrograph; nothing where it has no fit.

    As CTFFIND does, NAME.txt gives the phase shift in radians. Where a value is not finite, it has 0, and for
    the resolution the low end of the fitted range. NAME_avrot.txt differs from CTFFIND's in that rows 2 and 3
    both average the power along the fitted ellipse, and row 4 therefore is sin²χ instead of |sin χ|.

    Parameters
    ----------
    folder
        Created if only it is missing.
    name
        From `artefact_names`; the file's name without its last suffix where not given.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    fit, optics = outcome.fit, outcome.optics
    if fit is None or optics is None:
        return
    name = outcome.path.stem if name is None else name
    write_ctffind_summary(folder, outcome, name)
    header = _header(outcome, fit, optics)
    rows = _profile_rows(fit.curve, fit, optics)
    lines = "".join(" ".join(f"{value:.6f}" for value in row) + "\n" for row in rows)
    write_text(folder / f"{name}_avrot.txt", f"{header}{_PROFILE_COLUMNS}\n{lines}")


def write_ctffind_summary(folder: Path, outcome: Outcome, name: str) -> bool:
    """Write NAME.txt alone, which needs no curve; say whether there was a fit to write.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    fit, optics = outcome.fit, outcome.optics
    if fit is None or optics is None:
        return False
    header = _header(outcome, fit, optics)
    write_text(folder / f"{name}.txt", f"{header}{RESULT_COLUMNS}\n{_result_line(fit)}\n")
    return True


def _header(outcome: Outcome, fit: CtfFit, optics: Optics) -> str:
    low_A, high_A = fit.resolution_range_A
    one_line = " ".join(str(outcome.path).splitlines())
    return (
        f"# Output from Thonring version {version('thonring')}, in the layout of CTFFind version 4.1\n"
        f"# Input file: {one_line} ; Number of micrographs: 1\n"
        f"# Pixel size: {outcome.pixel_A:.3f} Angstroms ; "
        f"acceleration voltage: {optics.voltage_kV:.1f} keV ; "
        f"spherical aberration: {optics.cs_mm:.2f} mm ; amplitude contrast: {fit.amplitude_contrast:.2f}\n"
        f"# Pixel size for fitting: {fit.sampling_A:.3f} Angstroms ; "
        f"min. res.: {low_A:.1f} Angstroms ; max. res.: {high_A:.1f} Angstroms\n"
    )


def _result_line(fit: CtfFit) -> str:
    score = fit.score if math.isfinite(fit.score) else 0.0
    resolution_A = (
        fit.fit_resolution_A if math.isfinite(fit.fit_resolution_A) else max(fit.resolution_range_A)
    )
    values = (
        1.0,
        fit.defocus_u_A,
        fit.defocus_v_A,
        fit.angle_deg,
        math.radians(fit.phase_shift_deg),
        score,
        resolution_A,
    )
    return " ".join(f"{value:.6f}" for value in values)


def _profile_rows(curve: RadialCurve, fit: CtfFit, optics: Optics) -> tuple[Floats, ...]:
    with np.errstate(divide="ignore", invalid="ignore"):
        normalised = (curve.power - curve.background) / curve.ring_power
    rows = (
        curve.frequency_per_A,
        curve.power,
        np.clip(normalised, -_GREATEST, _GREATEST),
        curve.sin2,
        curve.agreement,
        noise_correlation(curve, fit, optics),
    )
    return tuple(np.nan_to_num(row, posinf=0.0, neginf=0.0) for row in rows)


def noise_correlation(curve: RadialCurve, fit: CtfFit, optics: Optics) -> Floats:
    """2/√n, n being the number of points of the curve in two rings."""
    frequency_per_A = curve.frequency_per_A
    points = frequency_per_A.size
    if points < 2:
        return np.ones(points)
    spacing_per_A = (frequency_per_A[-1] - frequency_per_A[0]) / (points - 1)
    period_per_A = ring_period_per_A(frequency_per_A, fit.mean_defocus_A, optics)
    points_in_two: Floats = np.clip(2.0 * period_per_A / spacing_per_A, 4.0, max(points, 4))
    return np.asarray(2.0 / np.sqrt(points_in_two))
