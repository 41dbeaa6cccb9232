"""The data that criteria are computed from: the optics, the spectrum, the fit, and the network's defocus."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from thonring.errors import FitError
from thonring.optics import Optics
from thonring.records import CtfFit, Evidence, Image, Spectrum


@dataclass(frozen=True)
class AttemptData:
    """The data of one attempt to be judged.

    `spectrum` gives the spectrum at the attempt's sampling, (512, 257), and `enhance` enhances it with Xmipp's preset
    for criteria, the centred full plane (512, 512); each is called once and only if a criterion needs it, also after
    `dataclasses.replace(data, fit=...)`. `original_pixel_A` is the micrograph's own pixel. `network_A` and
    `network_sigma_A` are the network's defocus and its standard error, NaN if no network was used.
    """

    optics: Optics
    evidence: Evidence
    spectrum: Callable[[], Spectrum]
    enhance: Callable[[], Image]
    original_pixel_A: float
    fit: CtfFit | None = None
    network_A: float = math.nan
    network_sigma_A: float = math.nan

    def __post_init__(self) -> None:
        object.__setattr__(self, "spectrum", functools.cache(self.spectrum))
        object.__setattr__(self, "enhance", functools.cache(self.enhance))

    @property
    def fitted(self) -> CtfFit:
        """The fit.

        Raises
        ------
        FitError
            If there is none: a criterion of the fit was evaluated before there was a fit.
        """
        if self.fit is None:
            raise FitError("a criterion of the fit was evaluated on a spectrum without a fit: fit first.")
        return self.fit

    @property
    def fitted_optics(self) -> Optics:
        """The optics with the amplitude contrast of the fit."""
        return replace(self.optics, amplitude_contrast=self.fitted.amplitude_contrast)
