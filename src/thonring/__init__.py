"""CTF estimation for electron micrographs: a fit with error bars, and a verdict with its reasons.

>>> import thonring
>>> optics = thonring.Optics(voltage_kV=300, cs_mm=2.7, amplitude_contrast=0.1, pixel_A=1.0)
>>> outcome = thonring.estimate("micrograph.mrc", optics)  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

from thonring.optics import Optics
from thonring.settings import Settings

if TYPE_CHECKING:
    from thonring.pipeline import estimate

_STAGES = ("fit", "pipeline", "plot", "quality", "read", "run", "simulate", "spectrum")

__all__ = ["Optics", "Settings", "estimate"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol
    """Load the pipeline and the stages on first use: `thonring --help` needs none of them."""
    if name == "estimate":
        return importlib.import_module("thonring.pipeline").estimate
    if name in _STAGES:
        return importlib.import_module(f"thonring.{name}")
    raise AttributeError(f"module 'thonring' has no attribute {name!r}")
