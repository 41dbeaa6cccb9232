"""Runs side by side, and groups of micrographs."""

from pathlib import Path

import pytest

from factories.runs import make_close_fit, make_graded, make_truth, make_unfitted, write_run, write_set
from thonring.evaluate.report import MAX_CORRECT_SHOWN, EvaluationRequest, Report, evaluate
from thonring.evaluate.verdicts import Comparison, Confusion

WRONG = make_close_fit(defocus_u_A=20000.0, defocus_v_A=20000.0)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    names = ["a.mrc", "b.mrc", "c.mrc", "d.mrc"]
    rows = [
        make_truth(name, usable=name != "d.mrc", defect="none" if name != "d.mrc" else "drift")
        for name in names
    ]
    truth = write_set(tmp_path / "set", rows)
    one = [make_graded("a.mrc"), make_graded("b.mrc"), make_graded("c.mrc", WRONG), make_graded("d.mrc")]
    other = [
        make_graded("a.mrc"),
        make_unfitted("b.mrc"),
        make_graded("c.mrc"),
        make_graded("d.mrc", values={"astigmatism": 5000.0}),
    ]
    runs = write_run(tmp_path / "one", one), write_run(tmp_path / "other", other)
    return evaluate(EvaluationRequest(runs, truth))


def test_each_run_has_its_own_confusion(report: Report) -> None:
    assert [run.confusion for run in report.runs] == [Confusion(2, 2, 0, 0), Confusion(2, 0, 1, 1)]


def test_pairs_where_one_is_right_are_counted_and_named(report: Report) -> None:
    verdict, estimate = report.comparisons
    assert (verdict.about, verdict.both, verdict.only_first, verdict.only_second, verdict.neither) == (
        "verdict",
        1,
        1,
        2,
        0,
    )
    assert verdict.differing == (1, 2, 3)
    assert (estimate.about, estimate.both, estimate.only_first, estimate.only_second) == ("estimate", 1, 1, 1)
    assert estimate.differing == (1, 2)


@pytest.mark.parametrize(
    ("first", "second", "chance"), [(0, 5, 0.0625), (3, 7, 0.34375), (4, 4, 1.0), (0, 0, 1.0)]
)
def test_chance_is_that_of_the_exact_sign_test(first: int, second: int, chance: float) -> None:
    from scipy.stats import binomtest

    found = Comparison(0, 1, "verdict", 10, first, second, 0, ()).chance
    assert found == pytest.approx(chance)
    if first + second:
        assert found == pytest.approx(binomtest(first, first + second).pvalue)


def test_chance_of_many_is_no_overflow() -> None:
    assert 0 < Comparison(0, 1, "verdict", 0, 900, 1000, 0, ()).chance < 0.05


def test_groups_are_parts_of_the_whole(report: Report) -> None:
    for run in report.runs:
        for by in ("voltage", "pixel", "defocus", "defect"):
            groups = [group for group in run.groups if group.by == by]
            assert sum(group.count for group in groups) == 4
            for cell in ("tp", "fp", "fn", "tn"):
                assert sum(getattr(group.confusion, cell) for group in groups) == getattr(run.confusion, cell)


def test_groups_are_those_of_the_truth(tmp_path: Path) -> None:
    rows = [
        make_truth("a.mrc", voltage_kV=200.0, pixel_A=0.7, defocus_u_A=4000.0, defocus_v_A=3000.0),
        make_truth("b.mrc", pixel_A=1.25, defocus_u_A=60000.0, defocus_v_A=60000.0, defect="blur"),
        make_truth("c.mrc", pixel_A=2.5),
    ]
    truth = write_set(tmp_path / "set", rows)
    run = write_run(tmp_path / "run", [make_graded(row.file) for row in rows])
    found = [(group.by, group.name) for group in evaluate(EvaluationRequest((run,), truth)).runs[0].groups]
    assert found == [
        ("voltage", "200 kV"),
        ("voltage", "300 kV"),
        ("pixel", "below 0.75 Å/px"),
        ("pixel", "1.25 to 1.5 Å/px"),
        ("pixel", "from 2 Å/px"),
        ("defocus", "below 0.5 µm"),
        ("defocus", "1 to 2 µm"),
        ("defocus", "from 4.5 µm"),
        ("defect", "none"),
        ("defect", "blur"),
    ]


def test_the_list_begins_with_false_positives_by_size_of_error(tmp_path: Path) -> None:
    rows = [make_truth(f"{number:02}.mrc", usable=number != 5) for number in range(30)]
    outcomes = [
        make_graded(
            row.file,
            make_close_fit(defocus_u_A=15200.0 + shift, defocus_v_A=14800.0 + shift),
            {"score": 0.0} if number == 7 else None,
        )
        for number, row in enumerate(rows)
        if (shift := {3: 3000.0, 9: 4000.0}.get(number, float(number))) is not None
    ]
    truth = write_set(tmp_path / "set", rows)
    shown = evaluate(EvaluationRequest((write_run(tmp_path / "run", outcomes),), truth)).runs[0].to_review
    assert [pair.reference.file for pair in shown[:5]] == ["09.mrc", "03.mrc", "05.mrc", "07.mrc", "29.mrc"]
    assert [pair.kind for pair in shown[:5]] == ["FP", "FP", "FP", "FN", "TP"]
    assert len(shown) == 4 + MAX_CORRECT_SHOWN


def test_a_usable_micrograph_without_an_estimate_is_a_false_negative(report: Report) -> None:
    first, *rest = report.runs[1].to_review
    assert (first.reference.file, first.kind, first.right) == ("b.mrc", "FN", None)
    assert "d.mrc" not in [pair.reference.file for pair in rest]
