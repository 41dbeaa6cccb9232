"""Runs and truths made by hand, written by the product's own writers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thonring.evaluate.results import holds
from thonring.formats.run_tables import write_run_tables
from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, RadialCurve, Status, Verdict
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.run.settings_file import write_settings
from thonring.settings import Limit, Settings
from thonring.simulate import TruthRow, truth_text

OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
LIMITS = (
    Limit("ice_ring", -math.inf, 1.3, "", "ice {value}", ""),
    Limit("score", 0.03, math.inf, "", "score {value}", ""),
    Limit("astigmatism", -math.inf, 3000.0, "Å", "astigmatism {value}", ""),
    Limit("runner_up_gap", 6.0, math.inf, "", "gap {value}", ""),
)
GOOD: Mapping[str, float] = {"ice_ring": 1.0, "score": 0.2, "astigmatism": 400.0, "runner_up_gap": 50.0}
_NOTHING = np.zeros(0)
_CURVE = RadialCurve(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)


def truth_of(file: str, **changes: Any) -> TruthRow:
    row = TruthRow(
        file=file,
        voltage_kV=300.0,
        pixel_A=1.0,
        cs_mm=2.7,
        amplitude_contrast=0.1,
        defocus_u_A=15200.0,
        defocus_v_A=14800.0,
        angle_deg=30.0,
        phase_shift_deg=0.0,
        defect="none",
        defect_dose=0.0,
        usable=True,
        bound_defocus_A=5.0,
        bound_astigmatism_A=10.0,
    )
    return replace(row, **changes)


def fit_of(**changes: Any) -> CtfFit:
    made = CtfFit(
        defocus_u_A=15205.0,
        defocus_v_A=14795.0,
        angle_deg=30.0,
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
        curve=_CURVE,
        start_A=15000.0,
    )
    return replace(made, **changes)


def outcome_of(
    path: Path | str,
    fit: CtfFit | None = None,
    values: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = LIMITS,
) -> Outcome:
    """An outcome as the pipeline gives it: judged on the spectrum first, with a fit only if that holds."""
    given = {**GOOD, **(values or {})}
    early = [result for result in _judged(given, limits) if result.name == "ice_ring"]
    if not all(result.passed for result in early):
        return _outcome(path, Attempt(1.75, Verdict("default", tuple(early)), None))
    criteria = tuple(result for result in _judged(given, limits))
    return _outcome(path, Attempt(1.75, Verdict("default", criteria), fit or fit_of()))


def unfitted(path: Path | str) -> Outcome:
    early = CriterionResult("ice_ring", 1.0, passed=True)
    refused = CriterionResult("fit", math.nan, passed=False, reason="no defocus explains the rings")
    return _outcome(path, Attempt(1.75, Verdict("default", (early, refused)), None))


def failed(path: Path | str) -> Outcome:
    return Outcome(Path(path), "failed", (f"{path}: truncated",), None, math.nan, (0, 0))


def write_run(run: Path, outcomes: Sequence[Outcome], limits: Sequence[Limit] = LIMITS) -> Path:
    """A run folder with its database, tables and settings."""
    settings = Settings(limits=tuple(limits))
    origin = Provenance(FileState(), inputs_text(OPTICS, None), processing(settings, None, (), "0.1.0"))
    run.mkdir(parents=True)
    with open_run(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, origin)
        write_run_tables(store)
    write_settings(run, settings, ["thonring"])
    return run


def without_database(run: Path) -> Path:
    """The same, as if its database had been lost."""
    (run / "run.db").unlink()
    return run


def write_set(folder: Path, rows: Sequence[TruthRow]) -> Path:
    """A truth.csv with its (empty) micrographs."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        (folder / row.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / row.file).touch()
    (folder / "truth.csv").write_text(truth_text(rows), encoding="utf-8", errors="surrogateescape")
    return folder / "truth.csv"


def _judged(values: Mapping[str, float], limits: Sequence[Limit]) -> list[CriterionResult]:
    return [
        CriterionResult(
            limit.criterion,
            values[limit.criterion],
            passed=holds(limit, values[limit.criterion]),
            reason=f"{limit.criterion} is outside its limit",
        )
        for limit in limits
    ]


def _outcome(path: Path | str, attempt: Attempt) -> Outcome:
    status: Status = "accepted" if attempt.verdict.accepted else "rejected"
    return Outcome(
        Path(path), status, attempt.verdict.reasons, OPTICS, 1.0, (1024, 1024), (attempt,), 0, (), 0.1
    )
