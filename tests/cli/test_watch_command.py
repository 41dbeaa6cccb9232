"""`thonring watch` as a user gives it; looks come fast here, the method's answers are known."""

import csv
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
import typer.core
import typer.main

from factories.commands import Command
from factories.metadata import IMAGE_MDOC, epu_xml
from thonring.batch.watch import Until
from thonring.cli.app import app
from thonring.cli.console import duration_text, parse_duration, parse_until
from thonring.run.open import open_run

if TYPE_CHECKING:
    from factories.commands import Method

FAST = ("--every", "0.05s", "--stable", "0.1s", "--until", "idle 0.4s")
OPTICS = ("--voltage", 300, "--cs", 2.7)
NOW = datetime(2026, 3, 1, 17, 30, 15, tzinfo=UTC)


def rows(run: Path) -> dict[str, dict[str, str]]:
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        return {Path(row["file"]).name: row for row in csv.DictReader(table)}


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Let something happen beside the command."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def test_what_is_there_and_what_comes_is_done(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    def come() -> None:
        end = time.monotonic() + 60
        while len(method.calls) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        (micrographs / "GridSquare_1").mkdir()
        (micrographs / "GridSquare_1" / "d_broken.mrc").touch()

    with meanwhile(come):
        done = command("watch", micrographs, "--out", tmp_path / "run", *OPTICS, *FAST)
    assert done.exit_code == 1, done.output
    assert [source.path.name for source, *_ in method.calls] == [
        "a.mrc",
        "b_poor.mrc",
        "c.mrc",
        "d_broken.mrc",
    ]
    found = rows(tmp_path / "run")
    assert {name: row["status"] for name, row in found.items()} == {
        "a.mrc": "accepted",
        "b_poor.mrc": "rejected",
        "c.mrc": "accepted",
        "d_broken.mrc": "failed",
    }
    assert f"watching {micrographs}; results are written to {tmp_path / 'run'}" in done.stdout
    assert "d_broken.mrc failed: truncated, found 3 bytes" in done.stdout
    assert "1 accepted, 0 rejected, 0 failed; 2 to process" in done.stdout
    assert "note: the resolution range was clamped" in done.stderr
    assert "note: clamped: 3 micrographs in total" in done.stderr


