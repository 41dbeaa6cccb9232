"""The same command again, another one on the same folder, and two at once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from factories.commands import Command
from thonring.run.open import STORE, open_run

if TYPE_CHECKING:
    from factories.commands import Method

OPTICS = ("--voltage", 300, "--cs", 2.7)
TABLES = ("results.csv", "attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd")


def tables(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in TABLES}


@pytest.fixture
def words(command: Command, method: "Method", micrographs: Path, tmp_path: Path) -> tuple[object, ...]:
    """A command that was given once already."""
    words = ("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    first = command(*words)
    assert (first.exit_code, len(method.calls)) == (0, 3)
    assert "unchanged" not in first.stdout
    return words


def test_the_same_command_again_does_nothing_and_writes_the_same_tables(
    command: Command, method: "Method", words: tuple[object, ...], tmp_path: Path
) -> None:
    before = tables(tmp_path / "run")
    (tmp_path / "run" / "results.csv").unlink()
    again = command(*words)
    assert (again.exit_code, len(method.calls)) == (0, 3)
    assert f"{tmp_path / 'run'}: 3 unchanged, 0 changed, 0 new" in again.stdout
    assert tables(tmp_path / "run") == before


def test_new_and_changed_ones_are_done_and_counted(
    command: Command, method: "Method", words: tuple[object, ...], micrographs: Path
) -> None:
    (micrographs / "d.mrc").touch()
    os.utime(micrographs / "a.mrc", ns=(1, 1))
    again = command(*words)
    assert "2 unchanged, 1 changed (1 file), 1 new" in again.stdout
    assert "[1/2] a.mrc accepted" in again.stdout
    assert "The tables hold the whole run:" in again.stdout
    assert [source.path.name for source, *_ in method.calls[3:]] == ["a.mrc", "d.mrc"]


def test_redo_does_all_again(command: Command, method: "Method", words: tuple[object, ...]) -> None:
    again = command(*words, "--redo")
    assert "0 unchanged, 0 changed, 0 new, 3 repeated" in again.stdout
    assert len(method.calls) == 6


def test_other_settings_do_all_again_and_are_named(
    command: Command, method: "Method", words: tuple[object, ...]
) -> None:
    again = command(*words, "--search", "fourier")
    assert "0 unchanged, 3 changed (3 settings), 0 new" in again.stdout
    assert "changed settings: search" in again.stderr
    assert len(method.calls) == 6


def test_what_is_not_named_this_time_stays_and_is_told(
    command: Command, method: "Method", words: tuple[object, ...], micrographs: Path, tmp_path: Path
) -> None:
    before = tables(tmp_path / "run")
    again = command("estimate", micrographs / "a.mrc", *words[2:], "--search", "fourier")
    assert "2 other micrographs" in again.stderr
    assert "2 of them were estimated with other settings" in again.stderr
    assert len(method.calls) == 4
    assert tables(tmp_path / "run") == before, "the method here answers the same whatever the settings"


def test_failed_ones_are_tried_again(
    command: Command, method: "Method", words: tuple[object, ...], micrographs: Path
) -> None:
    (micrographs / "broken.mrc").touch()
    assert command(*words).exit_code == 1
    again = command(*words)
    assert (again.exit_code, len(method.calls)) == (1, 5)
    assert "3 unchanged, 0 changed, 0 new, 1 failed before" in again.stdout


def test_quiet_says_nothing(command: Command, method: "Method", words: tuple[object, ...]) -> None:
    again = command(*words, "--quiet", "--search", "fourier")
    assert (again.exit_code, again.output) == (0, "")
    assert len(method.calls) == 6


def test_a_folder_of_an_earlier_version_is_estimated_anew_and_told(
    command: Command, method: "Method", words: tuple[object, ...], tmp_path: Path
) -> None:
    before = tables(tmp_path / "run")
    (tmp_path / "run" / STORE).unlink()
    again = command(*words)
    assert f"has tables from an earlier version but no {STORE}" in again.stderr
    assert len(method.calls) == 6
    assert tables(tmp_path / "run") == before


def test_the_second_process_is_told_who_holds_the_run(
    command: Command, method: "Method", words: tuple[object, ...], tmp_path: Path
) -> None:
    before = (tmp_path / "run" / "settings.json").read_bytes()
    with open_run(tmp_path / "run"):
        second = command(*words, "--search", "fourier")
    assert second.exit_code == 2
    assert f"process {os.getpid()} on " in second.stderr
    assert "works on this run" in second.stderr
    assert len(method.calls) == 3
    assert (tmp_path / "run" / "settings.json").read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "thonring-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_ends_the_run_in_words_and_the_same_command_goes_on(
    command: Command, method: "Method", micrographs: Path, small_disk: Path
) -> None:
    for index in range(40):
        (micrographs / f"m{index:02}.mrc").touch()
    words = ("estimate", micrographs, "--out", small_disk / "run", *OPTICS)
    assert command("estimate", micrographs / "a.mrc", *words[2:]).exit_code == 0
    filler = small_disk / "filler"
    used = sum(path.stat().st_blocks * 512 for path in small_disk.rglob("*"))
    filler.write_bytes(bytes(4096 * 1024 - used - 200 * 1024))
    full = command(*words)
    assert full.exit_code == 2, full.output
    assert "full" in full.stderr
    assert "give the same command again" in full.stderr
    assert "Traceback" not in full.output
    done = len(method.calls) - 1
    assert 1 < done < 42
    filler.unlink()
    again = command(*words)
    assert again.exit_code == 0, again.output
    assert f"{done} unchanged" in again.stdout
    assert len(method.calls) == 1 + 42 + 1, "only the one in hand was done twice"
