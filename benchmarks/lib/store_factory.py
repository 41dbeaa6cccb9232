"""A synthetic run of many micrographs: empty files, and a run database as `thonring estimate` leaves it."""

import math
import random
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thonring.optics import Optics
from thonring.quality import load_profile
from thonring.records import Attempt, CriterionResult, CtfFit, Note, Outcome, Verdict
from thonring.run.open import open_run
from thonring.run.provenance import Provenance, file_state, inputs_text, processing
from thonring.run.rows import NO_CURVE
from thonring.settings import Settings

if TYPE_CHECKING:
    from thonring.batch.jobs import Job

OPTICS = Optics(300.0, 2.7, 0.1)
RETRIED_FRACTION = 0.25
"""Fraction of the micrographs that were fitted at two samplings."""


def create_empty_micrographs(folder: Path, count: int) -> list[Path]:
    """Create a folder of empty files, named as EPU names its movies."""
    folder.mkdir()
    paths = [folder / f"FoilHole_{number:07}_Data_{number % 97}_fractions.mrc" for number in range(count)]
    for path in paths:
        path.touch()
    return paths


def create_run(run: Path, paths: list[Path]) -> None:
    """Create a run folder with a random outcome of each micrograph in its database.

    The disk is not synchronised after each row, which only a real run needs.
    """
    settings = Settings()
    settings = replace(settings, limits=load_profile(settings.profile))
    names = [limit.criterion for limit in settings.limits]
    random_ = random.Random(1)  # noqa: S311 - synthetic values
    recipe, asked = processing(settings, None, (), version("thonring")), inputs_text(OPTICS, None)
    run.mkdir()
    with open_run(run) as store:
        store._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 - see above
        store.register(paths)
        for path in paths:
            outcome = random_outcome(path, names, random_)
            store.add(outcome, Provenance(file_state(path), asked, recipe))


def random_outcome(path: Path, criteria: list[str], random_: random.Random) -> Outcome:
    """A random outcome, as large as a real one: accepted, rejected, or in one case of a hundred failed."""
    if random_.random() < 0.01:
        return Outcome(path, "failed", (f"{path}: truncated",), OPTICS, math.nan, (0, 0), cpu_seconds=0.01)
    attempts = tuple(
        _attempt(sampling_A, criteria, random_)
        for sampling_A in ((1.75, 2.75) if random_.random() < RETRIED_FRACTION else (1.75,))
    )
    verdict = attempts[-1].verdict
    return Outcome(
        path=path,
        status="accepted" if verdict.accepted else "rejected",
        reasons=verdict.reasons,
        optics=OPTICS,
        pixel_A=0.834,
        shape=(4096, 4096),
        attempts=attempts,
        chosen=len(attempts) - 1,
        notes=(Note("pixel", "the header has no pixel size"),),
        cpu_seconds=random_.uniform(0.2, 0.5),
    )


def idle_job(job: "Job") -> Outcome:
    """Return an outcome at once, so that only the time of the executor is left."""
    from thonring.batch.jobs import failure

    return failure(job, "nothing was done")


def _attempt(sampling_A: float, criteria: list[str], random_: random.Random) -> Attempt:
    failed = random_.choice(criteria) if random_.random() < 0.2 else ""
    results = tuple(
        CriterionResult(
            name, random_.gauss(1, 1), name != failed, "" if name != failed else f"{name} is off."
        )
        for name in criteria
    )
    return Attempt(sampling_A, Verdict("default", results), _fit(sampling_A, random_))


def _fit(sampling_A: float, random_: random.Random) -> CtfFit:
    defocus_A, astigmatism_A = random_.uniform(5000, 30000), random_.uniform(0, 800)
    covariance = np.zeros((5, 5))
    covariance[:3, :3] = np.diag([random_.uniform(9, 900) for _ in range(3)]) + random_.gauss(0, 1)
    return CtfFit(
        defocus_u_A=defocus_A + 0.5 * astigmatism_A,
        defocus_v_A=defocus_A - 0.5 * astigmatism_A,
        angle_deg=random_.uniform(-90, 90),
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=covariance,
        score=random_.random(),
        fit_resolution_A=random_.uniform(2.5, 8),
        resolution_range_A=(30.0, 2.5),
        sampling_A=sampling_A,
        log_likelihood_gain=random_.uniform(100, 90000),
        dispersion=random_.uniform(0.9, 1.3),
        runner_up_A=random_.uniform(5000, 30000),
        runner_up_gap=random_.uniform(10, 10000),
        curve=NO_CURVE,
        start_A=defocus_A + random_.gauss(0, 50),
        coarse_defocus_A=defocus_A,
        coarse_resolution_A=5.5,
    )
