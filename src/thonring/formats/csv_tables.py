"""Comma-separated tables for people and spreadsheets: results.csv and attempts.csv.

Missing values, NaN and infinities are empty cells; reasons are joined by "; ". A criterion's column has its
name, with "criterion_" in front where a column of that name is there already.
"""

from collections.abc import Sequence

from thonring.files.csv import Cell, csv_line
from thonring.formats.table import ExportTable, Listed, RunTotals
from thonring.records import Attempt, Outcome
from thonring.run.decision_status import Decision

FIT_COLUMNS = {
    "defocus_u_A": "defocus_u_A",
    "defocus_v_A": "defocus_v_A",
    "angle_deg": "angle_deg",
    "phase_shift_deg": "phase_shift_deg",
    "defocus_sigma_A": "defocus_sigma_A",
    "angle_sigma_deg": "angle_sigma_deg",
    "score": "score",
    "fit_resolution_A": "fit_resolution_A",
    "sampling_A": "sampling_A",
    "defocus_A": "mean_defocus_A",
    "astigmatism_A": "astigmatism_A",
    "astigmatism_sigma_A": "astigmatism_sigma_A",
    "phase_shift_sigma_deg": "phase_shift_sigma_deg",
    "amplitude_contrast": "amplitude_contrast",
    "amplitude_contrast_sigma": "amplitude_contrast_sigma",
    "log_likelihood_gain": "log_likelihood_gain",
    "runner_up_A": "runner_up_A",
    "runner_up_gap": "runner_up_gap",
    "start_A": "start_A",
    "coarse_defocus_A": "coarse_defocus_A",
    "dispersion": "dispersion",
}
"""Column → attribute of the fit."""

_RESULT_COLUMNS = ("pixel_A", "voltage_kV", "cs_mm", "attempts", "cpu_seconds", "notes")
_DECISION_COLUMNS = ("decided_by", "decided_at", "estimated_by_hand")

_ATTEMPT_COLUMNS = ("file", "attempt", "kept", "accepted", "reasons")


def _results_head(seen: RunTotals) -> str:
    columns = ["file", "status", "reasons", *FIT_COLUMNS, *_RESULT_COLUMNS, *_DECISION_COLUMNS]
    return csv_line(_headed(columns, seen.criteria))


def _results_row(seen: RunTotals, one: Listed) -> str:
    outcome = one.outcome
    return csv_line(
        [
            str(outcome.path),
            outcome.status,
            "; ".join(outcome.reasons),
            *_fit_cells(outcome.attempt),
            *_result_cells(outcome),
            *_decision_cells(one.decision),
            *_criterion_cells(outcome.attempt, seen.criteria),
        ]
    )


def _attempts_head(seen: RunTotals) -> str:
    return csv_line(_headed([*_ATTEMPT_COLUMNS, *FIT_COLUMNS], seen.attempt_criteria))


def _attempts_rows(seen: RunTotals, one: Listed) -> str:
    outcome = one.outcome
    lines = [
        csv_line(
            [
                str(outcome.path),
                index + 1,
                int(index == outcome.chosen),
                int(attempt.verdict.accepted),
                "; ".join(attempt.verdict.reasons),
                *_fit_cells(attempt),
                *_criterion_cells(attempt, seen.attempt_criteria),
            ]
        )
        for index, attempt in enumerate(outcome.attempts)
    ]
    return "".join(lines)


def _headed(columns: list[str], criteria: Sequence[str]) -> list[str]:
    return columns + [f"criterion_{name}" if name in columns else name for name in criteria]


def _fit_cells(attempt: Attempt | None) -> list[Cell]:
    if attempt is None:
        return [None] * len(FIT_COLUMNS)
    if attempt.fit is None:
        return [attempt.sampling_A if column == "sampling_A" else None for column in FIT_COLUMNS]
    return [getattr(attempt.fit, attribute) for attribute in FIT_COLUMNS.values()]


def _result_cells(outcome: Outcome) -> list[Cell]:
    optics = outcome.optics
    return [
        outcome.pixel_A,
        optics.voltage_kV if optics else None,
        optics.cs_mm if optics else None,
        len(outcome.attempts),
        outcome.cpu_seconds,
        "; ".join(note.text for note in outcome.notes),
    ]


def _decision_cells(decision: Decision | None) -> list[Cell]:
    return [None] * 3 if decision is None else [decision.who, decision.at, int(decision.estimated)]


def _criterion_cells(attempt: Attempt | None, criteria: Sequence[str]) -> list[Cell]:
    found = {criterion.name: criterion.value for criterion in attempt.verdict.criteria} if attempt else {}
    return [found.get(name) for name in criteria]


RESULTS = ExportTable("results.csv", _results_head, _results_row)
"""One row for every input, in order, the failed ones included."""

ATTEMPTS = ExportTable("attempts.csv", _attempts_head, _attempts_rows)
"""One row for every sampling tried of every micrograph, the kept one marked."""
