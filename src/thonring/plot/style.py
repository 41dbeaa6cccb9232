"""The style of all figures: one palette, thin spines, one kind of resolution axis.

Colours are from the palette of Okabe & Ito (Color Universal Design, 2008), which people with any common colour vision
can distinguish; a verdict is never shown by colour alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURED = "#3a3a3a"
BACKGROUND = "#0072b2"
MODEL = "#d55e00"
MARK = "#8a8a8a"
FAINT = "#d9d9d9"
ZEROS = "#9a7200"
ON_IMAGE = "#ffd54d"
LIMIT_ON_IMAGE = "#7cc8f0"
STATUS_COLOURS = {"accepted": "#00735c", "rejected": "#b8400e", "failed": "#5a5a5a"}

RESOLUTIONS_A = (50.0, 30.0, 20.0, 15.0, 10.0, 7.0, 6.0, 5.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0)

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 7.0,
    "axes.labelsize": 9.0,
    "axes.labelcolor": MEASURED,
    "axes.edgecolor": MARK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MARK,
    "ytick.color": MARK,
    "xtick.labelcolor": MEASURED,
    "ytick.labelcolor": MEASURED,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.1,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "legend.handlelength": 1.8,
    "text.color": MEASURED,
    "savefig.facecolor": "white",
    "figure.constrained_layout.w_pad": 0.09,
    "figure.constrained_layout.h_pad": 0.09,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in this style, and leave the user's own settings as they were."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty figure that needs no display and no global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def rings_to_label(nyquist_per_A: float, min_gap: float) -> list[float]:
    """Round resolutions in Å inside the band, each at least `min_gap` of it beyond the previous one."""
    chosen: list[float] = []
    reached = 0.0
    for resolution_A in RESOLUTIONS_A:
        fraction = 1.0 / (resolution_A * nyquist_per_A)
        if reached + min_gap <= fraction <= 1.0:
            chosen.append(resolution_A)
            reached = fraction
    return chosen


def add_resolution_axis(axes: Axes, lowest_per_A: float, highest_per_A: float) -> None:
    """Label the top of a frequency axis with resolutions in Å."""
    inside = rings_to_label(highest_per_A, 0.055)
    resolutions_A = [resolution_A for resolution_A in inside if 1.0 / resolution_A >= lowest_per_A]
    top = axes.secondary_xaxis("top")
    top.set_xticks([1.0 / value for value in resolutions_A], [f"{value:g}" for value in resolutions_A])
    top.minorticks_off()
    top.tick_params(length=3)
    top.spines["top"].set_visible(True)
    top.set_xlabel("resolution (Å)")
