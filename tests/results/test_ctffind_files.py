"""CTFFIND's three files beside those that CTFFIND 4.1.14 wrote, and by an independent reader."""

import math
import re
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt
import pytest

from factories.outcomes import OPTICS, make_fit
from thonring.ctf import phase_aberration
from thonring.errors import OutputError
from thonring.formats.ctffind import frequencies_per_A, profile_rows
from thonring.formats.ctffind_files import (
    CtffindFiles,
    CtffindResult,
    CtffindRun,
    diagnostic_image,
    write_ctffind_files,
)
from thonring.optics import Optics
from thonring.records import CtfFit, Spectrum

REFERENCE = Path(__file__).parents[1] / "reference" / "ctffind"
SAMPLING_A = 1.4007965
BOX_128_SAMPLING_A = 0.66655 * 270 / 128
RUN = CtffindRun(
    input_file=Path("image.mrc"),
    pixel_A=0.66655,
    optics=Optics(300.0, 2.7, 0.1, 0.66655),
    box_px=512,
    resolution_range_A=(30.0, 5.0),
    defocus_range_A=(5000.0, 50000.0),
    sampling_A=SAMPLING_A,
)
FIT = make_fit(
    defocus_u_A=27232.529297,
    defocus_v_A=26977.021484,
    angle_deg=-62.706292,
    score=0.084740,
    fit_resolution_A=3.755014,
)


