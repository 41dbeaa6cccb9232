"""Runs with a store as `thonring estimate` leaves it, of invented micrographs that their own limits judge."""

import math
import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from factories.outcomes import OPTICS, grade, make_attempt, make_failed, make_fit, make_outcome
from thonring.formats.run_tables import RUN_TABLES, write_run_tables
from thonring.formats.table import run_totals, write_table_files
from thonring.quality import load_profile
from thonring.records import CtfFit, KnownDefocus, Outcome
from thonring.run.ctf_image import write_ctf_image
from thonring.run.names import artefact_names, spectrum_path
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.run.rows import NO_CURVE
from thonring.run.settings_file import write_settings
from thonring.run.store import MicrographRecord, Store
from thonring.settings import Limit, Settings

LIMITS = load_profile("default")
SETTINGS = replace(Settings(), limits=LIMITS)
STARTED_S = 1_700_000_000
COUNT = 60
"""Micrographs of `make_varied_run`."""

NUMBERS = range(1, COUNT + 1)


@contextmanager
def open_unsynced(run: Path) -> Iterator[Store]:
    """Open a run's store for writing, without waiting for the disk at each micrograph."""
    with open_run(run) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        yield store


def make_provenance(
    size: int = 1000,
    settings: Settings | None = None,
    known: KnownDefocus | None = None,
    version: str = "0.1.0",
) -> Provenance:
    """Where an outcome comes from: the file's state, the optics, and the settings of its run."""
    return Provenance(
        FileState(size, 1_700_000_000_123_456_789),
        inputs_text(OPTICS, known),
        processing(settings or Settings(), None, (), version),
    )


def make_plain_fit(defocus_A: float = 15000.0, astigmatism_A: float = 300.0, **changes: Any) -> CtfFit:
    """A fit that all default limits accept, without the curve, which the store does not keep."""
    usual = {"score": 0.2, "fit_resolution_A": 4.0, "curve": NO_CURVE}
    return make_fit(defocus_A, astigmatism_A, **{**usual, **changes})


def make_graded(path: str, fit: CtfFit | None = None, **values: float) -> Outcome:
    """A micrograph whose criteria have `values`, or such as their limits accept."""
    fit = fit or make_plain_fit()
    known = {"astigmatism": fit.astigmatism_A, "fit_resolution": fit.fit_resolution_A, "score": fit.score}
    inside = {limit.criterion: _inside(limit) for limit in LIMITS}
    return make_outcome(path, make_attempt(fit, grade(LIMITS, {**inside, **known, **values})), pixel_A=0.8)


def _inside(limit: Limit) -> float:
    """A value that a limit accepts, not near it."""
    return 0.5 * limit.at_most if math.isfinite(limit.at_most) else 3.0 * limit.at_least


