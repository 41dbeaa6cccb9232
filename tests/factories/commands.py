"""The command line, in this process and as one of its own, and a stand-in for the method behind it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from factories.outcomes import make_attempt, make_criteria, make_failed, make_fit, make_outcome
from thonring.cli.app import app
from thonring.records import KnownDefocus, Note, Outcome, Source
from thonring.settings import Settings

Command = Callable[..., Result]


def invoke(*words: object) -> Result:
    """Run `thonring` with these words in this process."""
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="thonring")


def thonring(cwd: Path, words: str) -> None:
    """Run `thonring` in a folder, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "thonring", *words.split()],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def help_of(command: str) -> str:
    """What `thonring COMMAND --help` prints, in wide lines."""
    return subprocess.run(
        [sys.executable, "-m", "thonring", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout


class Method:
    """Stands in for `pipeline.examine`: the name of a file says what becomes of it; calls are kept."""

    def __init__(self) -> None:
        self.calls: list[tuple[Source, Settings, KnownDefocus | None, str | None]] = []

    def __call__(
        self,
        source: Source,
        settings: Settings,
        *,
        known: KnownDefocus | None = None,
        spectrum_kind: str | None = None,
    ) -> tuple[Outcome, None]:
        self.calls.append((source, settings, known, spectrum_kind))
        if "broken" in source.path.name:
            return make_failed(source.path, "truncated, found 3 bytes", optics=source.optics), None
        reasons = ("No rings are seen.", "Too thick.") if "poor" in source.path.name else ()
        fit = make_fit(15200.0, 200.0, angle_deg=20.0, fit_resolution_A=4.0, sampling_A=1.75)
        outcome = make_outcome(
            source.path,
            make_attempt(fit, make_criteria(*reasons)),
            optics=source.optics,
            pixel_A=1.0,
            notes=(Note("clamped", "the resolution range was clamped to 3.5 Å"),),
        )
        return outcome, None
