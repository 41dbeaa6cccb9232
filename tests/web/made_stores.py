"""Runs with a store as `thonring estimate` leaves it, of made-up micrographs that their own limits judge."""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from thonring.formats.run_tables import write_run_tables
from thonring.optics import Optics
from thonring.quality import load_profile
from thonring.quality.grade import sentence
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, Verdict
from thonring.run.ctf_image import write_ctf_image
from thonring.run.names import artefact_names, spectrum_path
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.run.rows import NO_CURVE
from thonring.run.settings_file import write_settings
from thonring.settings import Limit, Settings

OPTICS = Optics(300.0, 2.7, 0.1)
LIMITS = load_profile("default")
STARTED = 1_700_000_000


def fit(defocus_A: float = 15000.0, astigmatism_A: float = 300.0, angle_deg: float = 20.0) -> CtfFit:
    return CtfFit(
        defocus_u_A=defocus_A + 0.5 * astigmatism_A,
        defocus_v_A=defocus_A - 0.5 * astigmatism_A,
        angle_deg=angle_deg,
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=np.diag([25.0, 100.0, 100.0, 0.0, 0.0]),
        score=0.2,
        fit_resolution_A=4.0,
        resolution_range_A=(30.0, 2.5),
        sampling_A=1.75,
        log_likelihood_gain=500.0,
        dispersion=1.0,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=NO_CURVE,
        start_A=defocus_A,
    )


def inside(limit: Limit) -> float:
    """A value that a limit accepts, not near it."""
    return 0.5 * limit.at_most if math.isfinite(limit.at_most) else 3.0 * limit.at_least


def judged(path: str, fitted: CtfFit | None = None, **values: float) -> Outcome:
    """A micrograph whose criteria have `values`, or such as their limits accept."""
    fitted = fitted or fit()
    known = {
        "astigmatism": fitted.astigmatism_A,
        "fit_resolution": fitted.fit_resolution_A,
        "score": fitted.score,
    }
    criteria = []
    for limit in LIMITS:
        value = {**known, **values}.get(limit.criterion, inside(limit))
        passed = limit.at_least <= value <= limit.at_most
        criteria.append(
            CriterionResult(limit.criterion, value, passed, "" if passed else sentence(limit, value))
        )
    attempt = Attempt(1.75, Verdict("default", tuple(criteria)), fitted)
    status = "accepted" if attempt.verdict.accepted else "rejected"
    return Outcome(
        Path(path), status, attempt.verdict.reasons, OPTICS, 0.8, (4096, 4096), (attempt,), 0, cpu_seconds=0.3
    )


def failed(path: str, reason: str = "truncated") -> Outcome:
    return Outcome(Path(path), "failed", (f"{path}: {reason}",), None, math.nan, (0, 0))


def many(count: int, seed: int = 0) -> list[Outcome]:
    """A session: most accepted, some with ice or astigmatism or both, a few files broken."""
    random = np.random.default_rng(seed)
    outcomes = []
    for number in range(count):
        path = f"raw/FoilHole_{number:06}_fractions.mrc"
        if random.random() < 0.02:
            outcomes.append(failed(path))
            continue
        fitted = fit(random.uniform(6e3, 25e3), random.gamma(2.0, 150.0), random.uniform(-90.0, 90.0))
        fitted = replace(fitted, score=random.uniform(0.05, 0.3), fit_resolution_A=random.uniform(2.8, 11.0))
        outcomes.append(judged(path, fitted, ice_ring=random.normal(1.05, 0.15)))
    return outcomes


def made_run(run: Path, outcomes: Sequence[Outcome], *, gap_s: float = 10.0) -> Path:
    """Make a run folder: files recorded so far apart, each finished a minute later."""
    settings = replace(Settings(), limits=LIMITS)
    origin = Provenance(FileState(), inputs_text(OPTICS, None), processing(settings, None, (), "0.1.0"))
    run.mkdir(parents=True)
    with open_run(run) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        store.register([one.path for one in outcomes])
        for number, one in enumerate(outcomes):
            recorded_ns = int(1e9 * (STARTED + gap_s * number))
            store.add(one, replace(origin, file=FileState(1, recorded_ns)))
        write_run_tables(store)
    write_settings(run, settings, ["thonring", "estimate"])
    with sqlite3.connect(run / "run.db") as connection:
        connection.execute("UPDATE micrograph SET finished_at = mtime_ns / 1e9 + 60")
    connection.close()
    return run


def write_spectra(run: Path, outcomes: Sequence[Outcome], size_px: int = 64) -> None:
    """Give every micrograph with a fit a picture of its spectrum, each another noise."""
    (run / "spectra").mkdir(exist_ok=True)
    names = artefact_names([one.path for one in outcomes])
    for number, one in enumerate(outcomes):
        if one.fit is not None:
            picture = np.random.default_rng(number).normal(0.5, 0.3, (size_px, size_px)).astype(np.float32)
            write_ctf_image(spectrum_path(run, names[one.path]), picture, 1.75)
