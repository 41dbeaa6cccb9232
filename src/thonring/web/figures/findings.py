"""All that is drawn of a run, in numbers: the page and the pictures both start from here."""

from collections.abc import Sequence
from dataclasses import dataclass

from thonring.results import RunColumns
from thonring.settings import Limit
from thonring.web.figures.course import Course, course
from thonring.web.figures.figure import Figure
from thonring.web.figures.order import order_of
from thonring.web.figures.plotly_counts import progress_figure, reasons_figure
from thonring.web.figures.plotly_course import course_figure
from thonring.web.figures.plotly_polar import polar_figure
from thonring.web.figures.polar import Polar, polar
from thonring.web.figures.progress import Progress, progress
from thonring.web.figures.quantity import quantities
from thonring.web.figures.reasons import Reason, reasons


@dataclass(frozen=True, slots=True)
class Findings:
    """A run summed up; `progress` is None where no times are known, `polar` where there is no fit."""

    reasons: tuple[Reason, ...]
    progress: Progress | None
    courses: tuple[Course, ...]
    polar: Polar | None


def findings(columns: RunColumns, limits: Sequence[Limit]) -> Findings:
    """Sum up a run with the limits it was judged by; quantities that no micrograph has are left out."""
    order = order_of(columns)
    courses = [course(columns, one, limits, order) for one in quantities(columns.values, limits)]
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
        figures.append(course_figure(one, columns))
        if one.quantity.name == "astigmatism" and found.polar is not None:
            figures.append(polar_figure(found.polar, columns))
    return tuple(figures)
