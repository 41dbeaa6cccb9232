"""The caption of a figure: name, verdict, numbers, reasons."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from thonring.plot.style import MARK, MEASURED, STATUS_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from thonring.records import CtfFit, Outcome

_LINE_WIDTH = 34
_LINES_FOR_REASONS = 10
"""Size of the panel in characters and lines of its font."""

_STATUS_MARKS = {"accepted": "✓", "rejected": "✗", "failed": "–"}


def headline(outcome: Outcome) -> str:
    """Name and verdict in one line."""
    return f"{shortened(outcome.path.name, 60)}   {_STATUS_MARKS[outcome.status]} {outcome.status}"


def shortened(name: str, length: int) -> str:
    """Cut the middle out of a name that is too long: micrographs differ at the ends."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail]}…{name[-tail:]}"


def facts(fit: CtfFit) -> list[tuple[str, str]]:
    """Labels and values of the main results, with standard errors."""
    rows = [
        ("defocus U", f"{fit.defocus_u_A:,.0f} Å"),
        ("defocus V", f"{fit.defocus_v_A:,.0f} Å"),
        ("mean", _with_error(f"{fit.mean_defocus_A:,.0f}", fit.defocus_sigma_A, " Å")),
        ("astigmatism", _with_error(f"{fit.astigmatism_A:,.0f}", fit.astigmatism_sigma_A, " Å")),
        (
            "angle of U",
            _with_error(f"{fit.angle_deg:.1f}".replace("-", "−"), _known_angle_sigma_deg(fit), "°"),
        ),
    ]
    if fit.phase_shift_deg or fit.phase_shift_sigma_deg:
        shift = _with_error(f"{fit.phase_shift_deg:.1f}", fit.phase_shift_sigma_deg, "°")
        rows.append(("phase shift", shift))
    if fit.amplitude_contrast_sigma:
        contrast = f"{fit.amplitude_contrast:.3f} ± {fit.amplitude_contrast_sigma:.3f}"
        rows.append(("amplitude contrast", contrast))
    return [
        *rows,
        ("score", f"{fit.score:.3f}"),
        ("fit resolution", _resolution(fit.fit_resolution_A)),
        ("sampling", f"{fit.sampling_A:.3g} Å/px"),
    ]


def write_caption(axes: Axes, outcome: Outcome) -> None:
    """Fill an empty panel with the name, the verdict, the numbers and the reasons."""
    axes.set_axis_off()
    colour = STATUS_COLOURS[outcome.status]
    axes.text(0, 1.0, shortened(outcome.path.name, _LINE_WIDTH), va="top", fontsize=10, fontweight="bold")
    verdict = f"{_STATUS_MARKS[outcome.status]} {outcome.status}"
    axes.text(0, 0.925, verdict, va="top", fontsize=13, fontweight="bold", color=colour)
    height = 0.81
    for label, value in facts(outcome.fit) if outcome.fit else []:
        axes.text(0, height, label, va="top", color=MARK)
        axes.text(1, height, value, va="top", ha="right", color=MEASURED)
        height -= 0.055
    text = reasons_text(outcome.reasons)
    axes.text(0, height - 0.02, text, va="top", color=colour, fontsize=8, linespacing=1.35)


def reasons_text(reasons: tuple[str, ...]) -> str:
    """Reasons as bulleted lines that fit the panel; a list that is too long ends with the number left out."""
    lines: list[str] = []
    for shown, reason in enumerate(reasons):
        wrapped = textwrap.wrap(reason, _LINE_WIDTH + 8, initial_indent="• ", subsequent_indent="   ")
        if lines and len(lines) + len(wrapped) > _LINES_FOR_REASONS:
            return "\n".join([*lines, f"   … and {len(reasons) - shown} more, see results.csv"])
        lines += wrapped
    return "\n".join(lines)


def _resolution(resolution_A: float) -> str:
    return f"{resolution_A:.1f} Å" if math.isfinite(resolution_A) else "nowhere"


def _known_angle_sigma_deg(fit: CtfFit) -> float:
    """Standard error of the angle; 0 if the astigmatism was fixed, and the angle with it."""
    return fit.angle_sigma_deg if fit.astigmatism_sigma_A else 0.0


def _with_error(value: str, sigma: float, unit: str) -> str:
    """Write a value with its standard error, with the significant digits only."""
    if sigma == 0:
        return f"{value}{unit} (fixed)"
    if not math.isfinite(sigma):
        return f"{value} ± ?{unit}"
    return f"{value} ± {sigma:.0f}{unit}" if sigma >= 10 else f"{value} ± {sigma:.1f}{unit}"
