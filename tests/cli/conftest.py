"""The command line with a method behind it whose answers are known."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from thonring import pipeline
from thonring.cli.app import app
from thonring.records import (
    Attempt,
    CriterionResult,
    CtfFit,
    KnownDefocus,
    Note,
    Outcome,
    RadialCurve,
    Source,
    Verdict,
)
from thonring.settings import Settings

Command = Callable[..., Result]


@pytest.fixture
def command() -> Command:
    """Run `thonring` with these words."""

    def call(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], prog_name="thonring")

    return call


def _fit() -> CtfFit:
    nothing = np.zeros(0)
    curve = RadialCurve(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    return CtfFit(
        defocus_u_A=15300.0,
        defocus_v_A=15100.0,
        angle_deg=20.0,
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=np.diag([25.0, 100.0, 100.0, 0.0, 0.0]),
        score=0.2,
        fit_resolution_A=4.0,
        resolution_range_A=(30.0, 3.5),
        sampling_A=1.75,
        log_likelihood_gain=500.0,
        dispersion=1.0,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=curve,
        start_A=15000.0,
    )


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
            reason = f"{source.path}: truncated, found 3 bytes"
            return Outcome(source.path, "failed", (reason,), source.optics, math.nan, (0, 0)), None
        reasons = ("No rings are seen.", "Too thick.") if "poor" in source.path.name else ()
        criteria = tuple(CriterionResult("rings", 0.0, passed=False, reason=reason) for reason in reasons)
        attempt = Attempt(1.75, Verdict("default", criteria), _fit())
        status = "rejected" if reasons else "accepted"
        notes = (Note("clamped", "the resolution range was clamped to 3.5 Å"),)
        optics, shape = source.optics, (4096, 4096)
        return Outcome(source.path, status, reasons, optics, 1.0, shape, (attempt,), 0, notes, 0.1), None


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> Method:
    """Put the stand-in in the place of the method."""
    method = Method()
    monkeypatch.setattr(pipeline, "examine", method)
    return method


@pytest.fixture
def micrographs(tmp_path: Path) -> Path:
    """A folder of three files that nobody reads."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in ("a.mrc", "b_poor.mrc", "c.mrc"):
        (folder / name).touch()
    return folder
