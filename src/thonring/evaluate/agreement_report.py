"""Agreement of runs in tables and as a figure, for `thonring compare`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from thonring.errors import OutputError
from thonring.evaluate import tables
from thonring.evaluate.accuracy import MIN_ASTIGMATISM_A
from thonring.evaluate.correctness import tolerance_A
from thonring.evaluate.figures import add_joint_legend
from thonring.evaluate.matching import list_files
from thonring.evaluate.output import text_of
from thonring.evaluate.verdicts import wilson
from thonring.files.atomic import replacing
from thonring.plot import style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.evaluate.agreement import Agreement, Agreements
    from thonring.evaluate.results import Result

MAX_SHOWN = 10
"""Rows of the table of the largest differences."""

DEFINITIONS = (
    "Spread: half the distance between the 16th and 84th percentiles. Angles: only where both astigmatisms are at "
    f"least {MIN_ASTIGMATISM_A:.0f} Å. Agree to: the resolution up to which the phases of the two CTFs differ by less "
    "than 90° in every direction."
)
QUANTITIES: tuple[tuple[str, Callable[[Agreement], float]], ...] = (
    ("mean defocus (Å)", lambda pair: pair.mean_A),
    ("astigmatism vector, x (Å)", lambda pair: pair.astigmatism_A[0]),
    ("astigmatism vector, y (Å)", lambda pair: pair.astigmatism_A[1]),
    ("astigmatism vector, length (Å)", lambda pair: pair.astigmatism_length_A),
    ("angle of astigmatism (°)", lambda pair: pair.angle_deg if _both_have_axis(pair) else math.nan),
    ("phase shift (°)", lambda pair: pair.phase_shift_deg if _has_phase_shift(pair) else math.nan),
    ("agree to (Å)", lambda pair: pair.resolution_A),
)

KINDS = (
    ("accepted by both", style.STATUS_COLOURS["accepted"], "o", True),
    ("rejected by one or both", style.STATUS_COLOURS["rejected"], "x", False),
)
"""Label, colour, marker, and whether both runs accept such a micrograph."""

DASHES: tuple[tuple[float, ...], ...] = ((4, 2), (1, 2), (5, 1, 1, 1))
FINEST_DRAWN_A, COARSEST_DRAWN_A = 0.3, 50.0
"""Resolutions beyond these are drawn here, since 0 and infinity are not on a logarithmic axis."""

LINEAR_UP_TO = 3.0
"""Differences beyond this many of the largest tolerance make an axis logarithmic outside the tolerance."""
_DOTS_PER_INCH = 130


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, half the distance between the 16th and 84th percentiles, and the value farthest from 0; signed."""

    count: int
    median: float
    spread: float
    worst: float


def spread_of(values: Sequence[float]) -> Spread:
    """Spread of the values that are not NaN; NaN if there are none.

    Half the distance between these percentiles is the standard deviation of a normal distribution, and does not depend
    on outliers. Percentiles are values that occur, so that infinite ones need no arithmetic.
    """
    known = np.array([value for value in values if not math.isnan(value)])
    if not known.size:
        return Spread(0, math.nan, math.nan, math.nan)
    low, middle, high = np.quantile(known, (0.16, 0.5, 0.84), method="closest_observation")
    worst = float(known[np.argmax(np.abs(known))])
    # Equal ends may both be infinite: their difference would be NaN.
    spread = 0.0 if low == high else 0.5 * float(high - low)
    return Spread(known.size, float(middle), spread, worst)


def agreement_text(comparisons: Sequence[Agreements], resolutions_A: Sequence[float]) -> str:
    """Notes of results without verdicts, and all tables of all comparisons."""
    runs = (run for comparison in comparisons for run in (comparison.run, comparison.other) if not run.judges)
    notes = dict.fromkeys(note for run in runs for note in run.notes)
    return text_of(
        notes, (table for comparison in comparisons for table in agreement_tables(comparison, resolutions_A))
    )


