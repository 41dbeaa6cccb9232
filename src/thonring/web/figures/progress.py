"""Progress of a run: micrographs finished by status, in total and per hour."""

import math
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.run.columns import STATUSES, Integers, RunColumns

HOUR_S = 3600.0
STEPS_S = (2, 4, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800)
MAX_STEPS = 60

_UNITS_S = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Progress:
    """Finished micrographs by status, (statuses, steps); a step ends at `until` (steps,), seconds since 1970.

    `hours` (steps,) is the length of each step; the last one is not over. `latest_per_hour` is the rate of the last
    hour of processing, NaN if there were fewer than two micrographs.
    """

    step_s: float
    until: Floats
    hours: Floats
    finished: Integers
    latest_per_hour: float

    name = "progress"
    title = "Finished micrographs, in total and per hour"

    @property
    def per_hour(self) -> Floats:
        """Rate by status, (statuses, steps)."""
        return np.asarray(self.finished / self.hours)

    @property
    def total(self) -> Integers:
        """How many were finished by the ends of the steps, the start of the first step included.

        The shape is (statuses, steps + 1).
        """
        return np.pad(np.cumsum(self.finished, axis=1), [(0, 0), (1, 0)])

    @property
    def step_ends_s(self) -> Floats:
        """Times of `total`, (steps + 1,), seconds since 1970."""
        return np.concatenate([self.until[:1] - self.step_s, self.until])

    @property
    def step_centres_s(self) -> Floats:
        """Times of `per_hour`, (steps,), seconds since 1970."""
        return np.asarray(self.until - 0.5 * self.step_s)

    @property
    def caption(self) -> str:
        """What the figure shows, in words."""
        text = f"Top: total; bottom: rate per {duration_text(self.step_s)}; times are UTC."
        if math.isfinite(self.latest_per_hour):
            text += f" {self.latest_per_hour:,.0f} per hour in the last hour of processing."
        return text


def progress(columns: RunColumns) -> Progress | None:
    """Count over the time of processing; None if no times are known, as in runs of older versions."""
    finished_at = columns.values["finished_at"]
    known = np.isfinite(finished_at)
    if not known.any():
        return None
    finished_at, status = finished_at[known], columns.status[known]
    first, last = float(finished_at.min()), float(finished_at.max())

    # The finest step that needs at most MAX_STEPS, or a whole number of the longest one.
    step_s = next((step for step in STEPS_S if (last - first) / step <= MAX_STEPS), None)
    step_s = step_s or STEPS_S[-1] * np.ceil((last - first) / STEPS_S[-1] / MAX_STEPS)
    start = np.floor(first / step_s) * step_s
    edges = start + step_s * np.arange(np.floor((last - start) / step_s) + 2)

    finished = [np.histogram(finished_at[status == code], edges)[0] for code in range(len(STATUSES))]
    hours = np.full(edges.size - 1, step_s / HOUR_S)
    hours[-1] = max(last - edges[-2], 0.5 * step_s) / HOUR_S
    return Progress(float(step_s), edges[1:], hours, np.array(finished), _latest_per_hour(finished_at))


def _latest_per_hour(finished_at: Floats) -> float:
    last = finished_at.max()
    recent = finished_at[finished_at >= last - HOUR_S]
    span_s = float(last - recent.min())
    return (recent.size - 1) * HOUR_S / span_s if span_s > 0 else np.nan


def duration_text(seconds: float) -> str:
    """Write a duration in the largest unit that divides it: "hour", "15 minutes"."""
    unit_s, unit = next((length, name) for length, name in _UNITS_S if seconds % length == 0)
    count = int(seconds // unit_s)
    return unit if count == 1 else f"{count} {unit}s"
