"""`thonring evaluate` from its words to its files and exit codes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from factories.commands import Command


pytestmark = pytest.mark.usefixtures("broken_micrograph")


@pytest.fixture
def truth(micrographs: Path) -> Path:
    """Truth of the same files: all usable, the first and the third estimated well, the second not."""
    columns = (
        "file,voltage_kV,pixel_A,cs_mm,amplitude_contrast,defocus_u_A,defocus_v_A,angle_deg,phase_shift_deg,"
        "defect,defect_dose,usable"
    )
    defoci = {"a.mrc": 15250, "b_poor.mrc": 25000, "c.mrc": 15300, "d_broken.mrc": 15000}
    rows = [f"{name},300,1,2.7,0.1,{u_A},{u_A - 100},20,0,none,0,1" for name, u_A in defoci.items()]
    path = micrographs / "truth.csv"
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def test_a_run_is_measured_and_the_report_lies_beside_it(command: Command, run: Path, truth: Path) -> None:
    result = command("evaluate", run, "--truth", truth)
    assert result.exit_code == 0, result.output
    assert "TP, positive and accepted" in result.stdout
    folder = run / "evaluation"
    assert result.stdout.startswith((folder / "evaluation.txt").read_text(encoding="utf-8"))
    assert "<html" in (folder / "evaluation.html").read_text(encoding="utf-8")
    content = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    found = content["runs"][0]["confusion"]
    assert [found[name] for name in ("tp", "fp", "fn", "tn")] == [2, 0, 1, 1]


@pytest.mark.slow
def test_the_report_goes_where_it_is_wanted_in_silence(
    command: Command, run: Path, truth: Path, tmp_path: Path
) -> None:
    result = command("evaluate", run, "--truth", truth, "--out", tmp_path / "report", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "report" / "evaluation.html").exists()
    assert not (run / "evaluation").exists()


@pytest.mark.slow
def test_the_tolerance_decides_what_is_right(command: Command, run: Path, truth: Path) -> None:
    def positives(*words: object) -> int:
        assert command("evaluate", run, "--truth", truth, "--quiet", *words).exit_code == 0
        content = json.loads((run / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
        return int(content["runs"][0]["confusion"]["tp"])

    assert positives() == 2
    assert positives("--tolerance-resolution", 1.0) == 0


@pytest.mark.slow
def test_runs_stand_side_by_side(command: Command, run: Path, truth: Path) -> None:
    result = command("evaluate", run, run, "--truth", truth)
    assert result.exit_code == 0
    assert "Comparison of runs" in result.stdout


def test_labels_of_a_person_are_enough(command: Command, run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    with labels.open("w", newline="") as stream:
        names = ("a.mrc", "b_poor.mrc", "c.mrc", "d_broken.mrc")
        csv.writer(stream).writerows([("file", "label"), *((name, "good") for name in names)])
    result = command("evaluate", run, "--labels", labels)
    assert result.exit_code == 0, result.output
    content = json.loads((run / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    assert content["runs"][0]["confusion"]["fn"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{run}"], "nothing to compare with: give --truth FILE"),
        (["{run}", "--truth", "{run}/absent.csv"], "absent.csv: cannot be read"),
        (["{run}", "--labels", "{run}/absent.csv"], "absent.csv: no such file"),
        (["{run}/absent", "--truth", "{truth}"], "absent: no such file or folder"),
        (["{run}/spectra", "--truth", "{truth}"], "found no run.db"),
        (["{run}", "--truth", "{truth}", "--tolerance-resolution", "0"], "expected 0.5 to 100 Å"),
        (["{run}", "--truth", "{truth}", "--tolerance-resolution", "nan"], "expected 0.5 to 100 Å"),
        (["{run}", "--truth", "{truth}", "--out", "{run}/results.csv"], "cannot be created"),
    ],
)
def test_wrong_use_is_told_in_one_sentence(
    command: Command, run: Path, truth: Path, words: list[str], told: str
) -> None:
    result = command("evaluate", *(word.format(run=run, truth=truth) for word in words))
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.startswith("thonring: ")
    assert result.stdout == ""


def test_what_does_not_match_needs_leave(command: Command, run: Path, truth: Path) -> None:
    truth.write_text("\n".join(truth.read_text().splitlines()[:-1]) + "\n")
    refused = command("evaluate", run, "--truth", truth)
    assert refused.exit_code == 2
    assert "d_broken.mrc" in refused.stderr
    assert "--partial" in refused.stderr
    allowed = command("evaluate", run, "--truth", truth, "--partial")
    assert allowed.exit_code == 0
    assert "note: Left out" in allowed.stdout
