"""A run folder of `thonring estimate`, read back."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from thonring.errors import UnreadableTable
from thonring.evaluate.limits import failed_criteria, read_limits
from thonring.evaluate.run import Result, Run
from thonring.records import KnownDefocus, Status
from thonring.results import artefact_names, spectrum_path
from thonring.settings import Limit

DEFOCUS = ("defocus_u_A", "defocus_v_A", "angle_deg", "phase_shift_deg")
REQUIRED = ("file", "status", "reasons", *DEFOCUS)
PICTURES = ("spectrum", "profile", "signals")
FAILED_INPUT = "failed input"

Row = Mapping[str, str]


def read_run_folder(folder: Path, name: str) -> Run:
    """Read results.csv and settings.json of a run, and find its pictures.

    Raises
    ------
    UnreadableTable
        If the table lacks columns or rows, a value is impossible, or a file is listed twice.
    """
    table = folder / "results.csv"
    rows = _rows(table)
    limits, notes = _limits(folder)
    results = tuple(_result(table, number, row, limits) for number, row in enumerate(rows, start=2))
    _refuse_twice(table, results)
    inconsistent = sum(result.failed is None for result in results) if limits else 0
    if inconsistent:
        told = (
            f"{name}: {inconsistent} verdicts do not follow from the values in results.csv and the limits in "
            "settings.json (an infinite value, a person's decision, or a file changed since); the tables by criterion "
            "leave them out."
        )
        notes = (*notes, told)
    return Run(name, folder, _with_pictures(folder, results), limits, notes=notes)


def _rows(table: Path) -> Sequence[Row]:
    try:
        with table.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            found, rows = reader.fieldnames or (), list(reader)
    except (OSError, csv.Error) as problem:
        raise UnreadableTable(f"{table}: cannot be read ({problem}). Restore it from the run.") from problem
    missing = [column for column in REQUIRED if column not in found]
    if missing:
        raise UnreadableTable(
            f"{table}: lacks the columns {', '.join(missing)}; found {', '.join(found) or 'nothing'}. Expected "
            "the results.csv that `thonring estimate` wrote."
        )
    if not rows:
        raise UnreadableTable(
            f"{table}: the run is empty, expected a row for each micrograph. Was it interrupted before the first?"
        )
    return rows


def _limits(folder: Path) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    path = folder / "settings.json"
    if path.exists():
        return read_limits(path), ()
    return (), (
        f"{folder}: no settings.json, so its limits are unknown: no tables by criterion for this run.",
    )


def _result(table: Path, line: int, row: Row, limits: Sequence[Limit]) -> Result:
    status = _status(table, line, row)

    def number(column: str) -> float:
        return _number(table, line, column, row.get(column) or "")

    defocus = [number(column) for column in DEFOCUS]
    estimate = KnownDefocus(*defocus) if all(map(math.isfinite, defocus)) else None
    if status == "accepted" and estimate is None:
        raise UnreadableTable(
            f"{table}, line {line}: accepted without a defocus, expected {', '.join(DEFOCUS)} as numbers."
        )
    values = {limit.criterion: number(_column(row, limit.criterion)) for limit in limits}
    result = Result(
        file=row["file"],
        status=status,
        estimate=estimate,
        reasons=row["reasons"],
        defocus_sigma_A=number("defocus_sigma_A"),
        astigmatism_sigma_A=number("astigmatism_sigma_A"),
        phase_shift_sigma_deg=number("phase_shift_sigma_deg"),
        voltage_kV=number("voltage_kV"),
        pixel_A=number("pixel_A"),
        cs_mm=number("cs_mm"),
        amplitude_contrast=number("amplitude_contrast"),
        score=number("score"),
        fit_resolution_A=number("fit_resolution_A"),
        criteria=values,
    )
    return replace(result, failed=_failed(result, limits))


def _failed(result: Result, limits: Sequence[Limit]) -> tuple[str, ...] | None:
    """Criteria that failed; None if they do not explain the verdict."""
    if result.status == "failed":
        return (FAILED_INPUT,)
    failed = failed_criteria(result.criteria, limits, has_fit=result.estimate is not None)
    return failed if limits and bool(failed) == (result.status == "rejected") else None


def _status(table: Path, line: int, row: Row) -> Status:
    for known in get_args(Status):
        if row["status"] == known:
            status: Status = known
            return status
    raise UnreadableTable(
        f"{table}, line {line}: status is {row['status']!r}, expected one of {', '.join(get_args(Status))}."
    )


def _column(row: Row, criterion: str) -> str:
    longer = f"criterion_{criterion}"
    return longer if longer in row else criterion


def _number(table: Path, line: int, column: str, text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError as problem:
        raise UnreadableTable(
            f"{table}, line {line}: {column} is {text!r}, expected a number or nothing."
        ) from problem


def _refuse_twice(table: Path, results: Sequence[Result]) -> None:
    seen: set[str] = set()
    for result in results:
        if result.file in seen:
            raise UnreadableTable(f"{table}: {result.file} is listed twice, expected each file once.")
        seen.add(result.file)


def _with_pictures(folder: Path, results: Sequence[Result]) -> tuple[Result, ...]:
    names = artefact_names([Path(result.file) for result in results])
    return tuple(replace(result, pictures=_pictures(folder, names[Path(result.file)])) for result in results)


def _pictures(folder: Path, name: str) -> tuple[Path, ...]:
    drawn = tuple(path for kind in PICTURES if (path := folder / "plots" / f"{name}_{kind}.png").is_file())
    spectrum = spectrum_path(folder, name)
    return drawn or ((spectrum,) if spectrum.is_file() else ())
