"""Runs and truths for evaluation, written by the product's own writers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from factories.outcomes import OPTICS, grade, make_attempt, make_fit, make_outcome
from thonring.formats.run_tables import write_run_tables
from thonring.records import CriterionResult, CtfFit, Outcome
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.run.settings_file import write_settings
from thonring.settings import Limit, Settings
from thonring.simulate import TruthRow, truth_text

LIMITS = (
    Limit("ice_ring", -math.inf, 1.3, "", "ice {value}", ""),
    Limit("score", 0.03, math.inf, "", "score {value}", ""),
    Limit("astigmatism", -math.inf, 3000.0, "Å", "astigmatism {value}", ""),
    Limit("runner_up_gap", 6.0, math.inf, "", "gap {value}", ""),
)
VALUES: Mapping[str, float] = {"ice_ring": 1.0, "score": 0.2, "astigmatism": 400.0, "runner_up_gap": 50.0}
"""Values that all these limits accept."""


def make_truth(file: str, **changes: Any) -> TruthRow:
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


def make_close_fit(**changes: Any) -> CtfFit:
    """A fit within 5 Å of `make_truth`."""
    return make_fit(**{"defocus_u_A": 15205.0, "defocus_v_A": 14795.0, "angle_deg": 30.0, **changes})


def make_graded(
    path: Path | str,
    fit: CtfFit | None = None,
    values: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = LIMITS,
) -> Outcome:
    """An outcome as the pipeline gives it: judged on the spectrum first, with a fit only if that holds."""
    criteria = grade(limits, {**VALUES, **(values or {})})
    early = [result for result in criteria if result.name == "ice_ring"]
    if not all(result.passed for result in early):
        return make_outcome(path, make_attempt(None, early), pixel_A=1.0)
    return make_outcome(path, make_attempt(fit or make_close_fit(), criteria), pixel_A=1.0)


def make_unfitted(path: Path | str) -> Outcome:
    """A good spectrum that no defocus explains."""
    early = CriterionResult("ice_ring", 1.0, passed=True)
    refused = CriterionResult("fit", math.nan, passed=False, reason="no defocus explains the rings")
    return make_outcome(path, make_attempt(None, (early, refused)), pixel_A=1.0)


def write_run(run: Path, outcomes: Sequence[Outcome], limits: Sequence[Limit] = LIMITS) -> Path:
    """A run folder with its database, tables and settings."""
    settings = Settings(limits=tuple(limits))
    provenance = Provenance(FileState(), inputs_text(OPTICS, None), processing(settings, None, (), "0.1.0"))
    run.mkdir(parents=True)
    with open_run(run) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, provenance)
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
