"""Runs as files: our own folders read back, CTFFIND's texts, STAR files, and what is none of these."""

import json
import math
from pathlib import Path

import pytest

from factories.outcomes import OPTICS, make_failed
from factories.runs import LIMITS, make_close_fit, make_graded, make_unfitted, without_database, write_run
from thonring.errors import UnreadableFile, UnreadableTable
from thonring.evaluate.results import FAILED_INPUT, NO_FIT, Run, read_runs, run_names
from thonring.formats.ctffind import write_ctffind_text
from thonring.run.open import decide_in

HEADER = (
    "# Output from CTFFind version 4.1\n# Input file: {name} ; Number of micrographs: {count}\n# Columns\n"
)


def read(path: Path) -> Run:
    return read_runs([path])[0]


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    fit = make_close_fit(defocus_u_A=20123.5, defocus_v_A=19000.25, angle_deg=-12.5, phase_shift_deg=3.0)
    run = read(
        write_run(
            tmp_path / "run",
            [make_graded("raw/a.mrc", fit), make_failed("raw/b.mrc"), make_unfitted("raw/c.mrc")],
        )
    )
    first, broken, without = run.results
    assert (first.file, first.status, first.failed) == ("raw/a.mrc", "accepted", ())
    assert first.estimate is not None
    assert (first.estimate.defocus_u_A, first.estimate.angle_deg, first.estimate.phase_shift_deg) == (
        20123.5,
        -12.5,
        3,
    )
    assert (first.defocus_sigma_A, first.astigmatism_sigma_A) == (3.0, 4.0)
    assert (first.voltage_kV, first.pixel_A) == (OPTICS.voltage_kV, 1.0)
    assert (broken.status, broken.estimate, broken.failed) == ("failed", None, (FAILED_INPUT,))
    assert (without.status, without.estimate, without.failed) == ("rejected", None, (NO_FIT,))
    assert run.judges
    assert run.notes == ()


def test_limits_come_back_with_their_infinities(tmp_path: Path) -> None:
    assert read(write_run(tmp_path / "run", [make_graded("a.mrc")])).limits == LIMITS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"ice_ring": 2.0, "score": 0.0}, ("ice_ring",)),
        ({"score": 0.0, "astigmatism": 5000.0}, ("score", "astigmatism")),
        ({"astigmatism": 5000.0}, ("astigmatism",)),
        ({"runner_up_gap": math.nan}, ()),
        ({"score": math.nan}, ("score",)),
    ],
)
def test_failed_criteria_follow_from_values_and_limits(
    tmp_path: Path, values: dict[str, float], expected: tuple[str, ...]
) -> None:
    (result,) = read(write_run(tmp_path / "run", [make_graded("a.mrc", values=values)])).results
    assert result.failed == expected
    assert result.criteria["ice_ring"] == values.get("ice_ring", 1.0)


def test_a_criterion_named_like_a_column_is_not_mistaken_for_it(tmp_path: Path) -> None:
    (result,) = read(write_run(tmp_path / "run", [make_graded("a.mrc", make_close_fit(score=0.9))])).results
    assert result.criteria["score"] == 0.2


def test_verdicts_that_do_not_follow_are_told_and_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_graded("a.mrc"), make_graded("b.mrc", values={"score": 0.0})])
    with decide_in(run) as decisions:
        decisions.judge([2], "accepted", "Ana")
    found = read(run)
    assert [result.status for result in found.results] == ["accepted", "accepted"]
    assert [result.failed for result in found.results] == [(), None]
    assert "1 verdicts do not follow" in found.notes[0]


def test_a_run_without_its_database_is_read_from_its_table_and_decisions_are_unknown(tmp_path: Path) -> None:
    outcomes = [
        make_graded("a.mrc"),
        make_failed("b.mrc"),
        make_unfitted("c.mrc"),
        make_graded("d.mrc", values={"score": 0.0}),
    ]
    run = write_run(tmp_path / "run", outcomes)
    whole = read(run)
    lost = read(without_database(run))
    assert lost.results == whole.results
    assert lost.limits == whole.limits
    assert whole.notes == ()
    assert "decisions made after it was written are unknown" in lost.notes[0]


def test_the_database_needs_neither_tables_nor_settings(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_graded("a.mrc"), make_graded("b.mrc", values={"score": 0.0})])
    whole = read(run)
    for name in ("results.csv", "settings.json"):
        (run / name).unlink()
    assert read(run) == whole
    assert read(run / "run.db").results == whole.results


def test_without_settings_the_verdicts_stand_and_criteria_are_unknown(tmp_path: Path) -> None:
    outcomes = [make_graded("a.mrc"), make_graded("b.mrc", values={"score": 0.0})]
    run = without_database(write_run(tmp_path / "run", outcomes))
    (run / "settings.json").unlink()
    found = read(run)
    assert [result.status for result in found.results] == ["accepted", "rejected"]
    assert [result.failed for result in found.results] == [None, None]
    assert found.limits == ()
    assert "has no settings.json" in found.notes[0]


def test_pictures_are_found_where_they_exist(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run", [make_graded("x/a.mrc"), make_graded("y/a.mrc"), make_graded("z/b.mrc")]
    )
    drawn = [run / "plots" / "a_spectrum.png", run / "plots" / "y_a_profile.png", run / "spectra" / "b.ctf"]
    for path in drawn:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [result.pictures for result in read(run).results] == [(path,) for path in drawn]


