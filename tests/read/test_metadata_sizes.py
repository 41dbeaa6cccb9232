"""Pixel sizes of metadata hold for the image that these describe; what its size does not explain is not guessed."""

import re
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from factories.metadata import FRAME_MDOC, IMAGE_MDOC, epu_xml
from thonring import read
from thonring.errors import OpticsError
from thonring.optics import Optics, PartialOptics
from thonring.records import Micrograph


def image(folder: Path, columns: int = 48, rows: int = 40, header_A: float = 0.0) -> Path:
    path = folder / "a.mrc"
    mrcfile.write(path, np.ones((rows, columns), np.float32), voxel_size=header_A, overwrite=True)
    return path


def micrograph(path: Path, pixel_A: float | None = None) -> Micrograph:
    return read.micrograph(path, Optics(300, 2.7, pixel_A=pixel_A), metadata=True)


def mdoc(folder: Path, **values: object) -> Path:
    path = folder / "a.mrc.mdoc"
    lines = (f"{key} = {value}" for key, value in {"Voltage": 300, **values}.items())
    path.write_text("\n".join(["[FrameSet = 0]", *lines, ""]))
    return path


def kinds(found: Micrograph) -> list[str]:
    return [note.kind for note in found.notes]


@pytest.mark.parametrize(
    ("values", "expected_A"),
    [
        ({"UncroppedSize": "-12 -10", "Binning": 8}, 0.5),
        ({"UncroppedSize": "-10 -12", "Binning": 8}, 0.5),
        ({"UncroppedSize": "96 80", "Binning": 0.5}, 4.0),
        ({"UncroppedSize": "-48 -40", "Binning": 0.5}, 2.0),
        ({"ImageSize": "144 120"}, 6.0),
        ({"ImageSize": "240 200"}, 10.0),
        ({"ImageSize": "16 13"}, 2.0 / 3),
        ({"ImageSize": "48 40", "UncroppedSize": "-96 -80"}, 2.0),
        ({"ImageSize": "70 70", "UncroppedSize": "-96 -80"}, 4.0),
    ],
)
def test_sizes_that_a_binning_explains(tmp_path: Path, values: dict[str, object], expected_A: float) -> None:
    mdoc(tmp_path, PixelSpacing=2.0, **values)
    found = micrograph(image(tmp_path))
    assert found.pixel_A == pytest.approx(expected_A)
    assert kinds(found) == ([] if expected_A == 2.0 else ["metadata-size"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"UncroppedSize": "-5760 -4092", "Binning": 0.5},
            "for 5760 x 4092 pixels, .* 4 Å for an image binned by 2",
        ),
        ({"Binning": 0.5}, "super-resolution movie, so it is 4 Å for an image binned by 2"),
        ({"ImageSize": "96 40"}, "for 96 x 40 pixels, which no binning turns into 48 x 40"),
        ({"ImageSize": "72 60"}, "for 72 x 60 pixels"),
        ({"ImageSize": "64 64", "UncroppedSize": "-128 -128"}, "for 64 x 64 or 128 x 128 pixels"),
    ],
)
def test_what_the_sizes_do_not_explain_is_refused_with_what_to_give(
    tmp_path: Path, values: dict[str, object], said: str
) -> None:
    path = mdoc(tmp_path, PixelSpacing=2.0, **values)
    with pytest.raises(OpticsError, match=rf"{re.escape(str(path))}: states 2 Å per pixel.*{said}.*--pixel"):
        micrograph(image(tmp_path))


