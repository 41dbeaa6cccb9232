"""Work that is known beforehand: what processes do in the tests, importable there by name."""

import math
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from thonring.batch.jobs import Artefact, Job, RunOptions
from thonring.optics import Optics
from thonring.records import (
    Attempt,
    CriterionResult,
    CtfFit,
    Evidence,
    Note,
    Outcome,
    RadialCurve,
    Source,
    Spectrum,
    Verdict,
)
from thonring.settings import Settings
from thonring.spectrum import sector_profiles

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)


def jobs_of(
    run: Path, *names: str, settings: Settings | None = None, artefacts: Iterable[Artefact] = ()
) -> list[Job]:
    options = RunOptions(run, settings or Settings(), artefacts=frozenset(artefacts))
    return [Job(Source(Path(f"raw/{name}.mrc"), OPTICS), options, name) for name in names]


def fit_of(defocus_A: float) -> CtfFit:
    k = np.linspace(0.01, 0.25, 50)
    curve = RadialCurve(k, 1 + k, np.ones(50), k, np.cos(k) ** 2, k, k)
    covariance = np.diag([25.0, 100.0, 100.0, 0.0, 0.0])
    return CtfFit(
        defocus_u_A=defocus_A + 100,
        defocus_v_A=defocus_A - 100,
        angle_deg=20.0,
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=covariance,
        score=0.2,
        fit_resolution_A=4.0,
        resolution_range_A=(30.0, 3.5),
        sampling_A=1.75,
        log_likelihood_gain=500.0,
        dispersion=1.0,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=curve,
        start_A=defocus_A,
    )


def outcome_of(path: Path, *reasons: str, notes: tuple[Note, ...] = ()) -> Outcome:
    criteria = tuple(
        CriterionResult(f"criterion_{i}", 1.0, passed=False, reason=why) for i, why in enumerate(reasons)
    )
    attempt = Attempt(1.75, Verdict("default", criteria), fit_of(15000.0))
    status = "rejected" if reasons else "accepted"
    return Outcome(path, status, reasons, OPTICS, 1.0, (4096, 4096), (attempt,), 0, notes, cpu_seconds=0.1)


def evidence() -> Evidence:
    step_per_A = 1 / (512 * 1.75)
    power = np.random.default_rng(1).gamma(10.0, size=(512, 257)).astype(np.float32)
    spectrum = Spectrum(power, step_per_A, step_per_A, 1.75, 10.0)
    return Evidence(OPTICS, spectrum, sector_profiles(spectrum, 1 / 30, math.inf), 1.75)


def accept(job: Job) -> Outcome:
    return outcome_of(job.source.path)


def stumble(job: Job) -> Outcome:
    """A fault nobody foresaw, on one micrograph."""
    if "bad" in job.name:
        raise ZeroDivisionError("no such luck")
    return accept(job)


def die(job: Job) -> Outcome:
    """The end of the process, every time, on one micrograph."""
    if "bad" in job.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return accept(job)


def die_once(job: Job) -> Outcome:
    """The end of the process at the first try only."""
    mark = job.options.run / "died"
    if "bad" in job.name and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return accept(job)


def tell_process(job: Job) -> Outcome:
    """The process and its number of threads, as reasons."""
    return outcome_of(job.source.path, str(os.getpid()), os.environ.get("OMP_NUM_THREADS", "unset"))


def linger_once(job: Job) -> Outcome:
    """At the first try of one micrograph, tell the process and take longer than any test."""
    told = job.options.run / "pid"
    if "slow" in job.name and not told.exists():
        told.with_suffix(".part").write_text(str(os.getpid()), encoding="utf-8")
        told.with_suffix(".part").rename(told)
        time.sleep(120)
    return accept(job)


def nap(job: Job) -> Outcome:
    """A moment, and the process as a reason."""
    time.sleep(0.1)
    return tell_process(job)


def tell_folder(job: Job) -> Outcome:
    """The folder in which paths begin, as a reason."""
    return outcome_of(job.source.path, str(Path.cwd()))
