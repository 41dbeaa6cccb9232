"""Curation: what other limits would accept and reject in a run, before anything is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thonring.quality import CRITERIA, holds, limit_on
from thonring.run.columns import STATUSES, Bools, RunColumns
from thonring.run.decision_status import ManualVerdict
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class RegradedRun:
    """A run graded by other limits; element i of an array is row i of its columns, all (micrographs,).

    `fitted` is where there is a fit: others cannot be accepted. `failing` has for each criterion where it fails,
    among those with a fit; `unmeasured` are criteria that this run did not measure and that are therefore ignored.
    """

    fitted: Bools
    failing: Mapping[str, Bools]
    unmeasured: tuple[str, ...]

    @property
    def accepted(self) -> Bools:
        """Where there is a fit and every criterion passes."""
        accepted = self.fitted.copy()
        for failing in self.failing.values():
            accepted &= ~failing
        return accepted

    @property
    def rejected_alone(self) -> dict[str, int]:
        """How many micrographs each criterion rejects that all others would accept."""
        failures = sum(self.failing.values(), np.zeros(len(self.fitted), dtype=np.int64))
        return {name: int((failing & (failures == 1)).sum()) for name, failing in self.failing.items()}

    def changed(self, columns: RunColumns) -> Bools:
        """Where the status of a micrograph with a fit would change."""
        status = np.where(self.accepted, STATUSES.index("accepted"), STATUSES.index("rejected"))
        changed: Bools = self.fitted & (columns.status != status)
        return changed

    def verdicts(self, columns: RunColumns) -> dict[int, ManualVerdict]:
        """Verdicts of the limits, by number, for every micrograph with a fit."""
        changed = self.changed(columns)
        pairs = zip(columns.number[changed].tolist(), self.accepted[changed].tolist(), strict=True)
        return {number: "accepted" if accepted else "rejected" for number, accepted in pairs}


def has_fit(columns: RunColumns) -> Bools:
    """Where there is a fit, (micrographs,)."""
    return np.isfinite(columns.values["defocus_A"])


def regrade(columns: RunColumns, limits: Sequence[Limit]) -> RegradedRun:
    """Grade the kept attempts of a run by other limits, as `grade` does: NaN passes if its criterion allows it."""
    fitted = has_fit(columns)
    measured = [limit for limit in limits if limit.criterion in columns.failing]
    return RegradedRun(
        fitted=fitted,
        failing={
            limit.criterion: fitted & ~holds(limit, columns.values[limit.criterion]) for limit in measured
        },
        unmeasured=tuple(limit.criterion for limit in limits if limit.criterion not in columns.failing),
    )


def judged_criteria(columns: RunColumns) -> tuple[str, ...]:
    """List the criteria of a run on which limits can be set."""
    return tuple(name for name in columns.criteria if name in CRITERIA)


def limits_from_bounds(
    bounds: Mapping[str, tuple[float, float]], templates: Sequence[Limit]
) -> tuple[Limit, ...]:
    """Create limits with the unit and the sentences of the first template on the same criterion.

    Raises
    ------
    SettingsError
        If a criterion is unknown, or a lower bound is above the upper one.
    """
    by_criterion = {limit.criterion: limit for limit in reversed(templates)}
    return tuple(
        limit_on(criterion, at_least, at_most, by_criterion.get(criterion))
        for criterion, (at_least, at_most) in bounds.items()
    )
