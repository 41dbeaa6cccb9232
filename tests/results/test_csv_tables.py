"""results.csv and attempts.csv, read back by the csv module and by pandas."""

import csv
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.outcomes import (
    PASSED,
    REFUSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_record, write_tables
from thonring.formats.csv_tables import RESULTS
from thonring.formats.table import run_totals, write_table_files
from thonring.records import CriterionResult, Note, Outcome

FIRST = [
    *("file", "status", "reasons", "defocus_u_A", "defocus_v_A", "angle_deg", "phase_shift_deg"),
    *("defocus_sigma_A", "angle_sigma_deg", "score", "fit_resolution_A", "sampling_A"),
]


def rows(run: Path, *outcomes: Outcome, name: str = "results.csv") -> list[dict[str, str]]:
    write_tables(run, outcomes)
    with (run / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_input_has_one_row_in_order(tmp_path: Path) -> None:
    outcomes = make_failed("a.mrc"), make_accepted("b.mrc"), make_without_fit("c.mrc"), make_rejected("d.mrc")
    found = rows(tmp_path, *outcomes)
    assert [(row["file"], row["status"]) for row in found] == [
        ("a.mrc", "failed"),
        ("b.mrc", "accepted"),
        ("c.mrc", "rejected"),
        ("d.mrc", "rejected"),
    ]


def test_the_promised_columns_come_first(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, make_accepted())
    assert list(row)[: len(FIRST)] == FIRST


def test_values_come_back(tmp_path: Path) -> None:
    notes = (Note("pixel", "header says 1.4"), Note("aliasing", "rings alias beyond 4 Å"))
    made = make_fit(notes=notes[1:])
    (row,) = rows(tmp_path, make_accepted(fit=made, notes=notes))
    assert row["notes"] == "header says 1.4; rings alias beyond 4 Å", (
        "the fit's notes are the outcome's already"
    )
    expected = {
        "defocus_u_A": made.defocus_u_A,
        "defocus_v_A": made.defocus_v_A,
        "angle_deg": made.angle_deg,
        "defocus_sigma_A": 3.0,
        "angle_sigma_deg": made.angle_sigma_deg,
        "defocus_A": 15000.5,
        "astigmatism_A": 399.5,
        "astigmatism_sigma_A": 4.0,
        "amplitude_contrast": 0.1,
        "log_likelihood_gain": 1200.0,
        "start_A": 15100.0,
        "sampling_A": 1.4,
        "pixel_A": 0.7,
        "voltage_kV": 300.0,
        "cs_mm": 2.7,
        "attempts": 1,
        "cpu_seconds": 0.25,
        "fit_quality": 0.8,
    }
    assert {column: float(row[column]) for column in expected} == pytest.approx(expected, rel=1e-7)


def test_reasons_are_joined(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, make_rejected(reasons=("ice", "no rings, none")))
    assert row["reasons"] == "ice; no rings, none"


def test_what_is_missing_is_an_empty_cell(tmp_path: Path) -> None:
    broken, bare = rows(tmp_path, make_failed(), make_without_fit())
    assert {broken[column] for column in broken} == {
        broken["file"],
        "failed",
        broken["reasons"],
        "0",
        "0.01",
        "",
    }
    assert (bare["sampling_A"], bare["defocus_u_A"], bare["score"]) == ("1.75", "", "")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_an_empty_cell(tmp_path: Path, value: float) -> None:
    criterion = CriterionResult("ice", value, passed=False, reason="?")
    made = make_attempt(make_fit(fit_resolution_A=value), (criterion,))
    (row,) = rows(tmp_path, make_rejected(attempts=(made,)))
    assert (row["fit_resolution_A"], row["ice"], row["runner_up_A"]) == ("", "", "")


def test_criteria_follow_in_the_order_in_which_they_are_met(tmp_path: Path) -> None:
    late = CriterionResult("late", 2.0, passed=True)
    found = rows(
        tmp_path,
        make_accepted(),
        make_rejected(),
        make_accepted(attempts=(make_attempt(make_fit(), (late, PASSED)),)),
    )
    assert list(found[0])[-3:] == ["fit_quality", "ice", "late"]
    assert [row["late"] for row in found] == ["", "", "2"]


def test_a_criterion_named_as_a_column_does_not_hide_it(tmp_path: Path) -> None:
    same = CriterionResult("score", 7.0, passed=True)
    (row,) = rows(tmp_path, make_accepted(attempts=(make_attempt(make_fit(), (same,)),)))
    assert (float(row["score"]), float(row["criterion_score"])) == (0.17, 7.0)


def test_every_attempt_is_recorded_and_the_kept_one_marked(tmp_path: Path) -> None:
    first = make_attempt(None, (REFUSED,), sampling_A=1.75)
    second = make_attempt(make_fit(sampling_A=2.75), (PASSED, REFUSED))
    third = make_attempt(make_fit(sampling_A=0.7), (PASSED,))
    outcome = make_accepted("a.mrc", attempts=(first, second, third), chosen=2)
    found = rows(tmp_path, make_failed("0.mrc"), outcome, make_accepted("b.mrc"), name="attempts.csv")
    assert [(row["file"], row["attempt"], row["kept"], row["accepted"]) for row in found] == [
        ("a.mrc", "1", "0", "0"),
        ("a.mrc", "2", "0", "0"),
        ("a.mrc", "3", "1", "1"),
        ("b.mrc", "1", "1", "1"),
    ]
    assert [row["sampling_A"] for row in found] == ["1.75", "2.75", "0.7", "1.4"]
    assert [row["reasons"] for row in found] == [REFUSED.reason, REFUSED.reason, "", ""]
    assert [row["ice"] for row in found] == ["1.5", "1.5", "", ""]
    assert [row["defocus_u_A"] for row in found] == ["", *["15200.25"] * 3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0\r/"), min_size=1).map(lambda t: f"x{t}")
)
def test_any_name_and_reason_comes_back(tmp_path: Path, text: str) -> None:
    named = [make_record(make_rejected(text, reasons=(text,)), "m")]
    write_table_files(tmp_path, (RESULTS,), run_totals(tmp_path, named), named)
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["reasons"]) == (text, text)


def test_pandas_reads_numbers_as_numbers(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted("a.mrc"), make_failed("b.mrc")])
    frame = pd.read_csv(tmp_path / "results.csv")
    assert frame["defocus_u_A"].dtype == float
    assert frame["defocus_u_A"].isna().tolist() == [False, True]


def test_lines_end_in_newline_alone(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted(), make_failed()])
    content = (tmp_path / "results.csv").read_bytes()
    assert b"\r" not in content
    assert content.count(b"\n") == 3
