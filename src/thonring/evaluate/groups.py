"""The same numbers by voltage, pixel, defocus and defect."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from thonring.evaluate.accuracy import Errors, accuracy
from thonring.evaluate.confusion import Confusion
from thonring.evaluate.matched import Matched
from thonring.evaluate.pair import Pair

PIXEL_EDGES_A = (0.0, 0.75, 1.0, 1.25, 1.5, 2.0, math.inf)
DEFOCUS_EDGES_UM = (-math.inf, 0.5, 1.0, 2.0, 3.0, 4.5, math.inf)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """One run's numbers over the micrographs of one kind; errors of the mean defocus are over the accepted."""

    by: str
    name: str
    count: int
    confusion: Confusion
    accepted_defocus: Errors
    accepted_locks: int


def groups(matched: Matched, pairs_by_run: Sequence[Sequence[Pair]]) -> tuple[tuple[Group, ...], ...]:
    """Groups of each run, the same for all runs; kinds that nothing is known of are left out."""
    found: list[list[Group]] = [[] for _ in matched.runs]
    for by, names in _names(pairs_by_run).items():
        for name in sorted(set(names)):
            members = [place for place, other in enumerate(names) if other == name]
            for run, pairs in enumerate(pairs_by_run):
                found[run].append(_group(by, name[1], [pairs[place] for place in members]))
    return tuple(tuple(one) for one in found)


Name = tuple[float, str]
"""Place in the order, and name."""


def _names(pairs_by_run: Sequence[Sequence[Pair]]) -> dict[str, list[Name]]:
    subjects = list(zip(*pairs_by_run, strict=True))
    kinds: dict[str, Callable[[Sequence[Pair]], Name]] = {
        "voltage": _voltage,
        "pixel": _pixel,
        "defocus": _defocus,
        "defect": _defect,
    }
    found = {by: [name(subject) for subject in subjects] for by, name in kinds.items()}
    return {by: names for by, names in found.items() if any(name != UNKNOWN for _, name in names)}


def _group(by: str, name: str, pairs: Sequence[Pair]) -> Group:
    accepted = accuracy([pair for pair in pairs if pair.accepted])
    confusion = Confusion.of((pair.accepted, pair.positive) for pair in pairs)
    return Group(by, name, len(pairs), confusion, accepted.defocus, accepted.locks)


def _voltage(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    voltage_kV = truth.voltage_kV if truth else _first([pair.result.voltage_kV for pair in subject])
    return (math.inf, UNKNOWN) if math.isnan(voltage_kV) else (voltage_kV, f"{voltage_kV:g} kV")


def _pixel(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    pixel_A = truth.pixel_A if truth else _first([pair.result.pixel_A for pair in subject])
    return _binned(pixel_A, PIXEL_EDGES_A, "Å/px")


def _defocus(subject: Sequence[Pair]) -> Name:
    return _binned(1e-4 * subject[0].subject.defocus_A, DEFOCUS_EDGES_UM, "µm")


def _defect(subject: Sequence[Pair]) -> Name:
    truth = subject[0].subject.truth
    if truth is None:
        return math.inf, UNKNOWN
    return (0.0 if truth.defect == "none" else 1.0), truth.defect


def _binned(value: float, edges: Sequence[float], unit: str) -> Name:
    for low, high in pairwise(edges):
        if low <= value < high:
            return low, _range(low, high, edges, unit)
    return math.inf, UNKNOWN


def _range(low: float, high: float, edges: Sequence[float], unit: str) -> str:
    if low == edges[0]:
        return f"below {high:g} {unit}"
    return f"from {low:g} {unit}" if high == edges[-1] else f"{low:g} to {high:g} {unit}"


def _first(values: Sequence[float]) -> float:
    return next((value for value in values if math.isfinite(value)), math.nan)
