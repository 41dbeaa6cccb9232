"""`thonring report` from its words to its files and exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from factories.commands import Command


@pytest.mark.slow
def test_a_run_is_reported_beside_itself(command: Command, run: Path) -> None:
    result = command("report", run)
    assert result.exit_code == 0, result.output
    page = run / "report" / "report.html"
    assert str(page) in result.stdout
    text = page.read_text(encoding="utf-8")
    assert "2</strong><span>accepted" in text
    assert "1</strong><span>rejected" in text
    assert (run / "report" / "figures" / "defocus.svg").is_file()
    assert (run / "report" / "figures" / "defocus.png").is_file()


@pytest.mark.slow
def test_it_goes_where_it_is_wanted_in_silence_and_with_labels(
    command: Command, run: Path, micrographs: Path, tmp_path: Path
) -> None:
    labels = micrographs / "labels.csv"
    labels.write_text("file,label\na.mrc,good\nb_poor.mrc,bad\nc.mrc,good\n")
    result = command("report", run, "--out", tmp_path / "here", "--labels", labels, "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Evaluation against known values" in (tmp_path / "here" / "report.html").read_text(
        encoding="utf-8"
    )
    assert not (run / "report").exists()


def test_what_is_no_run_is_told(command: Command, tmp_path: Path) -> None:
    result = command("report", tmp_path)
    assert result.exit_code == 2
    assert "expected the database of a run" in result.stderr


def test_labels_of_other_files_are_told(command: Command, run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\nelsewhere.mrc,good\n")
    result = command("report", run, "--labels", labels)
    assert result.exit_code == 2
    assert not (run / "report" / "report.html").exists()


@pytest.mark.parametrize("missing", ["plotly", "jinja2"])
def test_a_missing_extra_is_one_plain_sentence(
    command: Command, run: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("thonring.web.report") or name == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    result = command("report", run)
    assert result.exit_code == 2
    assert f"needs {missing}, which is not installed: pip install 'thonring[web]'" in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_that_cannot_be_made_is_told(command: Command, run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = command("report", run, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "--out" in result.stderr