def agreement_tables(comparison: Agreements, resolutions_A: Sequence[float]) -> Iterator[tables.ReportTable]:
    """Every table of one comparison, in the order in which it is read."""
    yield _difference_table(comparison)
    yield _count_table(comparison, resolutions_A)
    yield _largest_table(comparison)


def write_agreement_figure(
    path: Path, comparisons: Sequence[Agreements], resolutions_A: Sequence[float]
) -> None:
    """Plot the comparisons in the format of the file's suffix, PNG by default.

    Raises
    ------
    OutputError
        If the file cannot be written, or its suffix is not that of an image format.
    """
    figure = agreement_figure(comparisons, resolutions_A)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in figure.canvas.get_supported_filetypes():
        raise OutputError(
            f"{path}: found suffix {path.suffix or '(none)'!r}, expected that of a picture, such as .png or .pdf."
        )
    with replacing(path) as temporary, style.house_style():
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format=kind)


def agreement_figure(comparisons: Sequence[Agreements], resolutions_A: Sequence[float]) -> Figure:
    """Draw three panels for each run to compare with.

    The difference of the mean defocus against the mean defocus, and the difference of the astigmatism vector, both
    with the error that shifts the phase by 90° at each resolution; and the fraction of micrographs that agree to a
    resolution or better.
    """
    with style.house_style():
        figure = style.new_figure(10.6, 3.4 * len(comparisons))
        rows = figure.subplots(len(comparisons), 3, squeeze=False, width_ratios=[1.25, 0.95, 1.1])
        for (mean, vector, fraction), comparison in zip(rows, comparisons, strict=True):
            _draw_mean(mean, comparison, resolutions_A)
            _draw_vector(vector, comparison, resolutions_A)
            _draw_fraction(fraction, comparison, resolutions_A)
            mean.set_title(
                f"{comparison.run.name} − {comparison.other.name}, {len(comparison.pairs)} micrographs"
            )
        add_joint_legend(figure, rows[:, 0])
    return figure


def _difference_table(comparison: Agreements) -> tables.ReportTable:
    first, second = comparison.run.name, comparison.other.name
    rows = [
        (label, name, tables.count(found.count), *map(_rounded, (found.median, found.spread, found.worst)))
        for label, value in QUANTITIES
        for name, pairs in _sets(comparison)
        if (found := spread_of([value(pair) for pair in pairs])).count
    ]
    return tables.ReportTable(
        f"{first} against {second}: {len(comparison.pairs)} micrographs in both",
        ("difference", "micrographs", "n", "median", "spread", "worst"),
        tables.blank_repeats(rows),
        f"Differences are {first} minus {second}. {DEFINITIONS}{_unmatched(comparison)}",
        texts=2,
    )


def _sets(comparison: Agreements) -> list[tuple[str, list[Agreement]]]:
    """All micrographs, and those accepted if some are not."""
    pairs = list(comparison.pairs)
    accepted = [pair for pair in pairs if pair.accepted]
    return [("all", pairs)] + ([("accepted", accepted)] if len(accepted) < len(pairs) else [])


def _unmatched(comparison: Agreements) -> str:
    """Sentences about micrographs without an estimate in both runs."""
    either = (
        (comparison.run.name, comparison.only_in_run),
        (comparison.other.name, comparison.only_in_other),
    )
    text = "".join(
        f" Only in {name}: {len(results)} ({list_files([PurePath(result.file).name for result in results])})."
        for name, results in either
        if results
    )
    return text + (f" No estimate in either: {comparison.in_neither}." if comparison.in_neither else "")


def _count_table(comparison: Agreements, resolutions_A: Sequence[float]) -> tables.ReportTable:
    rows = [
        (f"to {resolution_A:g} Å", name, *_count_cells(pairs, resolution_A))
        for resolution_A in resolutions_A
        for name, pairs in _sets(comparison)
    ]
    return tables.ReportTable(
        "Micrographs that agree",
        ("", "micrographs", "agree", "of", "share", "95 % (Wilson)"),
        tables.blank_repeats(rows),
        texts=2,
    )