def spoil(run: Path, old: str, new: str) -> None:
    table = run / "results.csv"
    table.write_text(table.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("status", "state", "the columns status are missing"),
        (",accepted,", ",kept,", "line 2: status is 'kept', expected one of accepted, rejected, failed"),
        ("15205", "many", "line 2: defocus_u_A is 'many', expected a number"),
        ("15205,", ",", "line 2: accepted without a defocus; expected numbers in defocus_u_A"),
        ("b.mrc", "a.mrc", "a.mrc is listed twice"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    run = without_database(write_run(tmp_path / "run", [make_graded("a.mrc"), make_graded("b.mrc")]))
    spoil(run, old, new)
    with pytest.raises(UnreadableTable, match=told) as caught:
        read(run)
    assert str(run / "results.csv") in str(caught.value)


def test_an_empty_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="the run is empty"):
        read(write_run(tmp_path / "run", []))
    with pytest.raises(UnreadableTable, match="the run is empty"):
        read(without_database(tmp_path / "run"))


@pytest.mark.parametrize(
    "content", ["{", json.dumps({"settings": {}}), json.dumps({"settings": {"limits": [{}]}})]
)
def test_settings_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    run = without_database(write_run(tmp_path / "run", [make_graded("a.mrc")]))
    (run / "settings.json").write_text(content)
    with pytest.raises(UnreadableTable, match=r"settings\.json: contains no limits"):
        read(run)


def test_what_holds_no_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.png").touch()
    with pytest.raises(UnreadableFile, match=r"found no run\.db and no \.txt"):
        read(tmp_path / "empty")
    with pytest.raises(UnreadableFile, match="no such file or folder"):
        read(tmp_path / "absent")
    with pytest.raises(UnreadableFile, match=r"suffix '\.png'"):
        read(tmp_path / "a.png")


def test_texts_of_ctffind_count_as_accepted(tmp_path: Path) -> None:
    for outcome in (make_graded("a.mrc"), make_graded("b.mrc", make_close_fit(phase_shift_deg=90.0))):
        write_ctffind_text(tmp_path / "texts", outcome)
    run = read(tmp_path / "texts")
    assert [result.file for result in run.results] == ["a", "b"]
    assert {result.status for result in run.results} == {"accepted"}
    assert not run.judges
    assert "counts as accepted" in run.notes[0]
    assert run.results[1].estimate is not None
    assert run.results[1].estimate.phase_shift_deg == pytest.approx(90.0, abs=1e-4)


def test_texts_put_one_after_the_other_are_several_micrographs(tmp_path: Path) -> None:
    path = tmp_path / "all.txt"
    path.write_text(
        HEADER.format(name="m/a.mrc", count=1)
        + "1.0 15000 14000 10 0 0.1 4\n"
        + HEADER.format(name="m/b.mrc", count=1)
        + "1.0 9000 9500 10 1.5708 0.1 4\n"
    )
    first, second = read(path).results
    assert (first.file, second.file) == ("m/a.mrc", "m/b.mrc")
    assert second.estimate is not None
    assert (second.estimate.defocus_u_A, second.estimate.angle_deg) == (9500.0, -80.0)
    assert second.estimate.phase_shift_deg == pytest.approx(90.0, abs=1e-3)


def test_rows_of_a_stack_are_known_by_their_order(tmp_path: Path) -> None:
    path = tmp_path / "stack.txt"
    path.write_text(
        HEADER.format(name="all.mrcs", count=2) + "1 15000 14000 10 0 0.1 4\n2 9500 9000 10 0 0.1 4\n"
    )
    run = read(path)
    assert run.in_order
    assert [result.file for result in run.results] == ["1@all.mrcs", "2@all.mrcs"]
    assert any("matched by order" in note for note in run.notes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 15000 14000 10 0\n", "numbers before any"),
        (
            HEADER.format(name="a", count=1) + "1 15000 x 10 0\n",
            "line 4: found '1 15000 x 10 0', expected numbers",
        ),
        (HEADER.format(name="a", count=1) + "1 15000\n", "expected numbers"),
        (HEADER.format(name="a", count=1) + "1 nan nan 10 0\n", "expected finite numbers"),
        (HEADER.format(name="a", count=1), "the run is empty"),
        (
            (HEADER.format(name="a", count=2) + "1 1 1 1 0\n2 1 1 1 0\n")
            + HEADER.format(name="b", count=1)
            + "1 1 1 1 0\n",
            "3 rows for 2 input files",
        ),
    ],
)
def test_texts_that_cannot_be_understood_are_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(UnreadableTable, match=told):
        read(path)


def test_the_star_file_of_a_run_is_a_run_of_its_accepted(tmp_path: Path) -> None:
    outcomes = [
        make_graded("a.mrc"),
        make_graded("b.mrc", values={"score": 0.0}),
        make_graded("c.mrc"),
    ]
    run = read(write_run(tmp_path / "run", outcomes) / "micrographs_ctf.star")
    assert [result.file for result in run.results] == ["a", "c"]
    assert run.results[0].estimate is not None
    assert run.results[0].estimate.defocus_u_A == 15205.0


def test_names_of_runs_differ() -> None:
    assert run_names([Path("x/one"), Path("y/two")]) == ("one", "two")
    assert run_names([Path("/x/run"), Path("/y/run")]) == ("x/run", "y/run")
    assert len(set(run_names([Path("/x/run"), Path("/x/run")]))) == 2


def test_published_results_of_ctffind_in_a_star_file_are_a_run() -> None:
    path = Path(__file__).parents[2] / ".." / "shared" / "data" / "relion_tutorial" / "micrographs_ctf.star"
    if not path.exists():
        pytest.skip("the reference data of RELION's tutorial are not beside the repository")
    run = read(path)
    means_A = [
        0.5 * (one.estimate.defocus_u_A + one.estimate.defocus_v_A) for one in run.results if one.estimate
    ]
    assert len(means_A) == len(run.results) == 12
    assert 7500 < min(means_A) < max(means_A) < 13500
    assert not run.judges
