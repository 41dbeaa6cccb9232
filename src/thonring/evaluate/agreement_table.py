"""How far runs agree, as a table for spreadsheets: one row a micrograph and other run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from thonring.evaluate.agreement import Agreement, Agreements
from thonring.evaluate.run import Result
from thonring.results.csv_file import Cell, write_csv

ESTIMATE = ("defocus_u_A", "defocus_v_A", "angle_deg", "phase_shift_deg")
DIFFERENCES = (
    "mean_difference_A",
    "astigmatism_difference_x_A",
    "astigmatism_difference_y_A",
    "astigmatism_difference_A",
    "angle_difference_deg",
    "phase_shift_difference_deg",
    "largest_difference_A",
    "agreement_resolution_A",
)
COLUMNS = (
    *("run", "other", "file", "other_file", "in", "status", "other_status"),
    *ESTIMATE,
    *(f"other_{column}" for column in ESTIMATE),
    *DIFFERENCES,
)


def write_agreements(path: Path, found: Sequence[Agreements]) -> None:
    """Write what both have (`in`: both), then what only one has an estimate for (`run`, `other`).

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_csv(path, COLUMNS, (row for one in found for row in _rows(one)))


def _rows(found: Agreements) -> Iterator[list[Cell]]:
    names: list[Cell] = [found.run.name, found.other.name]
    for pair in found.pairs:
        yield [*names, *_both("both", pair.result, pair.other), *_differences(pair)]
    for one in found.only_in_run:
        yield [*names, *_both("run", one, None), *[None] * len(DIFFERENCES)]
    for one in found.only_in_other:
        yield [*names, *_both("other", None, one), *[None] * len(DIFFERENCES)]


def _both(where: str, result: Result | None, other: Result | None) -> list[Cell]:
    sides = (result, other)
    files: list[Cell] = [one.file if one else None for one in sides]
    statuses: list[Cell] = [one.status if one else None for one in sides]
    return [*files, where, *statuses, *(cell for one in sides for cell in _estimate(one))]


def _estimate(result: Result | None) -> list[Cell]:
    if result is None or result.estimate is None:
        return [None] * len(ESTIMATE)
    return [getattr(result.estimate, column) for column in ESTIMATE]


def _differences(pair: Agreement) -> list[Cell]:
    return [
        pair.mean_A,
        *pair.astigmatism_A,
        pair.astigmatism_length_A,
        pair.angle_deg,
        pair.phase_shift_deg,
        pair.largest_A,
        pair.resolution_A,
    ]
