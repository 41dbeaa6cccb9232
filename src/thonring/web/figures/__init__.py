"""Figures of a run, for use at the microscope: few, with units and consistent colours."""

from thonring.web.figures.findings import Findings, findings
from thonring.web.figures.plotly import Figure, plotly_figures

__all__ = ["Figure", "Findings", "findings", "plotly_figures"]
