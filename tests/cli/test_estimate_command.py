"""What a user gives and gets at the command line."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from factories.commands import Command
from thonring.cli.options import range_of, samplings_of
from thonring.optics import Optics
from thonring.settings import Settings

if TYPE_CHECKING:
    from factories.commands import Method

OPTICS = ("--voltage", 300, "--cs", 2.7)
OPTIONS = (
    "--out --voltage --cs --amplitude-contrast --pixel --spectrum --phase-shift --refine-amplitude-contrast "
    "--no-astigmatism --defocus-from --fix-defocus --downsampling --samplings --defocus-range "
    "--resolution-range --profile --search --no-clip --no-local-maximum --ctffind-text --no-plots --signals "
    "--executor --workers --scheduler --cluster --queue --jobs --job-cores --job-memory --job-time --job-directive "
    "--dashboard --quiet"
)


def python(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=environment
    )


def plain(text: str) -> str:
    """The words without the box that usage errors are drawn in."""
    return " ".join(text.replace("│", " ").split())


def test_help_names_every_command_and_needs_no_numpy() -> None:
    loaded = python(
        "-c", "import sys, thonring.cli; print({'numpy', 'matplotlib', 'pydantic'} & set(sys.modules))"
    )
    assert loaded.stdout.strip() == "set()", loaded.stderr
    shown = python("-m", "thonring", "--help")
    assert shown.returncode == 0
    assert "estimate" in shown.stdout


def test_version_is_that_of_the_distribution(command: Command) -> None:
    assert command("--version").output.split() == ["thonring", "0.1.0"]


@pytest.fixture(scope="module")
def help_of_estimate() -> str:
    return python("-m", "thonring", "estimate", "--help").stdout


@pytest.mark.parametrize(
    "option",
    OPTIONS.split(),
)
def test_help_tells_every_option(option: str, help_of_estimate: str) -> None:
    assert option in help_of_estimate.split()


def test_all_processed_is_0_although_some_are_rejected(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert result.exit_code == 0, result.output
    assert "[1/3] a.mrc accepted 15200 Å, astigmatism 200 Å, rings fitted to 4.0 Å" in result.stdout
    assert "[2/3] b_poor.mrc rejected 15200 Å: No rings are seen. (and 1 more)" in result.stdout
    assert len(method.calls) == 3
    with (tmp_path / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        assert [row["status"] for row in csv.DictReader(table)] == ["accepted", "rejected", "accepted"]


def test_one_that_cannot_be_read_is_1_and_named(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    (micrographs / "broken.mrc").touch()
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert result.exit_code == 1
    assert "broken.mrc failed: truncated, found 3 bytes" in result.stdout
    assert len(method.calls) == 4
    assert "1  failed" in plain_table(result.stdout)


def plain_table(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.mark.slow
def test_the_summary_counts_by_reason_and_says_where_the_results_are(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    result = command("estimate", micrographs, "--out", run, *OPTICS, "--plots")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["2", "accepted"] in lines
    assert ["1", "rejected,", "for"] in lines
    assert ["0", "failed"] in lines
    assert str(run / "plots") in result.stdout.replace("\n", "")
    assert len(method.calls) == 3


def test_a_note_is_told_once_and_counted(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert result.stderr.count("the resolution range was clamped to 3.5 Å") == 1
    assert "clamped: 3 micrographs in total" in result.stderr
    assert len(method.calls) == 3


def test_quiet_says_nothing(command: Command, method: "Method", micrographs: Path, tmp_path: Path) -> None:
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert len(method.calls) == 3


def test_every_option_reaches_the_method(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    options = (
        "--amplitude-contrast 0.07 --pixel 1.2 --spectrum power --phase-shift --refine-amplitude-contrast "
        "--no-astigmatism --downsampling 2 --samplings 2,native --defocus-range 3000,9000 "
        "--resolution-range 20,4 --profile xmipp-after --search fourier --no-clip --no-local-maximum"
    )
    result = command("estimate", micrographs / "a.mrc", "--out", tmp_path / "run", *OPTICS, *options.split())
    assert result.exit_code == 0, result.output
    ((source, settings, known, spectrum_kind),) = method.calls
    assert source.optics == Optics(300.0, 2.7, 0.07, 1.2)
    assert (known, spectrum_kind) == (None, "power")
    assert settings == Settings(
        samplings_A=(2.0, None),
        downsampling=2.0,
        defocus_range_A=(3000.0, 9000.0),
        resolution_range_A=(20.0, 4.0),
        search="fourier",
        clip_outliers=False,
        local_maximum=False,
        astigmatism=False,
        phase_shift=True,
        refine_amplitude_contrast=True,
        profile="xmipp-after",
        limits=settings.limits,
    )
    assert settings.limits


def test_defaults_are_those_of_the_settings(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    command("estimate", micrographs / "a.mrc", "--out", tmp_path / "run", *OPTICS)
    ((_, settings, _, _),) = method.calls
    assert settings == Settings(limits=settings.limits)


def test_known_defoci_reach_their_micrographs(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(
        "# Input file: raw/a.mrc ; Number of micrographs: 1\n1.0 12000 11000 30 0 0.1 5.0\n"
    )
    words = (micrographs, "--out", tmp_path / "run", *OPTICS, "--defocus-from", tmp_path / "a.txt")
    free = command("estimate", *words)
    assert free.exit_code == 0, free.output
    assert [known.defocus_u_A if known else None for _, _, known, _ in method.calls] == [12000.0, None, None]
    assert "its defocus was searched for instead" in free.stderr
    fixed = command("estimate", *words, "--fix-defocus")
    assert fixed.exit_code == 1
    assert len(method.calls) == 4


def test_settings_are_kept_with_the_results(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS, "--search", "fourier")
    kept = json.loads((tmp_path / "run" / "settings.json").read_text(encoding="utf-8"))
    assert kept["settings"]["search"] == "fourier"
    assert kept["optics"]["voltage_kV"] == 300.0
    assert len(method.calls) == 3


WRONG = {
    "volts": (("--voltage", "300000", "--cs", "2.7"), "kilovolts, 300"),
    "no voltage": (("--cs", "2.7"), "--voltage (kV) is missing"),
    "Cs in metres": (("--voltage", "300", "--cs", "0.0027"), "give millimetres, 2.7"),
    "per cent": ((*OPTICS, "--amplitude-contrast", "7"), "give a fraction, 0.07"),
    "pixel 0": ((*OPTICS, "--pixel", "0"), "expected a positive length"),
    "range upside down": ((*OPTICS, "--defocus-range", "20000,5000"), "first value must be the smaller"),
    "range in µm": ((*OPTICS, "--defocus-range", "0.5,3"), "looks like µm: give Å, 5000,30000"),
    "range of one": ((*OPTICS, "--resolution-range", "30"), "expected two numbers"),
    "resolution upside down": ((*OPTICS, "--resolution-range", "3,30"), "low resolution first"),
    "samplings": ((*OPTICS, "--samplings", "1.75;2"), "'native' separated by commas"),
    "factor": ((*OPTICS, "--downsampling", "0"), "downsampling factor 0: expected 0.1 to 20"),
    "search": ((*OPTICS, "--search", "guess"), "guess"),
    "workers": ((*OPTICS, "--workers", "0"), "--workers"),
    "profile": ((*OPTICS, "--profile", "strictest"), "strictest"),
    "fix alone": ((*OPTICS, "--fix-defocus"), "needs --defocus-from FILE"),
    "defoci missing": ((*OPTICS, "--defocus-from", "nowhere.star"), "nowhere.star"),
    "option": ((*OPTICS, "--voltag", "300"), "--voltag"),
}


@pytest.mark.parametrize("words_and_message", WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_2_in_plain_words(
    command: Command,
    method: "Method",
    micrographs: Path,
    tmp_path: Path,
    words_and_message: tuple[tuple[object, ...], str],
) -> None:
    words, message = words_and_message
    result = command("estimate", micrographs, "--out", tmp_path / "run", *words)
    assert result.exit_code == 2
    assert message in plain(result.stderr)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert not method.calls


def test_an_empty_folder_is_wrong_use(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = command("estimate", tmp_path / "empty", "--out", tmp_path / "run", *OPTICS)
    assert result.exit_code == 2
    assert "no images found" in result.stderr
    assert not (tmp_path / "run").exists()


def test_an_output_that_is_a_file_is_wrong_use(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("mine")
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert result.exit_code == 2
    assert "is a file, expected a folder" in result.stderr
    assert (tmp_path / "run").read_text() == "mine"
    assert not method.calls


def test_an_interrupted_run_is_130(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("thonring.cli.progress.status_line", interrupt)
    result = command("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert result.exit_code == 130
    assert "Interrupted: 1 of 3 micrographs are finished" in result.stdout
    assert len(method.calls) == 1


def test_lists_are_read_as_written() -> None:
    assert samplings_of("1.75, native,3") == (1.75, None, 3.0)
    assert range_of("30,3.5", "--resolution-range") == (30.0, 3.5)
