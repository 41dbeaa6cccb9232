"""Astigmatism as vectors: its size at twice its angle, so that θ and θ + 180°, the same astigmatism, are one point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thonring.plot.caption import shortened
from thonring.quality import CRITERIA
from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.run.summary import REJECTED_BY_HAND
from thonring.settings import Limit
from thonring.web.figures.data import Integers, shares, spread

OUTLIERS = 0.02


@dataclass(frozen=True, slots=True)
class Vectors:
    """Micrographs as points: `row` in the columns, U - V in Å, and the angle of U in degrees, all (points,)."""

    row: Integers
    astigmatism_A: Floats
    angle_deg: Floats


@dataclass(frozen=True, slots=True)
class Polar:
    """Astigmatism of accepted and rejected micrographs, not always all, out to `radius_A`.

    The mean is that of the vectors of all accepted: large where all are astigmatic in one way, as by a stigmator.
    `limit_A` is infinite where there is none.
    """

    accepted: Vectors
    rejected: Vectors
    radius_A: float
    mean_A: float
    mean_angle_deg: float
    limit_A: float


def polar(columns: RunColumns, limits: Sequence[Limit]) -> Polar:
    """Gather the astigmatism of a run."""
    astigmatism_A, angle_deg = columns.values["astigmatism_A"], columns.values["angle_deg"]
    known = np.isfinite(astigmatism_A) & np.isfinite(angle_deg)
    rows = [np.flatnonzero(known & (columns.status == STATUSES.index(one))) for one in STATUSES[:2]]
    of_each = shares(rows[0].size, rows[1].size)
    chosen = [spread(one, count) for one, count in zip(rows, of_each, strict=True)]
    vector = astigmatism_A[rows[0]] * np.exp(2j * np.radians(angle_deg[rows[0]]))
    mean = complex(vector.mean()) if vector.size else complex(np.nan, np.nan)
    limit_A = min((one.at_most for one in limits if one.criterion == "astigmatism"), default=np.inf)
    return Polar(
        accepted=Vectors(chosen[0], astigmatism_A[chosen[0]], angle_deg[chosen[0]]),
        rejected=Vectors(chosen[1], astigmatism_A[chosen[1]], angle_deg[chosen[1]]),
        radius_A=_radius_A(astigmatism_A[rows[0]], astigmatism_A[rows[1]]),
        mean_A=abs(mean),
        mean_angle_deg=float(0.5 * np.degrees(np.angle(mean))),
        limit_A=limit_A,
    )


def _radius_A(accepted: Floats, rejected: Floats) -> float:
    both = np.concatenate([accepted, rejected])
    if both.size == 0:
        return 1000.0
    radius_A = float(np.quantile(both, 1 - OUTLIERS))
    if accepted.size:
        radius_A = max(radius_A, float(np.quantile(accepted, 0.995)))
    return 1.08 * radius_A or 100.0


MOST_LETTERS = 46

_WORDS = {"fit": "No CTF could be fitted", REJECTED_BY_HAND: "By a person's decision alone"}


@dataclass(frozen=True, slots=True)
class Reason:
    """A criterion with the rejected micrographs that it failed; `alone` had no other reason."""

    criterion: str
    micrographs: int
    alone: int

    @property
    def words(self) -> str:
        """What the criterion measures, for people."""
        return words_of(self.criterion)

    @property
    def label(self) -> str:
        """The same, short enough for an axis."""
        return shortened(self.words, MOST_LETTERS)


def words_of(criterion: str) -> str:
    """Describe a criterion for people."""
    known = CRITERIA.get(criterion)
    words = _WORDS.get(criterion, criterion.replace("_", " ")) if known is None else known.description
    return words[:1].upper() + words[1:]


def reasons(columns: RunColumns) -> tuple[Reason, ...]:
    """Count the reasons of a run's rejected micrographs, the most frequent first."""
    rejected = columns.status == STATUSES.index("rejected")
    names = columns.criteria
    failing = np.array([columns.failing[name] & rejected for name in names], dtype=bool)
    failing = failing.reshape(len(names), len(columns))
    how_many = failing.sum(axis=0)
    found = [
        Reason(name, int(row.sum()), int((row & (how_many == 1)).sum()))
        for name, row in zip(names, failing, strict=True)
    ]
    without = int((rejected & (how_many == 0)).sum())
    found.append(Reason(REJECTED_BY_HAND, without, without))
    some = [reason for reason in found if reason.micrographs]
    return tuple(sorted(some, key=lambda reason: (-reason.micrographs, reason.criterion)))
