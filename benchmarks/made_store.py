"""A run of many made-up micrographs: the files, empty, and a store as `thonring estimate` would leave it."""

import math
import random
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from thonring.optics import Optics
from thonring.quality import load_profile
from thonring.records import Attempt, CriterionResult, CtfFit, Note, Outcome, Verdict
from thonring.run.open import open_run
from thonring.run.provenance import Provenance, file_state, inputs_text, processing
from thonring.run.rows import NO_CURVE
from thonring.settings import Settings

OPTICS = Optics(300.0, 2.7, 0.1)
RETRIED = 0.25
"""Part of the micrographs that were tried at two samplings."""


def make_files(folder: Path, count: int) -> list[Path]:
    """Empty files with names as a microscope gives them."""
    folder.mkdir()
    paths = [folder / f"FoilHole_{number:07}_Data_{number % 97}_fractions.mrc" for number in range(count)]
    for path in paths:
        path.touch()
    return paths


def make_store(run: Path, paths: list[Path]) -> None:
    """Fill a store; not synchronised with the disk for each row, which only a real run needs."""
    settings = Settings()
    settings = replace(settings, limits=load_profile(settings.profile))
    names = [limit.criterion for limit in settings.limits]
    random_ = random.Random(1)  # noqa: S311 - made-up numbers
    recipe, asked = processing(settings, None, (), version("thonring")), inputs_text(OPTICS, None)
    run.mkdir()
    with open_run(run) as store:
        store._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 - see above
        store.register(paths)
        for path in paths:
            outcome = made_outcome(path, names, random_)
            store.add(outcome, Provenance(file_state(path), asked, recipe))


def made_outcome(path: Path, criteria: list[str], random_: random.Random) -> Outcome:
    """An outcome of the size of a real one: accepted, rejected, or now and then failed."""
    if random_.random() < 0.01:
        return Outcome(path, "failed", (f"{path}: truncated",), OPTICS, math.nan, (0, 0), cpu_seconds=0.01)
    attempts = tuple(
        _attempt(sampling_A, criteria, random_)
        for sampling_A in ((1.75, 2.75) if random_.random() < RETRIED else (1.75,))
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


def _attempt(sampling_A: float, criteria: list[str], random_: random.Random) -> Attempt:
    refused = random_.choice(criteria) if random_.random() < 0.2 else ""
    results = tuple(
        CriterionResult(
            name, random_.gauss(1, 1), name != refused, "" if name != refused else f"{name} is off."
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
