"""Figures of a run for people at a microscope: few, with units, the same colour always meaning the same."""

from thonring.web.figures.findings import Findings, findings
from thonring.web.figures.plotly import Figure, plotly_figures

__all__ = ["Figure", "Findings", "findings", "plotly_figures"]
