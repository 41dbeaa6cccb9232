"""Writing the pictures of one micrograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thonring.errors import OutputError
from thonring.plot.caption import headline
from thonring.plot.ctf_image import quadrant_figure
from thonring.plot.radial_profile import profile_figure, signals_figure
from thonring.plot.style import house_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from thonring.records import Image, Outcome, SearchSignals

_DOTS_PER_INCH = 110


@dataclass(frozen=True, slots=True)
class Pictures:
    """The images of a micrograph's kept attempt, both full planes, centred, (n, n); see `quadrant_figure`."""

    enhanced: Image
    composite: Image | None


def write_plots(folder: Path, name: str, outcome: Outcome, pictures: Pictures | None) -> tuple[Path, ...]:
    """Write NAME_spectrum.png and NAME_profile.png, if there is something to draw.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    written = []
    if pictures is not None and outcome.attempt is not None:
        figure = quadrant_figure(outcome, pictures.enhanced, pictures.composite)
        written.append(_save(figure, folder / f"{name}_spectrum.png"))
    if outcome.fit is not None:
        written.append(_save(profile_figure(outcome), folder / f"{name}_profile.png"))
    return tuple(written)


def write_signals(folder: Path, name: str, outcome: Outcome, signals: SearchSignals) -> Path:
    """Write NAME_signals.png: the signals of a Fourier search of this micrograph.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return _save(signals_figure(signals, headline(outcome)), folder / f"{name}_signals.png")


def _save(figure: Figure, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with house_style():
            figure.savefig(path, dpi=_DOTS_PER_INCH)
    except OSError as problem:
        message = (
            f"{path}: the picture cannot be written ({problem}). Free some space, or choose another --out."
        )
        raise OutputError(message) from problem
    return path
