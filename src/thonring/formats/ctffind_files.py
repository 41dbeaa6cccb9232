"""What CTFFIND leaves behind: the diagnostic image, its .txt and its _avrot.txt, for one or more micrographs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thonring.ctf import sin2
from thonring.files.atomic import write_text
from thonring.formats.ctffind import RESULT_COLUMNS
from thonring.optics import Optics
from thonring.records import CtfFit, Floats, Image
from thonring.run.ctf_image import write_ctf_images

_PROFILE_COLUMNS = (
    "# 6 lines per micrograph: #1 - spatial frequency (1/Angstroms); "
    "#2 - 1D rotational average of spectrum (assuming no astigmatism); #3 - 1D rotational average of spectrum; "
    "#4 - CTF fit; #5 - cross-correlation between spectrum and CTF fit; "
    "#6 - 2sigma of expected cross correlation of noise"
)

_TILT_COLUMNS = "; #8 - tilt axis [degrees]; #9 - tilt angle [degrees]; #10 - sample thickness [Angstroms]"


@dataclass(frozen=True, slots=True)
class CtffindRun:
    """What CTFFIND's headers say: `frames_averaged` is 1 where the input is no movie.

    `ctffind_version` is the release whose layout the files have.
    """

    input_file: Path
    pixel_A: float
    optics: Optics
    box_px: int
    resolution_range_A: tuple[float, float]
    defocus_range_A: tuple[float, float]
    sampling_A: float
    frames_averaged: int = 1
    ctffind_version: str = "4.1.14"

    @property
    def has_tilt_columns(self) -> bool:
        """Whether rows have the columns of CTFFIND 5: tilt axis and angle in degrees, and thickness in Å."""
        return self.ctffind_version.startswith("5")


@dataclass(frozen=True, slots=True)
class CtffindResult:
    """One micrograph: its diagnostic `picture` (box, box), `profile` (6, frequencies), and its fit or None."""

    fit: CtfFit | None
    picture: Image
    profile: Floats


@dataclass(frozen=True, slots=True)
class CtffindFiles:
    """The names of the three files, which follow from that of the diagnostic image."""

    diagnostic: Path

    @property
    def text(self) -> Path:
        """One line per micrograph."""
        return self.diagnostic.with_suffix(".txt")

    @property
    def profiles(self) -> Path:
        """Six lines per micrograph."""
        return self.diagnostic.with_name(f"{self.diagnostic.stem}_avrot.txt")


def write_ctffind_files(files: CtffindFiles, run: CtffindRun, results: Sequence[CtffindResult]) -> None:
    """Write all three files, the text last, so that programs waiting for it find the others.

    A micrograph without a fit has nan for its defocus values, angle and phase shift, a score of 0, and inf for its
    resolution.
    Tilt and thickness, where the layout has them, are 0, as CTFFIND 5 writes them where they were not determined.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    write_ctf_images(files.diagnostic, [result.picture for result in results], run.sampling_A)
    header = _header(run, len(results))
    profiles = [line for result in results for line in _profile_lines(result.profile)]
    frames = f"; num. frames averaged: {run.frames_averaged}"
    write_text(
        files.profiles, "\n".join([*header[:-1], header[-1] + frames, _PROFILE_COLUMNS, *profiles, ""])
    )
    rows = [_result_line(number, result.fit) for number, result in enumerate(results, start=1)]
    columns = RESULT_COLUMNS
    if run.has_tilt_columns:
        columns, rows = columns + _TILT_COLUMNS, [f"{row} 0.000000 0.000000 0.000000" for row in rows]
    write_text(files.text, "\n".join([*header, columns, *rows, ""]))


