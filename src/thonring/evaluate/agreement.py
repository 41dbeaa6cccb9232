"""Two runs on the same micrographs without a truth: how far their CTFs agree.

All differences are those of the first run minus the other.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median_low
from typing import Literal

from thonring.errors import InputError, SettingsError
from thonring.evaluate.correctness import (
    agreement_resolution_A,
    astigmatism_error_A,
    largest_error_A,
    mean_error_A,
    phase_shift_error_deg,
)
from thonring.evaluate.matching import Finder, Matched, Pair, some, sought_files
from thonring.evaluate.results import Result, Run, read_runs
from thonring.files.csv import Cell, write_csv
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


About = Literal["verdict", "estimate"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often two runs, by their place, are right about one thing: the verdict, or the estimate of the usable.

    `chance` is the two-sided probability of a split as uneven as `only_first` : `only_second`, or more, if both
    were equally good (exact sign test; McNemar 1947, doi:10.1007/BF02295996). `differing` are the places of the
    micrographs where only one is right, those of the first run first.
    """

    first: int
    second: int
    about: About
    both: int
    only_first: int
    only_second: int
    neither: int
    differing: tuple[int, ...]

    @property
    def chance(self) -> float:
        """Probability of such a split by chance; 1 where they never differ."""
        total, fewer = self.only_first + self.only_second, min(self.only_first, self.only_second)
        tail = sum(math.comb(total, count) for count in range(fewer + 1))
        return min(1.0, float(2 * tail / 2**total))


def comparisons(matched: Matched, pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[Comparison, ...]:
    """Every two runs: their verdicts, and their estimates where the truth of the CTF is known."""
    has_truth = any(subject.truth is not None for subject in matched.subjects)
    found = []
    for first, second in combinations(range(len(matched.runs)), 2):
        sides = list(zip(pairs_by_run[first], pairs_by_run[second], strict=True))
        found.append(_compare((first, second), "verdict", sides, lambda pair: pair.judged_well))
        if has_truth:
            found.append(_compare((first, second), "estimate", sides, lambda pair: bool(pair.right)))
    return tuple(found)


def _compare(
    runs: tuple[int, int],
    about: About,
    sides: Sequence[tuple[Pair, Pair]],
    is_good: Callable[[Pair], bool],
) -> Comparison:
    asked = {
        place: (is_good(one), is_good(other))
        for place, (one, other) in enumerate(sides)
        if about == "verdict" or one.subject.usable
    }
    places = {
        kind: [place for place, found in asked.items() if found == kind]
        for kind in ((True, True), (True, False), (False, True), (False, False))
    }
    both, only_first, only_second, neither = (len(found) for found in places.values())
    differing = (*places[True, False], *places[False, True])
    return Comparison(*runs, about, both, only_first, only_second, neither, differing)


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
