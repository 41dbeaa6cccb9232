"""What a network is fed of one spectrum: polar cells, or enhanced images as the networks of 2019 were."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from thonring.errors import InputError, UnsuitableImage
from thonring.learn.card import Card, Kind
from thonring.learn.seen.polar import polar
from thonring.learn.seen.views import Stack, Views, enhanced
from thonring.optics import Optics

OpticsInput = tuple[float, float, float, float]

_SEEN: Mapping[Kind, Callable[[Views], Stack]] = MappingProxyType({"polar": polar, "enhanced": enhanced})
"""How each kind of network looks at the views."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """One element of a batch, small enough to send between processes.

    `seen` is (3, 8, 256) cells or (3, 512, 512) images; `finest_A` the pixel whose Nyquist frequency ends what is
    known of them, at least the finest sampling.
    """

    seen: Stack
    finest_A: float
    optics: Optics

    @property
    def constants(self) -> OpticsInput:
        """The input `optics` of polar networks."""
        return optics_input(self.optics, self.finest_A)


def network_input(views: Views, optics: Optics, card: Card) -> NetworkInput:
    """The views as the network of a card takes them.

    Raises
    ------
    InputError
        If the views are of other samplings than the network was trained on.
    UnsuitableImage
        If they hold values that are not finite.
    """
    if views.samplings_A != card.samplings_A:
        raise InputError(
            f"the network {card.network} was trained on spectra at {_listed(card.samplings_A)} Å/px, these are at "
            f"{_listed(views.samplings_A)}: make them anew at its samplings, or take another model."
        )
    if not np.isfinite(views.power).all():
        raise UnsuitableImage(
            "the spectrum holds values that are NaN or infinite, so the network was not asked. Compute it anew."
        )
    seen = _SEEN[card.kind](views)
    finest_A = max(views.finest_A, min(views.samplings_A))
    return NetworkInput(seen, finest_A, optics)


def optics_input(optics: Optics, finest_A: float) -> OpticsInput:
    """The input `optics` of polar networks: wavelength Å, Cs mm, amplitude contrast, finest pixel Å."""
    return optics.wavelength_A, optics.cs_mm, optics.amplitude_contrast, finest_A


def _listed(samplings_A: tuple[float, ...]) -> str:
    return ", ".join(f"{sampling_A:g}" for sampling_A in samplings_A)
