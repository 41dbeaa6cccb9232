"""Comma-separated tables for spreadsheets: results.csv and attempts.csv.

Missing values, NaN and infinities are empty cells; reasons are joined by "; ". A criterion's column has its
name, prefixed by "criterion_" if a column of that name exists already.
"""

from collections.abc import Sequence
from operator import attrgetter

from thonring.files.csv import Cell, csv_line
from thonring.formats.table import ExportTable, RunTotals
from thonring.records import Attempt, Outcome
from thonring.run.decision_status import Decision
from thonring.run.quantities import FIT_QUANTITIES
from thonring.run.store import MicrographRecord

_FIT = tuple(quantity for quantity in FIT_QUANTITIES if quantity.in_tables)
_FIT_COLUMNS = tuple(quantity.name for quantity in _FIT)
_fit_values = attrgetter(*(quantity.fit_attribute for quantity in _FIT))

_RESULT_COLUMNS = ("pixel_A", "voltage_kV", "cs_mm", "attempts", "cpu_seconds", "notes")
_DECISION_COLUMNS = ("decided_by", "decided_at", "estimated_by_hand")

_ATTEMPT_COLUMNS = ("file", "attempt", "kept", "accepted", "reasons")


def _results_head(totals: RunTotals) -> str:
    columns = ["file", "status", "reasons", *_FIT_COLUMNS, *_RESULT_COLUMNS, *_DECISION_COLUMNS]
    return csv_line(_headed(columns, totals.criteria))


def _results_row(totals: RunTotals, record: MicrographRecord) -> str:
    outcome = record.outcome
    return csv_line(
        [
            str(outcome.path),
            outcome.status,
            "; ".join(outcome.reasons),
            *_fit_cells(outcome.attempt),
            *_result_cells(outcome),
            *_decision_cells(record.decision),
            *_criterion_cells(outcome.attempt, totals.criteria),
        ]
    )


def _attempts_head(totals: RunTotals) -> str:
    return csv_line(_headed([*_ATTEMPT_COLUMNS, *_FIT_COLUMNS], totals.attempt_criteria))


def _attempts_rows(totals: RunTotals, record: MicrographRecord) -> str:
    outcome = record.outcome
    lines = [
        csv_line(
            [
                str(outcome.path),
                index + 1,
                int(index == outcome.chosen),
                int(attempt.verdict.accepted),
                "; ".join(attempt.verdict.reasons),
                *_fit_cells(attempt),
                *_criterion_cells(attempt, totals.attempt_criteria),
            ]
        )
        for index, attempt in enumerate(outcome.attempts)
    ]
    return "".join(lines)


def _headed(columns: list[str], criteria: Sequence[str]) -> list[str]:
    return columns + [f"criterion_{name}" if name in columns else name for name in criteria]


def _fit_cells(attempt: Attempt | None) -> list[Cell]:
    if attempt is None:
        return [None] * len(_FIT_COLUMNS)
    if attempt.fit is None:
        return [attempt.sampling_A if column == "sampling_A" else None for column in _FIT_COLUMNS]
    return list(_fit_values(attempt.fit))


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
"""One row per input, in order, including failed ones."""

ATTEMPTS = ExportTable("attempts.csv", _attempts_head, _attempts_rows)
"""One row per sampling tried for each micrograph; the kept one is marked."""
