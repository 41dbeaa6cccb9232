"""Agreement of two runs on the same micrographs, without ground truth: differences per micrograph, and their table.

All differences are those of the first run minus the other.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

from thonring.errors import InputError, SettingsError
from thonring.evaluate import correctness
from thonring.evaluate.matching import MicrographIndex, list_files, paths_of
from thonring.evaluate.results import Result, Run, read_runs
from thonring.files.csv import Cell, write_csv
from thonring.optics import Optics

ESTIMATE_COLUMNS = ("defocus_u_A", "defocus_v_A", "angle_deg", "phase_shift_deg")
DIFFERENCE_COLUMNS = (
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
    *ESTIMATE_COLUMNS,
    *(f"other_{column}" for column in ESTIMATE_COLUMNS),
    *DIFFERENCE_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One micrograph with an estimate in both runs, the first run's `result` and the `other`.

    `resolution_A` is the resolution at which the phases of the two CTFs first differ by 90°: 0 if they never do,
    infinite if they do from the start.
    """

    result: Result
    other: Result
    mean_A: float
    astigmatism_A: tuple[float, float]
    angle_deg: float
    phase_shift_deg: float
    largest_A: float
    resolution_A: float
    wavelength_A: float

    @property
    def astigmatism_length_A(self) -> float:
        """Length of the difference of the two astigmatism vectors."""
        return math.hypot(*self.astigmatism_A)

    @property
    def accepted(self) -> bool:
        """Whether both runs accept it."""
        return self.result.status == self.other.status == "accepted"


@dataclass(frozen=True, slots=True)
class Agreements:
    """Two runs compared: micrographs with an estimate in both, in only one of them, and the number in neither."""

    run: Run
    other: Run
    pairs: tuple[Agreement, ...]
    only_in_run: tuple[Result, ...]
    only_in_other: tuple[Result, ...]
    in_neither: int

    @property
    def wavelength_A(self) -> float:
        """Median wavelength of the micrographs with an estimate in both."""
        return median_low(pair.wavelength_A for pair in self.pairs)


def compare_runs(run: Path, others: Sequence[Path]) -> tuple[Agreements, ...]:
    """Read a run and others, and compare the first with each of them.

    Raises
    ------
    SettingsError
        If there is no other run.
    InputError
        If a run cannot be used, no micrograph is in both, names are ambiguous, or no voltage is known.
    """
    if not others:
        raise SettingsError("nothing to compare with: name at least one other run or table of results.")
    first, *rest = read_runs([run, *others])
    return tuple(agreements(first, other) for other in rest)


def agreements(run: Run, other: Run) -> Agreements:
    """Match two runs by micrograph and take the differences of their estimates.

    Raises
    ------
    InputError
        If no micrograph is in both, names are ambiguous, or no voltage is known.
    """
    files = [result.file for result in run.results]
    lookup = MicrographIndex(files, [*paths_of(run).values()], f"results of {run.name}")
    found = lookup.find_run(other, by_key=run.by_key)
    partners = {found[result.file]: result for result in other.results if result.file in found}
    matched = [(result, partners.get(index)) for index, result in enumerate(run.results)]
    pairs = tuple(
        _agreement(run, result, partner)
        for result, partner in matched
        if partner is not None and result.estimate is not None and partner.estimate is not None
    )
    if not pairs:
        raise InputError(
            f"{run.name} and {other.name} have no micrograph with an estimate in both: {run.path} names "
            f"{list_files(files)}; {other.path} names {list_files([result.file for result in other.results])}. Give "
            "results of the same micrographs."
        )
    in_both = {pair.other.file for pair in pairs}
    return Agreements(
        run,
        other,
        pairs,
        tuple(
            result for result, partner in matched if result.estimate and not (partner and partner.estimate)
        ),
        tuple(result for result in other.results if result.estimate and result.file not in in_both),
        sum(not result.estimate and not (partner and partner.estimate) for result, partner in matched),
    )


def write_agreements(path: Path, comparisons: Sequence[Agreements]) -> None:
    """Write the micrographs with an estimate in both (`in`: both), then in only one (`run`, `other`).

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_csv(path, COLUMNS, (row for comparison in comparisons for row in _rows(comparison)))


def _agreement(run: Run, result: Result, other: Result) -> Agreement:
    assert result.estimate is not None
    assert other.estimate is not None
    both = (result.estimate, other.estimate)
    wavelength_A = _wavelength_A(run, result, other)
    return Agreement(
        result,
        other,
        correctness.mean_error_A(*both),
        correctness.astigmatism_error_A(*both),
        correctness.angle_error_deg(*both),
        correctness.phase_shift_error_deg(*both),
        correctness.largest_error_A(*both),
        correctness.agreement_resolution_A(*both, wavelength_A),
        wavelength_A,
    )


def _wavelength_A(run: Run, result: Result, other: Result) -> float:
    """Wavelength at the first run's voltage, or else at the other's."""
    voltage_kV = other.voltage_kV if math.isnan(result.voltage_kV) else result.voltage_kV
    if math.isnan(voltage_kV):
        raise InputError(
            f"{run.path}: neither run states the voltage of {result.file}; at least one must be a run folder of "
            "`thonring estimate`. Give that one first."
        )
    return Optics(voltage_kV, 0.0).wavelength_A


def _rows(comparison: Agreements) -> Iterator[list[Cell]]:
    names: list[Cell] = [comparison.run.name, comparison.other.name]
    for pair in comparison.pairs:
        yield [*names, *_result_cells("both", pair.result, pair.other), *_difference_cells(pair)]
    for result in comparison.only_in_run:
        yield [*names, *_result_cells("run", result, None), *[None] * len(DIFFERENCE_COLUMNS)]
    for result in comparison.only_in_other:
        yield [*names, *_result_cells("other", None, result), *[None] * len(DIFFERENCE_COLUMNS)]


def _result_cells(where: str, result: Result | None, other: Result | None) -> list[Cell]:
    both = (result, other)
    files: list[Cell] = [result.file if result else None for result in both]
    statuses: list[Cell] = [result.status if result else None for result in both]
    return [*files, where, *statuses, *(cell for result in both for cell in _estimate_cells(result))]


def _estimate_cells(result: Result | None) -> list[Cell]:
    if result is None or result.estimate is None:
        return [None] * len(ESTIMATE_COLUMNS)
    return [getattr(result.estimate, column) for column in ESTIMATE_COLUMNS]


def _difference_cells(pair: Agreement) -> list[Cell]:
    return [
        pair.mean_A,
        *pair.astigmatism_A,
        pair.astigmatism_length_A,
        pair.angle_deg,
        pair.phase_shift_deg,
        pair.largest_A,
        pair.resolution_A,
    ]
