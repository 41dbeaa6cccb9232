"""Summary of a data set, as text and as histograms."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from thonring.files.atomic import replacing
from thonring.plot.style import MEASURED, house_style, new_figure

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.learn.dataset.dataset import Dataset
    from thonring.learn.dataset.example import Columns
    from thonring.records import Floats

COLOURS = ("#0072b2", "#d55e00", "#00735c", "#9a7200", "#cc79a7", "#5a5a5a")
MAX_SESSIONS = 12
BINS = 40
DOTS_PER_INCH = 110


def overview(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """The summary of a data set, as pairs of a name and a text."""
    columns = dataset.columns
    sessions = Counter(columns.session)
    return (
        ("elements", f"{len(columns)}"),
        ("from", "; ".join(f"{source}: {count}" for source, count in Counter(columns.source).most_common())),
        ("sessions", f"{len(sessions)}, of {min(sessions.values())} to {max(sessions.values())} elements"),
        ("voltage", ", ".join(f"{kV:g} kV: {count}" for kV, count in _counted(columns.voltage_kV))),
        ("Cs", _range(columns.cs_mm, "mm")),
        ("amplitude contrast", _range(columns.amplitude_contrast, "")),
        ("defocus", _spread(columns.defocus_A)),
        ("known to (resolution limit)", _range(columns.finest_A, "Å/px")),
        ("samplings", ", ".join(f"{sampling_A:g}" for sampling_A in dataset.samplings_A) + " Å/px"),
    )


def _counted(values: Floats) -> list[tuple[float, int]]:
    found, counts = np.unique(values, return_counts=True)
    return [(float(value), int(count)) for value, count in zip(found, counts, strict=True)]


def _range(values: Floats, unit: str) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return "unknown"
    text = f"{known.min():.4g} to {known.max():.4g} {unit}".strip()
    return text if known.size == values.size else f"{text} ({values.size - known.size} unknown)"


def _spread(defocus_A: Floats) -> str:
    low, middle, high = np.percentile(defocus_A, (5, 50, 95))
    return (
        f"{defocus_A.min():.0f} to {defocus_A.max():.0f} Å, median {middle:.0f}, "
        f"nine tenths within {low:.0f} to {high:.0f}"
    )


def write_histograms(dataset: Dataset, path: Path) -> None:
    """Write the histograms of a data set as PNG.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, house_style():
        histograms(dataset.columns).savefig(temporary, dpi=DOTS_PER_INCH, format="png")


def histograms(columns: Columns) -> Figure:
    """Histograms of the defocus by voltage, of the resolution limit of the spectra, and of the session sizes."""
    with house_style():
        figure = new_figure(10.0, 3.2)
        defocus, pixel, sessions = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
        _draw_defocus(defocus, columns)
        _draw_pixel(pixel, columns.finest_A[np.isfinite(columns.finest_A)])
        _draw_sessions(sessions, Counter(columns.session))
    return figure


def _draw_defocus(axes: Axes, columns: Columns) -> None:
    micrometres = columns.defocus_A * 1e-4
    voltages = np.unique(columns.voltage_kV)
    axes.hist(
        [micrometres[columns.voltage_kV == kV] for kV in voltages],
        bins=np.histogram_bin_edges(micrometres, BINS).tolist(),
        stacked=True,
        color=[COLOURS[index % len(COLOURS)] for index in range(len(voltages))],
        label=[f"{kV:g} kV" for kV in voltages],
    )
    axes.set(title="Defocus", xlabel="defocus (µm)", ylabel="elements")
    axes.legend()


def _draw_pixel(axes: Axes, finest_A: Floats) -> None:
    axes.set(title="Resolution limit of the spectra", xlabel="pixel (Å)", ylabel="elements")
    if finest_A.size:
        axes.hist(finest_A, bins=BINS, color=MEASURED)
    else:
        axes.text(0.5, 0.5, "unknown", ha="center", transform=axes.transAxes)


def _draw_sessions(axes: Axes, sessions: Counter[str]) -> None:
    """One bar per session if there are few, otherwise a histogram of their sizes."""
    if len(sessions) > MAX_SESSIONS:
        axes.hist(list(sessions.values()), bins="sturges", color=MEASURED)
        axes.set(title=f"{len(sessions)} sessions", xlabel="elements per session", ylabel="sessions")
        return
    names = [name if len(name) <= 24 else f"…{name[-23:]}" for name, _ in sessions.most_common()]
    places = range(len(names))
    axes.barh(places, [count for _, count in sessions.most_common()], color=MEASURED, height=0.7)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set(title="Sessions", xlabel="elements")
