"""Records drawn for people: the spectrum beside its model, the radial profile, the signals of the search.

matplotlib is imported by the functions that draw, so that importing this package costs nothing.
"""

from thonring.plot.files import Pictures, write_plots, write_signals
from thonring.plot.profile import profile_figure
from thonring.plot.quadrant import quadrant_figure
from thonring.plot.signals import signals_figure

__all__ = ["Pictures", "profile_figure", "quadrant_figure", "signals_figure", "write_plots", "write_signals"]
