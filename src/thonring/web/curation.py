"""What other limits would keep of a run, before anything is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.quality import CRITERIA, holds, limit_on
from thonring.run.columns import STATUSES, RunColumns
from thonring.run.decision_status import ManualVerdict
from thonring.settings import Limit

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Curated:
    """A run graded by limits: row i as in its columns.

    `fitted` tells where there is a fit: nothing else can be kept. `failing` has where each criterion does not hold,
    among those with a fit; `unmeasured` the criteria that this run did not measure, which are left out.
    """

    fitted: Bools
    failing: Mapping[str, Bools]
    unmeasured: tuple[str, ...]

    @property
    def kept(self) -> Bools:
        """Where there is a fit and every limit holds."""
        kept = self.fitted.copy()
        for failing in self.failing.values():
            kept &= ~failing
        return kept

    @property
    def alone(self) -> dict[str, int]:
        """How many each criterion loses that all others would keep."""
        faults = sum(self.failing.values(), np.zeros(len(self.fitted), dtype=np.int64))
        return {name: int((failing & (faults == 1)).sum()) for name, failing in self.failing.items()}

    def differs(self, columns: RunColumns) -> Bools:
        """Where the present status of a micrograph with a fit is another one."""
        wanted = np.where(self.kept, STATUSES.index("accepted"), STATUSES.index("rejected"))
        changed: Bools = self.fitted & (columns.status != wanted)
        return changed

    def verdicts(self, columns: RunColumns) -> dict[int, ManualVerdict]:
        """Verdicts by number that bring every micrograph with a fit to where the limits have it."""
        changed = self.differs(columns)
        both = zip(columns.number[changed].tolist(), self.kept[changed].tolist(), strict=True)
        return {number: "accepted" if kept else "rejected" for number, kept in both}


def fitted(columns: RunColumns) -> Bools:
    """Tell where there is a fit."""
    return np.isfinite(columns.values["defocus_A"])


def curated(columns: RunColumns, limits: Sequence[Limit]) -> Curated:
    """Grade the kept attempts of a run by other limits, as `grade` does: NaN passes where its criterion lets it."""
    has_fit = fitted(columns)
    measured = [limit for limit in limits if limit.criterion in columns.failing]
    return Curated(
        fitted=has_fit,
        failing={
            limit.criterion: has_fit & ~holds(limit, columns.values[limit.criterion]) for limit in measured
        },
        unmeasured=tuple(limit.criterion for limit in limits if limit.criterion not in columns.failing),
    )


def judged_criteria(columns: RunColumns) -> tuple[str, ...]:
    """Name the criteria of a run that a limit can be set on."""
    return tuple(name for name in columns.criteria if name in CRITERIA)


def worded(bounds: Mapping[str, tuple[float, float]], known: Sequence[Limit]) -> tuple[Limit, ...]:
    """Give limits their words, those of the first limit on the same criterion that is `known`.

    Raises
    ------
    SettingsError
        If a criterion is unknown, or bounds are upside down.
    """
    like = {limit.criterion: limit for limit in reversed(known)}
    return tuple(
        limit_on(criterion, at_least, at_most, like.get(criterion))
        for criterion, (at_least, at_most) in bounds.items()
    )
