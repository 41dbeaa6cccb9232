"""Tables of how far two runs agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from thonring.errors import OutputError
from thonring.evaluate.accuracy import LEAST_ASTIGMATISM_A
from thonring.evaluate.correctness import tolerance_A
from thonring.evaluate.matching import some
from thonring.evaluate.output import printed
from thonring.evaluate.tables import ReportTable, blank_repeats, count, interval, percent, quantity
from thonring.evaluate.verdicts import wilson
from thonring.files.atomic import replacing
from thonring.plot.style import BACKGROUND, FAINT, MARK, STATUS_COLOURS, house_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thonring.evaluate.agreement import Agreement, Agreements
    from thonring.evaluate.results import Result


MOST_SHOWN = 10
MEANING = (
    "Spread: half the distance between the 16th and 84th percentiles. Angles: where both astigmatisms are at least "
    f"{LEAST_ASTIGMATISM_A:.0f} Å. Agree to: the resolution up to which the phases of both CTFs differ by less than "
    "90° in every direction."
)

QUANTITIES: tuple[tuple[str, Callable[[Agreement], float]], ...] = (
    ("mean defocus (Å)", lambda pair: pair.mean_A),
    ("astigmatism vector, x (Å)", lambda pair: pair.astigmatism_A[0]),
    ("astigmatism vector, y (Å)", lambda pair: pair.astigmatism_A[1]),
    ("astigmatism vector, length (Å)", lambda pair: pair.astigmatism_length_A),
    ("angle of astigmatism (°)", lambda pair: pair.angle_deg if _has_axis(pair) else math.nan),
    ("phase shift (°)", lambda pair: pair.phase_shift_deg if _is_shifted(pair) else math.nan),
    ("agree to (Å)", lambda pair: pair.resolution_A),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Middle, half the distance of the 16th and 84th percentiles, and the value farthest from 0; signed."""

    count: int
    median: float
    spread: float
    worst: float


def spread_of(values: Sequence[float]) -> Spread:
    """Describe the values that are numbers; NaN of none."""
    known = np.array([value for value in values if not math.isnan(value)])
    if not known.size:
        return Spread(0, math.nan, math.nan, math.nan)
    low, middle, high = np.quantile(known, (0.16, 0.5, 0.84), method="closest_observation")
    worst = float(known[np.argmax(np.abs(known))])
    spread = 0.0 if low == high else 0.5 * float(high - low)
    return Spread(known.size, float(middle), spread, worst)


def agreement_text(comparisons: Sequence[Agreements], resolutions_A: Sequence[float]) -> str:
    """What to know of runs that give no verdicts, and all tables of all comparisons."""
    runs = (run for one in comparisons for run in (one.run, one.other) if not run.judges)
    notes = dict.fromkeys(note for run in runs for note in run.notes)
    return printed(notes, (sheet for one in comparisons for sheet in agreement_sheets(one, resolutions_A)))


def agreement_sheets(found: Agreements, resolutions_A: Sequence[float]) -> Iterator[ReportTable]:
    """Every table of one comparison, in the order in which it is read."""
    yield _differences(found)
    yield _counts(found, resolutions_A)
    yield _farthest(found)


def _sets(found: Agreements) -> list[tuple[str, list[Agreement]]]:
    """All micrographs, and those accepted if some are not."""
    everything = list(found.pairs)
    accepted = [pair for pair in everything if pair.accepted]
    return [("all", everything)] + ([("accepted", accepted)] if len(accepted) < len(everything) else [])


def _differences(found: Agreements) -> ReportTable:
    rows = [
        (label, name, count(told.count), *map(_rounded, (told.median, told.spread, told.worst)))
        for label, value in QUANTITIES
        for name, pairs in _sets(found)
        if (told := spread_of([value(pair) for pair in pairs])).count
    ]
    return ReportTable(
        f"{found.run.name} against {found.other.name}: {len(found.pairs)} micrographs in both",
        ("difference", "micrographs", "n", "median", "spread", "worst"),
        blank_repeats(rows),
        f"Differences are {found.run.name} minus {found.other.name}. {MEANING}{_missing(found)}",
        texts=2,
    )


def _missing(found: Agreements) -> str:
    sides = ((found.run.name, found.only_in_run), (found.other.name, found.only_in_other))
    told = [f" Only in {name}: {_named(results)}." for name, results in sides if results]
    if found.in_neither:
        told.append(f" Without an estimate in either: {found.in_neither}.")
    return "".join(told)


def _named(results: Sequence[Result]) -> str:
    return f"{len(results)} ({some([PurePath(one.file).name for one in results])})"


