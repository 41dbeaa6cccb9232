"""What a user reads all night: not much in a log, the present state on a terminal."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live

from factories.outcomes import make_failed
from thonring.batch.watch import WatchState
from thonring.cli.progress import NoteFilter
from thonring.cli.watch_display import LogDisplay, TableDisplay
from thonring.records import Outcome

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def state(minutes: float, accepted: int, **changed: object) -> WatchState:
    usual = WatchState(
        at=START + timedelta(minutes=minutes),
        accepted=accepted,
        rejected=2,
        failed=0,
        backlog=0,
        settling=0,
        waiting=0,
        arriving_per_h=211.6,
        done_per_h=600.0,
        last_file="session/Data/last.mrc",
        last_arrival=START + timedelta(minutes=minutes, seconds=-3),
        folder_unreadable=False,
    )
    return replace(usual, **changed)


def failed(number: int) -> Outcome:
    path = Path(f"session/m{number}.mrc")
    return make_failed(path, "cut short")


def test_a_busy_hour_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogDisplay(Path("run"), NoteFilter())
    for tick in range(360):
        log.state(state(tick / 6, tick))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[1] == (
        "2026-03-01 18:10:00 60 accepted, 2 rejected, 0 failed; 0 to process; arriving 212/h, processed 600/h; "
        "latest file 18:09:57 last.mrc"
    )


def test_an_idle_night_is_a_line_an_hour(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogDisplay(Path("run"), NoteFilter())
    for minute in range(8 * 60):
        log.state(state(minute, 5))
    assert len(capsys.readouterr().out.splitlines()) == 8


def test_where_nothing_comes_a_line_an_hour_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogDisplay(Path("run"), NoteFilter())
    for minute in range(8 * 60):
        log.state(state(minute, 0, rejected=0))
        assert minute >= 60 or capsys.readouterr().out == ""
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_failed_files_are_named_but_not_hundreds(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogDisplay(Path("run"), NoteFilter())
    for number in range(300):
        log.outcome(failed(number))
    log.state(state(0, 1, failed=300))
    lines = capsys.readouterr().out.splitlines()
    assert [line[20:] for line in lines[:5]] == [f"m{number}.mrc failed: cut short" for number in range(5)]
    assert lines[6:] == ["  latest: m299.mrc failed: cut short", "  295 more failed, see results.csv"]
    log.outcome(failed(300))
    assert capsys.readouterr().out.endswith(" m300.mrc failed: cut short\n")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"backlog": 30}, "30 to process (about 3 min 0 s)"),
        ({"backlog": 30, "done_per_h": None}, "30 to process; arriving 212/h, processed –"),
        ({"settling": 2, "waiting": 3}, "0 to process, 2 still being written, 3 waiting for metadata"),
        ({"folder_unreadable": True}, "; the folder cannot be listed"),
        ({"last_arrival": START - timedelta(days=1)}, "latest file 2026-02-28 18:00:00 last.mrc"),
    ],
)
def test_what_a_line_says(capsys: pytest.CaptureFixture[str], changed: dict[str, object], told: str) -> None:
    LogDisplay(Path("run"), NoteFilter()).state(state(5, 1, **changed))
    assert told in capsys.readouterr().out


def test_a_terminal_shows_the_state_and_the_last_verdicts() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30, color_system=None)
    with Live(auto_refresh=False, console=console) as live:
        screen = TableDisplay(live, Path("session"), Path("run"), NoteFilter())
        for number in range(20):
            screen.outcome(failed(number))
            screen.state(state(number / 60, 7, failed=number + 1, last_file="[bold]a[red].mrc"))
        screen.problem("folder session: cannot be listed")
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    last = said[said.rindex("watching") :]
    assert "session, for 19 s" in last
    assert "[bold]a[red].mrc" in last.replace("\n", ""), "names are no markup"
    assert "7 accepted, 2 rejected, 20 failed" in last
    assert "m12.mrc failed: cut short" in last
    assert "m19.mrc failed: cut short" in last
    assert "m11.mrc" not in last
    assert "note: folder session: cannot be listed" in said
