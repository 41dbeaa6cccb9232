"""The data of all figures of a run, computed once.

Every figure is drawn twice from here: by plotly in `figures/plotly.py` for the served page and the report, where points
have hover texts, open their micrograph and follow the theme; and by matplotlib in `report/pictures.py`, whose PNG and
SVG files in figures/ go into papers and slides, and whose SVG is what the report shows in print and where scripts are
disabled. Plotly itself writes such files only where Chrome is installed. Values, titles, labels and captions are those
of the records here, so the two can differ only in style.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thonring.run.columns import RunColumns
from thonring.settings import Limit
from thonring.web.figures.astigmatism import AstigmatismVectors, astigmatism_vectors
from thonring.web.figures.progress import Progress, progress
from thonring.web.figures.rejections import Rejections, rejections
from thonring.web.figures.time_series import TimeSeries, micrograph_order, plotted_quantities, time_series

RunFigure = Rejections | Progress | TimeSeries | AstigmatismVectors
"""The data of one figure: each kind has a `name`, also used for its files, a `title` and a `caption`."""


@dataclass(frozen=True, slots=True)
class Findings:
    """A run summarised for figures.

    `rejections` may be empty. `progress` is None where no times are known, `astigmatism` where there is no fit.
    `time_series` are those of the quantities that at least one micrograph has, in the order of the page.
    """

    rejections: Rejections
    progress: Progress | None
    time_series: tuple[TimeSeries, ...]
    astigmatism: AstigmatismVectors | None

    def figures(self) -> Iterator[RunFigure]:
        """Iterate over the figures, in the order of the page."""
        if self.rejections.reasons:
            yield self.rejections
        if self.progress is not None:
            yield self.progress
        for series in self.time_series:
            yield series
            if series.name == "astigmatism" and self.astigmatism is not None:
                yield self.astigmatism


def findings(columns: RunColumns, limits: Sequence[Limit]) -> Findings:
    """Summarise a run with the limits it was judged by.

    A quantity that no micrograph has a value of, or none on its axis, has no time series.
    """
    order = micrograph_order(columns)
    series = [
        time_series(columns, quantity, limits, order)
        for quantity in plotted_quantities(columns.values, limits)
    ]
    fitted = any(entry.counts.any() for entry in series if entry.name == "astigmatism")
    return Findings(
        rejections=rejections(columns),
        progress=progress(columns),
        time_series=tuple(entry for entry in series if entry.counts.any()),
        astigmatism=astigmatism_vectors(columns, limits) if fitted else None,
    )