def spectrum(box_px: int = 512, sampling_A: float = SAMPLING_A) -> Spectrum:
    """Round rings of FIT's mean defocus on a falling background, without noise."""
    ky = (np.arange(box_px) - box_px // 2)[:, None] / (box_px * sampling_A)
    kx = np.arange(box_px // 2 + 1) / (box_px * sampling_A)
    k2 = ky**2 + kx**2
    power = np.exp(-8 * np.sqrt(k2)) * (1 + np.sin(phase_aberration(k2, FIT.mean_defocus_A, OPTICS)) ** 2)
    step = 1 / (box_px * sampling_A)
    return Spectrum(power.astype(np.float32), step, step, sampling_A, 10.0)


def result(fitted: CtfFit | None = FIT, box_px: int = 512) -> CtffindResult:
    picture = np.full((box_px, box_px), 0.5, np.float32)
    return CtffindResult(fitted, picture, profile_rows(spectrum(box_px), fitted or FIT, OPTICS))


def written(folder: Path, run: CtffindRun = RUN, *results: CtffindResult) -> CtffindFiles:
    files = CtffindFiles(folder / "out.mrc")
    write_ctffind_files(files, run, results or (result(),))
    return files


def test_the_text_is_that_of_ctffind_for_the_same_values(tmp_path: Path) -> None:
    ours = written(tmp_path).text.read_text().splitlines()
    theirs = (REFERENCE / "single.txt").read_text().splitlines()
    assert ours[1:5] == theirs[1:5]
    assert ours[5] == theirs[5]
    assert len(ours) == len(theirs)
    assert re.search(r"CTFFind version 4\.1\.14.*, run on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", ours[0])


def test_the_words_stand_where_relion_counts_them(tmp_path: Path) -> None:
    """Word numbers as RELION's reader has them: pixel 3, voltage 8, Cs 13, amplitude contrast 18."""
    for text in (written(tmp_path).text, REFERENCE / "single.txt"):
        (line,) = [line for line in text.read_text().splitlines() if "acceleration voltage:" in line]
        words = line.split()
        assert [words[place] for place in (3, 8, 13, 18)] == ["0.667", "300.0", "2.70", "0.10"]


@pytest.mark.parametrize(("name", "box_px", "micrographs"), [("single", 512, 1), ("stack", 256, 3)])
def test_the_profiles_have_the_layout_of_ctffind(
    tmp_path: Path, name: str, box_px: int, micrographs: int
) -> None:
    theirs = (REFERENCE / f"{name}_avrot.txt").read_text().splitlines()
    run = replace(RUN, input_file=Path(theirs[1].split()[3]), box_px=box_px)
    files = written(tmp_path, run, *[result(box_px=box_px)] * micrographs)
    ours = files.profiles.read_text().splitlines()
    assert ours[1:5] == theirs[1:5]
    assert [len(line.split()) for line in ours[5:]] == [len(line.split()) for line in theirs[5:]]
    np.testing.assert_allclose(
        *([float(word) for word in lines[5].split()] for lines in (ours, theirs)), atol=2e-6
    )


def test_the_fit_is_the_same_function_as_that_of_ctffind() -> None:
    """|CTF| at the mean defocus, to its wavelength, which is 0.035 % shorter."""
    known = replace(FIT, defocus_u_A=27200.0, defocus_v_A=26900.0)
    theirs = np.loadtxt(REFERENCE / "box128_avrot.txt")
    ours = profile_rows(spectrum(128, BOX_128_SAMPLING_A), known, OPTICS)
    assert ours.shape == theirs.shape
    low = theirs[0] < 0.25
    np.testing.assert_allclose(ours[3][low], theirs[3][low], atol=0.05)


def test_the_profile_shows_rings_where_they_are() -> None:
    rows = profile_rows(spectrum(), FIT, OPTICS)
    frequency_per_A, rotational, _, model, _, _ = rows
    band = (frequency_per_A > 1 / 20) & (frequency_per_A < 1 / 4)
    assert np.corrcoef(rotational[band], model[band] ** 2)[0, 1] > 0.9
    assert abs(rotational[band].mean()) < 0.05, "the background is gone"


def test_the_equiphase_average_is_the_fit_where_the_measurement_is_the_model() -> None:
    rows = profile_rows(spectrum(), make_fit(), OPTICS)
    curve = make_fit().curve
    inside = (rows[0] > 0.01) & (rows[0] < curve.frequency_per_A[-1])
    np.testing.assert_allclose(rows[2][inside] ** 2, rows[3][inside] ** 2, atol=0.15)
    np.testing.assert_array_equal(rows[2][rows[0] > curve.frequency_per_A[-1]], 0.0)


@pytest.mark.parametrize("box_px", [128, 255, 400, 512])
def test_frequencies_reach_the_corner(box_px: int) -> None:
    frequency_per_A = frequencies_per_A(box_px, 1.4)
    assert frequency_per_A[-1] <= math.sqrt(0.5) / 1.4 < frequency_per_A[-1] + 1.5 / (box_px * 1.4)


def test_one_section_a_micrograph_with_the_pixel_of_the_fit(tmp_path: Path) -> None:
    files = written(tmp_path, RUN, *[result()] * 3)
    with mrcfile.open(files.diagnostic) as mrc:
        assert mrc.data.shape == (3, 512, 512)
        assert mrc.is_image_stack()
        assert mrc.voxel_size.x == mrc.voxel_size.y == pytest.approx(SAMPLING_A)
    assert mrcfile.validate(files.diagnostic)


def test_a_micrograph_without_fit_is_marked(tmp_path: Path) -> None:
    lines = written(tmp_path, RUN, result(None), result()).text.read_text().splitlines()[5:]
    assert lines[0] == "1.000000 nan nan nan nan 0.000000 inf"
    assert lines[1].startswith("2.000000 27232.529297 26977.021484")


def plane(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return image.reshape(image.shape[-2:])


def test_the_model_is_in_the_quadrant_where_ctffind_draws_it() -> None:
    """Correlation of the upper left quadrant with sin²χ in both programs' pictures of the same defocus."""
    known = make_fit(
        defocus_u_A=27200.0, defocus_v_A=26900.0, angle_deg=-60.0, resolution_range_A=(30.0, 5.0)
    )
    with mrcfile.open(REFERENCE / "box128.mrc", permissive=True) as mrc:
        theirs = plane(mrc.data.copy())
    ours = diagnostic_image(np.zeros((128, 128), np.float32), known, OPTICS, BOX_128_SAMPLING_A)
    k = np.hypot(*np.meshgrid(*[(np.arange(128) - 64) / (128 * BOX_128_SAMPLING_A)] * 2))
    shown = (k > 1 / 30) & (k < 1 / 6)
    quadrant = np.zeros_like(shown)
    quadrant[:64, :64] = True
    inside = shown & quadrant
    assert np.corrcoef(ours[inside], theirs[inside] ** 2)[0, 1] > 0.8


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "none" / "none")
    assert list(tmp_path.iterdir()) == []


def test_names_follow_from_the_diagnostic_image() -> None:
    files = CtffindFiles(Path("a/e.b.ctf"))
    assert (files.text, files.profiles) == (Path("a/e.b.txt"), Path("a/e.b_avrot.txt"))