def test_what_the_sizes_do_not_explain_is_a_note_where_another_size_is_used(tmp_path: Path) -> None:
    mdoc(tmp_path, PixelSpacing=2.0, UncroppedSize="-5760 -4092")
    for found in (micrograph(image(tmp_path, header_A=3.1)), micrograph(image(tmp_path), pixel_A=3.1)):
        assert found.pixel_A == pytest.approx(3.1)
        (note,) = found.notes
        assert (
            "states 2 Å per pixel for 5760 x 4092 pixels, and this image has 48 x 40; 3.1 Å are used"
            in note.text
        )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"UncroppedSize": "-5760 -4092"},
            "for 5760 x 4092 pixels, which no binning turns into 48 x 40; 2 Å are used",
        ),
        ({"Binning": 0.5}, "so it is 4 Å for an image binned by 2; 2 Å are used"),
    ],
)
def test_a_header_that_repeats_a_pixel_size_of_other_images_is_noted(
    tmp_path: Path, values: dict[str, object], said: str
) -> None:
    """The image may have been cropped, or binned by a program that copied the header."""
    mdoc(tmp_path, PixelSpacing=2.0, **values)
    found = micrograph(image(tmp_path, header_A=2.0))
    assert found.pixel_A == 2.0
    assert said in found.notes[0].text


def test_a_cropped_readout_of_epu_is_not_taken_for_the_image(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(epu_xml(columns=2880, rows=2046))
    with pytest.raises(OpticsError, match="for 2880 x 2046 pixels, which no binning turns into 48 x 40"):
        micrograph(image(tmp_path))


@pytest.mark.parametrize("binning", [{}, {"Binning": 1}, {"Binning": 2}])
def test_a_pixel_size_without_any_image_size_is_used_with_a_note(
    tmp_path: Path, binning: dict[str, int]
) -> None:
    mdoc(tmp_path, PixelSpacing=2.0, **binning)
    found = micrograph(image(tmp_path))
    assert found.pixel_A == 2.0
    assert "no image size to check that with" in found.notes[0].text
    assert micrograph(image(tmp_path, header_A=2.0)).notes == ()


def test_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "a.mrc.mdoc").write_text(IMAGE_MDOC.replace("1.056", "1,056").replace("30.01", "-4,5"))
    found = read.sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert (found.pixel_A, found.tilt_deg, found.notes) == (1.056, -4.5, ())
    (tmp_path / "a.mrc.mdoc").unlink()
    (tmp_path / "a.xml").write_text(epu_xml(pixel_x="1,056E-10", pixel_y="1,056E-10"))
    found = read.sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert found.pixel_A == pytest.approx(1.056)


@pytest.mark.parametrize("text", ["1,056,2", "1.056,2", "1,", ",5 ", "1,0 56"])
def test_what_is_no_number_is_named_in_the_reason(tmp_path: Path, text: str) -> None:
    mdoc(tmp_path, PixelSpacing=text)
    with pytest.raises(OpticsError, match=rf"a\.mrc\.mdoc: pixel size '{text.strip()}' is not a number"):
        micrograph(image(tmp_path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_of_serialems_files(tmp_path: Path, encoding: str, line_end: str) -> None:
    content = FRAME_MDOC.replace("T = ", "PriorRecordDose = 1\nT = ", 1).replace("\n", line_end)
    (tmp_path / "a.mdoc").write_bytes(content[content.index("Voltage") :].encode(encoding))
    found = read.sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert (found.voltage_kV, found.pixel_A, found.uncropped_px) == (200, 0.575, (11520, 8184))
    assert found.notes == ()


@pytest.mark.parametrize("declared", [None, "utf-8", "utf-16"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_epus_files(tmp_path: Path, encoding: str, declared: str | None) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    (tmp_path / "a.xml").write_bytes((declaration + epu_xml().replace("Empty", "Gitter Ä")).encode(encoding))
    found = read.sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert (found.voltage_kV, found.notes) == (300, ())


def test_a_missing_voltage_says_what_was_refused(tmp_path: Path) -> None:
    mdoc(tmp_path, Voltage="300 kilovolts")
    with pytest.raises(OpticsError, match=r"voltage '300 kilovolts' is not a number.* Give --voltage"):
        read.source(image(tmp_path), PartialOptics(cs_mm=2.7), metadata=True)
    (tmp_path / "a.mrc.mdoc").write_bytes(b"\x00\x01 not text")
    with pytest.raises(OpticsError, match=r"found no line 'key = value'.* Give --voltage"):
        read.source(image(tmp_path), PartialOptics(cs_mm=2.7), metadata=True)