def _counts(found: Agreements, resolutions_A: Sequence[float]) -> ReportTable:
    rows = []
    for resolution_A in resolutions_A:
        for name, pairs in _sets(found):
            agreeing = sum(pair.resolution_A <= resolution_A for pair in pairs)
            share = agreeing / len(pairs) if pairs else math.nan
            told = interval(wilson(agreeing, len(pairs)))
            rows.append(
                (f"to {resolution_A:g} Å", name, count(agreeing), count(len(pairs)), percent(share), told)
            )
    return ReportTable(
        "How many agree",
        ("", "micrographs", "agree", "of", "share", "95 % (Wilson)"),
        blank_repeats(rows),
        texts=2,
    )


def _farthest(found: Agreements) -> ReportTable:
    ranked = sorted(found.pairs, key=lambda pair: pair.resolution_A, reverse=True)
    header = ("micrograph", "status", "agree to (Å)", "mean (Å)", "vector (Å)", "U, V, θ", "other U, V, θ")
    return ReportTable(
        "Farthest apart",
        header,
        tuple(_row(pair) for pair in ranked[:MOST_SHOWN]),
        f"{len(ranked) - MOST_SHOWN} more agree better." if len(ranked) > MOST_SHOWN else "",
        texts=2,
    )


def _row(pair: Agreement) -> tuple[str, ...]:
    values = (pair.resolution_A, pair.mean_A, pair.astigmatism_length_A)
    return (
        PurePath(pair.result.file).name,
        pair.result.status,
        *map(_rounded, values),
        *map(_ellipse, (pair.result, pair.other)),
    )


def _rounded(value: float) -> str:
    """Three digits, but none below a hundredth: files of other programs are rounded there."""
    return quantity(round(value, 2) + 0.0)


def _ellipse(result: Result) -> str:
    assert result.estimate is not None
    found = result.estimate
    return f"{found.defocus_u_A:.0f} {found.defocus_v_A:.0f} {found.angle_deg:.0f}°"


def _has_axis(pair: Agreement) -> bool:
    both = (pair.result.estimate, pair.other.estimate)
    return all(one and one.defocus_u_A - one.defocus_v_A >= LEAST_ASTIGMATISM_A for one in both)


def _is_shifted(pair: Agreement) -> bool:
    return any(one and one.phase_shift_deg for one in (pair.result.estimate, pair.other.estimate))


KINDS = (
    ("accepted by both", STATUS_COLOURS["accepted"], "o", True),
    ("rejected by one or both", STATUS_COLOURS["rejected"], "x", False),
)
"""Name, colour, marker, and whether both runs keep such a micrograph."""

DASHES: tuple[tuple[float, ...], ...] = ((4, 2), (1, 2), (5, 1, 1, 1))
LEAST_RESOLUTION_A, GREATEST_RESOLUTION_A = 0.3, 50.0
LINEAR_TO = 3.0
"""Differences beyond this many widest tolerances make an axis logarithmic outside the tolerance."""
_DOTS_PER_INCH = 130


def write_agreement_figure(path: Path, found: Sequence[Agreements], resolutions_A: Sequence[float]) -> None:
    """Draw the comparisons as PNG, or in another format by the file's suffix.

    Raises
    ------
    OutputError
        If the file cannot be written, or its suffix is no format of pictures.
    """
    figure = agreement_figure(found, resolutions_A)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in figure.canvas.get_supported_filetypes():
        raise OutputError(
            f"{path}: found suffix {path.suffix or '(none)'!r}, expected a picture's, as .png or .pdf."
        )
    with replacing(path) as temporary, house_style():
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format=kind)


def agreement_figure(found: Sequence[Agreements], resolutions_A: Sequence[float]) -> Figure:
    """Draw three panels for each other run.

    The difference of the mean defocus against the mean defocus, and the difference of the astigmatism vector, both
    with the error that turns the phase by 90° at each resolution; and the share of micrographs that agree at least as
    far as a resolution.
    """
    with house_style():
        figure = new_figure(10.6, 3.4 * len(found))
        rows = figure.subplots(len(found), 3, squeeze=False, width_ratios=[1.25, 0.95, 1.1])
        for (mean, vector, share), one in zip(rows, found, strict=True):
            _draw_mean(mean, one, resolutions_A)
            _draw_vector(vector, one, resolutions_A)
            _draw_share(share, one, resolutions_A)
            mean.set_title(f"{one.run.name} − {one.other.name}, {len(one.pairs)} micrographs")
        named = {
            label: handle
            for axes in rows[:, 0]
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=len(named))
    return figure