def test_watch_and_estimate_go_on_where_the_other_ended(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    words = (micrographs, "--out", tmp_path / "run", *OPTICS)
    assert command("estimate", *words).exit_code == 0
    (micrographs / "d.mrc").touch()
    again = command("watch", *words, *FAST)
    assert again.exit_code == 0
    assert f"{tmp_path / 'run'}: 3 unchanged, 0 changed, 1 new" in again.stdout
    assert "The tables hold the whole run:" in again.stdout
    assert "4 unchanged, 0 changed, 0 new" in command("estimate", *words).stdout
    assert len(method.calls) == 4


def test_both_write_the_same_tables(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    names = ("results.csv", "attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd")
    written = []
    for words in (("watch", *FAST), ("estimate",)):
        assert command(*words, micrographs, "--out", tmp_path / "run", *OPTICS).exit_code == 0
        written.append([(tmp_path / "run" / name).read_bytes() for name in names])
        shutil.rmtree(tmp_path / "run")
    assert written[0] == written[1]
    assert len(method.calls) == 6


def test_every_option_of_estimate_means_the_same(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    options = (
        "--amplitude-contrast 0.07 --pixel 1.3 --phase-shift --search fourier --samplings 2,native --no-clip"
    )
    for name in ("watch", "estimate"):
        words = (name, micrographs, "--out", tmp_path / name, *OPTICS, *options.split())
        assert command(*words, *(FAST if name == "watch" else ())).exit_code == 0
    assert method.calls[:3] == method.calls[3:]


def test_epu_needs_cs_only(command: Command, method: "Method", micrographs: Path, tmp_path: Path) -> None:
    for name in ("a", "b_poor"):
        (micrographs / f"{name}.xml").write_text(epu_xml())
    (micrographs / "c.mrc.mdoc").write_text(IMAGE_MDOC.replace("= 300", "= 200"))
    words = (micrographs, "--out", tmp_path / "run", "--cs", 2.7)
    assert command("watch", *words, *FAST).exit_code == 0
    assert [source.optics.voltage_kV for source, *_ in method.calls] == [300, 300, 200]
    assert all(source.metadata for source, *_ in method.calls)
    assert "3 unchanged" in command("estimate", *words).stdout


def test_without_metadata_a_file_waits_and_that_is_told(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    (micrographs / "a.xml").write_text(epu_xml())
    words = (micrographs, "--out", tmp_path / "run", "--cs", 2.7)
    done = command("watch", *words, *FAST)
    assert (done.exit_code, len(method.calls)) == (0, 1)
    assert done.stderr.count("--voltage (kV)") == 1
    assert "b_poor.mrc: --voltage (kV) is missing" in done.stderr
    assert "2 files not processed yet." in done.stdout
    refused = command("estimate", *words)
    assert refused.exit_code == 2
    assert "b_poor.mrc: --voltage (kV) is missing" in refused.stderr


@pytest.mark.parametrize("name", ["watch", "estimate"])
def test_nobody_states_cs(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path, name: str
) -> None:
    done = command(name, micrographs, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "--cs (mm) is missing, and microscope metadata do not contain it" in done.stderr
    assert not (tmp_path / "run").exists()
    assert method.calls == []


def test_metadata_can_be_left_alone(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    words = ("estimate", micrographs, "--out", tmp_path / "run", *OPTICS)
    assert command(*words).exit_code == 0
    again = command(*words, "--no-metadata")
    assert "3 changed (3 optics)" in again.stdout
    assert [source.metadata for source, *_ in method.calls] == [True] * 3 + [False] * 3
    refused = command("watch", micrographs, "--out", tmp_path / "other", "--cs", 2.7, "--no-metadata")
    assert refused.exit_code == 2
    assert "--voltage" in refused.stderr


def test_quiet_says_nothing(command: Command, method: "Method", micrographs: Path, tmp_path: Path) -> None:
    done = command("watch", micrographs, "--out", tmp_path / "run", *OPTICS, *FAST, "--quiet")
    assert (done.exit_code, done.output, len(method.calls)) == (0, "", 3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--until", "tomorrow"), "expected 'idle 30m'"),
        (("--until", "idle soon"), "as 30m"),
        (("--until", "2020-01-01T10:00"), "is in the past"),
        (("--every", "10"), "as 30m"),
        (("--stable", "0s"), "above 0"),
        (("--fix-defocus",), "needs --defocus-from"),
        (("--profile", "none"), "none"),
    ],
)
def test_wrong_use(
    command: Command, micrographs: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = command("watch", micrographs, "--out", tmp_path / "run", *OPTICS, *words)
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())


def test_a_folder_that_is_not_there(command: Command, tmp_path: Path) -> None:
    done = command("watch", tmp_path / "none", "--out", tmp_path / "run", *OPTICS)
    assert done.exit_code == 2
    assert "not found. Check the path, or create it first" in done.stderr


def test_a_run_that_another_process_works_on(
    command: Command, method: "Method", micrographs: Path, tmp_path: Path
) -> None:
    words = ("watch", micrographs, "--out", tmp_path / "run", *OPTICS, *FAST)
    assert command(*words).exit_code == 0
    with open_run(tmp_path / "run"):
        done = command(*words)
    assert done.exit_code == 2
    assert "is working on this run" in done.stderr
    assert len(method.calls) == 3


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("idle 30m",), Until(idle_s=1800)),
        (("IDLE 1.5 h",), Until(idle_s=5400)),
        (("18:00",), Until(at=NOW.replace(hour=18, minute=0, second=0))),
        (("17:30",), Until(at=NOW.replace(minute=30, second=0) + timedelta(days=1))),
        (("2026-03-02T06:00",), Until(at=NOW.replace(day=2, hour=6, minute=0, second=0))),
        (("500 files", "idle 2d"), Until(idle_s=172800, files=500)),
        ((), Until()),
    ],
)
def test_ends_as_people_write_them(texts: tuple[str, ...], expected: Until) -> None:
    assert parse_until(texts, NOW, "--until") == expected


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("2 min", 120), ("2m", 120), ("0.5h", 1800)])
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text, "--every") == seconds


@pytest.mark.parametrize("text", ["", "m", "-3s", "0s", "3 weeks", "nan s"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="as 30m"):
        parse_duration(text, "--every")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(7, "7 s"), (59.6, "1 min 0 s"), (90, "1 min 30 s"), (22_325, "6 h 12 min"), (260_000, "3 days 0 h")],
)
def test_lengths_of_time_told(seconds: float, told: str) -> None:
    assert duration_text(seconds) == told


def test_the_page_tells_every_option_that_estimate_has_not() -> None:
    page = (Path(__file__).parents[2] / "docs" / "watch.md").read_text(encoding="utf-8")
    table = page[page.index("## Options") : page.index("At a time or a number")]
    own = {"--pattern", "--ignore", "--until", "--every", "--stable"}
    assert (
        set(re.findall(r"^\| `(--[a-z]+)", table, re.MULTILINE))
        == own
        == offered("watch") - offered("estimate")
    )
    assert offered("estimate") - offered("watch") == {"--redo"}


def offered(name: str) -> set[str]:
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    return {
        option
        for parameter in command.commands[name].params
        for option in parameter.opts
        if option[:2] == "--"
    }
