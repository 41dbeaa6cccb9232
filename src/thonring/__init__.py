"""CTF estimation for electron micrographs: a fit with error bars, and a verdict with reasons.

>>> import thonring
>>> optics = thonring.Optics(voltage_kV=300, cs_mm=2.7, amplitude_contrast=0.1, pixel_A=1.0)
>>> outcome = thonring.estimate("micrograph.mrc", optics)  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from thonring.optics import Optics
from thonring.settings import Settings

if TYPE_CHECKING:
    from thonring.pipeline import estimate

__all__ = ["Optics", "Settings", "estimate"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol
    """Load the pipeline when it is first asked for: `thonring --help` needs none of it."""
    if name == "estimate":
        from thonring.pipeline import estimate

        return estimate
    raise AttributeError(f"module 'thonring' has no attribute {name!r}")
