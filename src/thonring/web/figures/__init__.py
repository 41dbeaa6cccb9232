"""Figures of a run for people at a microscope: few, with units, the same colour always meaning the same."""

from thonring.web.figures.plotly import Figure
from thonring.web.figures.run_figures import Findings, findings, plotly_figures

__all__ = ["Figure", "Findings", "findings", "plotly_figures"]
