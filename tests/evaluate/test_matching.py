"""Which result belongs to which truth, and what is refused rather than guessed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from factories.outcomes import make_failed
from factories.runs import make_graded, make_truth, write_run, write_set
from thonring.errors import InputError
from thonring.evaluate.report import EvaluationRequest, Report, evaluate


def files_of(report: Report) -> list[list[tuple[str, str]]]:
    return [[(pair.reference.file, pair.result.file) for pair in run.pairs] for run in report.runs]


def simulated(tmp_path: Path, names: Sequence[str]) -> Path:
    return write_set(tmp_path / "set", [make_truth(name) for name in names])


def run_on(tmp_path: Path, paths: Sequence[Path | str], name: str = "run") -> Path:
    return write_run(tmp_path / name, [make_graded(path) for path in paths])


def test_files_meet_by_their_paths_even_with_one_name(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["x/a.mrc", "y/a.mrc"])
    run = run_on(tmp_path, [tmp_path / "set" / "y" / "a.mrc", tmp_path / "set" / "x" / "a.mrc"])
    (pairs,) = files_of(evaluate(EvaluationRequest((run,), truth)))
    assert [(one, Path(other).parent.name) for one, other in pairs] == [("x/a.mrc", "x"), ("y/a.mrc", "y")]


def test_links_and_detours_lead_to_the_same_file(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc"])
    (tmp_path / "link").symlink_to(tmp_path / "set")
    run = run_on(tmp_path, [tmp_path / "link" / "b.mrc", tmp_path / "set" / ".." / "set" / "a.mrc"])
    assert [one for one, _ in files_of(evaluate(EvaluationRequest((run,), truth)))[0]] == ["a.mrc", "b.mrc"]


def test_a_relative_path_is_seen_from_where_the_run_was_started(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["x/a.mrc", "y/a.mrc"])
    run = run_on(tmp_path, ["set/x/a.mrc", "set/y/a.mrc"])
    (pairs,) = files_of(evaluate(EvaluationRequest((run,), truth)))
    assert pairs == [("x/a.mrc", "set/x/a.mrc"), ("y/a.mrc", "set/y/a.mrc")]


def test_moved_files_meet_by_names_that_are_unique(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc"])
    run = run_on(tmp_path, ["/elsewhere/b.mrc", "/elsewhere/a.mrc"])
    assert files_of(evaluate(EvaluationRequest((run,), truth)))[0] == [
        ("a.mrc", "/elsewhere/a.mrc"),
        ("b.mrc", "/elsewhere/b.mrc"),
    ]


def test_names_that_are_not_unique_are_refused(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["x/a.mrc", "y/a.mrc"])
    with pytest.raises(InputError, match=r"the name 'a\.mrc' matches 2 files there and 2"):
        evaluate(EvaluationRequest((run_on(tmp_path, ["/elsewhere/1/a.mrc", "/elsewhere/2/a.mrc"]),), truth))
    one = simulated(tmp_path, ["a.mrc"])
    with pytest.raises(InputError, match="matches 2 files there and 1"):
        evaluate(EvaluationRequest((run_on(tmp_path, ["/p/a.mrc", "/q/a.mrc"], "other"),), one))


def test_two_results_of_one_file_are_refused(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc"])
    run = run_on(tmp_path, [tmp_path / "set" / "a.mrc", "/elsewhere/a.mrc"])
    with pytest.raises(InputError, match=r"both match a\.mrc of the truth"):
        evaluate(EvaluationRequest((run,), truth))


def test_missing_and_extra_files_are_named_and_refused(tmp_path: Path) -> None:
    truth = simulated(tmp_path, [f"{letter}.mrc" for letter in "abcdef"])
    run = run_on(tmp_path, ["a.mrc", "extra.mrc"])
    told = (
        r"5 files of the truth or labels are not in the run run: b\.mrc, c\.mrc, d\.mrc and 2 more; "
        r"1 file of the run run is not in the truth or labels: extra\.mrc\. .*--partial"
    )
    with pytest.raises(InputError, match=told):
        evaluate(EvaluationRequest((run,), truth))


def test_partial_evaluates_what_all_have_and_tells(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc", "c.mrc"])
    runs = (
        run_on(tmp_path, ["a.mrc", "b.mrc", "extra.mrc"], "one"),
        run_on(tmp_path, ["b.mrc", "c.mrc"], "two"),
    )
    report = evaluate(EvaluationRequest(runs, truth, partial=True))
    assert files_of(report) == [[("b.mrc", "b.mrc")], [("b.mrc", "b.mrc")]]
    assert "extra.mrc" in report.notes[0]
    assert "a.mrc" in report.notes[1]


def test_nothing_in_common_is_refused_even_so(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc"])
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluate(EvaluationRequest((run_on(tmp_path, ["b.mrc"]),), truth, partial=True))


def labels_file(tmp_path: Path, **labels: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("file,label\n" + "".join(f"{name}.mrc,{word}\n" for name, word in labels.items()))
    return path


def test_an_impossible_microscope_is_told_with_its_file(tmp_path: Path) -> None:
    truth = write_set(tmp_path / "set", [make_truth("a.mrc"), make_truth("b.mrc", voltage_kV=0.0)])
    run = write_run(tmp_path / "run", [make_graded("a.mrc"), make_graded("b.mrc")])
    with pytest.raises(InputError, match=r"truth of b\.mrc: voltage 0 kV: expected 10 to 3000 kV"):
        evaluate(EvaluationRequest((run,), truth))


def test_labels_alone_make_usable_the_only_question(tmp_path: Path) -> None:
    outcomes = [
        make_graded("a.mrc"),
        make_graded("b.mrc"),
        make_graded("c.mrc", values={"ice_ring": 2.0}),
        make_failed("d.mrc"),
    ]
    run = write_run(tmp_path / "run", outcomes)
    report = evaluate(
        EvaluationRequest((run,), labels=labels_file(tmp_path, a="good", b="bad", c="good", d="bad"))
    )
    assert [pair.kind for pair in report.runs[0].pairs] == ["TP", "FP", "FN", "TN"]
    assert report.runs[0].accepted is None
    assert not report.has_truth


def test_labels_win_over_the_truth(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc"])
    run = run_on(tmp_path, ["a.mrc", "b.mrc"])
    report = evaluate(EvaluationRequest((run,), truth, labels_file(tmp_path, a="bad", b="good")))
    assert [pair.kind for pair in report.runs[0].pairs] == ["FP", "TP"]
    assert "differ from it for 1 file." in report.notes[0]
    assert report.has_truth


def test_labels_of_other_files_than_the_truth_are_refused(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc"])
    run = run_on(tmp_path, ["a.mrc", "b.mrc"])
    question = EvaluationRequest((run,), truth, labels_file(tmp_path, a="good", z="good"))
    with pytest.raises(
        InputError, match=r"of the truth is not in the labels: b\.mrc; 1 file of the labels .* z\.mrc"
    ):
        evaluate(question)


def test_a_stack_is_matched_by_its_order_and_only_if_it_fits(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["b.mrc", "a.mrc"])
    text = tmp_path / "stack.txt"
    text.write_text("# Input file: s.mrcs ; 2\n1 15200 14800 30 0\n2 9000 9000 0 0\n")
    (run,) = evaluate(EvaluationRequest((text,), truth)).runs
    assert [(pair.reference.file, pair.kind) for pair in run.pairs] == [("b.mrc", "TP"), ("a.mrc", "FP")]
    text.write_text(text.read_text() + "3 9000 9000 0 0\n")
    with pytest.raises(InputError, match="found 3 images of a stack, but the truth or labels have 2 rows"):
        evaluate(EvaluationRequest((text,), truth))


def test_texts_of_ctffind_meet_by_what_programs_leave_of_names(tmp_path: Path) -> None:
    truth = simulated(tmp_path, ["a.mrc", "b.mrc"])
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}_ctf.txt").write_text(
            f"# Input file: /far/{name}_noDW.mrc ; 1\n1 15200 14800 30 0\n"
        )
    (run,) = evaluate(EvaluationRequest((folder,), truth)).runs
    assert [pair.kind for pair in run.pairs] == ["TP", "TP"]
