"""`thonring compare` from its words to its files and exit codes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from thonring.evaluate.agreement import COLUMNS

if TYPE_CHECKING:
    from factories.commands import Command


@pytest.mark.slow
def test_a_run_is_held_against_others(command: Command, run: Path, tmp_path: Path) -> None:
    picture, table = tmp_path / "agreement.png", tmp_path / "agreement.csv"
    again = shutil.copytree(run, tmp_path / "again")
    words = (run, again, run / "micrographs_ctf.star", "--out", picture, "--table", table)
    result = command("compare", *words)
    assert result.exit_code == 0, result.output
    assert "3 micrographs in both" in result.stdout
    assert "2 micrographs in both" in result.stdout
    assert "Only in run: 1 (b_poor.mrc)." in " ".join(result.stdout.split())
    assert "to 3 Å" in result.stdout
    assert picture.stat().st_size > 1000
    assert len(table.read_text().splitlines()) == 7
    names = ["again", "agreement.csv", "agreement.png", "raw", "run"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_resolutions_are_those_asked_for_and_nothing_is_written_unasked(
    command: Command, run: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = command("compare", run, run, "--resolution", "2.5,8")
    assert result.exit_code == 0, result.output
    assert "to 2.5 Å" in result.stdout
    assert "to 8 Å" in result.stdout
    assert "to 4 Å" not in result.stdout
    assert sorted(tmp_path.rglob("*")) == before
    assert command("compare", run, run, "--quiet").output == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{run}"], "Missing argument 'OTHER"),
        (["{run}", "{run}/absent"], "absent: no such file or folder"),
        (["{run}", "{run}/spectra"], "found no run.db and no .txt or .ctfparam"),
        (["{run}", "{run}/settings.json"], "suffix '.json'"),
        (["{run}", "{run}", "--resolution", "fine"], "expected resolutions from 0.5"),
        (["{run}", "{run}", "--resolution", "4,0"], "expected resolutions from 0.5"),
        (["{run}", "{run}", "--out", "{run}/a.doc"], "expected that of a picture"),
        (["{run}", "{run}", "--table", "{run}/no/such/a.csv"], "cannot be written"),
    ],
)
def test_wrong_use_is_told(command: Command, run: Path, words: list[str], told: str) -> None:
    result = command("compare", *(word.format(run=run) for word in words))
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_the_page_tells_every_option_and_column(command: Command) -> None:
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
    for name in ("compare", "export-cs"):
        offered = set(re.findall(r"--[a-z-]+[a-z]", command(name, "--help").stdout)) - {"--help"}
        assert offered <= set(re.findall(r"--[a-z-]+[a-z]", page))
    table = page[page.index("## The table") : page.index("## CTFs into")]
    told = set(re.findall(r"`(\w+)`", table))
    assert {column for column in COLUMNS if not column.startswith("other_")} <= told
