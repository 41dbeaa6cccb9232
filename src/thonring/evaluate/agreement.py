"""Two runs on the same micrographs without a truth: how far their CTFs agree.

All differences are those of the first run minus the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

from thonring.errors import InputError, SettingsError
from thonring.evaluate.correct import (
    agreement_resolution_A,
    astigmatism_error_A,
    largest_error_A,
    mean_error_A,
    phase_shift_error_deg,
)
from thonring.evaluate.finder import Finder, some, sought_files
from thonring.evaluate.run import Result, Run
from thonring.evaluate.runs import read_runs
from thonring.optics import Optics
from thonring.records import KnownDefocus

RESOLUTIONS_A = (4.0, 3.0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One micrograph with an estimate in both runs, the first run's `result` and the `other`.

    `resolution_A` is where the two CTFs begin to differ by 90° of phase, 0 where they never do, infinite where they
    do from the start.
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
        """Whether both runs keep it."""
        return self.result.status == self.other.status == "accepted"


@dataclass(frozen=True, slots=True)
class Agreements:
    """Two runs side by side; what only one of them has an estimate for is named, `in_neither` counted."""

    run: Run
    other: Run
    pairs: tuple[Agreement, ...]
    only_in_run: tuple[Result, ...]
    only_in_other: tuple[Result, ...]
    in_neither: int

    @property
    def wavelength_A(self) -> float:
        """Median wavelength of the micrographs that both have."""
        return median_low(pair.wavelength_A for pair in self.pairs)


def compare_runs(run: Path, others: Sequence[Path]) -> tuple[Agreements, ...]:
    """Read a run and others, and set the first beside each of them.

    Raises
    ------
    SettingsError
        If there is no other run.
    InputError
        If a run cannot be used, nothing is in both, names are ambiguous, or no voltage is known.
    """
    if not others:
        raise SettingsError("nothing to compare with: name at least one other run or table of results.")
    first, *rest = read_runs([run, *others])
    return tuple(agreements(first, other) for other in rest)


def agreements(run: Run, other: Run) -> Agreements:
    """Join two runs by micrograph and take the differences of their estimates.

    Raises
    ------
    InputError
        If nothing is in both, names are ambiguous, or no voltage is known.
    """
    finder = Finder(
        [one.file for one in run.results], [*sought_files(run).values()], f"results of {run.name}"
    )
    found = finder.find_run(other, by_key=run.by_key)
    partner = {found[one.file]: one for one in other.results if one.file in found}
    joined = [(one, partner.get(place)) for place, one in enumerate(run.results)]
    pairs = tuple(
        _agreement(run, mine, theirs)
        for mine, theirs in joined
        if theirs is not None and mine.estimate is not None and theirs.estimate is not None
    )
    if not pairs:
        raise InputError(
            f"{run.name} and {other.name} have no micrograph with an estimate in both: {run.path} names "
            f"{some([one.file for one in run.results])}; {other.path} names "
            f"{some([one.file for one in other.results])}. Give results of the same micrographs."
        )
    estimated = {one.other.file for one in pairs}
    return Agreements(
        run,
        other,
        pairs,
        tuple(one for one, theirs in joined if one.estimate and not (theirs and theirs.estimate)),
        tuple(one for one in other.results if one.estimate and one.file not in estimated),
        sum(not one.estimate and not (theirs and theirs.estimate) for one, theirs in joined),
    )


def _agreement(run: Run, result: Result, other: Result) -> Agreement:
    assert result.estimate is not None
    assert other.estimate is not None
    both = (result.estimate, other.estimate)
    wavelength_A = _wavelength_A(run, result, other)
    return Agreement(
        result,
        other,
        mean_error_A(*both),
        astigmatism_error_A(*both),
        _angle_deg(*both),
        phase_shift_error_deg(*both),
        largest_error_A(*both),
        agreement_resolution_A(*both, wavelength_A),
        wavelength_A,
    )


def _angle_deg(one: KnownDefocus, other: KnownDefocus) -> float:
    """Difference of the axes of astigmatism, in (-90, 90]."""
    return 90.0 - (90.0 - (one.angle_deg - other.angle_deg)) % 180.0


def _wavelength_A(run: Run, result: Result, other: Result) -> float:
    """Wavelength by the first run's voltage, or else by the other's."""
    voltage_kV = other.voltage_kV if math.isnan(result.voltage_kV) else result.voltage_kV
    if math.isnan(voltage_kV):
        raise InputError(
            f"{run.path}: the voltage of {result.file} is in neither run; expected one run of `thonring estimate` at "
            "least, whose results.csv has it. Give that first."
        )
    return Optics(voltage_kV, 0.0).wavelength_A