def _header(run: CtffindRun, micrographs: int) -> list[str]:
    one_line = " ".join(str(run.input_file).splitlines())
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
    low_A, high_A = run.resolution_range_A
    defocus_low_A, defocus_high_A = run.defocus_range_A
    return [
        (
            f"# Output from Thonring version {version('thonring')} "
            f"(layout of CTFFind version {run.ctffind_version}), run on {now}"
        ),
        f"# Input file: {one_line} ; Number of micrographs: {micrographs}",
        (
            f"# Pixel size: {run.pixel_A:.3f} Angstroms ; acceleration voltage: {run.optics.voltage_kV:.1f} keV ; "
            f"spherical aberration: {run.optics.cs_mm:.2f} mm ; "
            f"amplitude contrast: {run.optics.amplitude_contrast:.2f}"
        ),
        (
            f"# Box size: {run.box_px} pixels ; min. res.: {low_A:.1f} Angstroms ; max. res.: {high_A:.1f} Angstroms ; "
            f"min. def.: {defocus_low_A:.1f} um; max. def. {defocus_high_A:.1f} um"
        ),
    ]


def _result_line(number: int, fit: CtfFit | None) -> str:
    if fit is None:
        return f"{number:f} nan nan nan nan 0.000000 inf"
    score = fit.score if math.isfinite(fit.score) else 0.0
    phase_shift_rad = math.radians(fit.phase_shift_deg)
    values = (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg, phase_shift_rad, score, fit.fit_resolution_A)
    return " ".join(f"{value:f}" for value in (number, *values))


def _profile_lines(profile: Floats) -> list[str]:
    return [" ".join(f"{value:f}" for value in np.nan_to_num(row)) for row in profile]


_GREY = np.float32(0.5)
_CLIP = (-0.5, 1.5)


def diagnostic_image(enhanced: Image, fit: CtfFit, optics: Optics, sampling_A: float) -> Image:
    """Measured spectrum, with the fitted sin²χ in the quadrant of negative kx and ky, as in CTFFIND.

    That quadrant is the upper left one where a viewer draws the first row at the top, the lower left one
    if it draws it at the bottom; since a spectrum is symmetric about its centre, nothing measured is lost.

    Parameters
    ----------
    enhanced
        (rows, columns), full plane: row i is ky = (i - rows // 2) / (rows · sampling), column j is
        kx = (j - columns // 2) / (columns · sampling).
    fit, optics
        The model; the amplitude contrast is that of the fit.
    sampling_A
        Pixel size whose Nyquist frequency ends the axes.

    Returns
    -------
    Image
        (rows, columns). The model runs from 0 to 1, and is 0.5 outside the range of frequencies fitted. The
        measured values are scaled so that the 5th and 95th percentile of those in that range become 0 and 1,
        and clipped to -0.5 and 1.5; values that are not finite become 0.5.
    """
    ky, kx = (_axis(length, sampling_A) for length in enhanced.shape)
    k2 = kx[None, :] ** 2 + ky[:, None] ** 2
    fitted = _fitted_range(k2, fit)
    picture = _scaled(enhanced, fitted)
    quadrant = np.s_[: ky.size // 2, : kx.size // 2]
    direction_rad = np.arctan2(ky[quadrant[0], None], kx[None, quadrant[1]])
    fitted_optics = replace(optics, amplitude_contrast=fit.amplitude_contrast)
    model = sin2(k2[quadrant], direction_rad, fit, fitted_optics)
    picture[quadrant] = np.where(fitted[quadrant], model, _GREY)
    return picture


def _axis(length: int, sampling_A: float) -> Floats:
    return (np.arange(length) - length // 2) / (length * sampling_A)


def _fitted_range(k2: Floats, fit: CtfFit) -> npt.NDArray[np.bool_]:
    low_A, high_A = fit.resolution_range_A
    return (k2 >= low_A**-2) & (k2 <= high_A**-2)


def _scaled(enhanced: Image, fitted: npt.NDArray[np.bool_]) -> Image:
    values = enhanced[fitted & np.isfinite(enhanced)]
    low, high = np.percentile(values, (5, 95)) if values.size else (0.0, 0.0)
    if high <= low:
        return np.full(enhanced.shape, _GREY)
    scaled = np.clip((enhanced - low) / (high - low), *_CLIP)
    return np.where(np.isfinite(enhanced), scaled, _GREY).astype(np.float32)
