"""Rows of tables that a command cannot use: left out one by one, with a note, a record and exit code 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from factories.commands import Command, Method

OPTICS = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n_rlnSphericalAberration\n1 300 2.7\n2 0 2.7\n"
LISTED = "data_micrographs\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\nraw/a.mrc 1.0\nraw/c.mrc 2\n"
KNOWN = "data_\nloop_\n_rlnMicrographName\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\n"


def left_out(run: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((run / "settings.json").read_text())["left_out"]
    return found


@pytest.mark.usefixtures("micrographs")
def test_estimate_goes_on_without_the_rows_it_cannot_use(
    command: Command, method: Method, tmp_path: Path
) -> None:
    star, run = tmp_path / "list.star", tmp_path / "run"
    star.write_text(OPTICS + LISTED)
    result = command("estimate", star, "--out", run)
    assert result.exit_code == 1
    assert len((run / "results.csv").read_text().splitlines()) == 2
    assert [(one["file"], one["row"], one["micrograph"]) for one in left_out(run)] == [
        (str(star), "table 'micrographs', row 2", "raw/c.mrc")
    ]
    assert "voltage 0 kV" in left_out(run)[0]["reason"]
    assert "row 2 left out: raw/c.mrc: voltage 0 kV" in result.stderr
    assert method.calls


@pytest.mark.usefixtures("method")
def test_estimate_says_which_known_defocus_it_cannot_use(
    command: Command, micrographs: Path, tmp_path: Path
) -> None:
    star, run = tmp_path / "known.star", tmp_path / "run"
    star.write_text(KNOWN + "a.mrc 15000 14000 10\nc.mrc nan nan nan\n")
    words = ("--out", run, "--voltage", 300, "--cs", 2.7, "--defocus-from", star, "--quiet")
    result = command("estimate", micrographs / "a.mrc", micrographs / "c.mrc", *words)
    assert result.exit_code == 1
    assert [one["micrograph"] for one in left_out(run)] == ["c.mrc"]
    assert "c.mrc" in result.stderr
    assert "has no defocus for it" in (run / "results.csv").read_text()


@pytest.mark.usefixtures("method")
def test_nothing_is_left_out_of_good_tables(command: Command, micrographs: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert command("estimate", micrographs, "--out", run, "--voltage", 300, "--cs", 2.7).exit_code == 0
    assert left_out(run) == []


@pytest.mark.parametrize("quiet", [False, True])
def test_compare_and_evaluate_go_on_too(command: Command, run: Path, tmp_path: Path, quiet: bool) -> None:
    star, labels = tmp_path / "known.star", tmp_path / "l.csv"
    star.write_text(KNOWN + "a.mrc 15000 14000 10\nc.mrc **** 14000 10\n")
    labels.write_text("file,label\na.mrc,1\nb_poor.mrc,0\nc.mrc,perhaps\n")
    words = ["--quiet"] if quiet else []
    result = command("compare", run, star, *words)
    assert result.exit_code == 1
    assert "c.mrc" in " ".join(result.output.split())
    assert quiet or "1 micrographs in both" in result.stdout
    result = command("evaluate", run, "--labels", labels, "--out", tmp_path / "report", *words)
    assert result.exit_code == 1
    assert "line 4 left out" in " ".join(result.output.split())
    assert "perhaps" in (tmp_path / "report" / "evaluation.json").read_text()
