"""All that is drawn of a run, in numbers: the page and the pictures both start from here."""

from collections.abc import Sequence
from dataclasses import dataclass

from thonring.run.columns import RunColumns
from thonring.settings import Limit
from thonring.web.figures.astigmatism import Polar, Reason, polar, reasons
from thonring.web.figures.data import order_of, quantities
from thonring.web.figures.plotly import Figure, polar_figure, progress_figure, reasons_figure
from thonring.web.figures.plotly_time_series import time_series_figure
from thonring.web.figures.time_series import Progress, TimeSeries, progress, time_series


@dataclass(frozen=True, slots=True)
class Findings:
    """A run summed up; `progress` is None where no times are known, `polar` where there is no fit."""

    reasons: tuple[Reason, ...]
    progress: Progress | None
    courses: tuple[TimeSeries, ...]
    polar: Polar | None


def findings(columns: RunColumns, limits: Sequence[Limit]) -> Findings:
    """Sum up a run with the limits it was judged by; quantities that no micrograph has are left out."""
    order = order_of(columns)
    courses = [time_series(columns, one, limits, order) for one in quantities(columns.values, limits)]
    fitted = any(one.counts.any() for one in courses if one.quantity.name == "astigmatism")
    return Findings(
        reasons=reasons(columns),
        progress=progress(columns),
        courses=tuple(one for one in courses if one.counts.any()),
        polar=polar(columns, limits) if fitted else None,
    )


def plotly_figures(found: Findings, columns: RunColumns) -> tuple[Figure, ...]:
    """Give the figures in the order in which a page has them."""
    figures = []
    if found.reasons:
        figures.append(reasons_figure(found.reasons))
    if found.progress is not None:
        figures.append(progress_figure(found.progress))
    for one in found.courses:
        figures.append(time_series_figure(one, columns))
        if one.quantity.name == "astigmatism" and found.polar is not None:
            figures.append(polar_figure(found.polar, columns))
    return tuple(figures)
