"""How a run came on: what was finished until when, and how many an hour."""

from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.results import STATUSES, RunColumns
from thonring.web.figures.points import Integers

HOUR_S = 3600.0
STEPS_S = (2, 4, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800)
MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """Finished micrographs by status, (statuses, steps); a step ends at `until` (steps,), seconds since 1970.

    `hours` (steps,) is how long each took; the last one is not over. `latest_per_hour` is the rate of the last
    hour of work, NaN where there were fewer than two micrographs.
    """

    step_s: float
    until: Floats
    hours: Floats
    finished: Integers
    latest_per_hour: float

    @property
    def per_hour(self) -> Floats:
        """Rate by status, (statuses, steps)."""
        return np.asarray(self.finished / self.hours)

    @property
    def in_all(self) -> Integers:
        """How many were finished until the end of each step, by status."""
        return np.cumsum(self.finished, axis=1)


def progress(columns: RunColumns) -> Progress | None:
    """Count along the time of work; None where no times are known, as in runs of older versions."""
    finished_at = columns.values["finished_at"]
    known = np.isfinite(finished_at)
    if not known.any():
        return None
    finished_at, status = finished_at[known], columns.status[known]
    first, last = float(finished_at.min()), float(finished_at.max())
    step_s = next((step for step in STEPS_S if (last - first) / step <= MOST_STEPS), None)
    step_s = step_s or STEPS_S[-1] * np.ceil((last - first) / STEPS_S[-1] / MOST_STEPS)
    start = np.floor(first / step_s) * step_s
    edges = start + step_s * np.arange(np.floor((last - start) / step_s) + 2)
    finished = [np.histogram(finished_at[status == code], edges)[0] for code in range(len(STATUSES))]
    hours = np.full(edges.size - 1, step_s / HOUR_S)
    hours[-1] = max(last - edges[-2], 0.5 * step_s) / HOUR_S
    return Progress(float(step_s), edges[1:], hours, np.array(finished), _latest_per_hour(finished_at))


def _latest_per_hour(finished_at: Floats) -> float:
    last = finished_at.max()
    recent = finished_at[finished_at >= last - HOUR_S]
    took_s = float(last - recent.min())
    return (recent.size - 1) * HOUR_S / took_s if took_s > 0 else np.nan
