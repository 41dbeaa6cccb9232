"""Comma-separated tables for people and spreadsheets: results.csv and attempts.csv.

Missing values, NaN and infinities are empty cells; reasons are joined by "; ". A criterion's column has its
name, with "criterion_" in front where a column of that name is there already.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from thonring.records import Attempt, Outcome
from thonring.results.csv_file import Cell, write_csv

_FIT_COLUMNS = {
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


def write_results(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write results.csv: one row for every input, in order, the failed ones included.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    columns = ["file", "status", "reasons", *_FIT_COLUMNS, *_RESULT_COLUMNS]
    criteria = _criteria(outcome.attempt for outcome in outcomes)
    rows = [
        [
            str(outcome.path),
            outcome.status,
            "; ".join(outcome.reasons),
            *_fit_cells(outcome.attempt),
            *_result_cells(outcome),
            *_criterion_cells(outcome.attempt, criteria),
        ]
        for outcome in outcomes
    ]
    write_csv(path, _headed(columns, criteria), rows)


def write_attempts(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write attempts.csv: one row for every sampling tried of every micrograph, the kept one marked.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    columns = ["file", "attempt", "kept", "accepted", "reasons", *_FIT_COLUMNS]
    criteria = _criteria(attempt for outcome in outcomes for attempt in outcome.attempts)
    rows = [
        [
            str(outcome.path),
            index + 1,
            int(index == outcome.chosen),
            int(attempt.verdict.accepted),
            "; ".join(attempt.verdict.reasons),
            *_fit_cells(attempt),
            *_criterion_cells(attempt, criteria),
        ]
        for outcome in outcomes
        for index, attempt in enumerate(outcome.attempts)
    ]
    write_csv(path, _headed(columns, criteria), rows)


def _criteria(attempts: Iterable[Attempt | None]) -> list[str]:
    """Names of all criteria, in the order in which they are first met."""
    found = (criterion.name for attempt in attempts if attempt for criterion in attempt.verdict.criteria)
    return list(dict.fromkeys(found))


def _headed(columns: list[str], criteria: Sequence[str]) -> list[str]:
    return columns + [f"criterion_{name}" if name in columns else name for name in criteria]


def _fit_cells(attempt: Attempt | None) -> list[Cell]:
    if attempt is None:
        return [None] * len(_FIT_COLUMNS)
    if attempt.fit is None:
        return [attempt.sampling_A if column == "sampling_A" else None for column in _FIT_COLUMNS]
    return [getattr(attempt.fit, attribute) for attribute in _FIT_COLUMNS.values()]


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


def _criterion_cells(attempt: Attempt | None, criteria: Sequence[str]) -> list[Cell]:
    found = {criterion.name: criterion.value for criterion in attempt.verdict.criteria} if attempt else {}
    return [found.get(name) for name in criteria]