def _count_cells(pairs: Sequence[Agreement], resolution_A: float) -> tuple[str, ...]:
    agreeing, total = sum(pair.resolution_A <= resolution_A for pair in pairs), len(pairs)
    share = agreeing / total if total else math.nan
    interval = tables.interval(wilson(agreeing, total))
    return (tables.count(agreeing), tables.count(total), tables.percent(share), interval)


def _largest_table(comparison: Agreements) -> tables.ReportTable:
    ranked = sorted(comparison.pairs, key=lambda pair: pair.resolution_A, reverse=True)
    more = len(ranked) - MAX_SHOWN
    return tables.ReportTable(
        "Largest differences",
        ("micrograph", "status", "agree to (Å)", "mean (Å)", "vector (Å)", "U, V, θ", "other U, V, θ"),
        tuple(_largest_row(pair) for pair in ranked[:MAX_SHOWN]),
        f"{more} more with smaller differences." if more > 0 else "",
        texts=2,
    )


def _largest_row(pair: Agreement) -> tuple[str, ...]:
    return (
        PurePath(pair.result.file).name,
        pair.result.status,
        *map(_rounded, (pair.resolution_A, pair.mean_A, pair.astigmatism_length_A)),
        *map(_defocus, (pair.result, pair.other)),
    )


def _defocus(result: Result) -> str:
    assert result.estimate is not None
    return tables.defocus(result.estimate)


def _rounded(value: float) -> str:
    """Three digits, but none below a hundredth: files of other programs are rounded there."""
    return tables.number(round(value, 2) + 0.0)


def _both_have_axis(pair: Agreement) -> bool:
    both = (pair.result.estimate, pair.other.estimate)
    return all(
        estimate and estimate.defocus_u_A - estimate.defocus_v_A >= MIN_ASTIGMATISM_A for estimate in both
    )


def _has_phase_shift(pair: Agreement) -> bool:
    return any(
        estimate and estimate.phase_shift_deg for estimate in (pair.result.estimate, pair.other.estimate)
    )


def _scatter(axes: Axes, pairs: Sequence[Agreement], x: Sequence[float], y: Sequence[float]) -> None:
    for label, colour, marker, accepted in KINDS:
        shown = [index for index, pair in enumerate(pairs) if pair.accepted == accepted]
        if shown:
            axes.scatter(
                [x[index] for index in shown],
                [y[index] for index in shown],
                s=15,
                c=colour,
                marker=marker,
                alpha=0.75,
                linewidths=0.8,
                label=label,
                zorder=3,
            )


def _draw_mean(axes: Axes, comparison: Agreements, resolutions_A: Sequence[float]) -> None:
    pairs = comparison.pairs
    differences = [pair.mean_A for pair in pairs]
    _scatter(axes, pairs, [1e-4 * _mean_A(pair) for pair in pairs], differences)
    axes.axhline(0.0, color=style.FAINT, linewidth=0.6)
    for tolerated_A, name, dashes in _tolerances(comparison, resolutions_A):
        for sign in (-1.0, 1.0):
            label = name if sign > 0 else None
            axes.axhline(
                sign * tolerated_A, color=style.MARK, linewidth=0.9, linestyle=(0, dashes), label=label
            )
    _scale(axes, [max(map(abs, differences))], comparison, resolutions_A, only_y=True)
    axes.set(xlabel="mean defocus (µm)", ylabel="difference of mean defocus (Å)")


