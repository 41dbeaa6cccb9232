"""truth.csv gives back what was written, and says what is wrong with a table that someone else made."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.optics import Optics
from thonring.simulate.cramer_rao import CramerRaoBound
from thonring.simulate.scene import DEFECTS, Scene
from thonring.simulate.truth import COLUMNS, TruthRow, read_truth, truth_row, truth_text

ROW = TruthRow(
    "mic_000000.mrc", 300.0, 0.83, 2.7, 0.1, 15200.5, 14800.25, -37.5, 0.0, "none", 0.0, True, 3.5, 7.25
)
HEADER = (
    "file,voltage_kV,pixel_A,cs_mm,amplitude_contrast,defocus_u_A,defocus_v_A,angle_deg,phase_shift_deg,"
    "defect,defect_dose,usable,bound_defocus_A,bound_astigmatism_A"
)
LINE = "mic_000000.mrc,300,0.83,2.7,0.1,15200.5,14800.25,-37.5,0,none,0,1,3.5,7.25"
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("Cc", "Cs")), min_size=1
)
ROWS = st.lists(
    st.builds(
        TruthRow,
        file=NAME,
        voltage_kV=NUMBER,
        pixel_A=NUMBER,
        cs_mm=NUMBER,
        amplitude_contrast=NUMBER,
        defocus_u_A=NUMBER,
        defocus_v_A=NUMBER,
        angle_deg=NUMBER,
        phase_shift_deg=NUMBER,
        defect=st.sampled_from(DEFECTS),
        defect_dose=NUMBER,
        usable=st.booleans(),
        bound_defocus_A=NUMBER,
        bound_astigmatism_A=NUMBER,
    ),
    min_size=1,
    unique_by=lambda row: row.file,
)


def write_truth(path: Path, rows: list[TruthRow]) -> None:
    path.write_bytes(truth_text(rows).encode("utf-8", "surrogateescape"))


@pytest.mark.slow
@given(rows=ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(tmp_path: Path, rows: list[TruthRow]) -> None:
    write_truth(tmp_path / "truth.csv", rows)
    assert read_truth(tmp_path / "truth.csv") == tuple(rows)


def test_without_rings_the_bounds_are_empty_and_come_back_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    empty = replace(ROW, defect="empty", usable=False, bound_defocus_A=math.nan, bound_astigmatism_A=math.nan)
    write_truth(path, [empty])
    assert path.read_text(encoding="utf-8").endswith(",0,,\n")
    (row,) = read_truth(path)
    assert math.isnan(row.bound_defocus_A)
    assert math.isnan(row.bound_astigmatism_A)
    assert replace(row, bound_defocus_A=0.0, bound_astigmatism_A=0.0) == replace(
        empty, bound_defocus_A=0.0, bound_astigmatism_A=0.0
    )


def test_the_columns_are_those_that_are_documented(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.csv", [ROW])
    with (tmp_path / "truth.csv").open(newline="", encoding="utf-8") as table:
        (row,) = csv.DictReader(table)
    assert ",".join(row) == HEADER == ",".join(COLUMNS)
    assert (row["usable"], float(row["defocus_u_A"])) == ("1", 15200.5)


def test_the_truth_of_a_scene_is_what_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thonring.simulate.truth.bound_of", lambda _: CramerRaoBound(3.0, 5.0))
    optics = Optics(200.0, 1.4, 0.07, 1.1)
    scene = Scene(3, optics, (512, 512), 21000.0, 19000.0, 12.0, 30.0, defect="drift", defect_dose=4.0)
    assert truth_row(scene, "a.mrc") == TruthRow(
        "a.mrc", 200.0, 1.1, 1.4, 0.07, 21000.0, 19000.0, 12.0, 30.0, "drift", 4.0, True, 3.0, 5.0
    )


def test_a_table_from_elsewhere_may_differ_in_its_form(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    names = HEADER.split(",")[:-2]
    cells = LINE.split(",")[:-2]
    lines = [",".join(["note", *reversed(names)]), "", ",".join(["mine", *reversed(cells)]), ""]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    (row,) = read_truth(path)
    assert math.isnan(row.bound_defocus_A)
    assert replace(row, bound_defocus_A=3.5, bound_astigmatism_A=7.25) == ROW


WRONG = {
    "empty": ("", "the file is empty, expected a header"),
    "header alone": (HEADER, "found a header but no rows"),
    "no header": (f"{LINE}\n{LINE}", "the columns file, voltage_kV"),
    "semicolons": (HEADER.replace(",", ";"), "separated by commas"),
    "column missing": (
        f"{HEADER.replace('defect,', '')}\n{LINE.replace('none,', '')}",
        "columns defect are missing;",
    ),
    "column twice": (f"{HEADER},usable\n{LINE},1", "usable more than once"),
    "too few values": (f"{HEADER}\n{LINE},9\n", "line 2: found 15 values, expected 14"),
    "word for number": (
        f"{HEADER}\n{LINE}\n{LINE.replace('15200.5', 'far')}",
        "line 3: defocus_u_A is 'far', expected a number",
    ),
    "empty number": (f"{HEADER}\n{LINE.replace('15200.5', '')}", "defocus_u_A is '', expected a number"),
    "not finite": (f"{HEADER}\n{LINE.replace('15200.5', 'inf')}", "defocus_u_A is 'inf', expected a number"),
    "usable": (f"{HEADER}\n{LINE.replace(',1,', ',yes,')}", "usable is 'yes', expected 1"),
    "defect": (f"{HEADER}\n{LINE.replace('none', 'hail')}", "unknown defect 'hail', expected one of none, "),
    "no name": (f"{HEADER}\n{LINE.replace('mic_000000.mrc', '')}", "the file name is empty"),
    "name twice": (f"{HEADER}\n{LINE}\n./{LINE}", "more than one row for mic_000000.mrc"),
}


@pytest.mark.parametrize("text_and_message", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_table_is_told(tmp_path: Path, text_and_message: tuple[str, str]) -> None:
    text, message = text_and_message
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableTable) as told:
        read_truth(path)
    assert str(told.value).startswith(str(path))
    assert message in str(told.value)


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"truth\.csv: cannot be read .*Check the path"):
        read_truth(tmp_path / "truth.csv")


def test_bytes_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_bytes(bytes(range(256)))
    with pytest.raises(UnreadableTable, match=r"truth\.csv"):
        read_truth(tmp_path / "truth.csv")
