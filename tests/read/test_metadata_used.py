"""Options win, then the header, then the microscope's metadata; what differs is told."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from factories.metadata import FRAME_MDOC, IMAGE_MDOC, epu_xml
from thonring import read
from thonring.errors import OpticsError
from thonring.optics import Optics, PartialOptics
from thonring.records import Micrograph

ROWS, COLUMNS = 62, 88
"""A detector of the same form as the one in the metadata here, and smaller."""


def image(folder: Path, header_A: float = 0.0, shape: tuple[int, int] = (ROWS, COLUMNS)) -> Path:
    path = folder / "a.mrc"
    mrcfile.write(path, np.ones(shape, np.float32), voxel_size=header_A, overwrite=True)
    return path


def micrograph(path: Path, voltage_kV: float = 300.0, pixel_A: float | None = None) -> Micrograph:
    return read.micrograph(path, Optics(voltage_kV, 2.7, pixel_A=pixel_A), metadata=True)


def kinds(found: Micrograph) -> list[str]:
    return [note.kind for note in found.notes]


def epu(folder: Path, columns: int = COLUMNS, rows: int = ROWS, **changed: object) -> None:
    (folder / "a.xml").write_text(epu_xml(columns=columns, rows=rows, **changed))


def test_metadata_state_the_pixel_where_nobody_else_does(tmp_path: Path) -> None:
    path = image(tmp_path)
    with pytest.raises(OpticsError, match="--pixel"):
        micrograph(path)
    epu(tmp_path)
    found = micrograph(path)
    assert found.pixel_A == pytest.approx(1.056)
    assert found.notes == ()
    with pytest.raises(OpticsError, match="--pixel"):
        read.micrograph(path, Optics(300, 2.7))


@pytest.mark.parametrize("given_A", [None, 1.3])
def test_header_and_option_win_over_metadata_and_the_difference_is_told(
    tmp_path: Path, given_A: float | None
) -> None:
    epu(tmp_path)
    found = micrograph(image(tmp_path, 1.3), pixel_A=given_A)
    assert found.pixel_A == pytest.approx(1.3)
    assert kinds(found) == ["metadata-pixel"]
    assert "states 1.056 Å per pixel; 1.3 Å are used." in found.notes[0].text


def test_a_difference_of_rounding_is_not_told(tmp_path: Path) -> None:
    epu(tmp_path)
    assert micrograph(image(tmp_path, 1.06)).notes == ()


@pytest.mark.parametrize(
    ("binning", "used_A", "told"),
    [
        (
            "0.5",
            1.15,
            "; a factor of two: these are metadata of a super-resolution movie whose image was binned by 2.",
        ),
        ("1", 1.15, "; a factor of two: probably metadata of a super-resolution movie"),
        ("0.5", 0.2875, "; half: either the metadata describe an image binned by 2"),
    ],
)
def test_the_likely_cause_of_a_factor_two(tmp_path: Path, binning: str, used_A: float, told: str) -> None:
    text = FRAME_MDOC.replace("Binning = 0.5", f"Binning = {binning}").replace("= 200", "= 300")
    (tmp_path / "a.tif.mdoc").write_text(text)
    found = micrograph(image(tmp_path, used_A))
    assert found.pixel_A == pytest.approx(used_A)
    assert kinds(found) == ["metadata-pixel"]
    assert told in found.notes[0].text


@pytest.mark.parametrize(
    ("columns", "rows", "pixel_A"),
    [
        (COLUMNS // 2, ROWS // 2, 0.528),
        (ROWS // 2, COLUMNS // 2, 0.528),
        (2 * COLUMNS, 2 * ROWS, 2.112),
        (4 * COLUMNS, 4 * ROWS, 4.224),
        (3 * COLUMNS, 3 * ROWS, 3.168),
        (COLUMNS, ROWS, 1.056),
    ],
)
def test_metadata_of_a_binned_preview_or_a_larger_movie(
    tmp_path: Path, columns: int, rows: int, pixel_A: float
) -> None:
    """As EPU's, which are of a preview of half the movie's size."""
    epu(tmp_path, columns, rows)
    found = micrograph(image(tmp_path))
    assert found.pixel_A == pytest.approx(pixel_A)
    assert kinds(found) == ([] if pixel_A == 1.056 else ["metadata-size"])
    assert micrograph(image(tmp_path, pixel_A)).pixel_A == pytest.approx(pixel_A)


def test_another_voltage_is_told_and_the_given_one_used(tmp_path: Path) -> None:
    epu(tmp_path)
    found = micrograph(image(tmp_path), voltage_kV=200)
    assert found.optics.voltage_kV == 200
    assert kinds(found) == ["voltage"]
    assert "states 300 kV; the given 200 kV are used" in found.notes[0].text


def test_a_tilted_stage_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mrc.mdoc").write_text(IMAGE_MDOC)
    assert "tilted by 30.0°" in micrograph(image(tmp_path, 1.056)).notes[-1].text


@pytest.mark.parametrize("text", [epu_xml()[:500], "", epu_xml(volts=3)])
def test_bad_metadata_are_a_note_and_cost_no_micrograph(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    found = micrograph(image(tmp_path, 1.2))
    assert found.pixel_A == pytest.approx(1.2)
    assert "metadata" in kinds(found)


def test_the_voltage_of_a_source(tmp_path: Path) -> None:
    path, given = image(tmp_path), PartialOptics(cs_mm=2.7)
    with pytest.raises(OpticsError, match=r"a\.mrc: --voltage .*there is none"):
        read.source(path, given, metadata=True)
    epu(tmp_path, volts="200000")
    (source,) = read.sources([str(tmp_path)], given, metadata=True)
    assert source.optics == Optics(200, 2.7)
    assert source.metadata
    (source,) = read.sources([str(tmp_path)], PartialOptics(300, 2.7), metadata=True)
    assert source.optics == Optics(300, 2.7)
    with pytest.raises(OpticsError, match="--voltage"):
        read.sources([str(tmp_path)], given)
    epu(tmp_path, volts="3")
    with pytest.raises(OpticsError, match=r"a\.xml does not"):
        read.source(path, given, metadata=True)


def test_nobody_states_cs(tmp_path: Path) -> None:
    epu(tmp_path)
    with pytest.raises(OpticsError, match=r"--cs .* microscope metadata do not contain it"):
        read.source(image(tmp_path), PartialOptics(), metadata=True)
