"""Tables as programs, editors and spreadsheets write them: any encoding, every block, and each row by itself."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from thonring.errors import OpticsError, ThonringError, UnreadableTable
from thonring.evaluate.labels import read_labels
from thonring.evaluate.results import read_other_program
from thonring.files.csv import read_csv
from thonring.files.star import read_star
from thonring.files.text import LeftOut, TableReport, decode, read_toml
from thonring.formats.known_defocus import known_defocus
from thonring.formats.relion import listed_sources
from thonring.optics import PartialOptics
from thonring.quality import load_profile
from thonring.records import Source

LABELS = ("_rlnMicrographName", "_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
CTFFIND = "# Output from CTFFind\n# Input file: {name} ; Number of micrographs: 1\n{row}\n"


def loop(block: str, labels: tuple[str, ...], *rows: str) -> str:
    return "\n".join([f"data_{block}", "", "loop_", *labels, *rows, "", ""])


def defoci(*rows: str, block: str = "micrographs") -> str:
    return loop(block, LABELS, *rows)


def optics(*rows: str) -> str:
    return loop("optics", ("_rlnOpticsGroup", "_rlnVoltage", "_rlnSphericalAberration"), *rows)


def listed(*rows: str, block: str = "micrographs") -> str:
    return loop(block, ("_rlnMicrographName", "_rlnOpticsGroup"), *rows)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def sources(path: Path, report: TableReport | None = None, **given: float) -> list[Source]:
    return listed_sources(path, PartialOptics(**given), spectra=False, report=report)


def voltages(found: list[Source]) -> dict[str, float]:
    return {source.path.name: source.optics.voltage_kV for source in found}


def reasons(report: TableReport) -> dict[str, str]:
    return {one.row: one.reason for one in report.left_out}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_unicode_encoding_decodes_to_the_same_text(encoding: str) -> None:
    assert decode("file,label\nmic 1.mrc,good\nmic_ü.mrc,bad\n".encode(encoding)) == (
        "file,label\nmic 1.mrc,good\nmic_ü.mrc,bad\n"
    )


def test_bytes_that_are_not_utf8_stay_the_bytes_of_the_file_name() -> None:
    assert os.fsencode(decode(b"caf\xe9.mrc")) == b"caf\xe9.mrc"


def test_damaged_utf16_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.star"
    path.write_bytes("data_\n".encode("utf-16") + b"x")
    with pytest.raises(UnreadableTable, match="damaged text"):
        read_star(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_star_file_is_read_in_every_encoding_and_with_every_line_end(
    tmp_path: Path, encoding: str, end: str
) -> None:
    text = defoci("Größe/α_1.mrc 15000 14000 10", "'b 2.mrc' 16000 15000 20").replace("\n", end)
    known = known_defocus(write(tmp_path / "a.star", text, encoding))
    assert {name: one.defocus_u_A for name, one in known.items()} == {"α_1": 15000, "b 2": 16000}


def test_text_that_looks_like_an_escape_stays_what_it_is(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", defoci("~u0~0000e9é~u1~.mrc 15000 14000 10"))
    assert read_star(star)[0].texts("rlnMicrographName") == ["~u0~0000e9é~u1~.mrc"]


@pytest.mark.parametrize("folder", ["data_2024", "DATA_x", "_old", "[1]", "$scratch", "]", "plain"])
def test_a_folder_may_begin_like_a_keyword(tmp_path: Path, folder: str) -> None:
    star = write(tmp_path / "a.star", defoci("a.mrc 1 2 3", f"{folder}/b.mrc 15000 14000 10"))
    assert read_star(star)[0].texts("rlnMicrographName") == ["a.mrc", f"{folder}/b.mrc"]


@pytest.mark.parametrize("suffix", [".ctfparam", ".txt", ".star", ".xmd"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_text_of_defoci_is_read_in_every_encoding(tmp_path: Path, suffix: str, encoding: str) -> None:
    texts = {
        ".ctfparam": "data_m\n _ctfDefocusU 15000\n _ctfDefocusV 14000\n _ctfDefocusAngle 10\n",
        ".txt": CTFFIND.format(name="a.mrc", row="1 15000 14000 10 0 0.1 4"),
        ".star": defoci("a.mrc 15000 14000 10"),
        ".xmd": loop(
            "m", ("_micrograph", "_ctfDefocusU", "_ctfDefocusV", "_ctfDefocusAngle"), "a.mrc 15000 14000 10"
        ),
    }
    path = write(tmp_path / f"a{suffix}", texts[suffix], encoding)
    assert known_defocus(path)["a"].defocus_u_A == 15000


def test_a_name_in_latin1_is_found_under_either_name(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", optics("1 300 2.7") + listed("né.mrc 1"), "latin-1")
    report = TableReport()
    (tmp_path / "né.mrc").touch()
    assert sources(star, report)[0].path.name == "né.mrc"
    (tmp_path / "né.mrc").rename(os.fsdecode(os.fsencode(tmp_path) + b"/n\xe9.mrc"))
    assert os.fsencode(sources(star, report)[0].path.name) == b"n\xe9.mrc"
    assert len(report.notes) == 1
    assert "the byte 0xe9" in report.notes[0]


def test_all_blocks_of_micrographs_are_read_and_others_are_named(tmp_path: Path) -> None:
    star = write(
        tmp_path / "a.star",
        optics("1 300 2.7")
        + listed("a.mrc 1")
        + listed("b.mrc 1", block="more")
        + loop("jobs", ("_rlnJobName",), "x"),
    )
    report = TableReport()
    assert list(voltages(sources(star, report))) == ["a.mrc", "b.mrc"]
    assert report.notes == [f"{star}: not read: table 'jobs', which lacks the columns that are needed."]
    assert not report.left_out


def test_single_values_and_a_loop_in_one_block_are_two_tables(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", "data_m\n_rlnVoltage 300\n" + listed("a.mrc 1", "b.mrc 1")[16:])
    assert [(table.name, list(table.columns), len(table)) for table in read_star(star)] == [
        ("m", ["rlnVoltage"], 1),
        ("m", ["rlnMicrographName", "rlnOpticsGroup"], 2),
    ]


def test_all_blocks_of_defoci_are_read_and_others_are_named(tmp_path: Path) -> None:
    labels = ("_micrograph", "_ctfDefocusU", "_ctfDefocusV", "_ctfDefocusAngle")
    xmd = write(
        tmp_path / "a.xmd",
        loop("one", labels, "a.mrc 15000 14000 10")
        + loop("two", labels, "b.mrc 16000 15000 10")
        + loop("three", ("_micrograph",), "c.mrc"),
    )
    report = TableReport()
    assert set(known_defocus(xmd, report)) == {"a", "b"}
    assert "'three'" in report.notes[0]


@pytest.mark.parametrize("row", ["nan nan nan", "**** 14000 10", "inf 14000 10", "0 0 0", "15000 14000 x"])
def test_a_row_without_an_estimate_is_left_out_by_itself(tmp_path: Path, row: str) -> None:
    star = write(tmp_path / "a.star", defoci("a.mrc 15000 14000 10", f"b.mrc {row}", "c.mrc 1 1 1"))
    report = TableReport()
    assert set(known_defocus(star, report)) == {"a", "c"}
    assert [(one.file, one.row, one.micrograph) for one in report.left_out] == [
        (star, "table 'micrographs', row 2", "b.mrc")
    ]
    assert not report.left_out[0].reason.startswith(str(star))
    with pytest.raises(UnreadableTable, match=r"b\.mrc|row 2"):
        known_defocus(star)


def test_scipions_failed_estimates_are_reported(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", defoci("a.mrc -999 -999 -999", "b.mrc 15000 14000 10"))
    report = TableReport()
    assert set(known_defocus(star, report)) == {"b"}
    assert [one.micrograph for one in report.left_out] == ["a.mrc"]


def test_a_table_without_one_estimate_is_an_error(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", defoci("a.mrc nan nan nan", "b.mrc 0 0 0"))
    with pytest.raises(UnreadableTable, match="expected finite numbers"):
        known_defocus(star, TableReport())


def test_only_the_name_with_two_answers_is_left_out(tmp_path: Path) -> None:
    star = write(
        tmp_path / "a.star", defoci("x/a.mrc 15000 14000 10", "y/a.mrc 1 1 1", "b.mrc 15000 14000 10")
    )
    report = TableReport()
    assert set(known_defocus(star, report)) == {"b"}
    assert [one.micrograph for one in report.left_out] == ["x/a.mrc", "y/a.mrc"]


def test_an_exposure_without_defocus_is_left_out(tmp_path: Path) -> None:
    fields = [(name, "<f4") for name in ("ctf/df1_A", "ctf/df2_A", "ctf/df_angle_rad")]
    rows = np.array(
        [(b"a.mrc", 15000, 14000, 0.1), (b"b.mrc", 0, 0, 0), (b"c.mrc", math.nan, 1, 0)],
        [("micrograph_blob/path", "S8"), *fields],
    )
    with (tmp_path / "a.cs").open("wb") as stream:
        np.save(stream, rows)
    report = TableReport()
    assert set(known_defocus(tmp_path / "a.cs", report)) == {"a"}
    assert list(reasons(report)) == ["row 2", "row 3"]


def test_of_a_folder_each_file_is_judged_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", CTFFIND.format(name="a.mrc", row="1 15000 14000 10 0 0.1 4"))
    write(tmp_path / "b.txt", CTFFIND.format(name="b.mrc", row="1 nan nan nan 0 0 inf"))
    write(tmp_path / "c.txt", "")
    write(tmp_path / "notes.txt", "Session of Monday\n")
    report = TableReport()
    assert set(known_defocus(tmp_path, report)) == {"a"}
    assert sorted(one.file.name for one in report.left_out) == ["b.txt", "c.txt", "notes.txt"]
    with pytest.raises(UnreadableTable):
        known_defocus(tmp_path)


def test_a_folder_whose_texts_lie_deeper_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "job" / "Movies").mkdir(parents=True)
    write(tmp_path / "job" / "Movies" / "a.txt", CTFFIND.format(name="a.mrc", row="1 15000 14000 10 0 0.1 4"))
    with pytest.raises(UnreadableTable, match=r"there are some in .*Movies"):
        known_defocus(tmp_path / "job")


def test_the_images_of_a_stack_keep_their_places(tmp_path: Path) -> None:
    rows = "1 15000 14000 10 0 0.1 4\n2 nan nan nan 0 0 inf\n3 17000 16000 10 0 0.1 4"
    run = read_other_program(write(tmp_path / "s.txt", CTFFIND.format(name="s.mrcs", row=rows)), "s")
    assert [one.estimate and one.estimate.defocus_u_A for one in run.results] == [15000, None, 17000]
    assert [one.micrograph for one in run.left_out] == ["2@s.mrcs"]


def test_a_micrograph_whose_row_was_left_out_has_no_estimate(tmp_path: Path) -> None:
    run = read_other_program(
        write(tmp_path / "a.star", defoci("a.mrc 15000 14000 10", "b.mrc nan nan nan")), "k"
    )
    assert {one.file: one.status for one in run.results} == {"a": "accepted", "b": "failed"}
    assert any("b.mrc" in note for note in run.notes)


@pytest.mark.parametrize(
    ("defined", "used"), [("1.000000", "1"), ("1", "1.0"), ("2", "2.000000"), ("k3", "k3")]
)
def test_optics_groups_are_numbers_where_they_are_numbers(tmp_path: Path, defined: str, used: str) -> None:
    star = write(tmp_path / "a.star", optics(f"{defined} 200 2.7") + listed(f"a.mrc {used}"))
    assert voltages(sources(star)) == {"a.mrc": 200}


@pytest.mark.parametrize("bad", ["0 2.7", "**** 2.7", "nan 2.7", "300 nan"])
def test_a_bad_optics_group_costs_its_own_rows_only(tmp_path: Path, bad: str) -> None:
    text = optics("1 300 2.7", f"2 {bad}") + listed("a.mrc 1", "b.mrc 2", "c.mrc 3")
    star, report = write(tmp_path / "a.star", text), TableReport()
    assert voltages(sources(star, report)) == {"a.mrc": 300}
    assert [one.micrograph for one in report.left_out] == ["b.mrc", "c.mrc"]
    assert "defines only 1, 2" in report.left_out[1].reason
    with pytest.raises(ThonringError):
        sources(star)


def test_a_bad_optics_group_that_no_micrograph_uses_costs_nothing(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", optics("1 300 2.7", "2 0 2.7") + listed("a.mrc 1"))
    report = TableReport()
    assert voltages(sources(star, report)) == {"a.mrc": 300}
    assert not report.left_out
    assert "No micrograph uses the optics group 2" in report.notes[0]


def test_a_group_that_is_defined_twice_must_be_the_same(tmp_path: Path) -> None:
    star = tmp_path / "a.star"
    write(star, optics("1 300 2.7", "1.0 300 2.70") + listed("a.mrc 1"))
    assert voltages(sources(star)) == {"a.mrc": 300}
    write(star, optics("1 300 2.7", "1 200 2.7", "2 300 2.7") + listed("a.mrc 1", "b.mrc 2"))
    report = TableReport()
    assert voltages(sources(star, report)) == {"b.mrc": 300}
    assert "defined 2 times" in report.left_out[0].reason
    write(star, optics("1 300 2.7", "1 200 2.7") + listed("a.mrc 1"))
    with pytest.raises(UnreadableTable, match="defined 2 times"):
        sources(star, TableReport())


def test_without_a_column_of_groups_the_only_group_is_meant(tmp_path: Path) -> None:
    names = loop("micrographs", ("_rlnMicrographName",), "a.mrc")
    star = write(tmp_path / "a.star", optics("7 200 2.7") + names)
    assert voltages(sources(star)) == {"a.mrc": 200}
    write(star, optics("1 200 2.7", "2 300 2.7") + names)
    with pytest.raises(UnreadableTable, match="lacks the column rlnOpticsGroup"):
        sources(star)
    assert voltages(sources(star, voltage_kV=300.0, cs_mm=2.7)) == {"a.mrc": 300}


def test_constants_missing_in_every_row_are_still_missing(tmp_path: Path) -> None:
    star = write(tmp_path / "a.star", loop("", ("_rlnMicrographName",), "a.mrc", "b.mrc"))
    with pytest.raises(OpticsError, match="--voltage"):
        sources(star, TableReport())


def test_the_first_image_of_a_stack_is_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.mrc").touch()
    (tmp_path / "1@c.mrc").touch()
    text = optics("1 300 2.7") + listed("000001@a.mrc 1", "2@a.mrc 1", "1@c.mrc 1")
    report = TableReport()
    assert list(voltages(sources(write(tmp_path / "a.star", text), report))) == ["a.mrc", "1@c.mrc"]
    assert "image 2 of a stack" in report.left_out[0].reason


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_labels_of_a_spreadsheet_are_read(tmp_path: Path, encoding: str, separator: str) -> None:
    text = f"File{separator}LABEL\r\na_é.mrc{separator}1.0\r\nb.mrc{separator}0.000\r\n"
    path = write(tmp_path / "l.csv", text, encoding)
    assert {one.file: one.usable for one in read_labels(path)} == {"a_é.mrc": True, "b.mrc": False}


def test_labels_are_judged_one_by_one(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", "file,label\na,1\nb,perhaps\nc\nd,1\nd,0\ne,2.5\n")
    report = TableReport()
    assert [one.file for one in read_labels(path, report)] == ["a"]
    assert list(reasons(report)) == ["line 3", "line 4", "line 5", "line 6", "line 7"]


def test_a_name_that_no_file_can_have_harms_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", "file,label\na\0b,1\nc,1\n")
    assert [one.file for one in read_labels(path)] == ["a\0b", "c"]


def test_labels_of_every_block_are_read(tmp_path: Path) -> None:
    labels = ("_rlnMicrographName", "_rlnSelected")
    text = loop("one", labels, "a.mrc 1.000000") + loop("two", labels, "b.mrc 0")
    path = write(tmp_path / "l.star", text)
    assert {one.file: one.usable for one in read_labels(path)} == {"a.mrc": True, "b.mrc": False}


def test_what_relions_display_saves_is_explained(tmp_path: Path) -> None:
    path = write(tmp_path / "backup_selection.star", loop("", ("_rlnSelected",), "1", "0"))
    with pytest.raises(UnreadableTable, match="in the order of the STAR file"):
        read_labels(path)
    write(path, loop("micrographs", ("_rlnMicrographName",), "a.mrc"))
    with pytest.raises(UnreadableTable, match="which are usable"):
        read_labels(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_profile_of_limits_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "p.toml", 'name = "Größe"\r\nextends = "default"\r\n', encoding)
    assert load_profile(str(path)) == load_profile("default")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b'name = "caf\xe9"', "line 1 has the byte 0xe9"), (b"a = " + b"[" * 100_000, "not TOML")],
)
def test_what_is_not_toml_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "p.toml").write_bytes(content)
    with pytest.raises(UnreadableTable, match=message):
        read_toml(tmp_path / "p.toml", "Expected limits.")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_results_that_a_spreadsheet_saved_are_read(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "r.csv", 'file,status\n"a\nb.mrc",accepted\n', encoding)
    assert read_csv(path, "") == (["file", "status"], [{"file": "a\nb.mrc", "status": "accepted"}])


def test_a_long_report_lists_the_first_rows() -> None:
    report = TableReport()
    for row in range(50):
        report.leave_out(Path("k.star"), f"row {row}", "found nan.")
    assert report.lines()[-1] == "30 more rows left out of tables"
    assert len(report.lines()) == 21


def test_a_report_says_where_which_micrograph_and_why() -> None:
    text = str(LeftOut(Path("k.star"), "row 3", "found nan.", "m.mrc"))
    assert text == "k.star, row 3 left out: m.mrc: found nan."
    assert str(LeftOut(Path("notes.txt"), "", "no table.")) == "notes.txt left out: no table."
