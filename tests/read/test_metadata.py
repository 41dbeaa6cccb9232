"""What is known of an exposure from the microscope's files: known values, in our units."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.metadata import FRAME_MDOC, IMAGE_MDOC, epu_xml
from thonring.read import Metadata, metadata_names, sidecar_metadata
from thonring.read.sidecar import MAX_BYTES

FOIL_HOLE = "FoilHole_9015883_Data_9017347_6_20250108_154915"


def read(folder: Path, text: str, name: str = "a.xml") -> Metadata:
    (folder / name).write_text(text, encoding="utf-8")
    found = sidecar_metadata(folder / "a.mrc")
    assert found is not None
    return found


def test_epu_in_metres_volts_and_radians(tmp_path: Path) -> None:
    found = read(tmp_path, epu_xml())
    assert found.path == tmp_path / "a.xml"
    assert found.voltage_kV == pytest.approx(300)
    assert found.pixel_A == pytest.approx(1.056)
    assert (found.size_px, found.binning) == ((2880, 2046), 2)
    assert found.dose_e_per_A2 == pytest.approx(14.4)
    assert found.applied_defocus_A == pytest.approx(27000)
    assert found.tilt_deg == pytest.approx(0.5, abs=1e-5)
    assert found.acquired == datetime(2025, 1, 8, 15, 49, 18, 115828, tzinfo=UTC)
    assert found.notes == ()


def test_serialem_of_a_movie(tmp_path: Path) -> None:
    found = read(tmp_path, FRAME_MDOC, "a.tif.mdoc")
    assert (found.voltage_kV, found.pixel_A, found.binning, found.size_px) == (200, 0.575, 0.5, None)
    assert (found.dose_e_per_A2, found.applied_defocus_A) == (34.9645, pytest.approx(18000))
    assert found.acquired == datetime(2023, 10, 26, 17, 6, 51)  # noqa: DTZ001 - the file states no zone
    assert found.notes == ()


def test_serialem_of_an_image(tmp_path: Path) -> None:
    found = read(tmp_path, IMAGE_MDOC, "a.mrc.mdoc")
    assert (found.voltage_kV, found.pixel_A, found.size_px) == (300, 1.056, (4096, 4096))
    assert found.dose_e_per_A2 is None, "0 means that it was not calibrated"
    assert found.tilt_deg == 30.01
    assert found.acquired == datetime(2021, 3, 25, 17, 0, 46)  # noqa: DTZ001 - the file states no zone


def test_windows_line_ends_and_odd_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.mdoc").write_bytes(b"T = 30\xb0\r\n" + FRAME_MDOC.replace("\n", "\r\n").encode())
    found = sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert (found.voltage_kV, found.pixel_A) == (200, 0.575)


def test_of_several_images_only_what_is_the_same_for_all(tmp_path: Path) -> None:
    other = IMAGE_MDOC[IMAGE_MDOC.index("[ZValue") :].replace("[ZValue = 0]", "[ZValue = 1]")
    found = read(tmp_path, IMAGE_MDOC + "\n" + other.replace("-2\n", "-3\n"), "a.mdoc")
    assert (found.voltage_kV, found.pixel_A, found.applied_defocus_A) == (300, 1.056, None)
    found = read(tmp_path, IMAGE_MDOC + "\n" + other.replace("1.056", "2.112"), "a.mdoc")
    assert found.pixel_A is None
    assert "several pixel sizes" in found.notes[0].text


@pytest.mark.parametrize(
    ("image", "beside"),
    [
        ("area_01.mrc", "area_01.mrc.mdoc"),
        ("area_01.mrc", "area_01.mdoc"),
        ("area_01.mrc.gz", "area_01.mrc.mdoc"),
        ("area_01.mrc", "area_01.tif.mdoc"),
        ("area_01_DW.mrc", "area_01.tif.mdoc"),
        ("area_01.eer.mrc", "area_01.eer.mdoc"),
        ("area_01_aligned_mic_DW.mrc", "area_01.eer.mdoc"),
        ("004567890123456789012_area_01_patch_aligned_doseweighted.mrc", "area_01.tif.mdoc"),
        (f"{FOIL_HOLE}.mrc", f"{FOIL_HOLE}.xml"),
        (f"{FOIL_HOLE}_fractions.tiff", f"{FOIL_HOLE}.xml"),
        (f"{FOIL_HOLE}_Fractions.mrc", f"{FOIL_HOLE}.xml"),
        (f"{FOIL_HOLE}_EER.mrc", f"{FOIL_HOLE}.xml"),
        (f"{FOIL_HOLE}_fractions_DW.mrc", f"{FOIL_HOLE}.xml"),
        (f"004567890123456789012_{FOIL_HOLE}_fractions_patch_aligned.mrc", f"{FOIL_HOLE}.xml"),
    ],
)
def test_names_that_belong_together(tmp_path: Path, image: str, beside: str) -> None:
    (tmp_path / beside).write_text(epu_xml() if beside.endswith("xml") else FRAME_MDOC)
    found = sidecar_metadata(tmp_path / image)
    assert found is not None
    assert found.path == tmp_path / beside


def test_other_names_do_not(tmp_path: Path) -> None:
    for name in ("area_02.mdoc", "area.mdoc", "area_01_2.xml", "area_01.txt", "frames.mdoc"):
        (tmp_path / name).write_text(FRAME_MDOC)
    assert sidecar_metadata(tmp_path / "area_01.mrc") is None
    assert sidecar_metadata(tmp_path / "nowhere" / "a.mrc") is None


def test_xml_of_another_program_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<Movie CTFResolutionEstimate="3.1"><OptionsCTF/></Movie>')
    assert sidecar_metadata(tmp_path / "a.mrc") is None


BOMB = "".join(
    [
        '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">',
        *(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10)),
        "]>",
        epu_xml().replace("Empty", "&lol9;"),
    ]
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + epu_xml().replace("Empty", "&x;")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (epu_xml()[:900], "is not a complete XML file"),
        ("", "is not a complete XML file"),
        ("\0\0\0\0", "is not a complete XML file"),
        ('<?xml version="1.0" encoding="no-such"?>' + epu_xml(), "is not a complete XML file"),
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ("<MicroscopeImage>" + "x" * MAX_BYTES + "</MicroscopeImage>", "larger than 1 MiB"),
    ],
    ids=["cut short", "empty", "zeros", "encoding", "bomb", "outside", "huge"],
)
def test_xml_that_is_not_to_be_trusted_says_nothing_but_why(tmp_path: Path, text: str, told: str) -> None:
    found = read(tmp_path, text)
    assert found == Metadata(tmp_path / "a.xml", notes=found.notes)
    assert [note.kind for note in found.notes] == ["metadata"]
    assert str(tmp_path / "a.xml") in found.notes[0].text
    assert told in found.notes[0].text


def test_an_mdoc_that_is_none(tmp_path: Path) -> None:
    for text in ("", "garbage\n", "\0" * 100):
        found = read(tmp_path, text, "a.mdoc")
        assert found == Metadata(tmp_path / "a.mdoc", notes=found.notes)
        assert "key = value" in found.notes[0].text


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.xml").mkdir()
    os.mkfifo(tmp_path / "b.mdoc")
    for name in "ab":
        found = sidecar_metadata(tmp_path / f"{name}.mrc")
        assert found is not None
        assert "is not a regular file" in found.notes[0].text


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_text(epu_xml())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    found = sidecar_metadata(tmp_path / "a.mrc")
    assert found is not None
    assert "cannot be read (Permission denied)" in found.notes[0].text


@pytest.mark.parametrize("name", ["n" * 252 + ".mrc", "a\0.mrc"])
def test_names_that_no_file_can_have_beside_them(tmp_path: Path, name: str) -> None:
    assert sidecar_metadata(tmp_path / name) is None


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"volts": 300}, "voltage_kV", "is 0.3 kV, expected 10 to 3000 kV"),
        ({"volts": "NaN"}, "voltage_kV", "is not a number"),
        ({"volts": "much"}, "voltage_kV", "'much' is not a number"),
        ({"pixel_x": "1.056", "pixel_y": "1.056"}, "pixel_A", "is 1.056e+10 Å"),
        ({"pixel_x": "1.056E-10", "pixel_y": "2.112E-10"}, "pixel_A", "are not square"),
        ({"pixel_x": "-1.056E-10"}, "pixel_A", "is -1.056 Å"),
        ({"unit": "nm"}, "pixel_A", "unit of the pixel size is 'nm', expected 'm'"),
        ({"dose": "-3"}, "dose_e_per_A2", "dose"),
        ({"tilt": "7"}, "tilt_deg", "is 401.1 °"),
    ],
)
def test_impossible_values_of_epu_are_told_and_the_others_kept(
    tmp_path: Path, changed: dict[str, object], field: str, told: str
) -> None:
    found = read(tmp_path, epu_xml(**changed))
    assert getattr(found, field) is None
    assert len(found.notes) == 1
    assert told in found.notes[0].text
    assert found.acquired is not None
    assert (found.voltage_kV is None) + (found.pixel_A is None) <= 1


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        ("Voltage = 300000", "voltage_kV", "is 3e+05 kV"),
        ("PixelSpacing = 0.0575", "pixel_A", "expected 0.1 to 100 Å"),
        ("PixelSpacing = 0", "pixel_A", "expected 0.1 to 100 Å"),
        ("DateTime = yesterday", "acquired", "is not recognised"),
    ],
)
def test_impossible_values_of_serialem_are_told(tmp_path: Path, line: str, field: str, told: str) -> None:
    key = line.split(" = ", maxsplit=1)[0]
    lines = [line if one.startswith(f"{key} ") else one for one in FRAME_MDOC.splitlines()]
    found = read(tmp_path, "\n".join(lines), "a.mdoc")
    assert getattr(found, field) is None
    assert told in found.notes[0].text
    assert found.dose_e_per_A2 == 34.9645


def test_what_a_file_does_not_say_is_none_and_no_fault(tmp_path: Path) -> None:
    found = read(tmp_path, "<MicroscopeImage/>")
    assert found == Metadata(tmp_path / "a.xml")
    assert read(tmp_path, "Voltage = 300\n", "a.mdoc") == Metadata(tmp_path / "a.mdoc", voltage_kV=300)


@given(cut=st.integers(0, len(epu_xml())), junk=st.binary(max_size=20))
def test_no_damage_is_ever_raised(tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes) -> None:
    folder = tmp_path_factory.mktemp("cut")
    for name, text in (("a.xml", epu_xml()), ("b.mdoc", FRAME_MDOC)):
        (folder / name).write_bytes(text.encode()[:cut] + junk + text.encode()[cut + len(junk) :])
        found = sidecar_metadata(folder / f"{name[0]}.mrc")
        assert found is None or found.path == folder / name


@pytest.mark.slow
@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=30))
def test_names_are_looked_for_beside_the_image_only(name: str) -> None:
    names = metadata_names(name)
    assert names[0] == f"{name}.mdoc"
    assert len(set(names)) == len(names)
    assert all("/" not in one and one.endswith((".mdoc", ".xml")) for one in names)
