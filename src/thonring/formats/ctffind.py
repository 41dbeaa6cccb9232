"""Defocus from CTFFIND's text output (4.1 and 5); its phase shift is in radians."""

import math
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thonring.ctf import phase_aberration, ring_period_per_A
from thonring.errors import UnreadableTable
from thonring.files.atomic import write_text
from thonring.files.text import TableReport, read_text
from thonring.formats.table import KnownRow
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, Outcome, RadialCurve, Spectrum

INPUT_FILE = re.compile(r"^#\s*Input file:\s*(.+?)\s*(?:;.*)?$", re.MULTILINE)
COLUMNS = "index, defocus 1 and 2 in Å, azimuth in degrees, phase shift in radians"
COLUMN_COUNT = 5


def read_ctffind(path: Path, report: TableReport | None = None) -> list[KnownRow]:
    """Read the one row of a CTFFIND text file, named by the input file in its header.

    Raises
    ------
    UnreadableTable
        If the header names no input file, or there is not one row of numbers.
    """
    text = read_text(path, UnreadableTable, report)
    if not text.strip():
        raise UnreadableTable(f"{path}: the file is empty. Did CTFFIND end early?")
    header = INPUT_FILE.search(text)
    if header is None:
        raise UnreadableTable(
            f"{path}: found no line '# Input file: NAME', expected the text output of CTFFIND 4 or 5."
        )
    lines = enumerate(text.splitlines(), start=1)
    rows = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if len(rows) != 1:
        raise UnreadableTable(
            f"{path}: found {len(rows)} rows for {header[1]}, expected one. Split a stack into one file "
            "per micrograph; files ending in _avrot.txt hold curves: give the one without _avrot."
        )
    return [ctffind_row(header[1], *rows[0])]


def ctffind_row(name: str, line_number: int, line: str) -> KnownRow:
    """Read one line of numbers; a row with a problem if it cannot be read."""
    place = f"line {line_number}"
    try:
        _, defocus_1_A, defocus_2_A, azimuth_deg, phase_shift_rad = map(float, line.split()[:COLUMN_COUNT])
    except ValueError:
        return KnownRow.unreadable(name, place, f"found {line.strip()!r}, expected numbers: {COLUMNS}.")
    phase_deg = math.degrees(phase_shift_rad)
    return KnownRow(name, defocus_1_A, defocus_2_A, azimuth_deg, phase_deg, place=place)


_GREATEST = 100.0
"""Limit of the normalised average, which grows without bound where the rings fade."""

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
    """Write both files of a micrograph; nothing if it has no fit.

    As CTFFIND does, NAME.txt gives the phase shift in radians. Where a value is not finite, it has 0, and for
    the resolution the low end of the fitted range. NAME_avrot.txt differs from CTFFIND's in that rows 2 and 3
    both average the power along the fitted ellipse, and row 4 therefore is sin²χ instead of |sin χ|.

    Parameters
    ----------
    folder
        Created if its parent exists.
    name
        From `artefact_names`; by default the file's name without its last suffix.

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
    """Write NAME.txt only, which needs no curve; returns whether there was a fit to write.

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


_SMOOTH_DEGREE = 6
"""Degree of the polynomial in the logarithm that models the background: too stiff to follow rings."""

_GREATEST_POWER = 10.0
"""Limit of values divided by the rings' own power, which vanishes where they fade."""


def frequencies_per_A(box_px: int, sampling_A: float) -> Floats:
    """0 to the corner of a box, in steps of one pixel of its spectrum: (int(box / √2) + 1,)."""
    return np.arange(int(box_px / math.sqrt(2.0)) + 1) / (box_px * sampling_A)


def profile_rows(spectrum: Spectrum, fit: CtfFit, optics: Optics) -> Floats:
    """Rows of _avrot.txt, (6, frequencies).

    Frequency in 1/Å; amplitude averaged over rings of the spectrum, divided by a smooth background, minus 1; the same
    along the fitted ellipse, background subtracted, relative to the rings; |CTF| at the mean defocus; their local
    correlation; twice its standard deviation for noise. Rows 3, 5 and 6 are 0 outside the frequencies of `fit.curve`.

    Parameters
    ----------
    spectrum
        The half plane of a square box, (box, box // 2 + 1), to the corner of which the frequencies reach.
    fit, optics
        The CTF; `fit.curve` may extend beyond the fitted range.
    """
    frequency_per_A = frequencies_per_A(len(spectrum.power), spectrum.sampling_A)
    fitted_optics = replace(optics, amplitude_contrast=fit.amplitude_contrast)
    phase_rad = math.radians(fit.phase_shift_deg)
    chi = phase_aberration(frequency_per_A**2, fit.mean_defocus_A, fitted_optics, phase_rad)
    curve = fit.curve
    along = (_relative_amplitude(curve), curve.agreement, noise_correlation(curve, fit, optics))
    equiphase, agreement, noise = (
        np.interp(frequency_per_A, curve.frequency_per_A, row, left=0.0, right=0.0) for row in along
    )
    rotational = _rotational(spectrum, frequency_per_A.size)
    return np.stack([frequency_per_A, rotational, equiphase, np.abs(np.sin(chi)), agreement, noise])


def _relative_amplitude(curve: RadialCurve) -> Floats:
    """The measured rings as an amplitude between 0 and about 1, negative where the power is below the background."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rings = (curve.power - curve.background) / curve.ring_power
    rings = np.clip(np.nan_to_num(rings), -(_GREATEST_POWER**2), _GREATEST_POWER**2)
    return np.asarray(np.sign(rings) * np.sqrt(np.abs(rings)))


def _rotational(spectrum: Spectrum, count: int) -> Floats:
    amplitude = np.sqrt(np.maximum(spectrum.power, 0.0, dtype=np.float64))
    radius = _radius(amplitude.shape)
    inside = (radius > 0) & (radius < count)
    values = np.bincount(radius[inside], minlength=count)
    mean = np.bincount(radius[inside], weights=amplitude[inside], minlength=count) / np.maximum(values, 1)
    filled = np.flatnonzero(mean > 0)
    rotational = np.zeros(count)
    if filled.size > _SMOOTH_DEGREE:
        position = 2.0 * filled / (count - 1) - 1.0
        weight = np.sqrt(values[filled])
        smooth = np.polynomial.Chebyshev.fit(position, np.log(mean[filled]), _SMOOTH_DEGREE, w=weight)
        rotational[filled] = mean[filled] / np.exp(smooth(position)) - 1.0
    return np.clip(rotational, -_GREATEST_POWER, _GREATEST_POWER)


def _radius(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Distance of each pixel of the half plane from zero frequency, rounded to whole pixels."""
    rows, columns = shape
    return np.rint(np.hypot(np.arange(rows)[:, None] - rows // 2, np.arange(columns))).astype(np.intp)