def make_session(count: int, seed: int = 0) -> list[Outcome]:
    """Most accepted, some with ice or astigmatism or both, a few files broken."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for number in range(count):
        path = f"raw/FoilHole_{number:06}_fractions.mrc"
        if rng.random() < 0.02:
            outcomes.append(make_failed(path))
            continue
        fit = make_plain_fit(
            rng.uniform(6e3, 25e3), rng.gamma(2.0, 150.0), angle_deg=rng.uniform(-90.0, 90.0)
        )
        fit = replace(fit, score=rng.uniform(0.05, 0.3), fit_resolution_A=rng.uniform(2.8, 11.0))
        outcomes.append(make_graded(path, fit, ice_ring=rng.normal(1.05, 0.15)))
    return outcomes


def make_run(run: Path, outcomes: Sequence[Outcome], *, gap_s: float = 10.0) -> Path:
    """Make a run folder: files recorded so far apart, each finished a minute later."""
    provenance = make_provenance(settings=SETTINGS)
    run.mkdir(parents=True)
    with open_unsynced(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for number, outcome in enumerate(outcomes):
            recorded_ns = int(1e9 * (STARTED_S + gap_s * number))
            store.add(outcome, replace(provenance, file=FileState(1, recorded_ns)))
        write_run_tables(store)
    write_settings(run, SETTINGS, ["thonring", "estimate"])
    with sqlite3.connect(run / "run.db") as connection:
        connection.execute("UPDATE micrograph SET finished_at = mtime_ns / 1e9 + 60")
    connection.close()
    return run


def write_spectra(run: Path, outcomes: Sequence[Outcome], size_px: int = 64) -> None:
    """Give every micrograph with a fit a picture of its spectrum, each another noise."""
    (run / "spectra").mkdir(exist_ok=True)
    names = artefact_names([outcome.path for outcome in outcomes])
    for number, outcome in enumerate(outcomes):
        if outcome.fit is not None:
            picture = np.random.default_rng(number).normal(0.5, 0.3, (size_px, size_px)).astype(np.float32)
            write_ctf_image(spectrum_path(run, names[outcome.path]), picture, 1.75)


def make_varied_run(run: Path, first: int = 0, count: int = COUNT) -> Path:
    """Accepted, rejected with and without a fit, failed; some criteria could not be computed."""
    run.mkdir(exist_ok=True)
    provenance = make_provenance(settings=SETTINGS)
    outcomes = [
        _make_varied(Path(f"raw/Mic_{number:04}.mrc"), number) for number in range(first, first + count)
    ]
    with open_unsynced(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, provenance)
    return run


def _make_varied(path: Path, seed: int) -> Outcome:
    rng = random.Random(seed)  # noqa: S311 - invented numbers
    if seed % 10 == 9:
        return make_failed(path, optics=OPTICS)
    criteria = grade(LIMITS, {limit.criterion: _vary(limit, rng) for limit in LIMITS})
    fit: CtfFit | None = make_plain_fit(
        rng.uniform(5000, 20000),
        200.0,
        angle_deg=rng.uniform(-90, 90),
        score=rng.random(),
        fit_resolution_A=rng.choice((3.0, 4.0, 5.0)),
    )
    if not all(result.passed for result in criteria[:3]):
        criteria, fit = criteria[:3], None
    return make_outcome(path, make_attempt(fit, criteria), pixel_A=0.8, shape=(512, 512))


def _vary(limit: Limit, rng: random.Random) -> float:
    """A value that mostly lies inside a limit or on it; sometimes none."""
    if rng.random() < 0.04:
        return math.nan
    within = rng.random() < 0.96
    if math.isfinite(limit.at_most):
        return limit.at_most * rng.choice((0.25, 0.5, 0.75, 1.0) if within else (1.25, 2.0))
    return limit.at_least * rng.choice((1.0, 1.5, 3.0) if within else (0.25, 0.5))


def make_record(outcome: Outcome, name: str, number: int = 1) -> MicrographRecord:
    """A micrograph that nobody has judged."""
    attempts = dict(enumerate(outcome.attempts))
    path = outcome.path.absolute()
    return MicrographRecord(
        number, path, name, outcome, outcome, None, attempts, outcome.chosen, make_provenance()
    )


def write_tables(run: Path, outcomes: Sequence[Outcome], names: Mapping[Path, str] | None = None) -> None:
    """Write every table of a run of these outcomes, which no database holds."""
    if names is None:
        names = artefact_names([outcome.path for outcome in outcomes])
    records = [make_record(one, names[one.path], number) for number, one in enumerate(outcomes, start=1)]
    write_table_files(run, RUN_TABLES, run_totals(run, records), records)


def store_outcomes(run: Path, outcomes: Sequence[Outcome], kinds: Sequence[str | None] = (None,)) -> Path:
    """Make a database in which micrograph i was estimated from a spectrum of the i-th kind, or from an image."""
    with open_run(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome, kind in zip(outcomes, [*kinds, *[None] * len(outcomes)], strict=False):
            estimated = processing(Settings(), kind, (), "0.1.0")
            store.add(outcome, replace(make_provenance(), processing=estimated))
    return run