def _scatter(axes: Axes, pairs: Sequence[Agreement], x: Sequence[float], y: Sequence[float]) -> None:
    for label, colour, marker, accepted in KINDS:
        shown = [place for place, pair in enumerate(pairs) if pair.accepted == accepted]
        if shown:
            axes.scatter(
                [x[place] for place in shown],
                [y[place] for place in shown],
                s=15,
                c=colour,
                marker=marker,
                alpha=0.75,
                linewidths=0.8,
                label=label,
                zorder=3,
            )


def _draw_mean(axes: Axes, found: Agreements, resolutions_A: Sequence[float]) -> None:
    pairs = found.pairs
    differences = [pair.mean_A for pair in pairs]
    _scatter(axes, pairs, [1e-4 * _mean_A(pair) for pair in pairs], differences)
    axes.axhline(0.0, color=FAINT, linewidth=0.6)
    for tolerated_A, name, dashes in _tolerances(found, resolutions_A):
        for sign in (-1.0, 1.0):
            label = name if sign > 0 else None
            axes.axhline(sign * tolerated_A, color=MARK, linewidth=0.9, linestyle=(0, dashes), label=label)
    _scale(axes, [max(map(abs, differences))], found, resolutions_A, only_y=True)
    axes.set(xlabel="mean defocus (µm)", ylabel="difference of mean defocus (Å)")


def _draw_vector(axes: Axes, found: Agreements, resolutions_A: Sequence[float]) -> None:
    x, y = zip(*(pair.astigmatism_A for pair in found.pairs), strict=True)
    _scatter(axes, found.pairs, x, y)
    axes.axhline(0.0, color=FAINT, linewidth=0.6)
    axes.axvline(0.0, color=FAINT, linewidth=0.6)
    turn = np.linspace(0.0, 2.0 * math.pi, 400)
    for tolerated_A, _, dashes in _tolerances(found, resolutions_A):
        radius_A = 2.0 * tolerated_A
        axes.plot(
            radius_A * np.cos(turn), radius_A * np.sin(turn), color=MARK, linewidth=0.9, linestyle=(0, dashes)
        )
    _scale(axes, [pair.astigmatism_length_A for pair in found.pairs], found, resolutions_A, factor=2.0)
    axes.set_box_aspect(1)
    axes.set(xlabel="difference of (U−V) cos 2θ (Å)", ylabel="difference of (U−V) sin 2θ (Å)")


def _draw_share(axes: Axes, found: Agreements, resolutions_A: Sequence[float]) -> None:
    shown = np.clip([pair.resolution_A for pair in found.pairs], LEAST_RESOLUTION_A, GREATEST_RESOLUTION_A)
    x = np.sort(shown)
    share = 100.0 * np.arange(1, x.size + 1) / x.size
    ends = (min(float(x[0]), *resolutions_A) / 1.15, max(float(x[-1]), *resolutions_A) * 1.15)
    axes.step([ends[0], *x, ends[1]], [0.0, *share, share[-1]], where="post", color=BACKGROUND)
    for (_, _, dashes), resolution_A in zip(_tolerances(found, resolutions_A), resolutions_A, strict=True):
        agreeing = sum(pair.resolution_A <= resolution_A for pair in found.pairs)
        axes.axvline(resolution_A, color=MARK, linewidth=0.9, linestyle=(0, dashes))
        axes.annotate(
            f"{agreeing} of {len(found.pairs)}",
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
    axes.set(xlabel="resolution (Å)", ylabel="agree to it or better (%)")


def _tolerances(
    found: Agreements, resolutions_A: Sequence[float]
) -> list[tuple[float, str, tuple[float, ...]]]:
    """Defocus error that turns the phase by 90° at each resolution, what to call it, and its dashes."""
    return [
        (
            tolerance_A(found.wavelength_A, resolution_A),
            f"90° at {resolution_A:g} Å",
            DASHES[place % len(DASHES)],
        )
        for place, resolution_A in enumerate(resolutions_A)
    ]


def _scale(
    axes: Axes,
    sizes: Sequence[float],
    found: Agreements,
    resolutions_A: Sequence[float],
    *,
    factor: float = 1.0,
    only_y: bool = False,
) -> None:
    """Choose symmetric limits that hold values and tolerances, logarithmic outside if the values go far beyond."""
    widest_A = factor * max(tolerated_A for tolerated_A, _, _ in _tolerances(found, resolutions_A))
    is_far = max(sizes) > LINEAR_TO * widest_A
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
