"""What the user names becomes a list of files with their optics."""

import os
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from thonring import read
from thonring.errors import InputError, OpticsError, UnreadableTable
from thonring.optics import Optics, PartialOptics

GIVEN = PartialOptics(voltage_kV=300, cs_mm=2.7)

STAR_31 = """
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
early 1 0.885 200.0 1.4 0.1
late  2 1.1   300.0 2.7 0.07


data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
Micrographs/a.mrc 1
Micrographs/b.mrc 2
Micrographs/c.mrc 1
"""

STAR_31_ONE_ROW = """
data_optics

_rlnOpticsGroup 1
_rlnVoltage 200
_rlnSphericalAberration 1.4

data_micrographs

_rlnMicrographName a.mrc
_rlnOpticsGroup 1
"""

STAR_30 = """
data_

loop_
_rlnMicrographName #1
_rlnVoltage #2
_rlnSphericalAberration #3
_rlnAmplitudeContrast #4
_rlnMagnification #5
_rlnDetectorPixelSize #6
_rlnCtfPowerSpectrum #7
a.mrc 300 2.7 0.1 50000 7.0 a_PS.mrc:mrc
b.mrc 200 2.7 0.1 50000 5.0 b_PS.mrc:mrc
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def touch(folder: Path, *names: str) -> None:
    for name in names:
        write(folder / name, "x")


def names(paths: list[str], given: PartialOptics = GIVEN, *, spectra: bool = False) -> list[str]:
    return [source.path.name for source in read.sources(paths, given, spectra=spectra)]


def test_files_keep_their_order_and_need_not_exist() -> None:
    listed = read.sources(["z.mrc", "a.tif", "z.mrc", "./a.tif"], GIVEN)
    assert [str(source.path) for source in listed] == ["z.mrc", "a.tif"]
    assert listed[0].optics == Optics(300, 2.7)


def test_a_folder_gives_its_images_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "b.mrc", "a.TIF", "c.mrc.gz", "notes.txt", "a.star", "._b.mrc", "deep/d.mrc")
    assert names([str(tmp_path)]) == ["a.TIF", "b.mrc", "c.mrc.gz"]


def test_what_has_an_images_name_is_listed_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "folder.mrc").mkdir()
    (tmp_path / "broken.mrc").symlink_to("nowhere.mrc")
    (tmp_path / "circle.mrc").symlink_to("circle.mrc")
    os.mkfifo(tmp_path / "pipe.mrc")
    expected = ["broken.mrc", "circle.mrc", "folder.mrc", "pipe.mrc"]
    assert names([str(tmp_path)]) == expected
    assert names([str(tmp_path / "*.mrc")]) == expected
    assert names([str(tmp_path / name) for name in expected]) == expected


@pytest.mark.parametrize("name", ["a\0b.mrc", "long" * 100 + ".mrc"])
def test_an_impossible_name_is_listed(tmp_path: Path, name: str) -> None:
    assert names([str(tmp_path / name)]) == [name]


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"folder .*cannot be listed \(Permission denied\).*permissions"):
        read.sources([str(tmp_path)], GIVEN)


def test_a_pattern_that_no_shell_expanded(tmp_path: Path) -> None:
    touch(tmp_path, "b1.mrc", "b2.mrc", "c.mrc", "b.txt")
    assert names([str(tmp_path / "b*")]) == ["b1.mrc", "b2.mrc"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].mrc", "a1.mrc")
    assert names([str(tmp_path / "a[1].mrc")]) == ["a[1].mrc"]


@pytest.mark.parametrize("argument", ["", "*.mrc"])
def test_an_empty_folder_or_pattern_is_an_error(tmp_path: Path, argument: str) -> None:
    touch(tmp_path, "a.txt")
    with pytest.raises(InputError, match=r"(folder|pattern).*no images found.*\.mrc .*\.png"):
        read.sources([str(tmp_path / argument)], GIVEN)


def test_nothing_named() -> None:
    with pytest.raises(InputError, match="no inputs given"):
        read.sources([], GIVEN)


def test_optics_are_needed_for_images() -> None:
    with pytest.raises(OpticsError, match="--voltage"):
        read.sources(["a.mrc"], PartialOptics(cs_mm=2.7))


def test_optics_groups(tmp_path: Path) -> None:
    star = write(tmp_path / "micrographs.star", STAR_31)
    first, second, third = read.sources([str(star)], PartialOptics())
    assert first.optics == Optics(200, 1.4, 0.1, 0.885)
    assert second.optics == Optics(300, 2.7, 0.07, 1.1)
    assert third.optics is first.optics
    assert str(first.path) == "Micrographs/a.mrc"


def test_what_is_given_wins(tmp_path: Path) -> None:
    star = write(tmp_path / "micrographs.star", STAR_31)
    listed = read.sources([str(star)], PartialOptics(voltage_kV=120, pixel_A=2.0))
    assert [source.optics for source in listed[:2]] == [
        Optics(120, 1.4, 0.1, 2.0),
        Optics(120, 2.7, 0.07, 2.0),
    ]


def test_blocks_of_one_row_and_windows_line_ends(tmp_path: Path) -> None:
    star = write(tmp_path / "micrographs.star", STAR_31_ONE_ROW.replace("\n", "\r\n"))
    (source,) = read.sources([str(star)], PartialOptics())
    assert source.optics == Optics(200, 1.4)


def test_one_table_with_magnification(tmp_path: Path) -> None:
    star = write(tmp_path / "old.star", STAR_30)
    listed = read.sources([str(star)], PartialOptics())
    assert [source.optics.pixel_A for source in listed] == pytest.approx([1.4, 1.0])
    assert [source.optics.voltage_kV for source in listed] == [300, 200]


def test_spectra_are_listed_without_the_micrographs_pixel_size(tmp_path: Path) -> None:
    star = str(write(tmp_path / "old.star", STAR_30))
    listed = read.sources([star], PartialOptics(), spectra=True)
    assert [source.path.name for source in listed] == ["a_PS.mrc", "b_PS.mrc"]
    assert [source.optics.pixel_A for source in listed] == [None, None]
    assert read.sources([star], PartialOptics(pixel_A=1.4), spectra=True)[0].optics.pixel_A == 1.4
    new = str(write(tmp_path / "new.star", STAR_31))
    assert names([new], PartialOptics(), spectra=True) == ["a.mrc", "b.mrc", "c.mrc"]


@pytest.mark.parametrize("root", ["", "Select/job004", "project"])
def test_names_are_found_from_here_the_star_or_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    star = write(tmp_path / "project/Select/job004/micrographs.star", STAR_31)
    folder = {"": here, "Select/job004": star.parent, "project": tmp_path / "project"}[root]
    touch(folder / "Micrographs", "a.mrc")
    first, second, _ = read.sources([os.path.relpath(star)], PartialOptics())
    assert first.path.samefile(folder / "Micrographs/a.mrc")
    assert second.path == Path("Micrographs/b.mrc")


def test_a_star_and_its_micrograph_named_too_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "m.star", STAR_31)
    mrcfile.write(tmp_path / "x.mrc", np.ones((4, 4), np.float32))
    assert names(["x.mrc", "m.star", "Micrographs/b.mrc", "*.mrc"]) == ["x.mrc", "a.mrc", "b.mrc", "c.mrc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello world", "cannot be read as a STAR file"),
        ("", "no table has the columns rlnMicrographName"),
        ("data_particles\nloop_\n_rlnImageName\n1@a.mrcs\n", "found 'particles': rlnImageName"),
        ("data_\nloop_\n_rlnMicrographName\n_rlnVoltage\na.mrc 300 7\n", "cannot be read"),
        (STAR_31.replace("a.mrc 1", "a.mrc 9"), "optics group 9, .*defines only 1, 2"),
        (STAR_31.replace("200.0", "high"), "row 1: rlnVoltage is 'high', expected a number"),
        ("data_micrographs\nloop_\n_rlnMicrographName\n", "no rows"),
    ],
)
def test_bad_star_files(tmp_path: Path, text: str, said: str) -> None:
    star = write(tmp_path / "bad.star", text)
    with pytest.raises(UnreadableTable, match=rf"bad\.star.*{said}"):
        read.sources([str(star)], PartialOptics())


def test_a_missing_star_file() -> None:
    with pytest.raises(UnreadableTable, match=r"none\.star"):
        read.sources(["none.star"], GIVEN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (STAR_31.replace("200.0", "200000"), "looks like volts"),
        (STAR_31.replace("_rlnVoltage", "_rlnOther"), "--voltage"),
    ],
)
def test_bad_optics_name_the_star_file(tmp_path: Path, text: str, said: str) -> None:
    star = write(tmp_path / "bad.star", text)
    with pytest.raises(OpticsError, match=rf"bad\.star: .*{said}"):
        read.sources([str(star)], PartialOptics())
