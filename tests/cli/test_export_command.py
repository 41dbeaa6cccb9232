"""What a user gives and gets at `thonring export`."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from factories.commands import Command
from thonring.formats.run_tables import EXPORTS

if TYPE_CHECKING:
    from factories.commands import Method

OPTICS = ("--voltage", 300, "--cs", 2.7)


@pytest.fixture
def run(command: Command, method: "Method", micrographs: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    assert command("estimate", micrographs, "--out", folder, *OPTICS).exit_code == 0
    assert len(method.calls) == 3
    return folder


def test_tables_that_are_lost_are_written_again(command: Command, run: Path) -> None:
    names = ("results.csv", "attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd")
    before = {name: (run / name).read_bytes() for name in names}
    for name in names:
        (run / name).unlink()
    result = command("export", run, "--format", "star", "--format", "csv", "--format", "xmd")
    assert result.exit_code == 0, result.output
    assert "micrographs in the run: 3" in result.stdout
    assert f"written: {run / 'micrographs.xmd'}" in result.stdout
    assert {name: (run / name).read_bytes() for name in names} == before


def test_a_folder_of_ones_own_is_made(command: Command, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    result = command("export", run, "--format", "ctffind", "--format", "json", "--out", out, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert sorted(path.name for path in out.rglob("*.*")) == ["a.txt", "b_poor.txt", "c.txt", "results.json"]


def test_texts_are_counted(command: Command, run: Path) -> None:
    result = command("export", run, "--format", "ctffind")
    assert f"written: 3 text files in {run / 'ctffind'}" in result.stdout


WRONG = {
    "format": (("--format", "mtz"), "mtz"),
    "no format": ((), "--format"),
    "no run": (("--format", "csv"), "run.db: not found"),
}


@pytest.mark.parametrize("words_and_message", WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_2_in_plain_words(
    command: Command, tmp_path: Path, words_and_message: tuple[tuple[str, ...], str]
) -> None:
    words, message = words_and_message
    result = command("export", tmp_path, *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_format_and_a_refusal_does(command: Command, run: Path) -> None:
    formats = tuple(EXPORTS)
    shown = command("export", "--help").output
    refused = command("export", run, "--format", "mtz")
    assert refused.exit_code == 2
    for name in formats:
        assert f" {name}: " in f" {' '.join(shown.split())}"
        assert name in refused.stderr
