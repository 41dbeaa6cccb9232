"""Where micrographs stand on the axis of a time course."""

from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.results import STATUSES, RunColumns

LEAST_GAP_S = 1.0
"""No microscope is faster: files with less between them on average were copied, and their times are of that."""


@dataclass(frozen=True, slots=True)
class Order:
    """`position` (micrographs,): seconds since 1970 if `timed`, else places from 1 on."""

    position: Floats
    timed: bool

    @property
    def label(self) -> str:
        """What the axis shows."""
        return "time of the file (UTC)" if self.timed else "place in the tables"


def order_of(columns: RunColumns) -> Order:
    """Order micrographs by the times of their files, or by their places where those times tell nothing."""
    recorded_at = columns.recorded_at[columns.status != STATUSES.index("failed")]
    if recorded_at.size > 1 and recorded_at.min() > 0:
        span_s = float(np.ptp(recorded_at))
        if span_s >= LEAST_GAP_S * (recorded_at.size - 1):
            return Order(columns.recorded_at, timed=True)
    return Order(np.arange(1.0, len(columns) + 1.0), timed=False)


def date_texts(seconds: Floats) -> list[str]:
    """Write seconds since 1970 as dates of UTC that plotly reads."""
    dates = np.asarray(seconds).round().astype("int64").astype("datetime64[s]")
    return [text.replace("T", " ") for text in np.datetime_as_string(dates).tolist()]
