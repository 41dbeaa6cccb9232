"""Figures of records: the spectrum next to its model, the radial profile, the signals of the search.

matplotlib is imported by the functions that draw, so that importing this package costs nothing.
"""

from thonring.plot.ctf_image import model_png, quadrant_figure, spectrum_png, thumbnail_png
from thonring.plot.files import Pictures, write_plots, write_signals
from thonring.plot.radial_profile import normalised_rings, profile_figure, relative_power, signals_figure
from thonring.plot.style import rings_to_label

__all__ = [
    "Pictures",
    "model_png",
    "normalised_rings",
    "profile_figure",
    "quadrant_figure",
    "relative_power",
    "rings_to_label",
    "signals_figure",
    "spectrum_png",
    "thumbnail_png",
    "write_plots",
    "write_signals",
]
