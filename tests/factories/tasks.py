"""Tasks whose outcome is known beforehand; worker processes import them by name."""

import math
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from factories.outcomes import make_attempt, make_criteria, make_fit, make_outcome
from thonring.batch.jobs import Artefact, Job, RunOptions
from thonring.optics import Optics
from thonring.records import Evidence, Outcome, Source, Spectrum
from thonring.settings import Settings
from thonring.spectrum import sector_profiles

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)


def jobs_of(
    run: Path, *names: str, settings: Settings | None = None, artefacts: Iterable[Artefact] = ()
) -> list[Job]:
    options = RunOptions(run, settings or Settings(), artefacts=frozenset(artefacts))
    return [Job(Source(Path(f"raw/{name}.mrc"), OPTICS), options, name) for name in names]


def outcome_of(path: Path, *reasons: str, **changes: Any) -> Outcome:
    """Accepted, or rejected for these reasons."""
    attempt = make_attempt(make_fit(15000.0, 200.0, sampling_A=1.75), make_criteria(*reasons))
    return make_outcome(path, attempt, optics=OPTICS, pixel_A=1.0, **changes)


def make_evidence() -> Evidence:
    step_per_A = 1 / (512 * 1.75)
    power = np.random.default_rng(1).gamma(10.0, size=(512, 257)).astype(np.float32)
    spectrum = Spectrum(power, step_per_A, step_per_A, 1.75, 10.0)
    return Evidence(OPTICS, spectrum, sector_profiles(spectrum, 1 / 30, math.inf), 1.75)


def accept(job: Job) -> Outcome:
    return outcome_of(job.source.path)


def raise_error(job: Job) -> Outcome:
    """An unforeseen error, on one micrograph."""
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


def report_process(job: Job) -> Outcome:
    """The process and its number of threads, as reasons."""
    return outcome_of(job.source.path, str(os.getpid()), os.environ.get("OMP_NUM_THREADS", "unset"))


def stall_once(job: Job) -> Outcome:
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
    return report_process(job)


def report_folder(job: Job) -> Outcome:
    """The folder in which paths begin, as a reason."""
    return outcome_of(job.source.path, str(Path.cwd()))
