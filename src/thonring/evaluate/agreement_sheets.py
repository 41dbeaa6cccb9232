"""Tables of how far two runs agree."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from thonring.evaluate.accuracy import LEAST_ASTIGMATISM_A
from thonring.evaluate.agreement import Agreement, Agreements
from thonring.evaluate.confusion import wilson
from thonring.evaluate.finder import some
from thonring.evaluate.run import Result
from thonring.evaluate.sheet import Sheet, count, interval, percent, quantity, told_once
from thonring.evaluate.text import printed

MOST_SHOWN = 10
MEANING = (
    "Spread: half the distance between the 16th and 84th percentiles. Angles: where both astigmatisms are at least "
    f"{LEAST_ASTIGMATISM_A:.0f} Å. Agree to: the resolution up to which the phases of both CTFs differ by less than "
    "90° in every direction."
)

QUANTITIES: tuple[tuple[str, Callable[[Agreement], float]], ...] = (
    ("mean defocus (Å)", lambda pair: pair.mean_A),
    ("astigmatism vector, x (Å)", lambda pair: pair.astigmatism_A[0]),
    ("astigmatism vector, y (Å)", lambda pair: pair.astigmatism_A[1]),
    ("astigmatism vector, length (Å)", lambda pair: pair.astigmatism_length_A),
    ("angle of astigmatism (°)", lambda pair: pair.angle_deg if _has_axis(pair) else math.nan),
    ("phase shift (°)", lambda pair: pair.phase_shift_deg if _is_shifted(pair) else math.nan),
    ("agree to (Å)", lambda pair: pair.resolution_A),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Middle, half the distance of the 16th and 84th percentiles, and the value farthest from 0; signed."""

    count: int
    median: float
    spread: float
    worst: float


def spread_of(values: Sequence[float]) -> Spread:
    """Describe the values that are numbers; NaN of none."""
    known = np.array([value for value in values if not math.isnan(value)])
    if not known.size:
        return Spread(0, math.nan, math.nan, math.nan)
    low, middle, high = np.quantile(known, (0.16, 0.5, 0.84), method="closest_observation")
    worst = float(known[np.argmax(np.abs(known))])
    spread = 0.0 if low == high else 0.5 * float(high - low)
    return Spread(known.size, float(middle), spread, worst)


def agreement_text(comparisons: Sequence[Agreements], resolutions_A: Sequence[float]) -> str:
    """What to know of runs that give no verdicts, and all tables of all comparisons."""
    runs = (run for one in comparisons for run in (one.run, one.other) if not run.judges)
    notes = dict.fromkeys(note for run in runs for note in run.notes)
    return printed(notes, (sheet for one in comparisons for sheet in agreement_sheets(one, resolutions_A)))


def agreement_sheets(found: Agreements, resolutions_A: Sequence[float]) -> Iterator[Sheet]:
    """Every table of one comparison, in the order in which it is read."""
    yield _differences(found)
    yield _counts(found, resolutions_A)
    yield _farthest(found)


def _sets(found: Agreements) -> list[tuple[str, list[Agreement]]]:
    """All micrographs, and those accepted if some are not."""
    everything = list(found.pairs)
    accepted = [pair for pair in everything if pair.accepted]
    return [("all", everything)] + ([("accepted", accepted)] if len(accepted) < len(everything) else [])


def _differences(found: Agreements) -> Sheet:
    rows = [
        (label, name, count(told.count), *map(_rounded, (told.median, told.spread, told.worst)))
        for label, value in QUANTITIES
        for name, pairs in _sets(found)
        if (told := spread_of([value(pair) for pair in pairs])).count
    ]
    return Sheet(
        f"{found.run.name} against {found.other.name}: {len(found.pairs)} micrographs in both",
        ("difference", "micrographs", "n", "median", "spread", "worst"),
        told_once(rows),
        f"Differences are {found.run.name} minus {found.other.name}. {MEANING}{_missing(found)}",
        texts=2,
    )


def _missing(found: Agreements) -> str:
    sides = ((found.run.name, found.only_in_run), (found.other.name, found.only_in_other))
    told = [f" Only in {name}: {_named(results)}." for name, results in sides if results]
    if found.in_neither:
        told.append(f" Without an estimate in either: {found.in_neither}.")
    return "".join(told)


def _named(results: Sequence[Result]) -> str:
    return f"{len(results)} ({some([PurePath(one.file).name for one in results])})"


def _counts(found: Agreements, resolutions_A: Sequence[float]) -> Sheet:
    rows = []
    for resolution_A in resolutions_A:
        for name, pairs in _sets(found):
            agreeing = sum(pair.resolution_A <= resolution_A for pair in pairs)
            share = agreeing / len(pairs) if pairs else math.nan
            told = interval(wilson(agreeing, len(pairs)))
            rows.append(
                (f"to {resolution_A:g} Å", name, count(agreeing), count(len(pairs)), percent(share), told)
            )
    return Sheet(
        "How many agree",
        ("", "micrographs", "agree", "of", "share", "95 % (Wilson)"),
        told_once(rows),
        texts=2,
    )


def _farthest(found: Agreements) -> Sheet:
    ranked = sorted(found.pairs, key=lambda pair: pair.resolution_A, reverse=True)
    header = ("micrograph", "status", "agree to (Å)", "mean (Å)", "vector (Å)", "U, V, θ", "other U, V, θ")
    return Sheet(
        "Farthest apart",
        header,
        tuple(_row(pair) for pair in ranked[:MOST_SHOWN]),
        f"{len(ranked) - MOST_SHOWN} more agree better." if len(ranked) > MOST_SHOWN else "",
        texts=2,
    )


def _row(pair: Agreement) -> tuple[str, ...]:
    values = (pair.resolution_A, pair.mean_A, pair.astigmatism_length_A)
    return (
        PurePath(pair.result.file).name,
        pair.result.status,
        *map(_rounded, values),
        *map(_ellipse, (pair.result, pair.other)),
    )


def _rounded(value: float) -> str:
    """Three digits, but none below a hundredth: files of other programs are rounded there."""
    return quantity(round(value, 2) + 0.0)


def _ellipse(result: Result) -> str:
    assert result.estimate is not None
    found = result.estimate
    return f"{found.defocus_u_A:.0f} {found.defocus_v_A:.0f} {found.angle_deg:.0f}°"


def _has_axis(pair: Agreement) -> bool:
    both = (pair.result.estimate, pair.other.estimate)
    return all(one and one.defocus_u_A - one.defocus_v_A >= LEAST_ASTIGMATISM_A for one in both)


def _is_shifted(pair: Agreement) -> bool:
    return any(one and one.phase_shift_deg for one in (pair.result.estimate, pair.other.estimate))