def _draw_vector(axes: Axes, comparison: Agreements, resolutions_A: Sequence[float]) -> None:
    x, y = zip(*(pair.astigmatism_A for pair in comparison.pairs), strict=True)
    _scatter(axes, comparison.pairs, x, y)
    axes.axhline(0.0, color=style.FAINT, linewidth=0.6)
    axes.axvline(0.0, color=style.FAINT, linewidth=0.6)
    turn_rad = np.linspace(0.0, 2.0 * math.pi, 400)
    # A vector of length 2Δ changes the defocus by up to Δ: the tolerance is a circle of twice its radius.
    for tolerated_A, _, dashes in _tolerances(comparison, resolutions_A):
        radius_A = 2.0 * tolerated_A
        x_A, y_A = radius_A * np.cos(turn_rad), radius_A * np.sin(turn_rad)
        axes.plot(x_A, y_A, color=style.MARK, linewidth=0.9, linestyle=(0, dashes))
    _scale(
        axes, [pair.astigmatism_length_A for pair in comparison.pairs], comparison, resolutions_A, factor=2.0
    )
    axes.set_box_aspect(1)
    axes.set(xlabel="difference of (U−V) cos 2θ (Å)", ylabel="difference of (U−V) sin 2θ (Å)")


def _draw_fraction(axes: Axes, comparison: Agreements, resolutions_A: Sequence[float]) -> None:
    shown = np.clip([pair.resolution_A for pair in comparison.pairs], FINEST_DRAWN_A, COARSEST_DRAWN_A)
    x = np.sort(shown)
    share = 100.0 * np.arange(1, x.size + 1) / x.size
    ends = (min(float(x[0]), *resolutions_A) / 1.15, max(float(x[-1]), *resolutions_A) * 1.15)
    axes.step([ends[0], *x, ends[1]], [0.0, *share, share[-1]], where="post", color=style.BACKGROUND)
    for (_, _, dashes), resolution_A in zip(
        _tolerances(comparison, resolutions_A), resolutions_A, strict=True
    ):
        agreeing = sum(pair.resolution_A <= resolution_A for pair in comparison.pairs)
        axes.axvline(resolution_A, color=style.MARK, linewidth=0.9, linestyle=(0, dashes))
        axes.annotate(
            f"{agreeing} of {len(comparison.pairs)}",
            (resolution_A, 3.0),
            (-2, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )
    axes.set_xscale("log")
    axes.set(xlim=ends, ylim=(0.0, 103.0))
    ticks = [value for value in (0.5, 1, 2, 3, 4, 5, 7, 10, 20, 50) if ends[0] <= value <= ends[1]]
    axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axes.minorticks_off()
    axes.set(xlabel="resolution (Å)", ylabel="agree to this resolution or better (%)")


def _tolerances(
    comparison: Agreements, resolutions_A: Sequence[float]
) -> list[tuple[float, str, tuple[float, ...]]]:
    """Defocus error in Å that shifts the phase by 90° at each resolution, its label, and its dashes."""
    return [
        (
            tolerance_A(comparison.wavelength_A, resolution_A),
            f"90° at {resolution_A:g} Å",
            DASHES[index % len(DASHES)],
        )
        for index, resolution_A in enumerate(resolutions_A)
    ]


def _scale(
    axes: Axes,
    sizes: Sequence[float],
    comparison: Agreements,
    resolutions_A: Sequence[float],
    *,
    factor: float = 1.0,
    only_y: bool = False,
) -> None:
    """Set symmetric limits around values and tolerances; logarithmic outside if values go far beyond these."""
    widest_A = factor * max(tolerated_A for tolerated_A, _, _ in _tolerances(comparison, resolutions_A))
    is_far = max(sizes) > LINEAR_UP_TO * widest_A
    limit_A = (1.6 if is_far else 1.12) * max(widest_A, *sizes)
    if is_far:
        axes.set_yscale("symlog", linthresh=widest_A)
    axes.set_ylim(-limit_A, limit_A)
    if only_y:
        return
    if is_far:
        axes.set_xscale("symlog", linthresh=widest_A)
    axes.set_xlim(-limit_A, limit_A)


def _mean_A(pair: Agreement) -> float:
    assert pair.result.estimate is not None
    return 0.5 * (pair.result.estimate.defocus_u_A + pair.result.estimate.defocus_v_A)
